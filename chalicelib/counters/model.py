"""Counters: how many records are in each bucket of time.

An operation counts in its own transaction: the sessions that start and stop in each quarter-hour of
a person's UTC day (some zones have offsets of 45 minutes), and the time entries on each date of a
person's month on a service. The item of a person's day also lists the sessions themselves:
``timers/days.py``. The roll-up adds these counters to the wider buckets of the lists. The
rolled-up record of a counter stores what was added, so each roll-up adds only the difference:
stream records that arrive twice, late, in another order or never cause no error. Contract section
6; decision 0008.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct, field

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.time_entries.model import TimeEntry

Counters = Mapping[str, int]
"""Counts by the names of the counters, such as ``s37`` or ``e04``. A missing one is 0."""

MAX_BUCKETS = 3
"""The most buckets that the counters of one key are rolled up to."""

QUARTER_HOUR_SECONDS = 900
QUARTER_HOURS_PER_DAY = SECONDS_PER_DAY // QUARTER_HOUR_SECONDS

_EPOCH_DAY = date(1970, 1, 1).toordinal()


class CounterKind(StrEnum):
    """What a counter counts. The value begins the counter's name."""

    STARTS = "s"
    STOPS = "e"  # the end of a session; "s" is a start
    ENTRIES = "n"

    def name_of(self, number: int) -> str:
        """The name of a counter: a quarter-hour of a day (from 0) or a day of a month (from 1)."""
        return f"{self.value}{number:02d}"


class Listed(StrEnum):
    """The type of the records that a bucket counts."""

    TIMERS = "timers"
    TIME_ENTRIES = "time_entries"


class CounterScope(Struct, frozen=True, order=True):
    """The records that are counted: an organization's, or those of a person or service in it."""

    listed: Listed
    organization_id: int
    person_id: int | None = None
    service_id: int | None = None


class Bucket(Struct, frozen=True, order=True):
    """A target of the roll-up: a scope's month (``2026-11``) or UTC day (``2026-11-24``)."""

    scope: CounterScope
    when: str


class PersonDay(Struct, frozen=True, order=True):
    """Key of the counters of a person's UTC day, in days since 1970-01-01: ``s00`` to ``e95``."""

    organization_id: int
    person_id: int
    day: int

    def bucket_deltas(self, quarter_hours: Counters) -> Iterable[tuple[Bucket, Counters]]:
        """What these counters add to the organization's day and month, and the person's month."""
        organization = CounterScope(Listed.TIMERS, self.organization_id)
        person = CounterScope(Listed.TIMERS, self.organization_id, self.person_id)
        month, totals = month_of(self.day), day_totals(self.day, quarter_hours)
        yield Bucket(organization, day_date(self.day).isoformat()), quarter_hours
        yield Bucket(organization, month), totals
        yield Bucket(person, month), totals


class EntryMonth(Struct, frozen=True, order=True):
    """Key of the counters of a person's time entries on a service in a month (``2026-11``).

    The counters ``n01`` to ``n31`` count the entries of each date.
    """

    organization_id: int
    person_id: int
    service_id: int
    month: str

    def bucket_deltas(self, dates: Counters) -> Iterable[tuple[Bucket, Counters]]:
        """What these counters add to the months of the organization, the person, the service."""
        entries, organization_id = Listed.TIME_ENTRIES, self.organization_id
        yield Bucket(CounterScope(entries, organization_id), self.month), dates
        yield Bucket(CounterScope(entries, organization_id, self.person_id), self.month), dates
        service = CounterScope(entries, organization_id, service_id=self.service_id)
        yield Bucket(service, self.month), dates


CounterKey = PersonDay | EntryMonth
"""Key of the counters that operations write."""


class CounterState(Struct, frozen=True):
    """The counters of a key, and their rolled-up record with its ``version``; 0: there is none."""

    name: CounterKey
    counters: Counters
    rolled_up: Counters
    version: int

    @property
    def difference(self) -> dict[str, int]:
        """What the roll-up must still add."""
        return difference(self.counters, self.rolled_up)


