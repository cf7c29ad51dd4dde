"""Tests of edits, moves and deletions of sessions: what they change in time entries. Section 4a."""

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.write_set import (
    DeleteRecord,
    ReplaceRecord,
    SetTimeline,
    WriteSet,
)
from chalicelib.counters.model import EntryCounterDelta, EntryMonth
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.days import DayUpdate
from chalicelib.timers.edit_rules import Edited, LoadedTimeline, decide_deletion
from chalicelib.timers.edits import Edit
from chalicelib.timers.model import PersonState, RunningTimer, StopReason, Timer
from tests.support.builders import (
    ENTRY,
    LIMIT,
    NOW,
    ORGANIZATION,
    OTHER_ENTRY,
    PERSON,
    SERVICE,
    SUM_TARGET,
    TIMER,
    TODAY,
    entry,
    entry_counters_of,
    running,
    timer,
)
from tests.support.clock import HOUR, MINUTE
from tests.timers.edits import (
    EARLIER,
    EDITOR,
    OTHER_TIMER,
    RUNNING_ENTRY,
    STARTED_AT,
    STATE,
    STOPPED_AT,
    STOPPED_ENTRY,
    edit,
    entry_after,
    revision,
    stopped_timer,
    write_set_of,
)

# A manually set time

COVERING = replace(STOPPED_ENTRY, adjusted_seconds=600, covered_to=TIMER)
"""A manual time of 60 minutes covers the session of 50 minutes."""

NOT_COVERING = replace(COVERING, covered_to=0, uncovered_ids=())
"""The session was added to a manual time of 10 minutes."""


@pytest.mark.parametrize(
    "requested",
    [
        Edit(stopped_at=EARLIER),
        Edit(stopped_at=NOW),
        Edit(started_at=STARTED_AT - HOUR),
        Edit(stopped_at=None),
    ],
)
def test_edit_of_a_covered_session_does_not_change_the_time(requested: Edit) -> None:
    edited = edit(stopped_timer(), requested, time_entry=COVERING)
    after = entry_after(edited)
    assert after.tracked_seconds == edited.timer.seconds
    assert (after.time, after.covered_to, after.uncovered_ids) == (60, TIMER, ())
    assert edited.timer.covered is (requested.stopped_at is None)


@pytest.mark.parametrize(
    ("requested", "minutes"),
    [
        (Edit(stopped_at=EARLIER), 40),
        (Edit(stopped_at=NOW), 70),
        (Edit(started_at=STARTED_AT - HOUR), 120),
        (Edit(stopped_at=None), 10),
    ],
)
def test_edit_of_a_session_that_is_not_covered_changes_the_time(
    requested: Edit, minutes: int
) -> None:
    edited = edit(stopped_timer(), requested, time_entry=NOT_COVERING)
    assert (entry_after(edited).time, edited.timer.covered) == (minutes, False)


def test_stop_of_a_covered_session_by_an_edit_adds_nothing_to_the_time() -> None:
    time_entry = replace(RUNNING_ENTRY, adjusted_seconds=3600, covered_to=TIMER)
    state = running(covered=True)
    edited = edit(timer(covered=True), Edit(stopped_at=NOW), state=state, time_entry=time_entry)
    assert (entry_after(edited).tracked_seconds, entry_after(edited).time) == (3600, 60)
    assert edited.timer.covered is False


def test_covered_timer_stays_covered_if_its_start_changes() -> None:
    time_entry = replace(RUNNING_ENTRY, adjusted_seconds=3600, covered_to=TIMER)
    edited = edit(
        timer(covered=True),
        Edit(started_at=EARLIER),
        state=running(covered=True),
        time_entry=time_entry,
    )
    person_state = write_set_of(edited).person_state
    assert isinstance(person_state, SetTimeline)
    assert person_state.running is not None
    assert (edited.timer.covered, person_state.running.covered) == (True, True)
    assert entry_after(edited).time == 60


# Another time entry

TARGET = entry(
    id=OTHER_ENTRY,
    tracked_seconds=90,
    timer_count=1,
    latest_timer_id=5,
    timer_stopped_at=60,
    stopped_timer_id=5,
)


