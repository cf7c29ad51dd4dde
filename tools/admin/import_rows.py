"""Rows of import files: how to match, create and change their records in the directory."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from chalicelib.admin_revisions.rules import Author
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.permissions import Caller
from chalicelib.core.record_operations import recorded
from chalicelib.core.unit_of_work import Attempt, Decision, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS
from chalicelib.core.write_set import CreateRecord
from chalicelib.jsonapi.inputs import Input
from chalicelib.people.api import CREATION as PERSON_CREATION
from chalicelib.people.model import Person, UniqueConstraint
from chalicelib.people.operations import People
from chalicelib.people.rules import email_constraint
from chalicelib.services.api import CREATION as SERVICE_CREATION
from chalicelib.services.model import Service
from chalicelib.services.operations import Services
from chalicelib.services.rules import decide_creation
from tools.admin.csvfile import Row


class Rows(ABC):
    """Base class of the kinds of records that files may contain.

    ``column`` identifies a row without an id; its values are unique and case-insensitive.
    """

    plural: ClassVar[str]
    column: ClassVar[str]
    inputs: ClassVar[tuple[Input, ...]]
    kind: ClassVar[type[Any]]

    def __init__(self, dependencies: Dependencies, caller: Caller) -> None:
        self._dependencies = dependencies
        self._caller = caller
        self._by_id: dict[int, Any] = {}
        self._by_key: dict[str, list[Any]] = defaultdict(list)

    def key(self, row: Row) -> str:
        """Return the value that identifies a row within its file."""
        return str(row.values[self.column]).casefold()

    def look_up(self, rows: Sequence[Row]) -> None:
        """Read the existing records. One call per MB, and one per 100 keys that are not found."""
        for record in self._dependencies.database.directory(
            self.kind, self._caller.organization.id
        ):
            self._by_id[record.id] = record
            self._by_key[str(getattr(record, self.column)).casefold()].append(record)
        constrained = self._constrained([row for row in rows if self.key(row) not in self._by_key])
        for key, record in constrained.items():
            self._by_key[key].append(record)

    def match(self, row: Row) -> Any:
        """Return the existing record of a row, or None.

        Raises ``InvalidAttribute`` if several records match, or if the key belongs to another one.
        """
        matches = self._by_key.get(self.key(row), [])
        if row.id is None:
            if len(matches) > 1:
                raise InvalidAttribute(
                    self.column, f"Several {self.plural} have this {self.column}. Add an id column."
                )
            return matches[0] if matches else None
        record = self._by_id.get(row.id)
        others = [match for match in matches if match.id != row.id]
        if others and (record is None or self.kind is Person):
            raise InvalidAttribute(
                self.column, f"This {self.column} belongs to {others[0].id}, not to {row.id}."
            )
        return record

    def read_again(self, row: Row) -> Any:
        """Return the existing record of a row, read again. Two calls."""
        return self._constrained([row]).get(self.key(row))

    @abstractmethod
    def create(self, row: Row) -> Any:
        """Create the record of a row. Two calls.

        Raises ``InvalidAttribute`` if it exists.
        """

    @abstractmethod
    def change(self, record: Any, values: Mapping[str, Any]) -> None:
        """Change an existing record. Raises ``InvalidAttribute`` if a rule forbids it."""

    @abstractmethod
    def constraint(self, row: Row) -> str:
        """Return the name of the unique constraint on a row's value."""

    def _constrained(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return the records that own the unique constraints of these rows, by key.

        Two calls per 100 rows.
        """
        organization_id = self._caller.organization.id
        names = {self.key(row): self.constraint(row) for row in rows}
        database = self._dependencies.database
        constraints = database.get_many(
            organization_id, [(UniqueConstraint, name) for name in names.values()]
        ).records
        owners = {
            key: constraints[UniqueConstraint, name].id
            for key, name in names.items()
            if (UniqueConstraint, name) in constraints
        }
        records = database.get_many(
            organization_id, [(self.kind, owner) for owner in owners.values()]
        ).records
        return {
            key: records[self.kind, owner]
            for key, owner in owners.items()
            if (self.kind, owner) in records
        }


class PeopleRows(Rows):
    """Rows of people, identified by e-mail address."""

    plural = "people"
    column = "email"
    inputs = PERSON_CREATION
    kind = Person

    def match(self, row: Row) -> Any:
        """See :meth:`Rows.match`."""
        person = super().match(row)
        if person is not None and person.is_erased:
            raise InvalidAttribute("id", f"Person {person.id} was erased and cannot be restored.")
        return person

    def create(self, row: Row) -> Any:
        """See :meth:`Rows.create`."""
        return People(self._dependencies).create(self._caller, row.values, person_id=row.id).outcome

    def change(self, record: Any, values: Mapping[str, Any]) -> None:
        """See :meth:`Rows.change`."""
        People(self._dependencies).update(self._caller, record.id, values)

    def constraint(self, row: Row) -> str:
        """See :meth:`Rows.constraint`."""
        return email_constraint(row.values["email"])


class ServiceRows(Rows):
    """Rows of services, identified by name.

    The API allows several services with one name. So that concurrent or repeated imports of one
    file create one service per row, an import adds a unique constraint on the name. The constraint
    also finds a service that was renamed after its import.
    """

    plural = "services"
    column = "name"
    inputs = SERVICE_CREATION
    kind = Service

    def create(self, row: Row) -> Any:
        """See :meth:`Rows.create`."""
        organization_id = self._caller.organization.id
        constraint = self.constraint(row)

        def decide(attempt: Attempt) -> Decision[Service]:
            service_id = self._dependencies.ids.generate() if row.id is None else row.id
            names: list[Any] = [(UniqueConstraint, constraint), (Service, service_id)]
            loaded = self._dependencies.database.get_many(organization_id, names)
            existing = loaded.get(UniqueConstraint, constraint)
            if row.id is None and existing is not None:
                raise InvalidAttribute("name", f"This name belongs to {existing.id}.")
            if row.id is not None and loaded.get(Service, row.id) is not None:
                raise InvalidAttribute("id", "Another service already has this id.")
            service = Service(id=service_id, organization_id=organization_id, **row.values)
            writes = decide_creation(service)
            if existing is None:
                name = UniqueConstraint(constraint, organization_id, service_id)
                writes = (*writes, CreateRecord(name))
            revision_id = self._dependencies.ids.generate()
            author = Author(self._caller, revision_id, attempt.now)
            return recorded(author, None, Decision(service, records=writes))

        return commit_with_retry(self._dependencies, NO_OPTIONS, decide).outcome

    def change(self, record: Any, values: Mapping[str, Any]) -> None:
        """See :meth:`Rows.change`."""
        Services(self._dependencies).update(self._caller, record.id, values)

    def constraint(self, row: Row) -> str:
        """See :meth:`Rows.constraint`."""
        return f"imported_service:{self.key(row)}"