class RollUp(Struct, frozen=True):
    """What one transaction writes: all of it, or nothing.

    :param counters: their rolled-up records become equal to them, if no other roll-up changed the
        records after they were read.
    :param added: what is added to each bucket.
    """

    counters: tuple[CounterState, ...]
    added: Mapping[Bucket, Counters]


def decide_roll_up(states: Iterable[CounterState]) -> RollUp | None:
    """Decide what to add to the buckets of some counters. None: nothing."""
    behind = tuple(state for state in states if state.difference)
    if not behind:
        return None
    added: dict[Bucket, dict[str, int]] = {}
    for state in behind:
        for bucket, counters in state.name.bucket_deltas(state.difference):
            add(added.setdefault(bucket, {}), counters)
    return RollUp(behind, added)


def difference(now: Counters, before: Counters) -> dict[str, int]:
    """What must be added to ``before`` to get ``now``, without zeros."""
    deltas = {name: now.get(name, 0) - before.get(name, 0) for name in {**now, **before}}
    return without_zeros(dict(sorted(deltas.items())))


def add(to: dict[str, int], added: Counters) -> None:
    """Add counters to others, in place."""
    for name, by in added.items():
        to[name] = to.get(name, 0) + by


def day_totals(day: int, quarter_hours: Counters) -> dict[str, int]:
    """The sums of a day's quarter-hours, as counters of its month: ``s24`` and ``e24``."""
    number = day_date(day).day
    totals = {kind.name_of(number): 0 for kind in (CounterKind.STARTS, CounterKind.STOPS)}
    for name, count in quarter_hours.items():
        totals[CounterKind(name[0]).name_of(number)] += count
    return totals


def day_date(day: int) -> date:
    """The date of a day, given in days since 1970-01-01."""
    return date.fromordinal(_EPOCH_DAY + day)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def month_of(day: int) -> str:
    """The month (``2026-11``) of a day, given in days since 1970-01-01."""
    return day_date(day).isoformat()[:7]


def first_day(month: str) -> int:
    """The first day of a month (``2026-11``), in days since 1970-01-01."""
    return day_number(date.fromisoformat(f"{month}-01"))


class EntryCounterDelta(Struct, frozen=True):
    """An addition to the counters of a person's time entries on a service in a month."""

    name: EntryMonth
    counters: Mapping[str, int]


def quarter_hour_counter(kind: CounterKind, timestamp: int) -> str:
    """The name of the counter of a timestamp's quarter-hour, in the item of its day."""
    return kind.name_of(timestamp % SECONDS_PER_DAY // QUARTER_HOUR_SECONDS)


class EntryCounterDeltas(Struct):
    """Collects the added and removed time entries of an operation into one delta per month."""

    _months: dict[EntryMonth, dict[str, int]] = field(default_factory=dict)

    def added(self, entry: TimeEntry) -> None:
        """Count an entry, as it is now."""
        self._add(entry, 1)

    def removed(self, entry: TimeEntry) -> None:
        """Remove an entry, as it was before a deletion or change."""
        self._add(entry, -1)

    def collected(self) -> tuple[EntryCounterDelta, ...]:
        """The deltas, without zeros."""
        deltas = ((name, without_zeros(counters)) for name, counters in self._months.items())
        return tuple(EntryCounterDelta(name, counters) for name, counters in deltas if counters)

    def _add(self, entry: TimeEntry, by: int) -> None:
        month, _, day = entry.date.rpartition("-")
        name = EntryMonth(entry.organization_id, entry.person_id, entry.service_id, month)
        add(self._months.setdefault(name, {}), {CounterKind.ENTRIES.name_of(int(day)): by})


def without_zeros(counters: Counters) -> dict[str, int]:
    """The counters that are not 0."""
    return {name: count for name, count in counters.items() if count}
