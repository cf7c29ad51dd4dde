"""``people``: who tracks time; and what data protection asks for, export and erasure."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import click

from chalicelib.domain.directory import Caller, Person
from chalicelib.resources.people import CREATION
from chalicelib.services.people import People
from infra.admin import output, personal
from infra.admin.desk import Desk
from infra.admin.importing import import_file
from infra.admin.options import Id, checked, in_organization, json_option, values_of
from infra.admin.rows import PeopleRows

_COLUMNS = ("id", "first_name", "last_name", "email", "role", "deactivated_at")
_STDOUT = "-"
_OWNER_ONLY = 0o600


@click.group()
def people() -> None:
    """Create, list, import, deactivate and restore people; export and erase what is kept of one.

    PERSON is always an id or an e-mail address.
    """


@people.command("create")
@in_organization
@click.option("--id", "person_id", type=Id(), help="Their id; drawn, where none is given.")
@values_of(CREATION)
@json_option
def create(
    desk: Desk, caller: Caller, *, person_id: int | None, json_wanted: bool, **given: Any
) -> None:
    """Add somebody: a member, where no role is given. They need a token: `tokens create`.

    \b
    Example:
      python -m infra.admin --stage prod people create -o 2149 \\
        --first-name Ivan --last-name Babic --email ivan@example.com --role member
    """
    made = People(desk.tools).add(caller, checked(CREATION, given), None, person_id)
    output.show(caller, made.outcome, json_wanted=json_wanted)


@people.command("list")
@in_organization
@json_option
def list_all(desk: Desk, caller: Caller, *, json_wanted: bool) -> None:
    """List an organization's people.

    \b
    Example:
      python -m infra.admin --stage prod people list -o 2149
    """
    found = desk.tools.store.directory(Person, caller.organization.id)
    output.show_all(caller, found, _COLUMNS, json_wanted=json_wanted)


@people.command("deactivate")
@click.argument("person")
@in_organization
@json_option
def deactivate(desk: Desk, caller: Caller, *, person: str, json_wanted: bool) -> None:
    """Stop PERSON's timer, let them start nothing any more, and revoke their tokens, together.

    The last active admin cannot be deactivated.

    \b
    Example:
      python -m infra.admin --stage prod people deactivate ivan@example.com -o 2149
    """
    found = desk.person(caller, person)
    output.show(
        caller, People(desk.tools).deactivate(caller, found.id).outcome, json_wanted=json_wanted
    )


@people.command("restore")
@click.argument("person")
@in_organization
@json_option
def restore(desk: Desk, caller: Caller, *, person: str, json_wanted: bool) -> None:
    """Let PERSON work again. Their tokens stay gone: they need new ones.

    \b
    Example:
      python -m infra.admin --stage prod people restore ivan@example.com -o 2149
    """
    found = desk.person(caller, person)
    output.show(
        caller, People(desk.tools).restore(caller, found.id).outcome, json_wanted=json_wanted
    )


@people.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@in_organization
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--update", is_flag=True, help="Also change what is there and differs.")
@json_option
def import_csv(
    desk: Desk, caller: Caller, *, file: TextIO, dry_run: bool, update: bool, json_wanted: bool
) -> None:
    """Import people from a CSV file ("-" is stdin).

    The first line names the columns: first_name, last_name, email, and as you like title,
    nickname, avatar_url, role (admin or member), id. Somebody is recognised by their id, if the
    file has one, else by their e-mail address. An empty cell says nothing about that value.

    The whole file is checked first; with anything wrong in it, nothing is written. Who is there
    stays as they are, and is said to differ where they do; --update changes them. Run it again
    after a crash: who was imported is skipped. Nobody is given a token.

    \b
    Example of a file:
      first_name,last_name,email,role
      Ana,Horvat,ana@example.com,admin
      Ivan,"Babic, Jr.",ivan@example.com,

    \b
    Examples:
      python -m infra.admin --stage prod people import -o 2149 people.csv --dry-run
      python -m infra.admin --stage prod people import -o 2149 people.csv
      python -m infra.admin --stage prod people import -o 2149 people.csv --update
    """
    rows = PeopleRows(desk.tools, caller)
    import_file(rows, file, dry_run=dry_run, update=update, json_wanted=json_wanted)


@people.command("export")
@click.argument("person")
@in_organization
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, allow_dash=True),
    default=_STDOUT,
    show_default="stdout",
    help="A file, which must not be there yet; only its owner may read it.",
)
def export(desk: Desk, caller: Caller, *, person: str, target: str) -> None:
    """Write down all that is kept of PERSON, as JSON, for them or for another system.

    The person, their tokens (never the tokens themselves), what runs, what their requests with
    an Idempotency-Key answered (that they did, for 24 hours), time entries with notes, what was
    changed of them by hand, timers. Reads every time entry and timer of the stage,
    consistently; takes minutes where there are millions.

    \b
    Example:
      python -m infra.admin --stage prod people export ivan@example.com -o 2149 --output ivan.json
    """
    pieces = personal.export(desk, caller, desk.person(caller, person))
    if target == _STDOUT:
        for piece in pieces:
            click.echo(piece, nl=False)
    else:
        _write(Path(target), pieces)


@people.command("erase")
@click.argument("person")
@in_organization
@click.option("--deactivate", "deactivating", is_flag=True, help="Deactivate them first.")
@click.option("--with-notes", is_flag=True, help="Also remove the notes of their time entries.")
@click.option(
    "--with-times", is_flag=True, help="Also delete their time entries and timers, for good."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(
    desk: Desk, caller: Caller, *, person: str, yes: bool, json_wanted: bool, **how: bool
) -> None:
    """Erase what is personal of PERSON. This cannot be undone.

    Overwritten: names, e-mail address, title, nickname, picture; the address is free again.
    Removed: tokens, what their requests with an Idempotency-Key answered, with --with-notes the
    notes of their time entries. Their times and time entries stay, under their id alone: invoices
    rest on them. --with-times deletes these as well; that there were some, and how long, is kept
    for ten years beside who deleted them. Backups hold what was for 35 days more.

    They must have been deactivated; --deactivate does it. Run it again after a crash.

    \b
    Examples:
      python -m infra.admin --stage prod people erase ivan@example.com -o 2149 --deactivate
      python -m infra.admin --stage prod people erase 8784 -o 2149 --with-notes --yes
    """
    found = desk.person(caller, person)
    if found.deactivated_at is None and not how["deactivating"]:
        raise click.ClickException(f"{_name(found)} is active: deactivate them, or --deactivate")
    if not yes:
        what = f"{_name(found)}{' and all their times' if how['with_times'] else ''}"
        click.confirm(f"Erase {what} in {desk.place}, for good?", abort=True, err=True)
    if found.deactivated_at is None:
        found = People(desk.tools).deactivate(caller, found.id).outcome
    done = personal.erase(desk, caller, found, notes=how["with_notes"], times=how["with_times"])
    output.record({"id": found.id, **done}, json_wanted=json_wanted)
    stay = (
        "Their times are deleted" if how["with_times"] else "Their times stay, under this id alone"
    )
    output.say(f"{found.id} is erased. {stay}.")


def _write(path: Path, pieces: Iterable[str]) -> None:
    """Write a file whole or not at all, where none is."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    if path.exists():
        raise click.ClickException(f"{path} is there already; nothing was written")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(pieces)
        unfinished.rename(path)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    output.say(f"written to {path}")


def _name(person: Person) -> str:
    return f"{person.first_name} {person.last_name} <{person.email}>, {person.id}"
