"""Creates the people and services that a file names, with the rules of other imports.

They have unique constraints, so a repeated or concurrent import creates none of them twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.permissions import Caller
from chalicelib.jsonapi.inputs import Input, read_values
from chalicelib.jsonapi.requests import Document
from tools.admin.csvfile import BadFile, Row
from tools.admin.history.matching import NamedPerson, Unknown
from tools.admin.history.names import split_name
from tools.admin.import_rows import PeopleRows, Rows, ServiceRows
from tools.error_messages import describe_error


class ServiceUse(Struct):
    """A service that a file names, the first line that does, and whether a row is billable."""

    name: str
    line: int
    billable: bool = False


def people_rows(people: Iterable[tuple[NamedPerson, int]]) -> list[Row]:
    """Return the rows of people to create, with their lines.

    Raises :class:`BadFile` if one has no e-mail address, or breaks a rule of the API.
    """
    problems, rows = [], []
    for person, line in people:
        if not person.email:
            problems.append(
                f"line {line}: {person.name} has no e-mail address in the file: create this person "
                "first, with `people create` or `people import`"
            )
            continue
        first, last = split_name(person.name or person.email.partition("@")[0])
        values = {"first_name": first, "last_name": last, "email": person.email}
        rows.append((line, values))
    return _checked(rows, PeopleRows.inputs, problems)


def service_rows(services: Iterable[ServiceUse]) -> list[Row]:
    """Return the rows of services to create. Raises :class:`BadFile` if rows name no service."""
    problems, rows = [], []
    for use in services:
        if use.name:
            rows.append((use.line, {"name": use.name, "billable": use.billable}))
        else:
            problems.append(
                f"line {use.line}: names no service, and maybe other lines too: name one with "
                "--default-service"
            )
    return _checked(rows, ServiceRows.inputs, problems)


def missing_rows(unknown: Unknown) -> tuple[list[Row], list[Row]]:
    """Return the rows of unknown people and services. Raises :class:`BadFile` with all problems.

    A service is billable unless no row of it is.
    """
    named = [(person, rows[0].line) for person, rows in unknown.people.items()]
    used = [
        ServiceUse(name, rows[0].line, any(row.billable is not False for row in rows))
        for name, rows in unknown.services.items()
    ]
    try:
        people = people_rows(named)
    except BadFile as error:
        problems = [*error.problems]
        try:
            service_rows(used)
        except BadFile as other:
            problems += other.problems
        raise BadFile(problems) from error
    return people, service_rows(used)


def create_missing(dependencies: Dependencies, caller: Caller, unknown: Unknown) -> int:
    """Create unknown people and services; return how many were created. Two calls for each.

    Raises :class:`BadFile`, before anything is written; and the database's errors.
    """
    people, services = missing_rows(unknown)
    return sum(
        _create(rows, parsed)
        for rows, parsed in (
            (PeopleRows(dependencies, caller), people),
            (ServiceRows(dependencies, caller), services),
        )
    )


def _create(rows: Rows, parsed: Sequence[Row]) -> int:
    created = 0
    for row in parsed:
        try:
            rows.create(row)
        except InvalidAttribute:
            # A concurrent import created the record.
            if rows.read_again(row) is None:
                raise
        else:
            created += 1
    return created


def _checked(
    rows: Iterable[tuple[int, Mapping[str, Any]]], inputs: Sequence[Input], problems: list[str]
) -> list[Row]:
    checked = []
    for line, values in rows:
        try:
            read = read_values(inputs, Document(attributes=values))
        except InvalidAttribute as error:
            problems.append(f"line {line}: {describe_error(error)}")
        else:
            checked.append(Row(line, read))
    if problems:
        raise BadFile(problems)
    return checked
