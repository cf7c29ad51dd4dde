"""What a row of a file is in the directory: how it is found there, created and changed."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from chalicelib.domain.directory import Caller, Claim, Person, Service
from chalicelib.domain.errors import InvalidAttribute
from chalicelib.domain.people import email_claim, is_erased
from chalicelib.domain.records import CreateRecord
from chalicelib.jsonapi.inputs import Input
from chalicelib.resources import people, services
from chalicelib.services.people import People
from chalicelib.services.records import change_record
from chalicelib.services.settling import Answer, Decision, settle
from chalicelib.services.toolbox import Toolbox
from infra.admin.csvfile import Row


class Rows(ABC):
    """A kind of the directory that files may hold.

    ``column`` is what a row is recognised by where it has no id: one value, whatever its case.
    """

    plural: ClassVar[str]
    column: ClassVar[str]
    inputs: ClassVar[tuple[Input, ...]]
    kind: ClassVar[type[Any]]

    def __init__(self, tools: Toolbox, caller: Caller) -> None:
        self._tools = tools
        self._caller = caller
        self._by_id: dict[int, Any] = {}
        self._by_key: dict[str, list[Any]] = defaultdict(list)

    def key(self, row: Row) -> str:
        """What tells a row from the others of its file."""
        return str(row.values[self.column]).casefold()

    def look_up(self, rows: Sequence[Row]) -> None:
        """Read what is there. One call for each MB, and one for each 100 names not found in it."""
        for record in self._tools.store.directory(self.kind, self._caller.organization.id):
            self._by_id[record.id] = record
            self._by_key[str(getattr(record, self.column)).casefold()].append(record)
        claimed = self._claimed([row for row in rows if self.key(row) not in self._by_key])
        for key, record in claimed.items():
            self._by_key[key].append(record)

    def match(self, row: Row) -> Any:
        """What the row is about, or None where that is not there yet.

        Raises ``InvalidAttribute`` where nobody can tell, or where it would be somebody else.
        """
        held = self._by_key.get(self.key(row), [])
        if row.id is None:
            if len(held) > 1:
                raise InvalidAttribute(self.column, "there are several; add their ids as a column")
            return held[0] if held else None
        record = self._by_id.get(row.id)
        others = [it for it in held if it.id != row.id]
        if others and (record is None or self.kind is Person):
            raise InvalidAttribute(self.column, f"is that of {others[0].id}, not of {row.id}")
        return record

    def again(self, row: Row) -> Any:
        """What the row is about, read anew. Two calls."""
        return self._claimed([row]).get(self.key(row))

    @abstractmethod
    def create(self, row: Row) -> Any:
        """Create what a row is about, where it is not there yet. Two calls.

        Raises ``InvalidAttribute`` where it is.
        """

    @abstractmethod
    def change(self, record: Any, values: Mapping[str, Any]) -> None:
        """Change what is there. Raises ``InvalidAttribute`` where a rule forbids it."""

    @abstractmethod
    def claim(self, row: Row) -> str:
        """The name of the claim by which a row's value is one record's."""

    def _claimed(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Who holds the claims to what these rows are recognised by. Two calls for each 100."""
        organization_id = self._caller.organization.id
        names = {self.key(row): self.claim(row) for row in rows}
        store = self._tools.store
        held = store.look(organization_id, [(Claim, it) for it in names.values()]).records
        owners = {key: held[Claim, name].id for key, name in names.items() if (Claim, name) in held}
        records = store.look(organization_id, [(self.kind, it) for it in owners.values()]).records
        return {
            key: records[self.kind, owner]
            for key, owner in owners.items()
            if (self.kind, owner) in records
        }


class PeopleRows(Rows):
    """People, by their e-mail addresses."""

    plural = "people"
    column = "email"
    inputs = people.CREATION
    kind = Person

    def match(self, row: Row) -> Any:
        """See :meth:`Rows.match`."""
        person = super().match(row)
        if person is not None and is_erased(person):
            raise InvalidAttribute("id", f"{person.id} was erased, and is not to come back")
        return person

    def create(self, row: Row) -> Any:
        """See :meth:`Rows.create`."""
        return People(self._tools).add(self._caller, row.values, None, row.id).outcome

    def change(self, record: Any, values: Mapping[str, Any]) -> None:
        """See :meth:`Rows.change`."""
        People(self._tools).change(self._caller, record.id, values)

    def claim(self, row: Row) -> str:
        """See :meth:`Rows.claim`."""
        return email_claim(row.values["email"])


class ServiceRows(Rows):
    """Services, by their names.

    The API lets several services have one name. So that two imports of one file, or one that
    crashed and another, still make one service of a row, an import claims the name for what it
    makes; the claim also finds a service again that was renamed since.
    """

    plural = "services"
    column = "name"
    inputs = services.CREATION
    kind = Service

    def create(self, row: Row) -> Any:
        """See :meth:`Rows.create`."""
        organization_id = self._caller.organization.id
        claim = self.claim(row)

        def decide() -> Decision[Service] | Answer[Service]:
            service_id = self._tools.ids.draw() if row.id is None else row.id
            wanted: list[Any] = [(Claim, claim), (Service, service_id)]
            found = self._tools.store.look(organization_id, wanted)
            held = found.record(Claim, claim)
            if row.id is None and held is not None:
                raise InvalidAttribute("name", f"is that of {held.id}")
            if row.id is not None and found.record(Service, row.id) is not None:
                raise InvalidAttribute("id", "is taken")
            service = Service(id=service_id, organization_id=organization_id, **row.values)
            claims = [] if held else [CreateRecord(Claim(claim, organization_id, service_id))]
            return Decision(service, records=(CreateRecord(service), *claims))

        return settle(self._tools, None, decide).outcome

    def change(self, record: Any, values: Mapping[str, Any]) -> None:
        """See :meth:`Rows.change`."""
        change_record(self._tools, services.SERVICES)(self._caller, record.id, values)

    def claim(self, row: Row) -> str:
        """See :meth:`Rows.claim`."""
        return f"imported_service:{self.key(row)}"
