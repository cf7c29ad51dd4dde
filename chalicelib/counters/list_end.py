"""The end of a list, where the counters may be behind the index. Pure. Decision 0008.

What the counters do not know yet is behind the last record that they know. So the offset at which
the last period with records begins is exact. From there on, counters are right if they know the
last row of the list; otherwise the index itself is counted.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from chalicelib.counters.key_ranges import Bound
from chalicelib.counters.offsets import Histogram, Period
from chalicelib.dynamodb.index_query import Row

TAIL_ROWS = 10
"""So many rows are read from the end of a list: about half a read unit."""


class Tail(Struct, frozen=True):
    """The last rows of a list, the last one first."""

    rows: Sequence[Row]

    @property
    def is_whole_list(self) -> bool:
        """Whether these are all rows of the list."""
        return len(self.rows) < TAIL_ROWS

    def count_from(self, key: str) -> int:
        """The rows that do not sort before ``key``."""
        return sum(position >= key for position, _ in self.rows)

    def reaches(self, key: str) -> bool:
        """Whether these are all rows that do not sort before ``key``."""
        return self.is_whole_list or self.rows[-1][0] < key


class ListEnd(Struct, frozen=True):
    """The last sort key whose offset is known, and the number of rows from it to the end."""

    key: str
    offset: int
    count: int

    @property
    def last(self) -> int:
        """The offset after the last row."""
        return self.offset + self.count


class CountedRange(Struct, frozen=True):
    """What counters say about a list.

    :param begin: its first bound, at the offset ``first``.
    :param end: its last bound.
    :param first: the offset of its first record.
    :param last: the offset after its last record, as far as the counters know.
    :param key_at: the sort key before every row at a timestamp.
    """

    histogram: Histogram
    begin: Bound
    end: Bound
    first: int
    last: int
    key_at: Callable[[int], str]

    @property
    def last_day(self) -> Period | None:
        """The last day of the list with records; None: the counters know none."""
        day = self.histogram.last_day(self.end.timestamp)
        return None if day is None or day.end_offset <= self.first else day

    def is_reached_by(self, tail: Tail) -> bool:
        """Whether the tail contains all rows of the last day and later."""
        key, _ = self._last_bound(self.last_day)
        return tail.reaches(key)

    def counted_end(self, tail: Tail) -> ListEnd:
        """The end of the list, if the counters know its last row or the tail reaches far enough."""
        key, offset = self._last_bound(self.last_day)
        if tail.reaches(key):
            return ListEnd(key, offset, tail.count_from(key))
        return ListEnd(key, offset, max(self.last - offset, tail.count_from(key)))

    def count_end(self, count_from: Callable[[str], int]) -> ListEnd:
        """The end of the list, if the counters do not know its last row.

        :param count_from: counts the rows of the index from a sort key.
        """
        day = self.last_day
        hour = None if day is None else self.histogram.last_quarter_hour(day, self.end.timestamp)
        key, offset = self._last_bound(hour or day)
        return ListEnd(key, offset, count_from(key))

    def _last_bound(self, period: Period | None) -> tuple[str, int]:
        """The sort key at which a period begins, or the list, and the offset of its first row."""
        if period is None or self.key_at(period.start) <= self.begin.key:
            return self.begin.key, self.first
        return self.key_at(period.start), period.start_offset
