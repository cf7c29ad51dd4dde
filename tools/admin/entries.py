"""``entries``: import and export time entries with their sessions."""

from pathlib import Path
from typing import BinaryIO

import click

from chalicelib.core.permissions import Caller
from tools.admin.context import AdminContext
from tools.admin.files import output_option, require_new_file, write_output
from tools.admin.history.export import export_pieces
from tools.admin.history.importing import HistoryImport, Wishes, check_complete
from tools.admin.history.options import Source, source_options
from tools.admin.options import in_organization, json_option


@click.group()
def entries() -> None:
    """Import and export time entries with their sessions."""


@entries.command("import")
@click.argument("file", type=click.File("rb"))
@in_organization
@source_options(with_times=True)
@click.option("--dry-run", is_flag=True, help="Show what would be done, write nothing.")
@click.option("--create-missing", is_flag=True, help="Create unknown people and services.")
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A new CSV file for the result of each row; it must not exist.",
)
@json_option
def import_entries(
    context: AdminContext,
    caller: Caller,
    *,
    file: BinaryIO,
    source: Source,
    report_path: Path | None,
    json_wanted: bool,
    **flags: bool,
) -> None:
    """Import time from the export file of another product, or any CSV ("-" is stdin).

    The whole file is checked first; if it has a problem, or names people or services that do not
    exist, all of them are printed and nothing is written. A row with start and end becomes a timer
    with its time entry, where it overlaps no session of the person; any other row becomes a time
    entry with minutes only. The report says which, and why.

    Each row is imported once, however often the command runs: after a crash, run it again.
    docs/import.md says how to export from each product, and what becomes what.

    \b
    Examples:
      .venv/bin/stint-admin --stage prod entries import -o 2149 toggl.csv --from toggl --dry-run
      .venv/bin/stint-admin --stage prod entries import -o 2149 toggl.csv --from toggl \\
        --create-missing --report report.csv
      .venv/bin/stint-admin --stage prod entries import -o 2149 hours.csv \\
        --map Day=date --map Employee=person --map Hours=duration --map Job=service
    """
    if report_path is not None:
        require_new_file(report_path)
    importing = HistoryImport(context.dependencies, caller, Wishes(**flags))
    report = importing.run(source, file.read())
    report.print(json_wanted=json_wanted)
    if report_path is not None:
        report.write(report_path)
    check_complete(report)


@entries.command("export")
@in_organization
@output_option
def export_entries(context: AdminContext, caller: Caller, *, target: str) -> None:
    """Export all time entries with their sessions as CSV, for `entries import --from stint`.

    A session is a row with start and end; time that was set by hand is a row without them. A timer
    that runs has no row. Reads with the API's lists, person by person.

    \b
    Example:
      .venv/bin/stint-admin --stage prod entries export -o 2149 --output entries.csv
    """
    pieces = export_pieces(context.dependencies, caller)
    write_output(target, pieces)
