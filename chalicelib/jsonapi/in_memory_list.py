"""The interface that reads lists, and its implementation for small lists, paged in memory."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol

from msgspec import Struct

from chalicelib.core.lists import CursorPage, InvalidPosition, Page
from chalicelib.core.permissions import Caller, can_view
from chalicelib.jsonapi.conditions import BooleanFilter, CasefoldedTexts, Conditions
from chalicelib.jsonapi.parameters import ListQuery, PageNumber
from chalicelib.jsonapi.resource import Filter, FilterKind, Record, Resource

ReadPosition = Callable[[str], str | None]
"""Returns the start position in a list; None: its beginning. The argument describes the list."""

SortKey = tuple[bool, Any, int | str]
"""Sort key of a record: whether the sort value is missing, the value, and the record's id.

The id of a row of a report is its place in the order of rows."""


class CursorReader(Protocol[Record]):
    """Reads the records of a list request that the caller can view, in cursor mode."""

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[Record], str]:
        """Return the records after a position, and a description of the list.

        Errors that ``position`` raises are not caught.
        """


class ListReader(CursorReader[Record], Protocol[Record]):
    """Reads the records of a list request that the caller can view, in both page modes."""

    def page(self, caller: Caller, query: ListQuery) -> Page[Record]:
        """Return the requested page and the total number of records."""


class InMemoryList(Struct, Generic[Record], frozen=True):
    """A list that is read completely, then filtered, sorted and paged in memory.

    :param read: returns records of the caller's organization: those with the ids that the filter
        ``by`` requests, or all records.
    :param by: the name of an id filter.
    """

    resource: Resource[Record]
    read: Callable[[Caller, frozenset[int] | None], Sequence[Record]]
    by: str = "id"

    def page(self, caller: Caller, query: ListQuery) -> Page[Record]:
        """Return a page. Its total is that of the filtered list."""
        return page_of(self._sorted(caller, query), query)

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[Record], str]:
        """Return the records after a position. The record at the position may no longer exist."""
        listing = self._description(caller, query)
        rows = self._sorted(caller, query)
        return cursor_page_of(rows, query, position(listing)), listing

    def _sorted(self, caller: Caller, query: ListQuery) -> list[tuple[SortKey, Record]]:
        sort_value = self.resource.orders[query.sort]
        rows = [
            (_sort_key(sort_value(record), self.resource.id(record)), record)
            for record in self._matching(caller, query)
        ]
        return sorted(rows, key=lambda row: row[0], reverse=query.descending)

    def _matching(self, caller: Caller, query: ListQuery) -> list[Record]:
        resource = self.resource
        matches = matcher(resource, self._with_defaults(query.conditions))
        # Redact first: a filter must not reveal a value that the response hides.
        redacted = (
            resource.redact_for(caller, record)
            for record in self.read(caller, query.conditions.ids(self.by))
            if can_view(caller, resource.view, record)
        )
        return [record for record in redacted if matches(record)]

    def _with_defaults(self, conditions: Conditions) -> Conditions:
        """Return the conditions, with the defaults of absent filters if they name no ids."""
        if conditions.ids(self.by) is not None:
            return conditions
        defaults = {
            declared.name: (BooleanFilter(declared.default),)
            for declared in self.resource.filters
            if declared.default is not None
        }
        return Conditions({**defaults, **conditions.by_name})

    def _description(self, caller: Caller, query: ListQuery) -> str:
        caller_key = caller.organization.id, caller.person_id, caller.role.value
        conditions = query.conditions.description()
        query_key = self.resource.type, query.sort, query.descending, conditions
        return repr((caller_key, query_key))


def page_of(rows: Sequence[tuple[SortKey, Record]], query: ListQuery) -> Page[Record]:
    """Return a page by number of sorted rows, which are the whole list."""
    number = query.page.number if isinstance(query.page, PageNumber) else 1
    first = (number - 1) * query.page.size
    page_rows = rows[first : first + query.page.size]
    return Page([record for _, record in page_rows], len(rows))


def cursor_page_of(
    rows: Sequence[tuple[SortKey, Record]], query: ListQuery, start: str | None
) -> CursorPage[Record]:
    """Return the sorted rows after a position; None: from the beginning.

    Raises ``InvalidPosition``.
    """
    if start is not None:
        rows = _rows_after(_read_position(start), rows, query.descending)
    page_rows = rows[: query.page.size]
    following = _write_position(page_rows[-1][0]) if len(rows) > len(page_rows) else None
    return CursorPage([record for _, record in page_rows], following)


def matcher(resource: Resource[Record], conditions: Conditions) -> Callable[[Record], bool]:
    """Return a function that returns whether a record matches all conditions."""
    checks = [
        (declared, conditions.by_name[declared.name])
        for declared in resource.filters
        if declared.name in conditions.by_name
    ]

    def matches(record: Record) -> bool:
        texts = CasefoldedTexts()
        return all(
            condition.matches(value)
            for declared, filter_conditions in checks
            for value in (_filter_value(declared, record, texts),)
            for condition in filter_conditions
        )

    return matches


def _filter_value(declared: Filter[Record], record: Record, texts: CasefoldedTexts) -> Any:
    """Return a record's value as the conditions of a filter compare it."""
    value: Any = None if declared.value is None else declared.value(record)
    match declared.kind:
        case FilterKind.TEXT:
            return None if value is None else texts[value]
        case FilterKind.QUERY:
            return tuple(texts[text] for text in value if text is not None)
    return value


def _sort_key(value: str | int | None, record_id: int | str) -> SortKey:
    return value is None, value.casefold() if isinstance(value, str) else value or 0, record_id


def _rows_after(
    key: SortKey, rows: Sequence[tuple[SortKey, Record]], descending: bool
) -> list[tuple[SortKey, Record]]:
    try:
        return [row for row in rows if (row[0] < key if descending else row[0] > key)]
    except TypeError as error:
        raise InvalidPosition(key) from error


def _write_position(key: SortKey) -> str:
    return json.dumps(key)


def _read_position(position: str) -> SortKey:
    try:
        is_missing, value, record_id = json.loads(position)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidPosition(position) from error
    return is_missing, value, record_id
