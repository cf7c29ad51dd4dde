"""Time entries in DynamoDB: lists, what was changed by hand, and what is left of deleted ones."""

from collections.abc import Sequence
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.errors import QueryTooBroad
from chalicelib.counters.key_ranges import DATES, window_of
from chalicelib.counters.model import Counted, Listed, TallyScope
from chalicelib.counters.offset_pages import Tallied, read_page
from chalicelib.domain.queries import EntryQuery, EntrySort, Page, Stretch
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.index_query import Row, Walk, walk_of
from chalicelib.dynamodb.items import read_noun, ref_of
from chalicelib.dynamodb.query_planner import (
    BY_ORGANIZATION_DATE,
    BY_PERSON_DATE,
    BY_SERVICE_DATE,
    BY_TIME_ENTRY,
    FIRST,
    LAST,
    MOST_INDEX_PAGES,
    Plan,
    entry_plan,
)
from chalicelib.dynamodb.sparse_index import Part, SparsePage, sparse_page
from chalicelib.dynamodb.tables import RevisionModel, TimeEntryModel
from chalicelib.store.reads import RawItem, query_all, read
from chalicelib.time_entries.rules import Revision
from chalicelib.timers.repository import checked, cut, cut_behind


def page(connection: Connection, query: EntryQuery) -> Page[TimeEntry]:
    """One page of a list of time entries, and how many there are in all.

    Raises ``QueryTooBroad`` where no index serves the query and five index pages do not hold what
    would have to be checked.
    """
    if query.is_empty:
        return Page((), 0)
    steps = entry_plan(query)
    if steps.exact and steps.ordered:
        return read_page(connection, query, steps, window_of(steps, DATES), _tallied(query, steps))
    rows = _all_rows(connection, query)
    first = (query.page - 1) * query.page_size
    return Page([entry for _, entry in rows[first : first + query.page_size]], len(rows))


def stretch(
    connection: Connection, query: EntryQuery, after: str | None, size: int
) -> Stretch[TimeEntry]:
    """Up to ``size`` time entries of a list behind a position (None: from its beginning).

    By date: one call where the index says all, else at most five, of 1 MB of the index each. In
    another order, and by ids: raises ``QueryTooBroad`` as :func:`page` does.
    """
    if after is not None:
        # Whoever made it up learns that at once, whatever the list.
        keys.id_in(after)
    if query.is_empty:
        return Stretch((), None)
    steps = entry_plan(query)
    if query.ids is not None or not steps.ordered:
        return cut_behind(_all_rows(connection, query), query, after, size)
    walk = walk_of(connection, steps, query.descending)
    if not steps.exact:
        return checked(walk, query, after, size)
    # One more than is asked for tells whether there is more, without an empty page at the end.
    found, position = walk.page(query.organization_id, after, size + 1)
    return cut(found, position, size)


def position_of(query: EntryQuery, entry: TimeEntry) -> str:
    """Where an entry stands in a list that is sorted as a query wants it."""
    match query.sort:
        case EntrySort.DATE:
            return keys.on(entry.date, entry.id)
        case EntrySort.CREATED_AT:
            return keys.at(entry.created_at, entry.id)
        case EntrySort.UPDATED_AT:
            return keys.at(entry.updated_at, entry.id)


def timers_of(connection: Connection, entry: TimeEntry, most: int) -> Sequence[Timer]:
    """Some of an entry's timers: which ones, the index says; what they are, the table."""
    partition = keys.scoped(entry.organization_id, entry.id)
    walk = Walk(connection, BY_TIME_ENTRY, partition, FIRST, LAST)
    found = walk.first(entry.organization_id, most)
    places = [ref_of(Timer, entry.organization_id, timer.id) for _, timer in found]
    held = read(connection, places)
    return [read_noun(Timer, held[place]) for place in places if place in held]


def revisions(connection: Connection, organization_id: int, entry_id: int) -> Sequence[Revision]:
    """What was changed of an entry by hand, the oldest first."""
    request: dict[str, Any] = {
        "TableName": table_name(RevisionModel),
        "KeyConditionExpression": "time_entry_key = :entry",
        "ExpressionAttributeValues": {":entry": {"S": keys.scoped(organization_id, entry_id)}},
        "ConsistentRead": True,
    }
    found = query_all(connection, request, MOST_INDEX_PAGES, "filter[time_entry_id]")
    return [read_noun(Revision, item) for item in found]


def deleted(connection: Connection, limit: int, after: Any = None) -> SparsePage:
    """Deleted entries that still have timers, the oldest first."""
    part = Part(TimeEntryModel, "deleted", "deleted_shard = :shard", {":shard": keys.DELETED})
    return sparse_page(connection, part, limit, after)


def deleted_entry(item: RawItem) -> TimeEntry:
    """The entry that an item of :func:`deleted` holds. Raises whatever a spoilt one causes."""
    return read_noun(TimeEntry, item)


def _tallied(query: EntryQuery, steps: Plan) -> Tallied:
    """By what an exact plan is counted."""
    (person_id,) = query.person_ids or (None,)
    (service_id,) = query.service_ids or (None,)
    entries, organization_id = Listed.TIME_ENTRIES, query.organization_id
    scope = {
        BY_PERSON_DATE: TallyScope(entries, organization_id, person_id),
        BY_SERVICE_DATE: TallyScope(entries, organization_id, service_id=service_id),
        BY_ORGANIZATION_DATE: TallyScope(entries, organization_id),
    }[steps.index]
    return Tallied(keys.tally_scope(scope), Counted.ENTRIES, DATES, has_quarters=False)


def _all_rows(connection: Connection, query: EntryQuery) -> list[Row]:
    """Every entry that a query means, in its order."""
    if query.ids is not None:
        entries = _named(connection, query.organization_id, query.ids)
    else:
        entries = _read_all(connection, query, entry_plan(query))
    rows = [(position_of(query, entry), entry) for entry in entries if query.matches(entry)]
    return sorted(rows, key=lambda row: row[0], reverse=query.descending)


def _named(connection: Connection, organization_id: int, ids: frozenset[int]) -> list[TimeEntry]:
    found = read(connection, [ref_of(TimeEntry, organization_id, it) for it in ids])
    entries = (read_noun(TimeEntry, item) for item in found.values())
    return [entry for entry in entries if entry.deleted_at is None]


def _read_all(connection: Connection, query: EntryQuery, steps: Plan) -> list[TimeEntry]:
    walk = walk_of(connection, steps, query.descending)
    found, is_all = walk.matching(query.organization_id, query.matches, MOST_INDEX_PAGES)
    if is_all:
        return found
    # Who has a person or a service can still narrow it by dates.
    widest = steps.index == BY_ORGANIZATION_DATE and (steps.begin, steps.end) != (FIRST, LAST)
    raise QueryTooBroad("filter[person_id]" if widest else "filter[after]")
