"""Build one person's records. Each field that a test does not set has a default."""

from typing import Any

from msgspec.structs import replace

from chalicelib.organizations.model import Organization
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
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
