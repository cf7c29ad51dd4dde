"""Counters: how many records are in each bucket of time, and sums of seconds.

An operation counts in its own transaction: the sessions that start and stop in each quarter-hour of
a person's UTC day (some zones have offsets of 45 minutes), and the time entries on each date of a
person's month on a service. The item of a person's day also lists the sessions themselves:
``timers/days.py``. The seconds of time entries are in both. The roll-up adds these counters to the
wider buckets of lists and reports. The rolled-up record of a counter stores what was added, so each
roll-up adds only the difference: stream records that arrive twice, late, in another order or never
cause no error. Contract section 6; decisions 0008 and 0032.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct, field

from chalicelib.core.timestamps import SECONDS_PER_DAY, SECONDS_PER_MINUTE
from chalicelib.time_entries.model import Billing, SumTarget, TimeEntry

Counters = Mapping[str, int]
"""Counts by the names of the counters, such as ``s37`` or ``e04``. A missing one is 0."""

QUARTER_HOUR_SECONDS = 900
QUARTER_HOURS_PER_DAY = SECONDS_PER_DAY // QUARTER_HOUR_SECONDS

_EPOCH_DAY = date(1970, 1, 1).toordinal()


class CounterKind(StrEnum):
    """What a counter counts. The value begins the counter's name."""

    STARTS = "s"
    STOPS = "e"  # the end of a session; "s" is a start
    ENTRIES = "n"
    BILLABLE_ENTRIES = "c"
    OTHER_ENTRIES = "m"  # the entries that are not billable
    SECONDS = Billing.ALL.value  # of entries that are billable as a whole
    SECONDS_WITH_SET = Billing.SET.value  # of billable entries with a manual billable time
    OTHER_SECONDS = Billing.NONE.value  # of entries that are not billable
    SET_SECONDS = "h"  # the manual billable time of billable entries
    OTHER_SET_SECONDS = "g"  # the manual billable time of the others

    def name_of(self, number: int) -> str:
        """The name of a counter: a quarter-hour of a day (from 0) or a day of a month (from 1)."""
        return f"{self.value}{number:02d}"


ENTRY_COUNTS = frozenset(
    {CounterKind.ENTRIES, CounterKind.BILLABLE_ENTRIES, CounterKind.OTHER_ENTRIES}
)
"""The counters that change only if an entry is created, deleted, or counts elsewhere."""

_TIMER_KINDS = frozenset({CounterKind.STARTS, CounterKind.STOPS})


class Listed(StrEnum):
    """What a bucket is for: a list of timers or time entries, or sums of time entries."""

    TIMERS = "timers"
    TIME_ENTRIES = "time_entries"
    SUMS = "sums"


class CounterScope(Struct, frozen=True, order=True):
    """The records that are counted: an organization's, or those of a person or service in it.

    The sums of an organization are also by person and service.
    """

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

    def bucket_deltas(self, counters: Counters) -> Iterable[tuple[Bucket, Counters]]:
        """What these counters add to wider buckets.

        Starts and stops: to the organization's day and month, and the person's month. Seconds: to
        the months of sums.
        """
        for month_key, counter, by in day_sums(self, counters):
            yield from _sum_deltas(month_key, {counter: by})
        quarter_hours = timer_counters(counters)
        if not quarter_hours:
            return
        organization = CounterScope(Listed.TIMERS, self.organization_id)
        person = CounterScope(Listed.TIMERS, self.organization_id, self.person_id)
        month, totals = month_of(self.day), day_totals(self.day, quarter_hours)
        yield Bucket(organization, day_date(self.day).isoformat()), quarter_hours
        yield Bucket(organization, month), totals
        yield Bucket(person, month), totals


