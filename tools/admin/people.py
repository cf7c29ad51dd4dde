"""``people``: create, list, change, import, deactivate, restore, export, erase."""

from pathlib import Path
from typing import Any, BinaryIO

import click

from chalicelib.core.permissions import Caller
from chalicelib.core.validation import escape_control_characters
from chalicelib.people.api import CHANGES, CREATION
from chalicelib.people.model import Person
from chalicelib.people.operations import People
from tools.admin import data_protection, output
from tools.admin.context import AdminContext
from tools.admin.csvfile import Row, read_rows, text_of
from tools.admin.files import STDOUT, output_option, write_new_file
from tools.admin.history.directory_rows import people_of
from tools.admin.history.options import Source, source_options
from tools.admin.import_rows import PeopleRows
from tools.admin.importing import import_rows
from tools.admin.options import (
    Id,
    checked,
    checked_changes,
    in_organization,
    json_option,
    values_of,
)

_COLUMNS = ("id", "first_name", "last_name", "email", "role", "time_zone", "deactivated_at")


@click.group()
def people() -> None:
    """Create, list, change, import, deactivate and restore people; export and erase their data.

    PERSON is always an id or an e-mail address.
    """


@people.command("create")
@in_organization
@click.option("--id", "person_id", type=Id(), help="The id. Default: a generated id.")
@values_of(CREATION)
@json_option
def create(
    context: AdminContext,
    caller: Caller,
    *,
    person_id: int | None,
    json_wanted: bool,
    **attributes: Any,
) -> None:
    """Add a person. The default role is member. Create a token with `tokens create`.

    \b
    Example:
      .venv/bin/stint-admin --stage prod people create -o 2149 \\
        --first-name Ivan --last-name Babic --email ivan@example.com --role member
    """
    values = checked(CREATION, attributes)
    created = People(context.dependencies).create(caller, values, person_id=person_id)
    output.show(caller, created.outcome, json_wanted=json_wanted)


@people.command("list")
@in_organization
@json_option
def list_all(context: AdminContext, caller: Caller, *, json_wanted: bool) -> None:
    """List an organization's people.

    \b
    Example:
      .venv/bin/stint-admin --stage prod people list -o 2149
    """
    records = context.dependencies.database.directory(Person, caller.organization.id)
    output.show_all(caller, records, _COLUMNS, json_wanted=json_wanted)


@people.command("change")
@click.argument("person")
@in_organization
@values_of(CHANGES)
@json_option
def change(
    context: AdminContext, caller: Caller, *, person: str, json_wanted: bool, **attributes: Any
) -> None:
    """Change PERSON. Values without an option stay unchanged; "none" removes an optional value.

    \b
    Example:
      .venv/bin/stint-admin --stage prod people change ivan@example.com -o 2149 \
        --time-zone Europe/Lisbon --auto-stop-at-time none
    """
    values = checked_changes(CHANGES, attributes)
    record = context.person(caller, person)
    changed = People(context.dependencies).update(caller, record.id, values)
    output.show(caller, changed.outcome, json_wanted=json_wanted)


@people.command("deactivate")
@click.argument("person")
@in_organization
@json_option
def deactivate(context: AdminContext, caller: Caller, *, person: str, json_wanted: bool) -> None:
    """Stop PERSON's timer, disable new timers, and revoke all tokens, in one transaction.

    The last active admin cannot be deactivated.

    \b
    Example:
      .venv/bin/stint-admin --stage prod people deactivate ivan@example.com -o 2149
    """
    record = context.person(caller, person)
    deactivated = People(context.dependencies).deactivate(caller, record.id)
    output.show(caller, deactivated.outcome, json_wanted=json_wanted)


@people.command("restore")
@click.argument("person")
@in_organization
@json_option
def restore(context: AdminContext, caller: Caller, *, person: str, json_wanted: bool) -> None:
    """Activate PERSON again. Revoked tokens stay revoked: create new ones.

    \b
    Example:
      .venv/bin/stint-admin --stage prod people restore ivan@example.com -o 2149
    """
    record = context.person(caller, person)
    restored = People(context.dependencies).restore(caller, record.id)
    output.show(caller, restored.outcome, json_wanted=json_wanted)


