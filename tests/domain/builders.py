"""Records of one person's time, with what a test does not care about filled in."""

from dataclasses import replace
from typing import Any

from chalicelib.domain.directory import Organization, Service
from chalicelib.domain.timeline import Drawn
from chalicelib.domain.timers import RunningTimer, Slot, TimeEntry, Timer
from tests.support.clock import HOUR, MONDAY_NINE

NOW = MONDAY_NINE
"""2026-03-02T08:00:00Z: quarter-hour 32 of that UTC day."""

TODAY = NOW // 86_400
LIMIT = 12 * HOUR

ORGANIZATION = Organization(2149, "Adriatic Studio", "Europe/Zagreb", auto_stop_after=LIMIT)
SERVICE = Service(1294, ORGANIZATION.id, "Design")
PERSON = 8784

ENTRY = 364
OTHER_ENTRY = 366
NEW_ENTRY = 9_000

TIMER = 11
NEW_TIMER = 12

DRAWN = Drawn(now=NOW, timer_id=NEW_TIMER, time_entry_id=NEW_ENTRY)


def timer(**members: Any) -> Timer:
    """A timer that started an hour ago, and runs."""
    plain = Timer(
        id=TIMER,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        time_entry_id=ENTRY,
        started_at=NOW - HOUR,
        auto_stop_at=NOW - HOUR + LIMIT,
    )
    return replace(plain, **members)


def entry(**members: Any) -> TimeEntry:
    """A time entry on which nothing happened yet."""
    plain = TimeEntry(
        id=ENTRY,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        service_id=SERVICE.id,
        date="2026-03-02",
        created_at=NOW - HOUR,
        updated_at=NOW - HOUR,
        creator_id=PERSON,
    )
    return replace(plain, **members)


def idle(**members: Any) -> Slot:
    """The slot of somebody who never started anything."""
    return replace(Slot(ORGANIZATION.id, PERSON), **members)


def running(started_at: int = NOW - HOUR, **members: Any) -> Slot:
    """A slot in which a timer on ``ENTRY`` runs."""
    return idle(
        version=3,
        running=replace(RunningTimer(TIMER, ENTRY, started_at, started_at + LIMIT), **members),
        last_timer_id=TIMER,
        last_stopped_at=None,
    )
