"""``services``: create, list, archive, restore and import the services that are billed."""

from typing import Any, BinaryIO

import click

from chalicelib.core.permissions import Caller
from chalicelib.services.api import CREATION
from chalicelib.services.model import Service
from chalicelib.services.operations import Services
from tools.admin import output
from tools.admin.context import AdminContext
from tools.admin.csvfile import Row, read_rows, text_of
from tools.admin.history.directory_rows import services_of
from tools.admin.history.options import Source, source_options
from tools.admin.import_rows import ServiceRows
from tools.admin.importing import import_rows
from tools.admin.options import Id, checked, in_organization, json_option, values_of

_COLUMNS = ("id", "name", "billable", "time_tracking_enabled", "position", "archived_at")


@click.group()
def services() -> None:
    """Create, list, import, archive and restore services, such as design or development."""


@services.command("create")
@in_organization
@values_of(CREATION)
@json_option
def create(context: AdminContext, caller: Caller, *, json_wanted: bool, **attributes: Any) -> None:
    """Create a service.

    \b
    Example:
      .venv/bin/stint-admin --stage prod services create -o 2149 --name Design
    """
    values = checked(CREATION, attributes)
    created = Services(context.dependencies).create(caller, values)
    output.show(caller, created.outcome, json_wanted=json_wanted)


@services.command("list")
@in_organization
@json_option
def list_all(context: AdminContext, caller: Caller, *, json_wanted: bool) -> None:
    """List an organization's services.

    \b
    Example:
      .venv/bin/stint-admin --stage prod services list -o 2149 --json
    """
    records = context.dependencies.database.directory(Service, caller.organization.id)
    output.show_all(caller, records, _COLUMNS, json_wanted=json_wanted)


@services.command("archive")
@click.argument("service_id", type=Id())
@in_organization
@json_option
def archive(context: AdminContext, caller: Caller, *, service_id: int, json_wanted: bool) -> None:
    """Archive a service: no timer can start on it. Running timers continue.

    \b
    Example:
      .venv/bin/stint-admin --stage prod services archive 1294 -o 2149
    """
    archived = Services(context.dependencies).archive(caller, service_id)
    output.show(caller, archived.outcome, json_wanted=json_wanted)


@services.command("restore")
@click.argument("service_id", type=Id())
@in_organization
@json_option
def restore(context: AdminContext, caller: Caller, *, service_id: int, json_wanted: bool) -> None:
    """Restore an archived service.

    \b
    Example:
      .venv/bin/stint-admin --stage prod services restore 1294 -o 2149
    """
    restored = Services(context.dependencies).restore(caller, service_id)
    output.show(caller, restored.outcome, json_wanted=json_wanted)


@services.command("import")
@click.argument("file", type=click.File("rb"))
@in_organization
@source_options()
@click.option("--dry-run", is_flag=True, help="Show what would be done, write nothing.")
@click.option("--update", is_flag=True, help="Also change existing records that differ.")
@json_option
def import_csv(
    context: AdminContext,
    caller: Caller,
    *,
    file: BinaryIO,
    source: Source,
    dry_run: bool,
    update: bool,
    json_wanted: bool,
) -> None:
    """Import services from a CSV file ("-" is stdin).

    The first line names the columns: name, and optionally billable, time_tracking_enabled,
    position, id. Services are matched by id, if the row has one, otherwise by name, ignoring case.
    An empty cell leaves the value unchanged, or at its default.

    The whole file is checked first; if it has a problem, nothing is written. Existing services
    stay unchanged, and differences are reported; --update changes them. After a crash, run it
    again: imported services are skipped.

    With --from, or --map COLUMN=FIELD, the file is another product's export of time: every service
    that it names is imported. docs/import.md.

    \b
    Example of a file:
      name,billable
      Design,yes
      "Meetings, internal",no

    \b
    Examples:
      .venv/bin/stint-admin --stage prod services import -o 2149 services.csv --dry-run
      .venv/bin/stint-admin --stage prod services import -o 2149 services.csv
      .venv/bin/stint-admin --stage prod services import -o 2149 toggl.csv --from toggl
    """
    rows = ServiceRows(context.dependencies, caller)

    def parse() -> list[Row]:
        if source.is_given:
            return services_of(source, file)
        return read_rows(text_of(file), rows.inputs)

    import_rows(rows, parse, dry_run=dry_run, update=update, json_wanted=json_wanted)
