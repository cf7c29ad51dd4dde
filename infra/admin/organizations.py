"""``organizations``: create one that somebody can enter, list them, change their settings."""

from typing import Any

import click

from chalicelib.domain.directory import Caller, Organization
from chalicelib.resources import people
from chalicelib.resources.api_tokens import CREATION as TOKEN
from chalicelib.resources.organizations import CHANGES
from chalicelib.services.catalogue import Self
from chalicelib.store.models import DirectoryModel
from chalicelib.store.records import kind_prefix, read_noun
from infra.admin import output
from infra.admin.desk import Desk
from infra.admin.founding import found
from infra.admin.options import (
    Duration,
    Id,
    checked,
    in_organization,
    json_option,
    required,
    values_of,
    with_desk,
)

_COLUMNS = ("id", "name", "time_zone", "auto_stop_after")
_AUTO_STOP = click.option(
    "--auto-stop-after",
    type=Duration(),
    help="When a forgotten timer is stopped: seconds, or 90m, 12h. At first 12h.",
)


@click.group()
def organizations() -> None:
    """Create, list and change organizations: the companies that track time."""


@organizations.command("create")
@click.argument("name")
@click.option("--time-zone", required=True, help="An IANA time zone, such as Europe/Zagreb.")
@_AUTO_STOP
@click.option("--id", "organization_id", type=Id(), help="Its id; drawn, where none is given.")
@values_of(people.CREATION, skip=("role",))
@click.option("--token-name", default="first", show_default=True, help="What the token is for.")
@json_option
@with_desk
def create(
    desk: Desk,
    *,
    name: str,
    time_zone: str,
    auto_stop_after: int | None,
    organization_id: int | None,
    token_name: str,
    json_wanted: bool,
    **admin: Any,
) -> None:
    """Create the organization NAME, its first admin, and a token for them.

    All in one transaction. The token is shown this once and kept nowhere: put it away now. The
    options about a name, an e-mail address and so on are the admin's.

    \b
    Example:
      python -m infra.admin --stage prod organizations create "Example Studio" \\
        --time-zone Europe/Zagreb --auto-stop-after 10h \\
        --first-name Ana --last-name Horvat --email ana@example.com
    """
    given = {"name": name, "time_zone": time_zone, "auto_stop_after": auto_stop_after}
    settings = checked(CHANGES, given)
    required(settings, "name", "time_zone")
    label = checked(TOKEN, {"name": token_name})["name"]
    made = found(desk.tools, settings, checked(people.CREATION, admin), label, organization_id)
    shown = {
        "organization": output.plain(made.organization),
        "admin": output.plain(made.admin, made.organization.zone),
        "token": made.token,
    }
    if json_wanted:
        output.as_json(shown)
        return
    click.echo(f"X-Organization-Id: {made.organization.id}")
    click.echo(f"X-Auth-Token: {made.token}")
    output.say(f"{made.organization.name} was created in {desk.place}.")
    output.say(f"Its admin is {made.admin.first_name} {made.admin.last_name}, {made.admin.id}.")
    output.say("The token is shown this once; send both lines as headers of every request.")


@organizations.command("list")
@json_option
@with_desk
def list_all(desk: Desk, *, json_wanted: bool) -> None:
    """List every organization of the stage. Reads the whole directory.

    \b
    Example:
      python -m infra.admin --stage prod organizations list
    """
    # Each is in a partition of its own: only a scan finds those whose ids one does not know.
    pages = desk.scan(
        DirectoryModel, "begins_with(record_key, :kind)", kind=kind_prefix(Organization)
    )
    found_ones = [read_noun(Organization, item) for page in pages for item in page]
    rows = [output.plain(it) for it in sorted(found_ones, key=lambda it: it.id)]
    output.table(rows, _COLUMNS, json_wanted=json_wanted)


@organizations.command("change")
@in_organization
@click.option("--name", help="What it is called.")
@click.option("--time-zone", help="An IANA time zone, such as Europe/Zagreb.")
@_AUTO_STOP
@json_option
def change(desk: Desk, caller: Caller, *, json_wanted: bool, **given: Any) -> None:
    """Change an organization's settings; what is not given stays.

    The limit holds for timers that start from now on. A running function may go by the old
    settings for up to 60 seconds.

    \b
    Example:
      python -m infra.admin --stage prod organizations change -o 2149 --auto-stop-after 8h
    """
    values = checked(CHANGES, given)
    changed = Self(desk.tools).change_organization(caller, caller.organization.id, values)
    output.record(output.plain(changed.outcome), json_wanted=json_wanted)
