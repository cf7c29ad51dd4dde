"""From tallies to ranks: how many records lie before an instant, and where the n-th one lies. Pure.

A rank counts from 0 along an index, from the first month that was read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.counters.model import (
    QUARTER_HOUR,
    QUARTERS_A_DAY,
    Counted,
    Counters,
    first_day,
    month_of,
)
from chalicelib.dataclass import dataclass

ENDLESS_MONTHS = ("0000-00", "9999-99")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some time that holds ``count`` records: from ``start`` up to ``end``, instants; ``before`` is
    the rank of the first of them."""

    start: int
    end: int
    before: int
    count: int

    @property
    def after(self) -> int:
        """The rank behind the last of them."""
        return self.before + self.count


@dataclass(frozen=True, slots=True)
class Histogram:
    """What was read of a scope's tallies, of one of the two things that they count.

    ``months`` by name hold days; ``days``, in days since 1970-01-01, hold quarter-hours, of those
    days that somebody wanted to look into; ``parts`` say how many records lie between the beginning
    of an instant's quarter-hour and the instant.
    """

    counted: Counted
    months: Mapping[str, Counters]
    days: Mapping[int, Counters] = field(default_factory=dict)
    parts: Mapping[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many records there are."""
        return sum(stretch.count for stretch in self._by_day())

    def before(self, instant: int) -> int:
        """The rank of the first record at an instant or later."""
        day, second = divmod(instant, SECONDS_PER_DAY)
        count = sum(it.count for it in self._by_day() if it.start < day * SECONDS_PER_DAY)
        quarter, rest = divmod(second, QUARTER_HOUR)
        if second:
            count += sum(self._quarter(day, number) for number in range(quarter))
        return count + (self.parts[instant] if rest else 0)

    def day_of(self, rank: int) -> Stretch | None:
        """The day in which a record lies; None where there are not so many."""
        return next((it for it in self._by_day() if it.before <= rank < it.after), None)

    def quarter_of(self, rank: int) -> Stretch | None:
        """The quarter-hour in which a record lies, of a day that was looked into."""
        day = self.day_of(rank)
        if day is None:
            return None
        before = day.before
        for number in range(QUARTERS_A_DAY):
            count = self._quarter(day.start // SECONDS_PER_DAY, number)
            if rank < before + count:
                start = day.start + number * QUARTER_HOUR
                return Stretch(start, start + QUARTER_HOUR, before, count)
            before += count
        return None

    def _quarter(self, day: int, number: int) -> int:
        return self.days[day].get(self.counted.name_of(number), 0)

    def _by_day(self) -> Iterator[Stretch]:
        before = 0
        for month, counters in sorted(self.months.items()):
            first = first_day(month)
            for name, count in sorted(counters.items()):
                if name[0] == self.counted:
                    start = (first + int(name[1:]) - 1) * SECONDS_PER_DAY
                    yield Stretch(start, start + SECONDS_PER_DAY, before, count)
                    before += count


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be read to know the ranks of some instants: months from one to another, quarter-
    hours of days, and the part of a quarter-hour that lies before an instant."""

    months: tuple[str, str]
    days: frozenset[int]
    parts: frozenset[int]


def needs(start: int | None, end: int | None) -> Needs:
    """What must be read to know the ranks of two instants; None stands for either end of time."""
    first, last = ENDLESS_MONTHS
    instants = [instant for instant in (start, end) if instant is not None]
    return Needs(
        months=(
            first if start is None else month_of(start // SECONDS_PER_DAY),
            last if end is None else month_of(end // SECONDS_PER_DAY),
        ),
        days=frozenset(it // SECONDS_PER_DAY for it in instants if it % SECONDS_PER_DAY),
        parts=frozenset(it for it in instants if it % QUARTER_HOUR),
    )


def months_between(first: str, last: str, most: int) -> list[str] | None:
    """The names of the months from one to another; None where they are more than ``most``."""
    if (first, last) != (max(first, "0001-01"), min(last, "9998-12")):
        return None
    found: list[str] = []
    month = first
    while month <= last and len(found) <= most:
        found.append(month)
        # Thirty-one days on from its first day lies in the next month, whatever the month.
        month = month_of(first_day(month) + 31)
    return found if len(found) <= most else None
