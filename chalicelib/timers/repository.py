"""Lists of timers by position, what runs of a person, and what runs past its limit."""

from collections.abc import Sequence
from typing import Any

from pynamodb.connection import Connection

from chalicelib.counters.key_ranges import window
from chalicelib.domain.queries import EntryQuery, Stretch, TimerQuery, TimerSort
from chalicelib.domain.timers import Timer
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.index_query import Row, Walk, walk_of
from chalicelib.dynamodb.items import read_noun, read_slot, slot_ref
from chalicelib.dynamodb.query_planner import MOST_INDEX_PAGES, Plan, asks_what_runs, detour, plan
from chalicelib.dynamodb.sparse_index import Part, SparsePage, sparse_page
from chalicelib.dynamodb.tables import TimerModel
from chalicelib.store.reads import RawItem, read


def stretch(
    connection: Connection, query: TimerQuery, after: str | None, size: int
) -> Stretch[Timer]:
    """Up to ``size`` timers of a list behind a position (None: from its beginning).

    One call where the index says all, and another wait before it where a person's or an entry's
    list is narrowed by when its timers stopped; otherwise at most five, of 1 MB of the index each.
    """
    if after is not None:
        # Whoever made it up learns that at once, whatever the list.
        keys.id_in(after)
    if (person_id := asks_what_runs(query)) is not None:
        return Stretch(() if after else what_runs(connection, query, person_id), None)
    steps = plan(query)
    if steps is None:
        return Stretch((), None)
    if steps.exact:
        return _exact_stretch(connection, query, steps, after, size)
    if (aside := detour(query)) is not None and aside.begin == keys.begin(keys.ENDLESS):
        # What runs of an organization: never more than it has people.
        return _sorted_stretch(connection, query, aside, after, size)
    return _checked_stretch(connection, query, steps, after, size)


def what_runs(connection: Connection, query: TimerQuery, person_id: int) -> Sequence[Timer]:
    """What runs of a person, from their slot: consistently, where an index may be behind."""
    place = slot_ref(query.organization_id, person_id)
    slot = read_slot(query.organization_id, person_id, read(connection, [place]).get(place))
    timer = slot.timer
    return [timer] if timer is not None and query.matches(timer) else []


def in_order(query: TimerQuery, timers: Sequence[Timer]) -> list[Timer]:
    """Timers in the order that a query wants."""
    return sorted(timers, key=lambda it: position_of(query, it), reverse=query.descending)


def position_of(query: TimerQuery, timer: Timer) -> str:
    """Where a timer stands in a list that is sorted as a query wants it."""
    by_start = query.sort is TimerSort.STARTED_AT
    return keys.at(timer.started_at if by_start else timer.stopped_at, timer.id)


def _exact_stretch(
    connection: Connection, query: TimerQuery, steps: Plan, after: str | None, size: int
) -> Stretch[Timer]:
    wanted = window(connection, query.organization_id, steps)
    if wanted.is_empty:
        return Stretch((), None)
    walk = Walk(
        connection,
        steps.index,
        steps.partition,
        wanted.begin.key,
        wanted.end.key,
        backwards=query.descending,
    )
    # One more than is asked for tells whether there is more, without an empty page at the end.
    rows, position = walk.page(query.organization_id, after, size + 1)
    return cut(rows, position, size)


def _checked_stretch(
    connection: Connection, query: TimerQuery, steps: Plan, after: str | None, size: int
) -> Stretch[Timer]:
    walk = walk_of(connection, steps, query.descending)
    return checked(walk, query, after, size)


def _sorted_stretch(
    connection: Connection, query: TimerQuery, steps: Plan, after: str | None, size: int
) -> Stretch[Timer]:
    walk = walk_of(connection, steps, query.descending)
    found, _ = walk.matching(query.organization_id, query.matches)
    placed = [(position_of(query, timer), timer) for timer in in_order(query, found)]
    return cut_behind(placed, query, after, size)


def checked(
    walk: Walk, query: TimerQuery | EntryQuery, after: str | None, size: int
) -> Stretch[Any]:
    """Rows behind a position that a query means: up to ``size``, out of at most five index pages.

    Up to five calls.
    """
    found: list[Row] = []
    position = after
    for _ in range(MOST_INDEX_PAGES):
        rows, position = walk.page(query.organization_id, position)
        found += (row for row in rows if query.matches(row[1]))
        if len(found) > size or position is None:
            break
    return cut(found, position, size)


def cut_behind(
    rows: Sequence[Row], query: TimerQuery | EntryQuery, after: str | None, size: int
) -> Stretch[Any]:
    """So many rows behind a position (None: from the beginning), of all of them in their order."""
    if after is not None:
        rows = [it for it in rows if (it[0] < after if query.descending else it[0] > after)]
    return cut(rows, None, size)


def cut(rows: Sequence[Row], position: str | None, size: int) -> Stretch[Any]:
    """So many rows, and where it goes on."""
    records = [record for _, record in rows[:size]]
    return Stretch(records, rows[size - 1][0] if len(rows) > size else position)


def overdue(
    connection: Connection, shard: str, now: int, limit: int, after: Any = None
) -> SparsePage:
    """Running timers of a shard whose limit has come, the oldest first."""
    condition = "running_shard = :shard AND auto_stop_key < :end"
    values = {":shard": shard, ":end": keys.begin(now + 1)}
    return sparse_page(connection, Part(TimerModel, "running", condition, values), limit, after)


def overdue_timer(item: RawItem) -> Timer:
    """The timer that an item of :func:`overdue` holds. Raises whatever a spoilt one causes."""
    return read_noun(Timer, item)


def limit_of(item: RawItem) -> int:
    """The instant at which that timer must end, from its sort key."""
    return int(item["auto_stop_key"]["S"].partition("#")[0])
