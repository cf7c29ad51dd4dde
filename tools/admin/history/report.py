"""The report of an import: for the terminal, as JSON, and as a CSV file."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from chalicelib.core.csv_cells import escape_cell
from tools.admin import output
from tools.admin.files import write_new_file
from tools.admin.history.running import Outcome, RowResult

COLUMNS = ("line", "outcome", "reason", "person", "service", "date", "minutes")
_LISTED = 20
# Excel reads UTF-8 only with it.
_BYTE_ORDER_MARK = "\ufeff"


class ImportReport(Struct):
    """What an import did, or, in a dry run, would do.

    :param created: people and services that were created.
    :param ignored: columns that are not imported.
    :param stopped: why it stopped before the last row; empty: it did not.
    """

    dry_run: bool
    created: int = 0
    ignored: tuple[str, ...] = ()
    stopped: str = ""
    results: list[RowResult] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """Return the number of rows with an outcome."""
        return self._counts[outcome]

    @property
    def _counts(self) -> Counter[Outcome]:
        return Counter(result.outcome for result in self.results)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the file, in its order."""
        return [_row(result) for result in sorted(self.results, key=_line)]

    def print(self, *, json_wanted: bool) -> None:
        """Print the report on stdout; the rows that are not timers on stderr."""
        counts = {outcome.value: self.count(outcome) for outcome in Outcome}
        if json_wanted:
            rows = [row for row in self.rows if row["outcome"] != Outcome.TIMER]
            values = {"dry_run": self.dry_run, "created": self.created, **counts}
            output.as_json({**values, "ignored_columns": list(self.ignored), "rows": rows})
            return
        for outcome in (Outcome.MINUTES, Outcome.SKIPPED, Outcome.REFUSED):
            self._print_rows([row for row in self.rows if row["outcome"] == outcome.value])
        if self.ignored:
            output.say(f"not imported: the columns {', '.join(self.ignored)}")
        prefix = "dry run, nothing was written: " if self.dry_run else ""
        output.line(
            f"{prefix}{counts['timer']} rows became timers, {counts['minutes']} time entries with "
            f"minutes only, {counts['skipped']} skipped, {counts['refused']} refused; "
            f"{self.created} people and services created"
        )

    def _print_rows(self, rows: list[dict[str, Any]]) -> None:
        for row in rows[:_LISTED]:
            output.say(f"line {row['line']}: {row['outcome']}: {row['reason']}")
        if len(rows) > _LISTED:
            output.say(f"... and {len(rows) - _LISTED} more: --report FILE writes all")

    def write(self, path: Path) -> None:
        """Write the rows to a new CSV file. Raises ``ClickException`` if it cannot be written."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows([escape_cell(str(row[name])) for name in COLUMNS] for row in self.rows)
        write_new_file(path, (_BYTE_ORDER_MARK, text.getvalue()))


def _line(result: RowResult) -> int:
    return result.planned.row.line


def _row(result: RowResult) -> dict[str, Any]:
    row = result.planned.row
    return {
        "line": row.line,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "person": row.email or row.person,
        "service": row.service,
        "date": row.date,
        "minutes": row.minutes,
    }
