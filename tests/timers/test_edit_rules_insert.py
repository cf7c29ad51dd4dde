"""Tests of ``decide_insert``: sessions that are over from the beginning. Contract section 3."""

from collections.abc import Collection
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute, OverlapsSession, Unavailable
from chalicelib.core.write_set import (
    SetTimeline,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.counters.model import EntryCounterDelta, EntryMonth
from chalicelib.time_entries.model import TrackMethod
from chalicelib.timers.days import DaySessions, DayUpdate, days_between
from chalicelib.timers.edit_rules import (
    decide_insert,
)
from chalicelib.timers.model import PersonState, Timer
from chalicelib.timers.rules import EntryDetails, Started
from tests.support.builders import (
    DRAWN,
    ENTRY,
    LIMIT,
    NEW_ENTRY,
    NEW_TIMER,
    NOW,
    ORGANIZATION,
    PERSON,
    SERVICE,
    SUM_TARGET,
    TIMER,
    TODAY,
    days_with,
    entry,
    entry_counters_of,
    idle,
    running,
    timer,
)
from tests.support.clock import DAY, HOUR
from tests.timers.edits import (
    EARLIER,
    MONTH,
    STARTED_AT,
    STATE,
    STOPPED_AT,
    stopped_timer,
)


def insert(
    start: int,
    stop: int,
    *others: Timer,
    state: PersonState = STATE,
    work: Any = None,
    details: EntryDetails | None = None,
) -> Started:
    first_day = min(start, stop, NOW)
    days: Collection[DaySessions] = days_with(days_between(first_day, min(stop, NOW)), *others)
    return decide_insert(
        state,
        work or entry(latest_timer_id=3, timer_count=1),
        ORGANIZATION,
        DRAWN,
        (start, stop),
        details or EntryDetails(),
        days,
    )


def test_session_that_is_over_is_inserted() -> None:
    start, stop = NOW - 3 * HOUR, NOW - 2 * HOUR
    inserted = insert(start, stop, stopped_timer())
    assert inserted.timer == Timer(
        id=NEW_TIMER,
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        time_entry_id=ENTRY,
        started_at=start,
        auto_stop_at=start + LIMIT,
        stopped_at=stop,
        edited=True,
    )
    assert (inserted.stopped_timer_id, inserted.adjusted) == (None, ())
    assert inserted.write_set == WriteSet(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW,
        person_state=SetTimeline(5, None, NEW_TIMER, STOPPED_AT),
        new_timer=inserted.timer,
        entries=(
            TimeEntryUpdate(
                ENTRY, seconds=HOUR, timers=1, inserts=(NEW_TIMER, stop), target=SUM_TARGET
            ),
        ),
        days=(DayUpdate(TODAY, {"s20": 1, "e24": 1}, {NEW_TIMER: (start, stop)}, version=2),),
    )


def test_session_after_all_others_does_not_rely_on_the_days() -> None:
    state = replace(STATE, lists_sessions=False)
    write_set = insert(STOPPED_AT, NOW, stopped_timer(), state=state).write_set
    assert write_set.person_state == SetTimeline(5, None, NEW_TIMER, NOW)
    assert [day.version for day in write_set.days] == [None]


def test_first_session_of_a_person_can_be_over() -> None:
    write_set = insert(NOW - HOUR, NOW, state=idle()).write_set
    assert write_set.person_state == SetTimeline(0, None, NEW_TIMER, NOW)


def test_inserted_session_does_not_stop_the_running_timer() -> None:
    state = replace(running(), last_stopped_at=STARTED_AT - HOUR)
    write_set = insert(STARTED_AT - 60, STARTED_AT, timer(), state=state).write_set
    assert write_set.stop_timer is None
    assert write_set.person_state == SetTimeline(3, state.running, NEW_TIMER, STARTED_AT)


def test_inserted_session_requires_that_its_days_are_unchanged() -> None:
    days = insert(NOW - 3 * DAY, NOW - 2 * DAY, stopped_timer()).write_set.days
    assert [(day.day, day.version) for day in days] == [(TODAY - 3, 1), (TODAY - 2, 1)]


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (STARTED_AT - 60, STARTED_AT + 1),
        (STOPPED_AT - 1, NOW),
        (EARLIER, EARLIER + 60),
        (STARTED_AT - 60, NOW),
        (EARLIER, EARLIER),
    ],
)
@pytest.mark.parametrize(
    ("session", "state"),
    [(stopped_timer(), STATE), (timer(), running())],
    ids=["a stopped session", "the running session"],
)
def test_inserted_session_overlaps(
    start: int, stop: int, session: Timer, state: PersonState
) -> None:
    with pytest.raises(OverlapsSession) as error:
        insert(start, stop, session, state=state)
    assert error.value.source == {"pointer": "data/attributes/started_at"}
    assert error.value.meta == {"conflicting_timer_id": str(TIMER)}


