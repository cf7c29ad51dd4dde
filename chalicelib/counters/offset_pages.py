"""A page anywhere in a list that an index serves and that tallies count.

Tallies say how long the list is and in which quarter-hour the page begins and ends; it is read from
whichever end of whichever stretch of time lies nearest. docs/decisions/0008-tallies.md.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from pynamodb.connection import Connection

from chalicelib.counters.key_ranges import Axis, Bound, Window
from chalicelib.counters.model import QUARTER_HOUR, Counted
from chalicelib.counters.positions import Histogram, Stretch, needs
from chalicelib.counters.reader import Reading
from chalicelib.dataclass import dataclass
from chalicelib.domain.queries import Page
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.index_query import Row, Walk
from chalicelib.dynamodb.query_planner import FIRST, LAST, Plan

_SKIPPED_FREELY = 150
"""Rows that are rather read and dropped than looked for: they cost less than another call."""


@dataclass(frozen=True, slots=True)
class _Approach:
    """One way to a page: read from a sort key on, and drop the first ``skip`` rows."""

    skip: int
    key: str
    backwards: bool


@dataclass(frozen=True, slots=True)
class _Ranks:
    """Where the page lies, from ``start`` up to ``end``, within the window, from ``first`` up to
    ``last``."""

    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tallied:
    """By which tallies a list is counted.

    :param scope: their partition.
    :param counted: what of them: what the list is sorted by.
    :param axis: how the list's index spells time.
    :param day_bucket: the name of a day's bucket, which holds its quarter-hours.
    :param has_quarters: whether there are such buckets; time entries have dates alone.
    """

    scope: str
    counted: Counted
    axis: Axis
    day_bucket: Callable[[int], str] = keys.organization_day
    has_quarters: bool = True


class PageQuery(Protocol):
    """What a page must know of its query."""

    @property
    def organization_id(self) -> int:
        """Whose list it is."""

    @property
    def descending(self) -> bool:
        """Whether the last come first."""

    @property
    def page(self) -> int:
        """Which page, counted from 1."""

    @property
    def page_size(self) -> int:
        """How many records a page holds."""

    def matches(self, record: Any, /) -> bool:
        """Whether a record is meant."""


def read_page(
    connection: Connection, query: PageQuery, steps: Plan, wanted: Window, tallied: Tallied
) -> Page[Any]:
    """The page that a query asks for, and the total, within a window of an exact plan.

    At most three waits: for tallies, for a day's quarter-hours, for rows. The first page of a list
    that fits it takes one.
    """
    if wanted.is_empty:
        return Page((), 0)
    return _PageReader(connection, query, steps, wanted, tallied).read()


class _PageReader:
    def __init__(
        self,
        connection: Connection,
        query: PageQuery,
        steps: Plan,
        wanted: Window,
        tallied: Tallied,
    ) -> None:
        self._connection = connection
        self._query = query
        self._steps = steps
        self._window = wanted
        self._tallied = tallied
        self._reading = Reading(connection, tallied.scope, tallied.day_bucket)

    def read(self) -> Page[Any]:
        size = self._query.page_size
        edge: list[Row] = []
        if self._query.page == 1:
            edge = self._read_edge(size + 1)
            if len(edge) <= size:
                return Page(self._matching(edge), len(edge))
        first, last = self._count_window()
        # Where the tallies are a moment behind, what was read knows better.
        total = max(last - first, len(edge))
        if edge:
            return Page(self._matching(edge[:size]), total)
        ranks = self._ranks(first, last)
        if ranks.start >= ranks.end:
            return Page((), total)
        return Page(self._read_rows(self._shortest(ranks), ranks), total)

    def _read_edge(self, count: int) -> list[Row]:
        begin, end = self._window.begin.key, self._window.end.key
        return self._walk(begin, end, self._query.descending).first(
            self._query.organization_id, count
        )

    def _count_window(self) -> tuple[int, int]:
        """The ranks of the window's bounds. One wait."""
        begin, end = self._window.begin.instant, self._window.end.instant
        asked = needs(
            begin if 0 < begin < keys.ENDLESS else None, end if end < keys.ENDLESS else None
        )
        self._reading.read(asked, self._count_part)
        return self._rank(self._window.begin), self._rank(self._window.end)

    def _count_part(self, instant: int) -> int:
        key_at = self._tallied.axis.key_at
        return self._walk(key_at(instant - instant % QUARTER_HOUR), key_at(instant)).count()

    def _rank(self, bound: Bound) -> int:
        if bound.key == FIRST:
            return 0
        histogram = self._histogram()
        if bound.key == LAST and self._tallied.counted is Counted.STOPS:
            # What runs was started, and has not stopped.
            return self._reading.histogram(Counted.STARTS).total
        if bound.instant >= keys.ENDLESS:
            return histogram.total + bound.shift
        return histogram.before(bound.instant) + bound.shift

    def _ranks(self, first: int, last: int) -> _Ranks:
        size = self._query.page_size
        skipped = (self._query.page - 1) * size
        if self._query.descending:
            end = last - skipped
            return _Ranks(first, last, max(first, end - size), end)
        start = first + skipped
        return _Ranks(first, last, start, min(last, start + size))

    def _shortest(self, ranks: _Ranks) -> _Approach:
        """The way that drops the fewest rows; looked for only as long as that matters."""
        best = _shorter(self._from_bounds(ranks))
        if best.skip <= _SKIPPED_FREELY:
            return best
        ends = (ranks.start, ranks.end - 1)
        days = [self._histogram().day_of(rank) for rank in ends]
        best = _shorter([best, *self._around(days, ranks)])
        if best.skip <= _SKIPPED_FREELY or not self._tallied.has_quarters:
            return best
        self._reading.look_into(days)
        quarters = [self._histogram().quarter_of(rank) for rank in ends]
        return _shorter([best, *self._around(quarters, ranks)])

    def _from_bounds(self, ranks: _Ranks) -> Iterable[_Approach]:
        yield _Approach(ranks.start - ranks.first, self._window.begin.key, False)
        yield _Approach(ranks.last - ranks.end, self._window.end.key, True)
        stopped = self._histogram().total
        if self._tallied.counted is Counted.STOPS and ranks.start >= stopped:
            # What runs lies behind all that stopped, and is not spread over days.
            yield _Approach(ranks.start - stopped, keys.begin(keys.ENDLESS), False)

    def _around(self, stretches: Sequence[Stretch | None], ranks: _Ranks) -> Iterable[_Approach]:
        """From the beginning of the first stretch forwards, from the end of the last backwards."""
        first, last = stretches
        key_at = self._tallied.axis.key_at
        if first is not None:
            yield _Approach(ranks.start - first.before, key_at(first.start), False)
        if last is not None:
            yield _Approach(last.after - ranks.end, key_at(last.end), True)

    def _read_rows(self, way: _Approach, ranks: _Ranks) -> Sequence[Any]:
        # Not bounded by the window: a stretch of time may begin before it.
        begin, end = (FIRST, way.key) if way.backwards else (way.key, LAST)
        walk = self._walk(begin, end, way.backwards)
        length = ranks.end - ranks.start
        rows = walk.first(self._query.organization_id, way.skip + length)[way.skip :]
        if way.backwards != self._query.descending:
            rows.reverse()
        return self._matching(rows)

    def _walk(self, begin: str, end: str, backwards: bool = False) -> Walk:
        index, partition = self._steps.index, self._steps.partition
        return Walk(self._connection, index, partition, begin, end, backwards=backwards)

    def _matching(self, rows: Sequence[Row]) -> Sequence[Any]:
        return [record for _, record in rows if self._query.matches(record)]

    def _histogram(self) -> Histogram:
        return self._reading.histogram(self._tallied.counted)


def _shorter(ways: Iterable[_Approach]) -> _Approach:
    return min(ways, key=lambda way: way.skip)