@people.command("import")
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
    """Import people from a CSV file ("-" is stdin).

    The first line names the columns: first_name, last_name, email, and optionally title,
    nickname, avatar_url, time_zone, auto_stop_at_time, role (admin or member), id. People are
    matched by id, if the row has one, otherwise by e-mail address. An empty cell leaves the value
    unchanged, or at its default.

    The whole file is checked first; if it has a problem, nothing is written. Existing people stay
    unchanged, and differences are reported; --update changes them. After a crash, run it again:
    imported people are skipped. The import creates no tokens.

    With --from, or --map COLUMN=FIELD, the file is another product's export of time or of people:
    everybody in it who has an e-mail address is imported. docs/import.md.

    \b
    Example of a file:
      first_name,last_name,email,role
      Ana,Horvat,ana@example.com,admin
      Ivan,"Babic, Jr.",ivan@example.com,

    \b
    Examples:
      .venv/bin/stint-admin --stage prod people import -o 2149 people.csv --dry-run
      .venv/bin/stint-admin --stage prod people import -o 2149 people.csv
      .venv/bin/stint-admin --stage prod people import -o 2149 people.csv --update
      .venv/bin/stint-admin --stage prod people import -o 2149 toggl.csv --from toggl
    """
    rows = PeopleRows(context.dependencies, caller)

    def parse() -> list[Row]:
        return people_of(source, file) if source.is_given else read_rows(text_of(file), rows.inputs)

    import_rows(rows, parse, dry_run=dry_run, update=update, json_wanted=json_wanted)


@people.command("export")
@click.argument("person")
@in_organization
@output_option
def export(context: AdminContext, caller: Caller, *, person: str, target: str) -> None:
    """Export all data about PERSON, as JSON.

    Contains the person, metadata of their tokens (never the secrets), the running timer, metadata
    of responses to requests with an Idempotency-Key (stored for 24 hours), time entries with
    notes, manual changes of time entries, timers, and undelivered webhook events. Reads every time
    entry and timer of the stage with strong consistency: millions of them take minutes.

    \b
    Example:
      .venv/bin/stint-admin --stage prod people export ivan@example.com -o 2149 --output ivan.json
    """
    pieces = data_protection.export(context, caller, context.person(caller, person))
    if target == STDOUT:
        for piece in pieces:
            output.json_text(piece, nl=False)
    else:
        write_new_file(Path(target), pieces)


@people.command("erase")
@click.argument("person")
@in_organization
@click.option("--deactivate", "deactivating", is_flag=True, help="Deactivate the person first.")
@click.option("--with-notes", is_flag=True, help="Also remove the notes of the time entries.")
@click.option(
    "--with-times", is_flag=True, help="Also delete the time entries and timers, permanently."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
def erase(
    context: AdminContext,
    caller: Caller,
    *,
    person: str,
    yes: bool,
    json_wanted: bool,
    **options: bool,
) -> None:
    """Erase the personal data of PERSON. This cannot be undone.

    Overwritten: names, e-mail address, title, nickname, picture, time zone, auto-stop time; the
    address can be used again. Removed: tokens, stored responses to requests with an
    Idempotency-Key, and with --with-notes the notes of the time entries. Digests of imported rows
    stay, so that a repeated import does not create the person again. Timers and time entries
    stay, with the id only, because invoices are based on them. --with-times deletes them too; that
    they existed, their minutes and who deleted them stay on record for ten years. Backups contain
    the data for 35 more days.

    --with-times is refused while some of the time is in a closed period: lift the closing first.

    The person must be deactivated; --deactivate does it. From then on, events about the person
    have only ids. After a crash, run it again.

    \b
    Examples:
      .venv/bin/stint-admin --stage prod people erase ivan@example.com -o 2149 --deactivate
      .venv/bin/stint-admin --stage prod people erase 8784 -o 2149 --with-notes --yes
    """
    record = context.person(caller, person)
    if record.deactivated_at is None and not options["deactivating"]:
        raise click.ClickException(
            f"{_name(record)} is active: deactivate the person first, or use --deactivate"
        )
    if options["with_times"] and data_protection.has_closed_times(context, caller, record):
        closed_until = caller.organization.closed_until
        raise click.ClickException(
            f"some of this time is in the period up to {closed_until}, which is closed; nothing "
            "was erased. Without --with-times, it stays and its texts are erased. To delete it, "
            "first lift the closing: organizations change --closed-until none"
        )
    if not yes:
        subject = (
            f"{_name(record)}{' and all timers and time entries' if options['with_times'] else ''}"
        )
        output.confirm(f"Permanently erase {subject} in {context.place}?")
    if record.deactivated_at is None:
        record = People(context.dependencies).deactivate(caller, record.id).outcome
    counts = data_protection.erase(
        context, caller, record, notes=options["with_notes"], times=options["with_times"]
    )
    output.record({"id": record.id, **counts}, json_wanted=json_wanted)
    times = "are deleted" if options["with_times"] else "stay, with this id only"
    output.say(f"{record.id} is erased. The timers and time entries {times}.")


def _name(person: Person) -> str:
    name = f"{person.first_name} {person.last_name} <{person.email}>, {person.id}"
    return escape_control_characters(name)
