"""The sort keys of the rows of an exact query plan, with bounds whose offsets counters give."""

from collections.abc import Callable
from datetime import date

from msgspec import Struct
from pynamodb.connection import Connection

from chalicelib.core.timestamps import SECONDS_PER_DAY, Span
from chalicelib.counters.model import Listed, day_number
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.index_query import IndexQuery
from chalicelib.dynamodb.parallel_calls import run_concurrently
from chalicelib.dynamodb.query_planner import FIRST, LAST, QueryPlan
from chalicelib.timers.model import Timer


class Bound(Struct, frozen=True):
    """A bound of a key range.

    :param key: its sort key.
    :param timestamp: the timestamp whose offset gives the bound's offset.
    :param shift: how many records the bound is after that offset: 0 or -1.
    """

    key: str
    timestamp: int
    shift: int = 0


class KeyRange(Struct, frozen=True):
    """The rows from ``begin`` to ``end``."""

    begin: Bound
    end: Bound

    @property
    def is_empty(self) -> bool:
        """Whether the range cannot contain a row."""
        return self.begin.key > self.end.key


class SortKeyFormat(Struct, frozen=True):
    """How the sort keys of an index contain a time.

    :param key_at: the sort key before every row at a timestamp.
    :param timestamp_of: the timestamp of such a sort key.
    """

    key_at: Callable[[int], str]
    timestamp_of: Callable[[str], int]


SORT_KEY_FORMATS = {
    Listed.TIMERS: SortKeyFormat(keys.timestamp_prefix, int),
    # A date stands for that UTC day.
    Listed.TIME_ENTRIES: SortKeyFormat(
        lambda timestamp: keys.day_bucket_name(timestamp // SECONDS_PER_DAY),
        lambda key: day_number(date.fromisoformat(key)) * SECONDS_PER_DAY,
    ),
}


def key_range(connection: Connection, plan: QueryPlan, listed: Listed) -> KeyRange:
    """The key range of an exact plan.

    No call, or two parallel calls if the plan has a span of stops.
    """
    begin, end = _bound(plan.begin, listed), _bound(plan.end, listed)
    if plan.stops is None:
        return KeyRange(begin, end)
    first, last = _stop_bounds(connection, plan, plan.stops)
    return KeyRange(
        begin if begin.key > first.key else first,
        end if end.key < last.key else last,
    )


def _stop_bounds(connection: Connection, plan: QueryPlan, stops: Span) -> tuple[Bound, Bound]:
    """The bounds of the timers that stopped in a span, in an index that is sorted by start.

    Sessions do not overlap. So the timers that started in the span also stopped in it, except
    possibly the last one; and of the timers before, at most the last one stopped in the span.
    """

    def last_before(timestamp: int) -> Timer | None:
        end = keys.timestamp_prefix(timestamp)
        index_query = IndexQuery(connection, plan.index, plan.partition, FIRST, end, backwards=True)
        return next((timer for _, timer in index_query.first(1)), None)

    before, last = run_concurrently(
        lambda: last_before(stops.start), lambda: last_before(stops.end)
    )
    begin = _bound(keys.timestamp_prefix(stops.start), Listed.TIMERS)
    if before is not None and (before.stopped_at is None or before.stopped_at >= stops.start):
        begin = Bound(_key_of(before, before.id), begin.timestamp, -1)
    end = _bound(keys.timestamp_prefix(stops.end), Listed.TIMERS)
    if last is not None and (last.stopped_at is None or last.stopped_at >= stops.end):
        # An index query includes its end, so the range ends before this timer.
        end = Bound(_key_of(last, last.id - 1), end.timestamp, -1)
    return begin, end


def _key_of(timer: Timer, timer_id: int) -> str:
    start, stop = timer.started_at, timer.stopped_at
    return keys.started_key(start, stop, timer_id, is_edited=timer.edited)


def _bound(key: str, listed: Listed) -> Bound:
    if key == LAST:
        return Bound(key, keys.NEVER + 1)
    return Bound(key, 0 if key == FIRST else SORT_KEY_FORMATS[listed].timestamp_of(key))
