"""Tallies: how many records lie in each bucket of time, as counts that roll up.

Acts themselves count, in their own transaction: the sessions that start and stop in each
quarter-hour of a person's UTC day (zones have offsets of 45 minutes), and the time entries of each
date, of a person's month on a service. From these follow, a moment later, the longer and wider
buckets by which lists are counted. What has been rolled up of a tally is kept beside it, so that
only what differs is ever added: records of a change that come twice, late, in another order or
never add nothing wrong. Contract section 6; docs/decisions/0008-tallies.md.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.dataclass import dataclass

Counters = Mapping[str, int]
"""Counts by the names of their buckets, such as ``s37`` or ``e04``; what is missing is 0."""

QUARTER_HOUR = 900
"""Seconds of the smallest bucket."""

QUARTERS_A_DAY = SECONDS_PER_DAY // QUARTER_HOUR

_EPOCH_DAY = date(1970, 1, 1).toordinal()


class Counted(StrEnum):
    """What is counted; the letter with which the names of its counters begin."""

    STARTS = "s"
    STOPS = "e"
    ENTRIES = "n"

    def name_of(self, number: int) -> str:
        """The counter of a quarter-hour of a day, from 0, or of a day of a month, from 1."""
        return f"{self.value}{number:02d}"


class Listed(StrEnum):
    """Which kind of record a bucket counts."""

    TIMERS = "timers"
    TIME_ENTRIES = "time_entries"


@dataclass(frozen=True, slots=True, order=True)
class TallyScope:
    """Whose records of a kind are counted: an organization's, or a person's or service's in it."""

    listed: Listed
    organization_id: int
    person_id: int | None = None
    service_id: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """What tallies are rolled up to: a scope's month (``2026-11``) or UTC day (``2026-11-24``)."""

    scope: TallyScope
    when: str


@dataclass(frozen=True, slots=True, order=True)
class PersonDay:
    """Names a person's tally of a UTC day, in days since 1970-01-01: ``s00`` to ``e95``."""

    organization_id: int
    person_id: int
    day: int

    def shares(self, quarters: Counters) -> Iterable[tuple[Bucket, Counters]]:
        """What of it is added where: the organization's day and month, and the person's month."""
        organization = TallyScope(Listed.TIMERS, self.organization_id)
        person = TallyScope(Listed.TIMERS, self.organization_id, self.person_id)
        month, of_day = month_of(self.day), day_totals(self.day, quarters)
        yield Bucket(organization, day_date(self.day).isoformat()), quarters
        yield Bucket(organization, month), of_day
        yield Bucket(person, month), of_day


@dataclass(frozen=True, slots=True, order=True)
class EntryMonth:
    """Names the tally of a person's time entries on a service in a month (``2026-11``): ``n01`` to
    ``n31``, by their dates."""

    organization_id: int
    person_id: int
    service_id: int
    month: str

    def shares(self, dates: Counters) -> Iterable[tuple[Bucket, Counters]]:
        """What of it is added where: the months of the organization, the person, the service."""
        entries, organization_id = Listed.TIME_ENTRIES, self.organization_id
        yield Bucket(TallyScope(entries, organization_id), self.month), dates
        yield Bucket(TallyScope(entries, organization_id, self.person_id), self.month), dates
        of_service = TallyScope(entries, organization_id, service_id=self.service_id)
        yield Bucket(of_service, self.month), dates


TallyName = PersonDay | EntryMonth
"""Names a tally that acts write."""

MOST_SHARES = 3
"""Buckets that one tally is rolled up to."""


@dataclass(frozen=True, slots=True)
class TallyState:
    """A tally, and what was rolled up of it; ``version`` is 0 where nothing ever was."""

    name: TallyName
    tally: Counters
    rolled_up: Counters
    version: int

    @property
    def difference(self) -> dict[str, int]:
        """What is still to be added where the tally rolls up to."""
        return difference(self.tally, self.rolled_up)


@dataclass(frozen=True, slots=True)
class RollUp:
    """What one transaction adds: all of it, or nothing.

    ``tallies`` are those whose ledgers move to what they say, each only if it still is what was
    read; ``added`` is what that adds to the buckets above them.
    """

    tallies: tuple[TallyState, ...]
    added: Mapping[Bucket, Counters]


def decide_roll_up(states: Iterable[TallyState]) -> RollUp | None:
    """What is to be added for some tallies; None: nothing."""
    behind = tuple(state for state in states if state.difference)
    if not behind:
        return None
    added: dict[Bucket, dict[str, int]] = {}
    for state in behind:
        for bucket, counters in state.name.shares(state.difference):
            add(added.setdefault(bucket, {}), counters)
    return RollUp(behind, added)


def difference(now: Counters, before: Counters) -> dict[str, int]:
    """What must be added to get from one to the other; without zeros."""
    changed = {name: now.get(name, 0) - before.get(name, 0) for name in {**now, **before}}
    return {name: by for name, by in sorted(changed.items()) if by}


def add(to: dict[str, int], added: Counters) -> None:
    """Add counters to others, in place."""
    for name, by in added.items():
        to[name] = to.get(name, 0) + by


def day_totals(day: int, quarters: Counters) -> dict[str, int]:
    """A day's quarter-hours as counters of its month: ``s24`` and ``e24`` for the 24th."""
    number = day_date(day).day
    totals = {counted.name_of(number): 0 for counted in (Counted.STARTS, Counted.STOPS)}
    for name, count in quarters.items():
        totals[Counted(name[0]).name_of(number)] += count
    return totals


def day_date(day: int) -> date:
    """The date of a day, given in days since 1970-01-01."""
    return date.fromordinal(_EPOCH_DAY + day)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def month_of(day: int) -> str:
    """The month of a day, as ``2026-11``."""
    return day_date(day).isoformat()[:7]


def first_day(month: str) -> int:
    """The first day of a month."""
    return day_number(date.fromisoformat(f"{month}-01"))
