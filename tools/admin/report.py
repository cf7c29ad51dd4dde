"""``report``: the sums of time of an organization as CSV, of any range and any number of rows."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import click

from chalicelib.core.errors import InvalidParameter
from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import parse_date
from chalicelib.http.csv_table import RelatedRecords, csv_chunks
from chalicelib.reports.api import TIME_ENTRY_REPORT
from chalicelib.reports.csv_columns import report_table
from chalicelib.reports.operations import ReportQuery, Reports
from chalicelib.reports.rules import Group, ReportRow, months, read_groups
from chalicelib.reports.views import shown_members
from chalicelib.time_entries.model import EntryQuery
from tools.admin import output
from tools.admin.context import AdminContext
from tools.admin.files import output_option, write_output
from tools.admin.options import in_organization

_ROWS_AT_ONCE = 2_000
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)

Dates = tuple[str, str]


class Day(click.ParamType[str]):
    """A date: ``YYYY-MM-DD``."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the date. Fails with a usage error for any other value."""
        try:
            return parse_date(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date: use YYYY-MM-DD", param, ctx)


class Month(click.ParamType[Dates]):
    """A month: ``YYYY-MM``."""

    name = "month"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Dates:
        """Return its first and its last date. Fails with a usage error for any other value."""
        try:
            if not _MONTH.fullmatch(str(value)):
                raise ValueError("not a month")
            first = date.fromisoformat(f"{value}-01").isoformat()
        except ValueError:
            self.fail(f"{value!r} is not a month: use YYYY-MM", param, ctx)
        return next(iter(months(first, f"{value}-31")))


class Groups(click.ParamType[tuple[Group, ...]]):
    """One group, or two separated by a comma."""

    name = "groups"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Group, ...]:
        """Return the groups. Fails with a usage error for any other value."""
        try:
            return read_groups(str(value))
        except InvalidParameter as error:
            self.fail(error.detail, param, ctx)


@click.command("report")
@in_organization
@click.option("--month", type=Month(), help="A month: 2026-10. Instead of --from and --to.")
@click.option("--from", "first", type=Day(), help="The first date.")
@click.option("--to", "last", type=Day(), help="The last date, which is included.")
@click.option(
    "--by",
    "groups",
    type=Groups(),
    default="",
    help=f"One or two of: {', '.join(group.value for group in Group)}. Default: a row is an entry.",
)
@output_option
def report(
    context: AdminContext,
    caller: Caller,
    *,
    month: Dates | None,
    first: str | None,
    last: str | None,
    groups: tuple[Group, ...],
    target: str,
) -> None:
    """Write the sums of an organization's time as CSV.

    The rows are those of GET /reports/time_entry_reports, for any range of dates and any number of
    rows. The file gets its name when it is complete.

    \b
    Examples:
      .venv/bin/stint-admin --stage prod report -o 2149 --month 2026-10 --by person,service \\
        --output october.csv
      .venv/bin/stint-admin --stage prod report -o 2149 --from 2025-01-01 --to 2026-10-31 \\
        --by month --output -
    """
    dates = _dates(month, first, last)
    shown = shown_members(TIME_ENTRY_REPORT, groups, None)
    table = report_table(shown, is_entries=not groups)
    related = RelatedRecords(context.dependencies.database, caller.organization.id)
    pages = _pages(Reports(context.dependencies), caller, groups, dates)
    chunks = csv_chunks(table, pages, related, caller.zone)
    write_output(target, chunks)


def _dates(month: Dates | None, first: str | None, last: str | None) -> Dates:
    if month is not None and first is None and last is None:
        return month
    if month is not None or first is None or last is None:
        raise click.UsageError("Use either --month, or --from and --to.")
    if first > last:
        raise click.UsageError("--from must not be after --to.")
    return first, last


def _pages(
    reports: Reports, caller: Caller, groups: tuple[Group, ...], dates: Dates
) -> Iterator[Sequence[ReportRow]]:
    if not groups:
        for first, last in _with_progress(list(months(*dates))):
            query = EntryQuery(caller.organization.id, first_date=first, last_date=last)
            yield from reports.entry_pages(caller, query)
        return
    rows = reports.rows_by_month(caller, ReportQuery(groups, *dates), _with_progress)
    rows.sort(key=lambda row: row.position)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _with_progress(dates: Sequence[Dates]) -> Iterator[Dates]:
    return output.progress(dates, "reading months")
