"""Reads what is to be known of a scope's tallies: in one wait, however long its history."""

from collections.abc import Callable, Iterable
from dataclasses import field
from functools import partial

from pynamodb.connection import Connection

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.counters import repository as tallies
from chalicelib.counters.model import Counted, Counters
from chalicelib.counters.positions import Histogram, Needs, Stretch, months_between
from chalicelib.dataclass import dataclass
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.concurrency import together

_MONTHS_A_BATCH = 12
"""Months that are read one by one, in one call with days; more of them are a range."""


@dataclass(slots=True)
class Reading:
    """What has been read of a scope; ``day_bucket`` names its days, given as numbers."""

    connection: Connection
    scope: str
    day_bucket: Callable[[int], str]
    months: dict[str, Counters] = field(default_factory=dict)
    days: dict[int, Counters] = field(default_factory=dict)
    parts: dict[int, int] = field(default_factory=dict)

    def read(self, asked: Needs, count_part: Callable[[int], int]) -> None:
        """Read what is needed, at the same time. ``count_part`` counts, in the index itself, what
        lies between the beginning of an instant's quarter-hour and the instant."""
        few = months_between(*asked.months, most=_MONTHS_A_BATCH)
        calls: list[Callable[[], None]] = []
        if few is None:
            calls.append(partial(self._read_months, *asked.months))
        if few or asked.days:
            calls.append(partial(self._read_buckets, asked.days, few or ()))
        calls += [partial(self._count, instant, count_part) for instant in asked.parts]
        together(*calls)

    def look_into(self, stretches: Iterable[Stretch | None]) -> None:
        """Read the quarter-hours of days, where that has not been done. At most one call."""
        days = {it.start // SECONDS_PER_DAY for it in stretches if it is not None}
        if missing := days - self.days.keys():
            self._read_buckets(missing, ())

    def histogram(self, counted: Counted) -> Histogram:
        """What is known of the one thing or the other."""
        return Histogram(counted, self.months, self.days, self.parts)

    def _read_months(self, first: str, last: str) -> None:
        self.months.update(tallies.months(self.connection, self.scope, first, last))

    def _read_buckets(self, days: Iterable[int], months: Iterable[str]) -> None:
        day_names = {self.day_bucket(day): day for day in days}
        month_names = {keys.tally_when(month): month for month in months}
        found = tallies.buckets(self.connection, self.scope, [*day_names, *month_names])
        self.days.update({day: found[name] for name, day in day_names.items()})
        self.months.update({month: found[name] for name, month in month_names.items()})

    def _count(self, instant: int, count_part: Callable[[int], int]) -> None:
        self.parts[instant] = count_part(instant)
