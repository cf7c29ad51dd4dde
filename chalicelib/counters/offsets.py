"""From counters to offsets: the offset of a timestamp, and the period of an offset. Pure.

The offset of a record is the number of records before it in an index, from the first month that was
read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.counters.model import (
    QUARTER_HOUR_SECONDS,
    QUARTER_HOURS_PER_DAY,
    CounterKind,
    Counters,
    first_day,
    month_of,
)

ALL_MONTHS = ("0000-00", "9999-99")


class Period(Struct, frozen=True):
    """A day or quarter-hour with its number of records.

    :param start: its first timestamp.
    :param end: the first timestamp after it.
    :param start_offset: the offset of its first record.
    """

    start: int
    end: int
    start_offset: int
    count: int

    @property
    def end_offset(self) -> int:
        """The offset after its last record."""
        return self.start_offset + self.count


class Histogram(Struct, frozen=True):
    """The counters of one kind that were read from a scope.

    :param months: the counters of days, by month.
    :param days: the counters of quarter-hours, by day (days since 1970-01-01), of some days.
    :param partial_counts: by timestamp, the records from the start of its quarter-hour up to it.
    """

    kind: CounterKind
    months: Mapping[str, Counters]
    days: Mapping[int, Counters] = field(default_factory=dict)
    partial_counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many records there are."""
        return sum(day.count for day in self._days_with_records())

    def offset_at(self, timestamp: int) -> int:
        """The offset of the first record at or after a timestamp."""
        number, second = divmod(timestamp, SECONDS_PER_DAY)
        start = number * SECONDS_PER_DAY
        offset = sum(day.count for day in self._days_with_records() if day.start < start)
        quarter_hour, rest = divmod(second, QUARTER_HOUR_SECONDS)
        if second:
            offset += sum(self._quarter_hour_count(number, index) for index in range(quarter_hour))
        return offset + (self.partial_counts[timestamp] if rest else 0)

    def day_at(self, offset: int) -> Period | None:
        """The day of the record at an offset. None: there are fewer records."""
        for day in self._days_with_records():
            if day.start_offset <= offset < day.end_offset:
                return day
        return None

    def last_day(self, before: int) -> Period | None:
        """The last day with records that begins before a timestamp. None: there is none."""
        days = (day for day in self._days_with_records() if day.start < before and day.count)
        return max(days, key=lambda day: day.start, default=None)

    def last_quarter_hour(self, day: Period, before: int) -> Period | None:
        """The last quarter-hour of a day with records that begins before a timestamp.

        None: there is none, or the quarter-hours of the day were not read.
        """
        if day.start // SECONDS_PER_DAY not in self.days:
            return None
        hours = (hour for hour in self._quarter_hours_of(day) if hour.start < before and hour.count)
        return max(hours, key=lambda hour: hour.start, default=None)

    def quarter_hour_at(self, offset: int) -> Period | None:
        """The quarter-hour of the record at an offset. ``days`` must contain its day."""
        day = self.day_at(offset)
        if day is None:
            return None
        hours = self._quarter_hours_of(day)
        return next((hour for hour in hours if offset < hour.end_offset), None)

    def _quarter_hours_of(self, day: Period) -> Iterator[Period]:
        start_offset = day.start_offset
        for index in range(QUARTER_HOURS_PER_DAY):
            count = self._quarter_hour_count(day.start // SECONDS_PER_DAY, index)
            start = day.start + index * QUARTER_HOUR_SECONDS
            yield Period(start, start + QUARTER_HOUR_SECONDS, start_offset, count)
            start_offset += count

    def _quarter_hour_count(self, day: int, index: int) -> int:
        return self.days[day].get(self.kind.name_of(index), 0)

    def _days_with_records(self) -> Iterator[Period]:
        offset = 0
        for month, counters in sorted(self.months.items()):
            first = first_day(month)
            for name, count in sorted(counters.items()):
                if name[0] == self.kind:
                    start = (first + int(name[1:]) - 1) * SECONDS_PER_DAY
                    yield Period(start, start + SECONDS_PER_DAY, offset, count)
                    offset += count


class RequiredCounters(Struct, frozen=True):
    """The counters that the offsets of two timestamps require.

    :param months: the first and last month.
    :param days: the days whose quarter-hours are required, in days since 1970-01-01.
    :param partial: the timestamps inside a quarter-hour. The index counts their quarter-hour.
    """

    months: tuple[str, str]
    days: frozenset[int]
    partial: frozenset[int]


def required_counters(start: int | None, end: int | None) -> RequiredCounters:
    """The counters that the offsets of two timestamps require. None: the list has no such bound."""
    first, last = ALL_MONTHS
    timestamps = [timestamp for timestamp in (start, end) if timestamp is not None]
    return RequiredCounters(
        months=(
            first if start is None else month_of(start // SECONDS_PER_DAY),
            last if end is None else month_of(end // SECONDS_PER_DAY),
        ),
        days=frozenset(
            timestamp // SECONDS_PER_DAY for timestamp in timestamps if timestamp % SECONDS_PER_DAY
        ),
        partial=frozenset(
            timestamp for timestamp in timestamps if timestamp % QUARTER_HOUR_SECONDS
        ),
    )


def months_between(first: str, last: str, limit: int) -> list[str] | None:
    """The months from one to another, both included. None: there are more than ``limit``."""
    if (first, last) != (max(first, "0001-01"), min(last, "9998-12")):
        return None
    months: list[str] = []
    month = first
    while month <= last and len(months) <= limit:
        months.append(month)
        # 31 days after the first day of any month is a day of the next month.
        month = month_of(first_day(month) + 31)
    return months if len(months) <= limit else None


class PageOffsets(Struct, frozen=True):
    """The offsets of a page, from ``start`` up to ``end``, in a list from ``first`` to ``last``."""

    first: int
    last: int
    start: int
    end: int


class ReadStart(Struct, frozen=True):
    """Where to begin to read a page: at a sort key. The first ``skip`` rows are dropped."""

    skip: int
    key: str
    backwards: bool


def starts_at_periods(
    periods: Sequence[Period | None],
    offsets: PageOffsets,
    known_to: int,
    key_at: Callable[[int], str],
) -> Iterable[ReadStart]:
    """Forwards from the start of the first period, backwards from the end of the last one.

    :param known_to: the last offset that is known. The end of a period behind it may grow.
    """
    first, last = periods
    if first is not None and first.start_offset <= known_to:
        yield ReadStart(offsets.start - first.start_offset, key_at(first.start), False)
    if last is not None and last.end_offset <= known_to:
        yield ReadStart(last.end_offset - offsets.end, key_at(last.end), True)


def nearest_start(starts: Iterable[ReadStart]) -> ReadStart:
    """The one that drops the fewest rows."""
    return min(starts, key=lambda start: start.skip)
