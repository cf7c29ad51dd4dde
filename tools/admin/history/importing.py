"""The import of a file: read, match, plan, then write. Decision 0034."""

import hashlib
from collections.abc import Sequence
from io import BytesIO

import click
from msgspec import Struct

from chalicelib.admin_revisions.rules import record_import
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.core.record_operations import new_author
from chalicelib.core.unit_of_work import Attempt, Decision, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS
from tools.admin import output
from tools.admin.csvfile import BadFile
from tools.admin.history.matching import Directory, different_emails
from tools.admin.history.missing import create_missing, missing_rows
from tools.admin.history.options import Source
from tools.admin.history.planning import EarlierImports, PlannedRow, closed_reason, plan
from tools.admin.history.report import ImportReport
from tools.admin.history.rows import HistoryRow, read_history
from tools.admin.history.running import Outcome, RowWriter, expected_result, write_all
from tools.admin.history.table import FALLBACK_ENCODING, Table
from tools.admin.importing import reported_problems
from tools.error_messages import REPORTED_ERRORS, describe_error

_LISTED = 20
_CREATE = "Use --create-missing to create them, or check the names and --service-from."


class Wishes(Struct, frozen=True):
    """What the operator asks for."""

    dry_run: bool
    create_missing: bool


class HistoryImport:
    """Imports files into an organization."""

    def __init__(self, dependencies: Dependencies, caller: Caller, wishes: Wishes) -> None:
        self._dependencies = dependencies
        self._caller = caller
        self._wishes = wishes
        self._earlier = EarlierImports(dependencies.database, caller)

    def run(self, source: Source, content: bytes) -> ImportReport:
        """Import a file; return the report. Raises ``ClickException`` if nothing was written.

        An error or an interruption while rows are written is in the report, as ``stopped``.
        """
        report = ImportReport(self._wishes.dry_run)
        with reported_problems():
            table = source.table(BytesIO(content))
            history = read_history(table, source.reading(self._caller, self._dependencies.now()))
            _say_notices(table, history.warnings)
            report.ignored = table.ignored
            directory = self._directory(history.rows, report)
            planned = plan(self._dependencies, self._caller, directory, history.rows, self._earlier)
        if self._wishes.dry_run:
            report.results = [expected_result(row) for row in planned]
            return report
        try:
            self._write(planned, report)
        finally:
            self._record(report, source, content)
        return report

    def _directory(self, rows: Sequence[HistoryRow], report: ImportReport) -> Directory:
        """Return all people and services of the file. Raises :class:`BadFile`."""
        database = self._dependencies.database
        imported = [row for row in rows if not row.skipped]
        directory = Directory(database, self._caller)
        organization = self._caller.organization
        unknown = directory.unknown(imported).used_by(
            lambda row: not closed_reason(organization, row, directory.person(row), timer=True)
        )
        _say_some(different_emails(directory, imported))
        if unknown.problems:
            # An erased person is unknown, and is not created again.
            others = self._earlier.lines(unknown.rows)
            unknown = unknown.used_by(lambda row: row.line not in others)
        if not unknown.problems:
            return directory
        if not self._wishes.create_missing:
            output.say(_CREATE)
            raise BadFile(unknown.problems)
        if self._wishes.dry_run:
            report.created = sum(map(len, missing_rows(unknown)))
            return directory
        report.created = create_missing(self._dependencies, self._caller, unknown)
        return Directory(database, self._caller)

    def _write(self, planned: Sequence[PlannedRow], report: ImportReport) -> None:
        writer = RowWriter(self._dependencies, self._caller)
        report.results = [expected_result(row) for row in planned if row.is_settled]
        pending = [row for row in planned if not row.is_settled]
        results = write_all(writer, pending)
        try:
            for _ in output.progress(pending, "importing rows"):
                report.results.append(next(results))
        except (*REPORTED_ERRORS, KeyboardInterrupt) as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            report.stopped = "interrupted" if interrupted else describe_error(error)
        finally:
            results.close()

    def _record(self, report: ImportReport, source: Source, content: bytes) -> None:
        """Record who imported how much, once for each run that wrote something. One call."""
        written = report.count(Outcome.TIMER) + report.count(Outcome.MINUTES)
        if not written:
            return
        values = {
            "imported_from": "csv" if source.form is None else source.form.name,
            "file_sha256": hashlib.sha256(content).hexdigest(),
            "timers": report.count(Outcome.TIMER),
            "time_entries": written,
        }

        def decide(attempt: Attempt) -> Decision[None]:
            author = new_author(self._dependencies, self._caller, attempt.now)
            return Decision(None, records=record_import(author, values))

        try:
            commit_with_retry(self._dependencies, NO_OPTIONS, decide)
        except REPORTED_ERRORS as error:
            output.say(f"the admin revisions lack this import: {describe_error(error)}")


def check_complete(report: ImportReport) -> None:
    """Raise ``ClickException`` if an import stopped, or if rows were refused."""
    if report.stopped:
        raise click.ClickException(
            f"stopped: {report.stopped}\nRun it again: rows that were imported are skipped."
        )
    refused = report.count(Outcome.REFUSED)
    if refused:
        raise click.ClickException(f"{refused} rows were refused")


def _say_notices(table: Table, warnings: Sequence[str]) -> None:
    if table.encoding == FALLBACK_ENCODING:
        output.say(
            f"the file is not UTF-8: it is read as {FALLBACK_ENCODING}. If letters are wrong, name "
            "its encoding with --encoding, such as cp1250"
        )
    _say_some(warnings)


def _say_some(lines: Sequence[str]) -> None:
    for line in lines[:_LISTED]:
        output.say(line)
    if len(lines) > _LISTED:
        output.say(f"... and {len(lines) - _LISTED} more like it")
