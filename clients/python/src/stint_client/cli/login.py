"""Log in and out."""

import sys
from urllib.parse import parse_qs, urlsplit, urlunsplit

import click

from stint_client import ApiError, Client, Login, StintError, redeem_pairing
from stint_client.cli.failures import ExitCode, Failure
from stint_client.cli.output import print_json
from stint_client.cli.state import State, json_option, pass_state
from stint_client.results import full_name

_UNAUTHENTICATED = 401
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_API = "/api/v2"


@click.command()
@click.argument("server", required=False)
@click.argument("code", required=False)
@click.option(
    "--token", "with_token", is_flag=True, help="Ask for an API token, or read it from stdin."
)
@click.option("--organization", metavar="ID", help="The organization, if the token has several.")
@click.option("--allow-http", is_flag=True, help="Send the token without encryption.")
@json_option
@pass_state
def login(
    state: State,
    server: str | None,
    code: str | None,
    with_token: bool,
    organization: str | None,
    allow_http: bool,
) -> None:
    """Log in with a pairing code, or with its whole link.

    A colleague with the right to do so creates the code: stint-admin tokens pair, or POST
    /api/v2/pairings.

    \b
    stint login https://stint.example.com 7K3M-Q9XA-04TP
    stint login 'https://stint.example.com/app#pair=7K3MQ9XA04TP'
    stint login --token https://stint.example.com
    """
    existing = state.store.load()
    if existing is not None:
        raise Failure(
            f"{existing.person_name} is logged in on {existing.base_url}. "
            "Log out first: stint logout",
            code="logged_in",
        )
    base_url, linked_code = read_address(server or click.prompt("Server, or the whole link"))
    _check_encryption(base_url, allow_http=allow_http)
    if with_token:
        account = _with_token(state, base_url, _read_token(), organization)
    else:
        code = code or linked_code or click.prompt("Pairing code")
        state.store.prepare()
        account = redeem_pairing(base_url, code, retries=state.retries())
    stored = state.store.save(account)
    if state.as_json:
        print_json(
            {
                "base_url": stored.base_url,
                "organization": {"id": stored.organization_id, "name": stored.organization_name},
                "person": {"id": stored.person_id, "name": stored.person_name},
                "stored_in": stored.stored_in,
            }
        )
        return
    click.echo(f"Logged in as {stored.person_name}, {stored.organization_name}.")
    if stored.stored_in == "keyring":
        click.echo("The token is in the system's keyring.")
    else:
        click.echo(f"The token is in {state.store.token_file}, which only you can read.")


@click.command()
@click.option("--forget", is_flag=True, help="Only delete the token here; do not revoke it.")
@json_option
@pass_state
def logout(state: State, forget: bool) -> None:
    """Revoke the token of this computer, and delete it."""
    account = state.account
    if not forget:
        try:
            with state.client() as client:
                client.log_out()
        except ApiError as error:
            if error.status != _UNAUTHENTICATED:
                raise
        except StintError as error:
            raise Failure(
                f"{error}. You are still logged in. To delete the token here without revoking it: "
                "stint logout --forget",
                ExitCode.NO_ANSWER,
                "no_answer",
            ) from error
    state.store.delete(account)
    if state.as_json:
        print_json({"revoked": not forget})
        return
    click.echo("Logged out. The token was not revoked." if forget else "Logged out.")


def read_address(text: str) -> tuple[str, str | None]:
    """Return the address of the API and the pairing code of what a person typed or pasted.

    :param text: an address of a server, of its API, of its pocket client, or a pairing link.
    """
    try:
        parts = urlsplit(text.strip())
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or parts.username:
        raise click.UsageError("Use an address such as https://stint.example.com.")
    fragment = parse_qs(parts.fragment)
    (code,) = fragment.get("pair", [None])[:1]
    path = parts.path.rstrip("/").removesuffix("/app").rstrip("/")
    path = path if path.endswith(_API) else path + _API
    own = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    (api,) = fragment.get("api", [own])[:1]
    api = api.rstrip("/")
    if api != own:
        click.confirm(f"The link leads to the API at {api}. Log in there?", abort=True, err=True)
    return api, code


def _check_encryption(base_url: str, *, allow_http: bool) -> None:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.UsageError("Use an address such as https://stint.example.com.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
        raise click.UsageError(
            f"{parts.scheme}://{parts.netloc} is not encrypted: others could read the token. "
            "Use https://, or --allow-http in a network that you trust."
        )


def _read_token() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("API token", hide_input=True)).strip()
    return sys.stdin.readline().strip()


def _with_token(state: State, base_url: str, token: str, organization: str | None) -> Login:
    try:
        client = Client(base_url, token, organization, retries=state.retries())
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with client:
        memberships = client.organizations.memberships()
        found = {}
        for membership in memberships:
            owner = memberships.related(membership, "organization")
            person = memberships.related(membership, "person")
            if owner is not None and person is not None:
                found[owner.id] = owner, person
    names = ", ".join(f"{owner.id} ({owner.attributes.name})" for owner, _ in found.values())
    if organization is None and len(found) > 1:
        raise click.UsageError(f"Choose one of your organizations with --organization: {names}.")
    chosen = organization or next(iter(found), "")
    if chosen not in found:
        raise Failure(f"This token has no such organization. It has: {names or 'none'}.")
    owner, person = found[chosen]
    return Login(
        base_url=base_url,
        token=token,
        organization_id=owner.id,
        organization_name=owner.attributes.name,
        person_id=person.id,
        person_name=full_name(person),
    )
