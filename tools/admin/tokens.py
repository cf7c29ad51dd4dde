"""``tokens``: pair devices; create, list and revoke API tokens."""

from typing import Any

import click

from chalicelib.api_tokens.api import CREATION
from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.core.permissions import Caller
from chalicelib.pairings.api import CREATION as PAIRING
from chalicelib.pairings.operations import Pairings
from tools.admin import output
from tools.admin.context import AdminContext
from tools.admin.options import Id, checked, in_organization, json_option, values_of
from tools.admin.pairing_link import check_addresses, pairing_link, print_qr_code, served_app

LOCAL_APP = "http://127.0.0.1:8000/app/"
_COLUMNS = ("id", "person_id", "name", "created_at", "expires_at")


@click.group()
def tokens() -> None:
    """Create, list and revoke API tokens: each authenticates one person."""


@tokens.command("pair")
@click.argument("person")
@in_organization
@values_of(PAIRING, skip=("person",))
@click.option(
    "--app",
    metavar="URL",
    envvar="STINT_APP",
    show_envvar=True,
    help="Address of the pocket client. Default: that of the stage, or of a local server.",
)
@click.option("--api", metavar="URL", help="Address of the API, if it is on another origin.")
@json_option
def pair(
    context: AdminContext,
    caller: Caller,
    *,
    person: str,
    app: str | None,
    api: str | None,
    json_wanted: bool,
    **attributes: Any,
) -> None:
    """Create a one-time code with which PERSON, an id or an e-mail address, logs a device in.

    Prints a link to the pocket client, a QR code of it, and the code to type. The code is good for
    15 minutes, works once, and replaces an earlier code of the person.

    \b
    Examples:
      .venv/bin/stint-admin --stage prod tokens pair ana@example.com -o 2149
      .venv/bin/stint-admin --stage prod tokens pair 8779 -o 2149 --name "Ana's phone" --json
    """
    check_addresses(app, api)
    base = app or _served_app(context)
    person_id = context.person(caller, person).id
    values = checked(PAIRING, {**attributes, "person_id": person_id})
    created = Pairings(context.dependencies).create(caller, values)
    code = created.one_time_meta["code"]
    link = None if base is None else pairing_link(base, code, api)
    shown = created.one_time_meta if link is None else {**created.one_time_meta, "link": link}
    output.show(caller, created.outcome, json_wanted=json_wanted, one_time_meta=shown)
    if link is not None and not json_wanted:
        print_qr_code(link)
    if link is None:
        output.say(
            "There is no link: the stage serves no pocket client, or you may not read its stack. "
            "Pass its address: --app, or STINT_APP."
        )
    output.say("The code works once, for 15 minutes. Give it to nobody else.")


def _served_app(context: AdminContext) -> str | None:
    if not context.on_aws:
        return LOCAL_APP
    return None if context.stack is None else served_app(context.stack)


@tokens.command("create")
@click.argument("person")
@in_organization
@values_of(CREATION, skip=("person",))
@json_option
def create(
    context: AdminContext, caller: Caller, *, person: str, json_wanted: bool, **attributes: Any
) -> None:
    """Create a token for PERSON, an id or an e-mail address.

    The token is shown only once and is not stored: save it now. A person can have 20 tokens.

    \b
    Examples:
      .venv/bin/stint-admin --stage prod tokens create ana@example.com -o 2149 --name phone
      .venv/bin/stint-admin --stage prod tokens create 8779 -o 2149 --name audit \\
        --expires-at 2027-01-01T00:00:00+01:00
    """
    person_id = context.person(caller, person).id
    values = checked(CREATION, {**attributes, "person_id": person_id})
    created = ApiTokens(context.dependencies).create(caller, values)
    output.show(
        caller, created.outcome, json_wanted=json_wanted, one_time_meta=created.one_time_meta
    )
    output.say("The token is shown only once: save it now.")


@tokens.command("list")
@click.argument("person", required=False)
@in_organization
@json_option
def list_all(
    context: AdminContext, caller: Caller, *, person: str | None, json_wanted: bool
) -> None:
    """List all tokens of the organization, or those of PERSON, without the secrets.

    \b
    Examples:
      .venv/bin/stint-admin --stage prod tokens list -o 2149
      .venv/bin/stint-admin --stage prod tokens list ana@example.com -o 2149
    """
    person_id = None if person is None else context.person(caller, person).id
    zone = caller.organization.zone
    tokens = ApiTokens(context.dependencies)
    records = tokens.read(caller) if person_id is None else tokens.of_person(caller, person_id)
    rows = [output.plain(token, zone) for token in records]
    output.table(rows, _COLUMNS, json_wanted=json_wanted)


@tokens.command("revoke")
@click.argument("token_id", type=Id())
@in_organization
def revoke(context: AdminContext, caller: Caller, *, token_id: int) -> None:
    """Revoke a token, by the id that `tokens list` shows.

    A running function may still accept it for up to 60 seconds.

    \b
    Example:
      .venv/bin/stint-admin --stage prod tokens revoke 7404551438336 -o 2149
    """
    ApiTokens(context.dependencies).revoke(caller, token_id)
    output.say(f"Token {token_id} is revoked.")
