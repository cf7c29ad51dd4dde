"""Lists of time entries: pages by number and cursor pages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.errors import QueryTooBroad
from chalicelib.core.lists import CursorPage, Page
from chalicelib.counters.model import CounterScope, Listed
from chalicelib.counters.offset_pages import read_page
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import batch_get
from chalicelib.dynamodb.cursor_pages import filtered_page, page_after_position, page_of_rows
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.index_query import Row, index_query
from chalicelib.dynamodb.items import from_item, key_of
from chalicelib.dynamodb.query_planner import (
    BY_ORGANIZATION_DATE,
    FIRST,
    LAST,
    MAX_INDEX_PAGES,
    QueryPlan,
    plan_time_entries,
)
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import EntryQuery, EntrySort, TimeEntry


def page(connection: Connection, query: EntryQuery) -> Page[TimeEntry]:
    """A page of a list by its number, and the list's total.

    Raises ``QueryTooBroad`` if no index serves the query and five index pages of 1 MB do not
    contain all rows to check.
    """
    if query.is_empty:
        return Page((), 0)
    plan = plan_time_entries(query)
    if plan.exact and plan.ordered:
        return read_page(connection, query, plan, _scope(query))
    rows = _all_rows(connection, query)
    first = (query.page - 1) * query.page_size
    return Page([entry for _, entry in rows[first : first + query.page_size]], len(rows))


def cursor_page(
    connection: Connection, query: EntryQuery, after: str | None, size: int
) -> CursorPage[TimeEntry]:
    """Up to ``size`` time entries after a position; None: from the beginning.

    By date: one call if an index serves the query, else at most five calls, of 1 MB each. In
    another order, or by ids: raises ``QueryTooBroad`` like :func:`page`. Raises
    ``InvalidPosition``.
    """
    if after is not None:
        # An invalid position is an error in every list.
        keys.record_id_in(after.rpartition(_NAME_END)[2] if query.sort in _NAMES else after)
    if query.is_empty:
        return CursorPage((), None)
    plan = plan_time_entries(query)
    if query.ids is not None or not plan.ordered:
        return page_after_position(_all_rows(connection, query), query, after, size)
    entries = index_query(connection, plan, query.descending)
    if not plan.exact:
        return filtered_page(entries, query, after, size)
    # One more row shows whether there is a next page. So the last page is never empty.
    rows, position = entries.page(after, size + 1)
    return page_of_rows(rows, position, size)


def _scope(query: EntryQuery) -> CounterScope:
    """The counters of an exact plan: of one person, one service, or the organization."""
    (person_id,) = query.person_ids or (None,)
    (service_id,) = query.service_ids or (None,)
    return CounterScope(Listed.TIME_ENTRIES, query.organization_id, person_id, service_id)


def _all_rows(connection: Connection, query: EntryQuery) -> list[Row]:
    """All entries that match a query, in its order."""
    if query.ids is not None:
        entries = _read_by_ids(connection, query.organization_id, query.ids)
    else:
        entries = _read_all(connection, query, plan_time_entries(query))
    matching = [entry for entry in entries if query.matches(entry)]
    position_of = _position_by_name if query.sort in _NAMES else _position_of
    rows = list(zip(position_of(connection, query, matching), matching, strict=True))
    return sorted(rows, key=lambda row: row[0], reverse=query.descending)


def _read_by_ids(
    connection: Connection, organization_id: int, ids: frozenset[int]
) -> list[TimeEntry]:
    items = batch_get(
        connection, [key_of(TimeEntry, organization_id, entry_id) for entry_id in ids]
    )
    entries = (from_item(TimeEntry, item) for item in items.values())
    return [entry for entry in entries if entry.deleted_at is None]


def _read_all(connection: Connection, query: EntryQuery, plan: QueryPlan) -> list[TimeEntry]:
    entries, is_complete = index_query(connection, plan, query.descending).matching(
        query.matches, MAX_INDEX_PAGES
    )
    if is_complete:
        return entries
    # A list of one person or service can still be narrowed by dates.
    has_dates = plan.index == BY_ORGANIZATION_DATE and (plan.begin, plan.end) != (FIRST, LAST)
    raise QueryTooBroad("filter[person_id]" if has_dates else "filter[after]")


def _position_of(
    connection: Connection, query: EntryQuery, entries: Sequence[TimeEntry]
) -> Iterable[str]:
    del connection
    for entry in entries:
        match query.sort:
            case EntrySort.CREATED_AT:
                yield keys.timestamp_key(entry.created_at, entry.id)
            case EntrySort.UPDATED_AT:
                yield keys.timestamp_key(entry.updated_at, entry.id)
            case _:
                yield keys.date_key(entry.date, entry.id)


def _position_by_name(
    connection: Connection, query: EntryQuery, entries: Sequence[TimeEntry]
) -> Iterable[str]:
    """The positions in a list by the names of people or services. One call per 100 of them."""
    entity, id_of, name_of = _NAMES[query.sort]
    ids = {(entity, id_of(entry)) for entry in entries}
    records = Database(connection).get_many(query.organization_id, ids).records
    names = {record_id: name_of(record) for (_, record_id), record in records.items()}
    for entry in entries:
        name = names.get(id_of(entry), "").casefold()
        yield f"{name}{_NAME_END}{keys.date_key(entry.date, entry.id)}"


# Sorts before every character of a name.
_NAME_END = "\0"
_NAMES: Mapping[EntrySort, tuple[type[Any], Callable[[TimeEntry], int], Callable[[Any], str]]] = {
    EntrySort.PERSON_NAME: (
        Person,
        lambda entry: entry.person_id,
        lambda person: f"{person.first_name} {person.last_name}",
    ),
    EntrySort.SERVICE_NAME: (
        Service,
        lambda entry: entry.service_id,
        lambda service: service.name,
    ),
}
"""The sorts by a name: whose name it is, its id in a time entry, and the name."""
