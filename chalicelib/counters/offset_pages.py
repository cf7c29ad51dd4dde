"""Offset pages: a page of a list by its number, and the list's exact total.

Counters give the total, and the periods in which the page begins and ends. The rows are read from
the nearest known offset: an end of the list, of a day or of a quarter-hour. Decision 0008.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from pynamodb.connection import Connection

from chalicelib.core.lists import Page
from chalicelib.counters.key_ranges import SORT_KEY_FORMATS, Bound, KeyRange, key_range
from chalicelib.counters.list_end import TAIL_ROWS, CountedRange, ListEnd, Tail
from chalicelib.counters.model import QUARTER_HOUR_SECONDS, CounterKind, CounterScope, Listed
from chalicelib.counters.offsets import (
    Histogram,
    PageOffsets,
    Period,
    ReadStart,
    nearest_start,
    required_counters,
    starts_at_periods,
)
from chalicelib.counters.reader import CounterReader
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.cursor_pages import SortedQuery
from chalicelib.dynamodb.index_query import IndexQuery, Row
from chalicelib.dynamodb.parallel_calls import run_concurrently
from chalicelib.dynamodb.query_planner import BY_STARTED, BY_STOPPED, FIRST, LAST, QueryPlan

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
    adds one. Counters that are behind add up to two.
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
        tail, tail_of_starts = self._read_counters()
        if tail.is_whole_list and (tail_of_starts is None or tail_of_starts.is_whole_list):
            return self._page_of_tail(tail, tail_of_starts)
        end, last = self._find_end(tail, tail_of_starts)
        first = self._counted_range().first
        # Rows may have come since the last rows were read.
        total = max(last - first, len(first_rows))
        if first_rows:
            return Page(self._matching(first_rows[:size]), total)
        offsets = self._page_offsets(first, last)
        if offsets.start >= offsets.end:
            return Page((), total)
        rows = self._read_rows(self._nearest_start(offsets, end), offsets)
        if not self._query.descending:
            # One more row was read: it shows whether there is a next page.
            total = max(total, offsets.start - first + len(rows))
        return Page(self._matching(rows[:size]), total)

    def _find_end(self, tail: Tail, tail_of_starts: Tail | None) -> tuple[ListEnd, int]:
        """The end of the rows that the counters count, and the offset after the list's last row.

        No call, or one; two more for a list whose last row the counters do not know yet.
        """
        counted = self._counted_range()
        tails = {self._kind: (tail, counted, self._count_from)}
        if tail_of_starts is not None:
            # Running timers are in the list. They are counted as starts and not as stops.
            starts = tail_of_starts, self._counted_starts(), self._count_starts_from
            tails[CounterKind.STARTS] = starts
        unsure = {
            kind: rows.rows[0][1]
            for kind, (rows, range_, _) in tails.items()
            if not range_.is_reached_by(rows)
        }
        ends = {kind: range_.counted_end(rows) for kind, (rows, range_, _) in tails.items()}
        behind = self._read_behind(unsure, ends)
        self._counters.read_quarter_hours(
            tails[kind][1].last_day for kind in behind if self._has_quarter_hours
        )
        for kind in behind:
            _, range_, count_from = tails[kind]
            ends[kind] = range_.count_end(count_from)
        return ends[self._kind], max(end.last for end in ends.values())

    def _read_behind(
        self, unsure: Mapping[CounterKind, Any], ends: Mapping[CounterKind, ListEnd]
    ) -> Sequence[CounterKind]:
        """The kinds whose counters do not know the last row of a list. Calls in parallel.

        Reads the quarter-hours that the page needs if the counters are not behind, too.

        :param unsure: the last rows.
        :param ends: the ends of the lists if the counters are not behind.
        """
        if not unsure:
            return ()
        behind: list[CounterKind] = []

        def read_last_rows() -> None:
            behind.extend(self._counters.read_uncounted(unsure))

        days: Sequence[Period | None] = ()
        if self._query.page > 1:
            first, last = self._counted_range().first, max(end.last for end in ends.values())
            days = self._far_days(self._page_offsets(first, last), ends[self._kind])
        run_concurrently(read_last_rows, partial(self._counters.read_quarter_hours, days))
        return behind

    def _page_of_tail(self, tail: Tail, tail_of_starts: Tail | None) -> Page[Any]:
        """The page of a list whose rows were all read."""
        rows = list(tail.rows)
        if tail_of_starts is not None:
            running = [row for row in tail_of_starts.rows if row[1].stopped_at is None]
            rows = sorted(running, key=lambda row: row[1].id, reverse=True) + rows
        if not self._query.descending:
            rows.reverse()
        skipped = (self._query.page - 1) * self._query.page_size
        page = rows[skipped : skipped + self._query.page_size]
        return Page(self._matching(page), len(rows))

    def _read_first_rows(self, count: int) -> list[Row]:
        begin, end = self._range.begin.key, self._range.end.key
        index_query = self._index_query(begin, end, self._query.descending)
        return index_query.first(count)

    @property
    def _has_running_timers(self) -> bool:
        return self._kind is CounterKind.STOPS and self._range.end.key == LAST

    def _read_counters(self) -> tuple[Tail, Tail | None]:
        """Read the counters of the range and its last rows. Calls in parallel.

        Of a list by stop with running timers: its last stops, and the last starts.
        """
        begin, end = self._range.begin.timestamp, self._range.end.timestamp
        required = required_counters(
            begin if 0 < begin < keys.NEVER else None, end if end < keys.NEVER else None
        )
        queries = [self._index_query(self._range.begin.key, self._last_key, backwards=True)]
        if self._has_running_timers:
            queries.append(self._starts_query(FIRST, backwards=True))
        tails: dict[int, Tail] = {}

        def read_tail(number: int) -> None:
            tails[number] = Tail(queries[number].first(TAIL_ROWS))

        run_concurrently(
            *self._counters.calls(required, self._count_partial),
            *(partial(read_tail, number) for number in range(len(queries))),
        )
        return tails[0], tails.get(1)

    @property
    def _last_key(self) -> str:
        """The end of the rows that the counters of the list count: running timers are none."""
        return (
            keys.timestamp_prefix(keys.NEVER) if self._has_running_timers else self._range.end.key
        )

    def _counted_range(self) -> CountedRange:
        begin, end = self._range.begin, self._range.end
        histogram = self._histogram()
        last = histogram.total if self._has_running_timers else self._offset_of(end)
        return CountedRange(histogram, begin, end, self._offset_of(begin), last, self._key_at)

    def _counted_starts(self) -> CountedRange:
        histogram = self._counters.histogram(CounterKind.STARTS)
        begin, end = Bound(FIRST, 0), Bound(LAST, keys.NEVER + 1)
        return CountedRange(histogram, begin, end, 0, histogram.total, self._key_at)

    def _count_from(self, key: str) -> int:
        return self._index_query(key, self._last_key).count()

    def _count_starts_from(self, key: str) -> int:
        return self._starts_query(key).count()

    def _starts_query(self, begin: str, backwards: bool = False) -> IndexQuery:
        partition = self._plan.partition
        return IndexQuery(self._connection, BY_STARTED, partition, begin, LAST, backwards=backwards)

    def _count_partial(self, timestamp: int) -> int:
        begin = self._key_at(timestamp - timestamp % QUARTER_HOUR_SECONDS)
        return self._index_query(begin, self._key_at(timestamp)).count()

    def _offset_of(self, bound: Bound) -> int:
        if bound.key == FIRST:
            return 0
        histogram = self._histogram()
        if bound.timestamp >= keys.NEVER:
            return histogram.total + bound.shift
        return histogram.offset_at(bound.timestamp) + bound.shift

    def _page_offsets(self, first: int, last: int) -> PageOffsets:
        size = self._query.page_size
        skipped = (self._query.page - 1) * size
        if self._query.descending:
            end = last - skipped
            return PageOffsets(first, last, max(first, end - size), end)
        start = first + skipped
        return PageOffsets(first, last, start, min(last, start + size))

    def _nearest_start(self, offsets: PageOffsets, end: ListEnd) -> ReadStart:
        """Where a read drops few rows. Reads quarter-hours only if it would drop many."""
        nearest = self._nearest_day(offsets, end)
        days = self._far_days(offsets, end)
        if not days:
            return nearest
        self._counters.read_quarter_hours(days)
        ends = (offsets.start, offsets.end - 1)
        hours = [self._histogram().quarter_hour_at(offset) for offset in ends]
        return nearest_start(
            [nearest, *starts_at_periods(hours, offsets, end.offset, self._key_at)]
        )

    def _far_days(self, offsets: PageOffsets, end: ListEnd) -> Sequence[Period | None]:
        """The days whose quarter-hours the page needs; none if it is near a bound or a day."""
        if not self._has_quarter_hours or offsets.start >= offsets.end:
            return ()
        is_near = self._nearest_day(offsets, end).skip <= _SKIPPED_FREELY
        return () if is_near else self._days_of(offsets)

    def _nearest_day(self, offsets: PageOffsets, end: ListEnd) -> ReadStart:
        nearest = nearest_start(self._starts_at_bounds(offsets, end))
        if nearest.skip <= _SKIPPED_FREELY:
            return nearest
        days = self._days_of(offsets)
        return nearest_start([nearest, *starts_at_periods(days, offsets, end.offset, self._key_at)])

    def _days_of(self, offsets: PageOffsets) -> Sequence[Period | None]:
        """The days in which the page begins and ends."""
        return [self._histogram().day_at(each) for each in (offsets.start, offsets.end - 1)]

    def _starts_at_bounds(self, offsets: PageOffsets, end: ListEnd) -> Iterable[ReadStart]:
        """Bounds from which the offsets were counted.

        The end of a list that grows is none, except for a list that begins there.
        """
        yield ReadStart(offsets.start - offsets.first, self._range.begin.key, False)
        if offsets.start >= end.offset:
            yield ReadStart(offsets.start - end.offset, end.key, False)
        if offsets.end <= end.offset:
            yield ReadStart(end.offset - offsets.end, end.key, True)
        if self._query.descending:
            yield ReadStart(offsets.last - offsets.end, self._range.end.key, True)
        if self._has_running_timers and offsets.start >= end.last:
            # Running timers follow all stopped ones and belong to no day.
            yield ReadStart(offsets.start - end.last, keys.timestamp_prefix(keys.NEVER), False)

    def _read_rows(self, start: ReadStart, offsets: PageOffsets) -> list[Row]:
        # Not limited to the range: a period may begin before it.
        begin, end = (FIRST, start.key) if start.backwards else (start.key, self._range.end.key)
        index_query = self._index_query(begin, end, start.backwards)
        count = start.skip + offsets.end - offsets.start
        if not start.backwards and not self._query.descending:
            count = start.skip + self._query.page_size + 1
        rows = index_query.first(count)[start.skip :]
        if start.backwards != self._query.descending:
            rows.reverse()
        return rows

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
