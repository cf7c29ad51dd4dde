"""Lists: what the one view of lists needs of a resource, and the small ones, paged in memory."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.core.permissions import may_see
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Caller
from chalicelib.domain.queries import BadPosition, Page, Stretch
from chalicelib.jsonapi.conditions import Conditions
from chalicelib.jsonapi.parameters import ListQuery, PageNumber
from chalicelib.jsonapi.resource import Record, Resource

Listed = TypeVar("Listed")

Position = Callable[[str], str | None]
"""Is told everything that makes a list, and gives where to begin in it; None: at its beginning."""

_Key = tuple[bool, Any, int]
"""What a row is sorted by: whether it has no such value, the value, and its id."""


class Lister(Protocol[Listed]):
    """Finds the rows that a caller may see of what a list request asks for."""

    def page(self, caller: Caller, asked: ListQuery) -> Page[Listed]:
        """The page that is asked for, and how many rows there are."""

    def walk(
        self, caller: Caller, asked: ListQuery, position: Position
    ) -> tuple[Stretch[Listed], str]:
        """The rows behind a position, and what that list is. What ``position`` raises passes."""


@dataclass(frozen=True, slots=True)
class SmallList(Generic[Record]):
    """A list that is read whole, filtered, sorted and paged in memory.

    ``read`` gives the records of the caller's organization: those that the filter ``by`` leaves, by
    the ids that it asks for, or all of them.
    """

    resource: Resource[Record]
    read: Callable[[Caller, frozenset[int] | None], Sequence[Record]]
    by: str = "id"

    def page(self, caller: Caller, asked: ListQuery) -> Page[Record]:
        """A page, whose total is that of the filtered list."""
        rows = [record for _, record in self._sorted(caller, asked)]
        number = asked.page.number if isinstance(asked.page, PageNumber) else 1
        first = (number - 1) * asked.page.size
        return Page(rows[first : first + asked.page.size], len(rows))

    def walk(
        self, caller: Caller, asked: ListQuery, position: Position
    ) -> tuple[Stretch[Record], str]:
        """The rows behind the row at a position, or behind where it was."""
        listing = self._description(caller, asked)
        rows = self._sorted(caller, asked)
        at = position(listing)
        if at is not None:
            rows = _behind(_read_position(at), rows, asked.descending)
        shown = rows[: asked.page.size]
        following = _position(shown[-1][0]) if len(rows) > len(shown) else None
        return Stretch([record for _, record in shown], following), listing

    def _sorted(self, caller: Caller, asked: ListQuery) -> list[tuple[_Key, Record]]:
        order = self.resource.orders[asked.sort]
        rows = [
            (_key(order(record), self.resource.id(record)), record)
            for record in self._matching(caller, asked)
        ]
        return sorted(rows, key=lambda row: row[0], reverse=asked.descending)

    def _matching(self, caller: Caller, asked: ListQuery) -> list[Record]:
        resource = self.resource
        meets = meeting(resource, asked.conditions)
        # As it is seen, before it is looked at: a filter must not tell what a document does not.
        seen = (
            resource.seen(caller, record)
            for record in self.read(caller, asked.conditions.ids(self.by))
            if may_see(caller, resource.visibility, resource.owner(record))
        )
        return [record for record in seen if meets(record)]

    def _description(self, caller: Caller, asked: ListQuery) -> str:
        whose = caller.organization.id, caller.person_id, caller.role.value
        what = self.resource.type, asked.sort, asked.descending, asked.conditions.described()
        return repr((whose, what))


def meeting(resource: Resource[Record], conditions: Conditions) -> Callable[[Record], bool]:
    """Whether a record meets all conditions of a request, as the resource declares its filters."""
    asked = [
        (declared.value, condition)
        for declared in resource.filters
        for condition in conditions.by_name.get(declared.name, ())
    ]

    def meets(record: Record) -> bool:
        return all(
            condition.holds(None if value is None else value(record))  # type: ignore[arg-type]
            for value, condition in asked
        )

    return meets


def _key(value: str | int | None, record_id: int) -> _Key:
    return value is None, value.casefold() if isinstance(value, str) else value or 0, record_id


def _behind(
    key: _Key, rows: list[tuple[_Key, Record]], descending: bool
) -> list[tuple[_Key, Record]]:
    try:
        return [row for row in rows if (row[0] < key if descending else row[0] > key)]
    except TypeError as error:
        raise BadPosition(key) from error


def _position(key: _Key) -> str:
    return json.dumps(key)


def _read_position(position: str) -> _Key:
    try:
        absent, value, record_id = json.loads(position)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadPosition(position) from error
    return absent, value, record_id
