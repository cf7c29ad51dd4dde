"""Build one person's records. Each field that a test does not set has a default."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from chalicelib.core.write_set import WriteSet
from chalicelib.counters.model import EntryCounterDelta
from chalicelib.organizations.model import Organization
from chalicelib.services.model import Service
from chalicelib.time_entries.model import Billing, SumTarget, TimeEntry
from chalicelib.timers.days import DaySessions, marks_of
from chalicelib.timers.entry_counters import with_entry_counters
from chalicelib.timers.model import PersonState, RunningTimer, Timer
from chalicelib.timers.rules import GeneratedIds
from tests.support.clock import HOUR, MONDAY_NINE

NOW = MONDAY_NINE
"""2026-03-02T08:00:00Z, in quarter-hour 32 of that UTC day."""

TODAY = NOW // 86_400
LIMIT = 12 * HOUR

ORGANIZATION = Organization(2149, "Adriatic Studio", "Europe/Zagreb", auto_stop_after=LIMIT)
SERVICE = Service(1294, ORGANIZATION.id, "Design")
PERSON = 8784
SUM_TARGET = SumTarget("2026-03-02", SERVICE.id, Billing.ALL)
"""Where the seconds of :func:`entry` count."""

ENTRY = 364
OTHER_ENTRY = 366
NEW_ENTRY = 9_000

TIMER = 11
NEW_TIMER = 12

DRAWN = GeneratedIds(now=NOW, timer_id=NEW_TIMER, time_entry_id=NEW_ENTRY)


def timer(**fields: Any) -> Timer:
    """Return a running timer that started an hour ago."""
    default = Timer(
        id=TIMER,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        time_entry_id=ENTRY,
        started_at=NOW - HOUR,
        auto_stop_at=NOW - HOUR + LIMIT,
    )
    return replace(default, **fields)


def entry(**fields: Any) -> TimeEntry:
    """Return a time entry without any timers."""
    default = TimeEntry(
        id=ENTRY,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        service_id=SERVICE.id,
        date="2026-03-02",
        created_at=NOW - HOUR,
        updated_at=NOW - HOUR,
        creator_id=PERSON,
    )
    return replace(default, **fields)


def entry_counters_of(*writes: Any) -> tuple[EntryCounterDelta, ...]:
    """Return what a transaction with these writes adds to the counters of months."""
    return tuple(
        delta
        for write in with_entry_counters(write for write in writes if write is not None)
        if isinstance(write, WriteSet)
        for delta in write.entry_counters
    )


def idle(**fields: Any) -> PersonState:
    """Return the state of a person who never started a timer."""
    return replace(PersonState(ORGANIZATION.id, PERSON), **fields)


def running(started_at: int = NOW - HOUR, **fields: Any) -> PersonState:
    """Return the state of a person whose timer runs on ``ENTRY``."""
    return idle(
        version=3,
        running=replace(RunningTimer(TIMER, ENTRY, started_at, started_at + LIMIT), **fields),
        last_timer_id=TIMER,
        last_stopped_at=None,
    )


def days_with(days: Iterable[int], *timers: Timer) -> tuple[DaySessions, ...]:
    """Return days as they are read: each lists those of the timers that touch it.

    The version of a day is 1 more than the number of its sessions.
    """
    marks = {timer.id: marks_of(timer.started_at, timer.stopped_at) for timer in timers}
    return tuple(
        DaySessions(day, len(listed) + 1, listed)
        for day in days
        for listed in [{id_: by_day[day] for id_, by_day in marks.items() if day in by_day}]
    )
