"""``organizations``: create with a first admin, list, change settings."""

from typing import Any

import click

from chalicelib.api_tokens.api import CREATION as TOKEN
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.items import directory_prefix, from_item
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.organizations.api import CHANGES
from chalicelib.organizations.model import Organization
from chalicelib.organizations.operations import CurrentUser
from chalicelib.people.api import CREATION as PERSON
from tools.admin import output
from tools.admin.context import AdminContext
from tools.admin.create_organization import create_organization
from tools.admin.options import (
    NONE,
    Duration,
    Id,
    Minutes,
    OrNone,
    checked,
    checked_changes,
    in_organization,
    json_option,
    required,
    values_of,
    with_context,
)

_SETTINGS = ("time_zone", "auto_stop_after", "auto_stop_at_time", "remind_after")
_COLUMNS = ("id", "name", *_SETTINGS, "closed_until")
# The admin of a new organization follows its time zone and its auto-stop time.
_NOT_OF_ADMIN = ("role", "time_zone", "auto_stop_at_time")
_AUTO_STOP = click.option(
    "--auto-stop-after",
    type=Duration(),
    help="How long a timer may run before it is stopped: seconds, or 90m, 12h. Default: 12h.",
)
_AUTO_STOP_TIME = click.option(
    "--auto-stop-at-time",
    help="The time of day at which a timer is stopped, such as 19:00, or none. Default: none.",
)
_CLOSED_UNTIL = click.option(
    "--closed-until",
    help="The last date of the closed period, such as 2026-10-31, or none. Nobody can make, change "
    "or delete time up to this date.",
)
_REMIND = click.option(
    "--remind-after",
    type=OrNone(Minutes()),
    help="When the event timer.still_running is sent: minutes, or 8h, or none. Default: none.",
)


@click.group()
def organizations() -> None:
    """Create, list and change organizations: companies that track time."""


@organizations.command("create")
@click.argument("name")
@click.option("--time-zone", required=True, help="An IANA time zone, such as Europe/Zagreb.")
@_AUTO_STOP
@_AUTO_STOP_TIME
@_REMIND
@click.option("--id", "organization_id", type=Id(), help="The id. Default: a generated id.")
@values_of(PERSON, skip=_NOT_OF_ADMIN)
@click.option("--token-name", default="first", show_default=True, help="The name of the token.")
@json_option
@with_context
def create(
    context: AdminContext,
    *,
    name: str,
    organization_id: int | None,
    token_name: str,
    json_wanted: bool,
    **options: Any,
) -> None:
    """Create the organization NAME, its first admin, and a token for the admin.

    All in one transaction. The token is shown only once and is not stored: save it now. The
    options for the first name, e-mail address and so on describe the admin.

    \b
    Example:
      .venv/bin/stint-admin --stage prod organizations create "Example Studio" \\
        --time-zone Europe/Zagreb --auto-stop-after 10h \\
        --first-name Ana --last-name Horvat --email ana@example.com
    """
    attributes = {option: options.pop(option) for option in _SETTINGS}
    given = {option: value for option, value in attributes.items() if value != NONE}
    settings = checked(CHANGES, {"name": name, **given})
    required(settings, "name", "time_zone")
    token_label = checked(TOKEN, {"name": token_name})["name"]
    created = create_organization(
        context.dependencies, settings, checked(PERSON, options), token_label, organization_id
    )
    result = {
        "organization": output.plain(created.organization),
        "admin": output.plain(created.admin, created.organization.zone),
        "token": created.token,
    }
    if json_wanted:
        output.as_json(result)
        return
    output.line(f"X-Organization-Id: {created.organization.id}")
    output.line(f"X-Auth-Token: {created.token}")
    output.say(f"Created {created.organization.name} in {context.place}.")
    output.say(f"Admin: {created.admin.first_name} {created.admin.last_name}, {created.admin.id}.")
    output.say("The token is shown only once. Send both lines as headers with every request.")


@organizations.command("list")
@json_option
@with_context
def list_all(context: AdminContext, *, json_wanted: bool) -> None:
    """List all organizations of the stage. Reads the whole directory table.

    \b
    Example:
      .venv/bin/stint-admin --stage prod organizations list
    """
    # Each organization has its own partition: without the ids, only a scan finds them all.
    pages = context.scan(
        DirectoryModel, "begins_with(record_key, :kind)", kind=directory_prefix(Organization)
    )
    records = [from_item(Organization, item) for page in pages for item in page]
    rows = [output.plain(record) for record in sorted(records, key=lambda record: record.id)]
    output.table(rows, _COLUMNS, json_wanted=json_wanted)


@organizations.command("change")
@in_organization
@click.option("--name", help="The name.")
@click.option("--time-zone", help="An IANA time zone, such as Europe/Zagreb.")
@_AUTO_STOP
@_AUTO_STOP_TIME
@_REMIND
@_CLOSED_UNTIL
@json_option
def change(context: AdminContext, caller: Caller, *, json_wanted: bool, **attributes: Any) -> None:
    """Change an organization's settings. Settings without an option stay unchanged.

    New auto-stop and reminder settings apply to timers that start from now on. A running function
    may use the old settings for up to 60 seconds. "none" removes an auto-stop time or a reminder,
    and lifts a closing.

    \b
    Example:
      .venv/bin/stint-admin --stage prod organizations change -o 2149 --auto-stop-after 8h
      .venv/bin/stint-admin --stage prod organizations change -o 2149 --auto-stop-at-time none
      .venv/bin/stint-admin --stage prod organizations change -o 2149 --closed-until 2026-10-31
    """
    values = checked_changes(CHANGES, attributes)
    current = CurrentUser(context.dependencies)
    changed = current.update_organization(caller, caller.organization.id, values)
    zone = changed.outcome.zone
    output.record(output.plain(changed.outcome, zone), json_wanted=json_wanted)
