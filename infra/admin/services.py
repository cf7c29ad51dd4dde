"""``services``: what time is sold as."""

from typing import Any, TextIO

import click

from chalicelib.domain.directory import Caller, Service
from chalicelib.resources.services import CREATION, SERVICES
from chalicelib.services.catalogue import archived, new_service, restored
from chalicelib.services.records import change_record, create_record
from infra.admin import output
from infra.admin.desk import Desk
from infra.admin.importing import import_file
from infra.admin.options import Id, checked, in_organization, json_option, values_of
from infra.admin.rows import ServiceRows

_COLUMNS = ("id", "name", "billable", "time_tracking_enabled", "position", "archived_at")


@click.group()
def services() -> None:
    """Create, list, import, archive and restore services: what time is sold as."""


@services.command("create")
@in_organization
@values_of(CREATION)
@json_option
def create(desk: Desk, caller: Caller, *, json_wanted: bool, **given: Any) -> None:
    """Create a service.

    \b
    Example:
      python -m infra.admin --stage prod services create -o 2149 --name Design
    """
    values = checked(CREATION, given)
    made = create_record(desk.tools, new_service(desk.tools))(caller, values, None)
    output.show(caller, made.outcome, json_wanted=json_wanted)


@services.command("list")
@in_organization
@json_option
def list_all(desk: Desk, caller: Caller, *, json_wanted: bool) -> None:
    """List an organization's services.

    \b
    Example:
      python -m infra.admin --stage prod services list -o 2149 --json
    """
    found = desk.tools.store.directory(Service, caller.organization.id)
    output.show_all(caller, found, _COLUMNS, json_wanted=json_wanted)


@services.command("archive")
@click.argument("service_id", type=Id())
@in_organization
@json_option
def archive(desk: Desk, caller: Caller, *, service_id: int, json_wanted: bool) -> None:
    """Let nothing be started on a service any more. What runs on it runs on.

    \b
    Example:
      python -m infra.admin --stage prod services archive 1294 -o 2149
    """
    act = change_record(desk.tools, SERVICES, archived(desk.tools))
    output.show(caller, act(caller, service_id, {}).outcome, json_wanted=json_wanted)


@services.command("restore")
@click.argument("service_id", type=Id())
@in_organization
@json_option
def restore(desk: Desk, caller: Caller, *, service_id: int, json_wanted: bool) -> None:
    """Take the archiving of a service back.

    \b
    Example:
      python -m infra.admin --stage prod services restore 1294 -o 2149
    """
    act = change_record(desk.tools, SERVICES, restored)
    output.show(caller, act(caller, service_id, {}).outcome, json_wanted=json_wanted)


@services.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@in_organization
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--update", is_flag=True, help="Also change what is there and differs.")
@json_option
def import_csv(
    desk: Desk, caller: Caller, *, file: TextIO, dry_run: bool, update: bool, json_wanted: bool
) -> None:
    """Import services from a CSV file ("-" is stdin).

    The first line names the columns: name, and as you like billable, time_tracking_enabled,
    position, id. A service is recognised by its id, if the file has one, else by its name,
    whatever its case. An empty cell says nothing about that value.

    The whole file is checked first; with anything wrong in it, nothing is written. What is there
    stays as it is, and is said to differ where it does; --update changes it. Run it again after
    a crash: what was imported is skipped.

    \b
    Example of a file:
      name,billable
      Design,yes
      "Meetings, internal",no

    \b
    Examples:
      python -m infra.admin --stage prod services import -o 2149 services.csv --dry-run
      python -m infra.admin --stage prod services import -o 2149 services.csv
    """
    rows = ServiceRows(desk.tools, caller)
    import_file(rows, file, dry_run=dry_run, update=update, json_wanted=json_wanted)
