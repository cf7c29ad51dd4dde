"""Finds the people and services of an organization that the rows of a file name."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from tools.admin.csvfile import BadFile
from tools.admin.history.names import normalized
from tools.admin.history.rows import HistoryRow


class NamedPerson(Struct, frozen=True):
    """A person as a file names them."""

    email: str
    name: str

    def __str__(self) -> str:
        return (
            f"{self.name} <{self.email}>" if self.email and self.name else self.email or self.name
        )


class Unknown(Struct, frozen=True):
    """People and services that a file names and the organization does not have.

    Each with the rows that name it, which are at least one.
    """

    people: Mapping[NamedPerson, Sequence[HistoryRow]]
    services: Mapping[str, Sequence[HistoryRow]]

    def used_by(self, is_used: Callable[[HistoryRow], bool]) -> "Unknown":
        """Return what rows of this kind name, with these rows only."""
        return Unknown(_used(self.people, is_used), _used(self.services, is_used))

    @property
    def rows(self) -> Iterator[HistoryRow]:
        """The rows that name something unknown; those that name two such things come twice."""
        return chain(*self.people.values(), *self.services.values())

    @property
    def problems(self) -> list[str]:
        """One line for each unknown name; none if all are known."""
        people = ((f"unknown person: {person}", rows) for person, rows in self.people.items())
        services = (
            (f"unknown service: {name}" if name else "no service is named", rows)
            for name, rows in self.services.items()
        )
        return [
            f"{problem} ({len(rows)} rows, first on line {rows[0].line})"
            for problem, rows in (*people, *services)
        ]


K = TypeVar("K")


def _used(
    named: Mapping[K, Sequence[HistoryRow]], is_used: Callable[[HistoryRow], bool]
) -> Mapping[K, Sequence[HistoryRow]]:
    kept = {name: [row for row in rows if is_used(row)] for name, rows in named.items()}
    return {name: rows for name, rows in kept.items() if rows}


class Directory:
    """The people and services of an organization, by the names that files may use.

    Reads them at once: one call per MB of people and of services.
    """

    def __init__(self, database: Database, caller: Caller) -> None:
        organization_id = caller.organization.id
        self._people_by_email: dict[str, Person] = {}
        self._people_by_name: dict[str, list[Person]] = defaultdict(list)
        self._services: dict[str, list[Service]] = defaultdict(list)
        for person in database.directory(Person, organization_id):
            if not person.is_erased:
                self._add_person(person)
        for service in database.directory(Service, organization_id):
            self._services[normalized(service.name)].append(service)

    def _add_person(self, person: Person) -> None:
        if person.email is not None:
            self._people_by_email[person.email.casefold()] = person
        name = normalized(f"{person.first_name} {person.last_name}")
        self._people_by_name[name].append(person)

    def person(self, row: HistoryRow) -> Person | None:
        """Return the person of a row: by e-mail address, else by name. None: unknown.

        Raises ``ValueError`` if several people have the name.
        """
        by_email = self._people_by_email.get(row.email) if row.email else None
        if by_email is not None:
            return by_email
        same_name = self._people_by_name.get(normalized(row.person), []) if row.person else []
        if len(same_name) > 1:
            raise ValueError(f"several people have the name {row.person}: add a column email")
        return same_name[0] if same_name else None

    def service(self, row: HistoryRow) -> Service | None:
        """Return the service of a row by its name. None: unknown.

        Of several, the one with exactly this name, else the only one that takes time. Raises
        ``ValueError`` if there is no such one.
        """
        same_name = self._services.get(normalized(row.service), [])
        for candidates in (
            same_name,
            [service for service in same_name if service.name == row.service],
            [service for service in same_name if service.takes_time],
        ):
            if len(candidates) == 1:
                return candidates[0]
        if same_name:
            raise ValueError(f"several services have the name {row.service}: rename one")
        return None

    def unknown(self, rows: Iterable[HistoryRow]) -> Unknown:
        """Return what is unknown. Raises :class:`BadFile` if a name is ambiguous."""
        people: dict[str, list[HistoryRow]] = defaultdict(list)
        services: dict[str, list[HistoryRow]] = defaultdict(list)
        problems: dict[str, str] = {}
        for row in rows:
            try:
                if self.person(row) is None:
                    people[row.email or normalized(row.person)].append(row)
                if self.service(row) is None:
                    services[normalized(row.service)].append(row)
            except ValueError as error:
                problems.setdefault(str(error), f"line {row.line}: {error}")
        if problems:
            raise BadFile(list(problems.values()))
        return Unknown(
            {NamedPerson(named[0].email, named[0].person): named for named in people.values()},
            {named[0].service: named for named in services.values()},
        )


def different_emails(directory: Directory, rows: Iterable[HistoryRow]) -> list[str]:
    """Return a line for each person who is matched by name and has another e-mail address."""
    lines = {}
    for row in rows:
        person = directory.person(row)
        if person is not None and row.email and (person.email or "").casefold() != row.email:
            lines[row.email] = (
                f"line {row.line}: {row.person} <{row.email}> is matched by name with "
                f"{person.email}"
            )
    return list(lines.values())