class EntryMonth(Struct, frozen=True, order=True):
    """Key of the counters of a person's time entries on a service in a month (``2026-11``).

    The counters ``n01`` to ``n31`` count the entries of each date; others have their seconds.
    """

    organization_id: int
    person_id: int
    service_id: int
    month: str

    def bucket_deltas(self, counters: Counters) -> Iterable[tuple[Bucket, Counters]]:
        """What these counters add to the months of lists and sums."""
        dates = {name: by for name, by in counters.items() if kind_of(name) is CounterKind.ENTRIES}
        sums = {name: by for name, by in counters.items() if name not in dates}
        if sums:
            yield from _sum_deltas(self, sums)
        if not dates:
            return
        entries, organization_id = Listed.TIME_ENTRIES, self.organization_id
        yield Bucket(CounterScope(entries, organization_id), self.month), dates
        yield Bucket(CounterScope(entries, organization_id, self.person_id), self.month), dates
        service = CounterScope(entries, organization_id, service_id=self.service_id)
        yield Bucket(service, self.month), dates


CounterKey = PersonDay | EntryMonth
"""Key of the counters that operations write."""


def kind_of(name: str) -> CounterKind:
    """The kind of the counter with this name."""
    return CounterKind(name[0])


_OFFSETS = {"-": -1, "=": 0, "+": 1}
_SIGNS = {offset: sign for sign, offset in _OFFSETS.items()}


def day_sum_name(kind: CounterKind, offset: int, service_id: int) -> str:
    """The name of a sum in the item of a person's day, such as ``b=1295``.

    :param offset: the date of the entries minus the UTC day, in days: -1, 0 or 1.
    """
    return f"{kind.value}{_SIGNS[offset]}{service_id}"


def day_sums(name: PersonDay, counters: Counters) -> Iterable[tuple[EntryMonth, str, int]]:
    """The sums in the item of a person's day: the month, its counter, and the value."""
    for counter, by in counters.items():
        if kind_of(counter) not in _TIMER_KINDS:
            date_ = day_date(name.day + _OFFSETS[counter[1]])
            owner = name.organization_id, name.person_id
            month = EntryMonth(*owner, int(counter[2:]), date_.isoformat()[:7])
            yield month, kind_of(counter).name_of(date_.day), by


def timer_counters(counters: Counters) -> dict[str, int]:
    """The starts and stops among the counters of a person's day, without its sums."""
    return {name: by for name, by in counters.items() if kind_of(name) in _TIMER_KINDS}


def _sum_deltas(name: EntryMonth, dates: Counters) -> Iterable[tuple[Bucket, Counters]]:
    """What seconds and counts of a month's dates add to the months of sums."""
    organization_id = name.organization_id
    for person_id, service_id in (
        (name.person_id, name.service_id),
        (None, name.service_id),
        (None, None),
    ):
        scope = CounterScope(Listed.SUMS, organization_id, person_id, service_id)
        yield Bucket(scope, name.month), dates


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
    for name, count in timer_counters(quarter_hours).items():
        totals[kind_of(name).name_of(number)] += count
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

    def added_seconds(self, scope: tuple[int, int], target: SumTarget, seconds: int) -> None:
        """Add seconds to an entry of a person; ``scope`` is the organization's id and theirs."""
        month, _, day = target.date.rpartition("-")
        counter = CounterKind(target.billing).name_of(int(day))
        name = EntryMonth(*scope, target.service_id, month)
        add(self._months.setdefault(name, {}), {counter: seconds})

    def _add(self, entry: TimeEntry, by: int) -> None:
        month, _, day = entry.date.rpartition("-")
        name = EntryMonth(entry.organization_id, entry.person_id, entry.service_id, month)
        counts = {kind.name_of(int(day)): by * value for kind, value in _counts_of(entry).items()}
        add(self._months.setdefault(name, {}), counts)


def _counts_of(entry: TimeEntry) -> dict[CounterKind, int]:
    """What an entry adds to the counters of its date. A deleted one counts nowhere."""
    if entry.deleted_at is not None:
        return {}
    is_billable = entry.billable
    counts = {
        CounterKind.ENTRIES: 1,
        CounterKind.BILLABLE_ENTRIES if is_billable else CounterKind.OTHER_ENTRIES: 1,
        CounterKind(entry.sum_target.billing): entry.seconds,
    }
    if entry.billable_minutes is not None:
        kind = CounterKind.SET_SECONDS if is_billable else CounterKind.OTHER_SET_SECONDS
        counts[kind] = entry.billable_minutes * SECONDS_PER_MINUTE
    return counts


def without_zeros(counters: Counters) -> dict[str, int]:
    """The counters that are not 0."""
    return {name: count for name, count in counters.items() if count}