def moved(
    before: Timer,
    time_entry: TimeEntry,
    new_entry: TimeEntry = TARGET,
    requested: Edit | None = None,
    state: PersonState = STATE,
) -> tuple[Edited, TimeEntry, TimeEntry]:
    """Return the edit that moves a timer, and both entries after it."""
    requested = replace(requested or Edit(), time_entry_id=new_entry.id)
    edited = edit(before, requested, state=state, time_entry=time_entry, new_entry=new_entry)
    timer_record, revision_record, *entries = edited.records
    assert timer_record == ReplaceRecord(before, edited.timer)
    assert revision_record == revision(before, edited.timer)
    old, new = [record.after for record in entries if isinstance(record, ReplaceRecord)]
    assert [entries[0], entries[1]] == [
        ReplaceRecord(time_entry, old),
        ReplaceRecord(new_entry, new),
    ]
    return edited, old, new


def test_moved_session_takes_its_seconds_along() -> None:
    edited, old, new = moved(stopped_timer(StopReason.AUTO), STOPPED_ENTRY)
    assert edited.timer == stopped_timer(StopReason.AUTO, time_entry_id=OTHER_ENTRY, version=3)
    assert write_set_of(edited).person_state is None
    assert write_set_of(edited).days == ()
    assert (old.tracked_seconds, old.timer_count, old.timer_stopped_at) == (0, 0, None)
    assert (new.tracked_seconds, new.timer_count, new.timer_stopped_at) == (3090, 2, STOPPED_AT)
    assert (new.latest_timer_id, new.stopped_timer_id, new.running_timer_id) == (TIMER, TIMER, None)
    assert (old.version, new.version, old.updated_at, new.updated_at) == (4, 2, NOW, NOW)


def test_moved_timer_runs_on_the_other_entry() -> None:
    edited, old, new = moved(timer(), RUNNING_ENTRY, state=running())
    assert write_set_of(edited).person_state == SetTimeline(
        3,
        RunningTimer(
            TIMER,
            OTHER_ENTRY,
            STARTED_AT,
            STARTED_AT + LIMIT,
            sum_target=SUM_TARGET,
        ),
        TIMER,
        None,
    )
    assert write_set_of(edited).days == ()
    assert (old.running_timer_id, old.timer_started_at, old.timer_count) == (None, None, 0)
    assert (new.running_timer_id, new.timer_started_at, new.timer_count) == (TIMER, STARTED_AT, 2)
    assert (new.tracked_seconds, new.timer_stopped_at) == (90, 60)


def test_covered_session_that_is_moved_leaves_the_manual_time() -> None:
    _, old, new = moved(stopped_timer(), COVERING)
    assert (old.time, old.tracked_seconds, old.timer_count) == (60, 0, 0)
    assert new.tracked_seconds == 3090


def test_session_that_is_not_covered_takes_its_seconds_along() -> None:
    _, old, new = moved(stopped_timer(), NOT_COVERING)
    assert (old.time, new.tracked_seconds) == (10, 3090)


@pytest.mark.parametrize("covered_to", [0, TIMER, TIMER + 5])
@pytest.mark.parametrize("time_entry", [STOPPED_ENTRY, COVERING])
def test_moved_session_adds_to_the_manual_time_of_the_other_entry(
    time_entry: TimeEntry, covered_to: int
) -> None:
    target = replace(TARGET, adjusted_seconds=600 - 90, covered_to=covered_to)
    edited, _, new = moved(stopped_timer(), time_entry, target)
    assert new.time == 60
    assert not new.covers(TIMER)
    assert edited.timer.covered is False


def test_covered_timer_that_is_moved_adds_to_the_other_entry_when_it_stops() -> None:
    time_entry = replace(RUNNING_ENTRY, adjusted_seconds=3600, covered_to=TIMER)
    edited, old, _ = moved(timer(covered=True), time_entry, state=running(covered=True))
    assert (edited.timer.covered, old.time) == (False, 60)
    person_state = write_set_of(edited).person_state
    assert isinstance(person_state, SetTimeline)
    assert person_state.running == RunningTimer(
        TIMER, OTHER_ENTRY, STARTED_AT, STARTED_AT + LIMIT, sum_target=SUM_TARGET
    )