@pytest.mark.parametrize(
    ("start", "stop", "expected", "adjusted"),
    [
        (NOW - 60, NOW + DAY, (NOW - 60, NOW), ("stopped_at",)),
        (NOW + 60, NOW + HOUR, (NOW, NOW), ("started_at", "stopped_at")),
        (NOW + HOUR, NOW + HOUR, (NOW, NOW), ("started_at", "stopped_at")),
        (NOW - 400 * DAY, NOW - 399 * DAY, (NOW - 400 * DAY, NOW - 399 * DAY), ()),
        (NOW - MONTH, NOW, (NOW - MONTH, NOW), ()),
    ],
)
def test_inserted_session_is_not_in_the_future(
    start: int, stop: int, expected: tuple[int, int], adjusted: tuple[str, ...]
) -> None:
    inserted = insert(start, stop, state=idle())
    assert (inserted.timer.started_at, inserted.timer.stopped_at) == expected
    assert inserted.adjusted == adjusted


@pytest.mark.parametrize(
    ("start", "stop", "name"),
    [
        (NOW - 60, NOW - 61, "stopped_at"),
        (NOW + 60, NOW - 1, "stopped_at"),
        (NOW + 120, NOW + 60, "stopped_at"),
        (NOW - MONTH - 1, NOW, "stopped_at"),
        (NOW + DAY + 1, NOW + 2 * DAY, "started_at"),
    ],
)
def test_impossible_session_is_not_inserted(start: int, stop: int, name: str) -> None:
    with pytest.raises(InvalidAttribute) as error:
        insert(start, stop, state=idle())
    assert error.value.code == "invalid_attribute"
    assert error.value.source == {"pointer": f"data/attributes/{name}"}


def test_session_is_not_inserted_until_the_days_list_all_sessions() -> None:
    with pytest.raises(Unavailable):
        insert(NOW - 3 * HOUR, NOW - 2 * HOUR, state=replace(STATE, lists_sessions=False))


def test_session_is_inserted_with_a_new_entry() -> None:
    start, stop = NOW - 3 * HOUR, NOW - 2 * HOUR
    inserted = insert(start, stop, work=SERVICE, details=EntryDetails(1, "by train"))
    new_entry = inserted.write_set.new_entry
    assert new_entry is not None
    assert inserted.write_set.entries == ()
    assert (inserted.timer.time_entry_id, new_entry.id) == (NEW_ENTRY, NEW_ENTRY)
    assert (new_entry.tracked_seconds, new_entry.timer_count, new_entry.time) == (HOUR, 1, 60)
    assert (new_entry.latest_timer_id, new_entry.running_timer_id) == (NEW_TIMER, None)
    assert (new_entry.timer_started_at, new_entry.timer_stopped_at) == (None, stop)
    assert new_entry.stopped_timer_id == NEW_TIMER
    assert (new_entry.creator_id, new_entry.note) == (1, "by train")
    assert new_entry.made_by_timer_id == NEW_TIMER
    month = EntryMonth(ORGANIZATION.id, PERSON, SERVICE.id, "2026-03")
    assert entry_counters_of(inserted.write_set) == (
        EntryCounterDelta(month, {"n02": 1, "c02": 1, "b02": HOUR}),
    )


def test_new_entry_has_the_date_of_the_start() -> None:
    new_entry = insert(NOW - 400 * DAY, NOW - 399 * DAY, work=SERVICE).write_set.new_entry
    assert new_entry is not None
    assert new_entry.date == "2025-01-26"


def test_session_on_a_manual_entry_sets_the_method_to_both() -> None:
    manual = entry(track_method=TrackMethod.MANUAL)
    (update,) = insert(NOW - HOUR, NOW, state=idle(), work=manual).write_set.entries
    assert update.track_method is TrackMethod.BOTH
