"""Tallies: how many sessions start and stop in each bucket of time, as counts that roll up.

A person's UTC day counts its 96 quarter-hours (zones have offsets of 45 minutes) and is written by
the acts themselves. From it follow, a moment later, the person's month and the organization's day
and month; a month counts its days. What has been rolled up of a person's day is kept beside it, so
that only what differs is ever added: records of a change that come twice, late, in another order or
never add nothing wrong. Contract section 6; docs/decisions/0008-tallies.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chalicelib.domain.instants import SECONDS_PER_DAY

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

    def name_of(self, number: int) -> str:
        """The counter of a quarter-hour of a day, from 0, or of a day of a month, from 1."""
        return f"{self.value}{number:02d}"


@dataclass(frozen=True, slots=True, order=True)
class PersonDay:
    """Names a person's tally of a UTC day, in days since 1970-01-01."""

    organization_id: int
    person_id: int
    day: int


@dataclass(frozen=True, slots=True)
class DayState:
    """A person's tally, and what was rolled up of it; ``version`` is 0 where nothing ever was."""

    name: PersonDay
    tally: Counters
    rolled_up: Counters
    version: int

    @property
    def difference(self) -> dict[str, int]:
        """What is still to be added where the tally rolls up to."""
        return difference(self.tally, self.rolled_up)


@dataclass(frozen=True, slots=True)
class RollUp:
    """What one transaction adds, for one organization: all of it, or nothing.

    ``days`` are those whose ledgers move to what their tallies say, each only if it still is what
    was read. The others are additions: to months of people, and to days and months of all.
    """

    organization_id: int
    days: tuple[DayState, ...]
    person_months: Mapping[tuple[int, str], Counters]
    organization_days: Mapping[int, Counters]
    organization_months: Mapping[str, Counters]


def decide_roll_up(states: Iterable[DayState]) -> RollUp | None:
    """What is to be added for some days of people of one organization; None: nothing."""
    behind = tuple(state for state in states if state.difference)
    if not behind:
        return None
    person_months: dict[tuple[int, str], dict[str, int]] = {}
    days: dict[int, dict[str, int]] = {}
    months: dict[str, dict[str, int]] = {}
    for state in behind:
        month = month_of(state.name.day)
        added = state.difference
        of_day = day_totals(state.name.day, added)
        add(days.setdefault(state.name.day, {}), added)
        add(months.setdefault(month, {}), of_day)
        add(person_months.setdefault((state.name.person_id, month), {}), of_day)
    return RollUp(behind[0].name.organization_id, behind, person_months, days, months)


def difference(now: Counters, before: Counters) -> dict[str, int]:
    """What must be added to get from one to the other; without zeros."""
    changed = {name: now.get(name, 0) - before.get(name, 0) for name in {**now, **before}}
    return {name: by for name, by in sorted(changed.items()) if by}


def add(to: dict[str, int], added: Counters) -> None:
    """Add counters to others, in place."""
    for name, by in added.items():
        to[name] = to.get(name, 0) + by


def day_totals(day: int, quarters: Counters) -> dict[str, int]:
    """A day's counters as those of its month: ``s24`` and ``e24`` for the 24th; zeros too."""
    number = day_date(day).day
    totals = {counted.name_of(number): 0 for counted in Counted}
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