def test_session_can_be_moved_and_edited_at_once() -> None:
    edited, old, new = moved(stopped_timer(), STOPPED_ENTRY, requested=Edit(stopped_at=EARLIER))
    assert (old.tracked_seconds, new.tracked_seconds) == (0, 90 + 1800)
    assert edited.timer.stopped_at == EARLIER


# Deletion


def test_session_is_deleted_with_its_seconds() -> None:
    deleted = decide_deletion(stopped_timer(), LoadedTimeline(STOPPED_ENTRY), EDITOR)
    assert deleted.write_set == WriteSet(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW,
        person_state=None,
        days=(DayUpdate(TODAY, {"s28": -1, "e31": -1}, {TIMER: None}),),
    )
    after = replace(
        STOPPED_ENTRY,
        tracked_seconds=0,
        timer_count=0,
        timer_stopped_at=None,
        stopped_timer_id=None,
        updated_at=NOW,
        version=4,
    )
    assert deleted.records == (
        DeleteRecord(Timer, ORGANIZATION.id, TIMER, {"version": 2}),
        revision(stopped_timer(), None),
        ReplaceRecord(STOPPED_ENTRY, after),
    )


def test_running_timer_is_deleted() -> None:
    state = replace(running(), last_stopped_at=STARTED_AT)
    deleted = decide_deletion(timer(), LoadedTimeline(RUNNING_ENTRY, state=state), EDITOR)
    assert write_set_of(deleted).person_state == SetTimeline(3, None, TIMER, STARTED_AT)
    assert write_set_of(deleted).days == (DayUpdate(TODAY, {"s28": -1}, {TIMER: None}),)
    after = entry_after(deleted)
    assert (after.running_timer_id, after.timer_started_at, after.timer_count) == (None, None, 0)
    assert after.latest_timer_id == TIMER


@pytest.mark.parametrize(("time_entry", "minutes"), [(COVERING, 60), (NOT_COVERING, 10)])
def test_deletion_of_a_covered_session_does_not_change_the_time(
    time_entry: TimeEntry, minutes: int
) -> None:
    deleted = decide_deletion(stopped_timer(), LoadedTimeline(time_entry), EDITOR)
    assert (entry_after(deleted).time, entry_after(deleted).tracked_seconds) == (minutes, 0)


MADE_BY_TIMER = replace(STOPPED_ENTRY, made_by_timer_id=TIMER)
REMOVED_FROM_COUNTERS = EntryCounterDelta(
    EntryMonth(ORGANIZATION.id, PERSON, SERVICE.id, "2026-03"), {"n02": -1, "c02": -1, "b02": -3000}
)


def test_entry_that_the_timer_made_is_deleted_with_it() -> None:
    deleted = decide_deletion(stopped_timer(), LoadedTimeline(MADE_BY_TIMER), EDITOR)
    assert deleted.records == (
        DeleteRecord(Timer, ORGANIZATION.id, TIMER, {"version": 2}),
        revision(stopped_timer(), None),
        DeleteRecord(TimeEntry, ORGANIZATION.id, ENTRY, {"version": 3}, MADE_BY_TIMER),
    )
    assert entry_counters_of(deleted.write_set, *deleted.records) == (REMOVED_FROM_COUNTERS,)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"timer_count": 2}, id="it has another timer"),
        pytest.param({"made_by_timer_id": OTHER_TIMER}, id="another timer made it"),
        pytest.param({"made_by_timer_id": None}, id="somebody changed it"),
    ],
)
def test_other_entry_stays_when_a_timer_is_deleted(fields: dict[str, Any]) -> None:
    time_entry = replace(MADE_BY_TIMER, **fields)
    deleted = decide_deletion(stopped_timer(), LoadedTimeline(time_entry), EDITOR)
    assert entry_after(deleted).timer_count == time_entry.timer_count - 1
    # Its seconds are subtracted in the item of the day.
    assert entry_counters_of(deleted.write_set, *deleted.records) == ()


def test_entry_that_is_deleted_already_is_not_removed_from_the_counters_again() -> None:
    time_entry = replace(MADE_BY_TIMER, deleted_at=NOW - MINUTE)
    deleted = decide_deletion(stopped_timer(), LoadedTimeline(time_entry), EDITOR)
    assert entry_counters_of(deleted.write_set, *deleted.records) == ()
