"""Offset pages: a page of a list by its number, and the list's exact total.

Counters give the total, and the periods in which the page begins and ends. The rows are read from
the nearest known offset: an end of the list, of a day or of a quarter-hour. Decision 0008.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct
from pynamodb.connection import Connection

from chalicelib.core.lists import Page
from chalicelib.counters.key_ranges import SORT_KEY_FORMATS, Bound, KeyRange, key_range
from chalicelib.counters.model import QUARTER_HOUR_SECONDS, CounterKind, CounterScope, Listed
from chalicelib.counters.offsets import Histogram, Period, required_counters
from chalicelib.counters.reader import CounterReader
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.cursor_pages import SortedQuery
from chalicelib.dynamodb.index_query import IndexQuery, Row
from chalicelib.dynamodb.query_planner import BY_STOPPED, FIRST, LAST, QueryPlan

_SKIPPED_FREELY = 150
"""Up to this many rows are read and dropped: this costs less than another call."""


class PageQuery(SortedQuery, Protocol):
    """The fields of a query that an offset page needs."""

    @property
    def page(self) -> int:
        """The number of the page, from 1."""

    @property
    def page_size(self) -> int:
        """The number of records on a page."""


def read_page(
    connection: Connection, query: PageQuery, plan: QueryPlan, scope: CounterScope
) -> Page[Any]:
    """The page of a list, and the list's total, where an exact plan serves the query.

    ``scope`` names the counters of the plan's partition. At most three calls in sequence: counters,
    quarter-hours of days, rows. One call if the whole list is on the first page. A span of stops
    adds one.
    """
    rows = key_range(connection, plan, scope.listed)
    if rows.is_empty:
        return Page((), 0)
    return _PageReader(connection, query, plan, rows, scope).read()


def exact_index_query(
    connection: Connection, query: SortedQuery, plan: QueryPlan
) -> IndexQuery | None:
    """The index query of exactly the timers of an exact plan. None: there are none.

    No call, or two parallel calls if the plan has a span of stops.
    """
    rows = key_range(connection, plan, Listed.TIMERS)
    if rows.is_empty:
        return None
    return _index_query(connection, plan, rows.begin.key, rows.end.key, query.descending)


class _Offsets(Struct, frozen=True):
    """The offsets of a page, from ``start`` up to ``end``, in a list from ``first`` to ``last``."""

    first: int
    last: int
    start: int
    end: int


class _ReadStart(Struct, frozen=True):
    """Where to begin to read a page: at a sort key. The first ``skip`` rows are dropped."""

    skip: int
    key: str
    backwards: bool


class _PageReader:
    """Reads one page of a list."""

    def __init__(
        self,
        connection: Connection,
        query: PageQuery,
        plan: QueryPlan,
        rows: KeyRange,
        scope: CounterScope,
    ) -> None:
        self._connection = connection
        self._query = query
        self._plan = plan
        self._range = rows
        self._kind = _kind(plan, scope)
        self._key_at = SORT_KEY_FORMATS[scope.listed].key_at
        # Time entries have dates and no times.
        self._has_quarter_hours = scope.listed is Listed.TIMERS
        self._counters = CounterReader(connection, scope)

    def read(self) -> Page[Any]:
        size = self._query.page_size
        first_rows: list[Row] = []
        if self._query.page == 1:
            first_rows = self._read_first_rows(size + 1)
            if len(first_rows) <= size:
                return Page(self._matching(first_rows), len(first_rows))
        first, last = self._count_range()
        # Counters may be behind the index. The total is never less than the rows that were read.
        total = max(last - first, len(first_rows))
        if first_rows:
            return Page(self._matching(first_rows[:size]), total)
        offsets = self._page_offsets(first, last)
        if offsets.start >= offsets.end:
            return Page((), total)
        return Page(self._read_rows(self._nearest_start(offsets), offsets), total)

    def _read_first_rows(self, count: int) -> list[Row]:
        begin, end = self._range.begin.key, self._range.end.key
        index_query = self._index_query(begin, end, self._query.descending)
        return index_query.first(count)

    def _count_range(self) -> tuple[int, int]:
        """The offsets of the range's bounds. Calls in parallel."""
        begin, end = self._range.begin.timestamp, self._range.end.timestamp
        required = required_counters(
            begin if 0 < begin < keys.NEVER else None, end if end < keys.NEVER else None
        )
        self._counters.read(required, self._count_partial)
        return self._offset_of(self._range.begin), self._offset_of(self._range.end)

    def _count_partial(self, timestamp: int) -> int:
        begin = self._key_at(timestamp - timestamp % QUARTER_HOUR_SECONDS)
        return self._index_query(begin, self._key_at(timestamp)).count()

    def _offset_of(self, bound: Bound) -> int:
        if bound.key == FIRST:
            return 0
        if bound.key == LAST and self._kind is CounterKind.STOPS:
            # Running timers are in the list. They are counted as starts and not as stops.
            return self._counters.histogram(CounterKind.STARTS).total
        histogram = self._histogram()
        if bound.timestamp >= keys.NEVER:
            return histogram.total + bound.shift
        return histogram.offset_at(bound.timestamp) + bound.shift

    def _page_offsets(self, first: int, last: int) -> _Offsets:
        size = self._query.page_size
        skipped = (self._query.page - 1) * size
        if self._query.descending:
            end = last - skipped
            return _Offsets(first, last, max(first, end - size), end)
        start = first + skipped
        return _Offsets(first, last, start, min(last, start + size))

    def _nearest_start(self, offsets: _Offsets) -> _ReadStart:
        """Where a read drops few rows. Reads quarter-hours only if it would drop many."""
        nearest = _nearest(self._starts_at_bounds(offsets))
        if nearest.skip <= _SKIPPED_FREELY:
            return nearest
        ends = (offsets.start, offsets.end - 1)
        days = [self._histogram().day_at(offset) for offset in ends]
        nearest = _nearest([nearest, *self._starts_at_periods(days, offsets)])
        if nearest.skip <= _SKIPPED_FREELY or not self._has_quarter_hours:
            return nearest
        self._counters.read_quarter_hours(days)
        quarter_hours = [self._histogram().quarter_hour_at(offset) for offset in ends]
        return _nearest([nearest, *self._starts_at_periods(quarter_hours, offsets)])

    def _starts_at_bounds(self, offsets: _Offsets) -> Iterable[_ReadStart]:
        yield _ReadStart(offsets.start - offsets.first, self._range.begin.key, False)
        yield _ReadStart(offsets.last - offsets.end, self._range.end.key, True)
        stopped = self._histogram().total
        if self._kind is CounterKind.STOPS and offsets.start >= stopped:
            # Running timers follow all stopped ones and belong to no day.
            yield _ReadStart(offsets.start - stopped, keys.timestamp_prefix(keys.NEVER), False)

    def _starts_at_periods(
        self, periods: Sequence[Period | None], offsets: _Offsets
    ) -> Iterable[_ReadStart]:
        """Forwards from the start of the first period, backwards from the end of the last one."""
        first, last = periods
        if first is not None:
            skip = offsets.start - first.start_offset
            yield _ReadStart(skip, self._key_at(first.start), False)
        if last is not None:
            yield _ReadStart(last.end_offset - offsets.end, self._key_at(last.end), True)

    def _read_rows(self, start: _ReadStart, offsets: _Offsets) -> Sequence[Any]:
        # Not limited to the range: a period may begin before it.
        begin, end = (FIRST, start.key) if start.backwards else (start.key, LAST)
        index_query = self._index_query(begin, end, start.backwards)
        count = start.skip + offsets.end - offsets.start
        rows = index_query.first(count)[start.skip :]
        if start.backwards != self._query.descending:
            rows.reverse()
        return self._matching(rows)

    def _index_query(self, begin: str, end: str, backwards: bool = False) -> IndexQuery:
        return _index_query(self._connection, self._plan, begin, end, backwards)

    def _matching(self, rows: Sequence[Row]) -> Sequence[Any]:
        return [record for _, record in rows if self._query.matches(record)]

    def _histogram(self) -> Histogram:
        return self._counters.histogram(self._kind)


def _kind(plan: QueryPlan, scope: CounterScope) -> CounterKind:
    """The kind of the counters by which a plan's index is sorted."""
    if scope.listed is Listed.TIME_ENTRIES:
        return CounterKind.ENTRIES
    return CounterKind.STOPS if plan.index == BY_STOPPED else CounterKind.STARTS


def _index_query(
    connection: Connection, plan: QueryPlan, begin: str, end: str, backwards: bool
) -> IndexQuery:
    return IndexQuery(connection, plan.index, plan.partition, begin, end, backwards=backwards)


def _nearest(starts: Iterable[_ReadStart]) -> _ReadStart:
    return min(starts, key=lambda start: start.skip)
