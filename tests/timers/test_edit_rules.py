"""Tests of edits and corrections of sessions: contract sections 4 and 4a."""

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute, OverlapsSession, StintError, Unavailable
from chalicelib.core.write_set import (
    ReplaceRecord,
    SetTimeline,
    WriteSet,
)
from chalicelib.timers.days import DayUpdate
from chalicelib.timers.edit_rules import Edited, LoadedTimeline, decide_edit
from chalicelib.timers.edits import (
    Edit,
    corrected_stop,
    days_to_check,
    needs_timeline,
    resolve_edit,
)
from chalicelib.timers.model import RunningTimer, StopReason, Timer
from tests.support.builders import (
    ENTRY,
    LIMIT,
    NOW,
    ORGANIZATION,
    OTHER_ENTRY,
    PERSON,
    SUM_TARGET,
    TIMER,
    TODAY,
    entry,
    running,
    timer,
)
from tests.support.clock import DAY, HOUR, MINUTE
from tests.timers.edits import (
    EACH_REASON,
    EARLIER,
    EDITOR,
    MONTH,
    OTHER_TIMER,
    RUNNING_ENTRY,
    STARTED_AT,
    STATE,
    STOPPED_AT,
    STOPPED_ENTRY,
    edit,
    entry_after,
    other_timer,
    revision,
    stopped_timer,
    write_set_of,
)

# Corrections of automatic stops


@EACH_REASON
@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        pytest.param(EARLIER, EARLIER, id="earlier"),
        pytest.param(STOPPED_AT - 1, STOPPED_AT - 1, id="a second earlier"),
        pytest.param(STARTED_AT, STARTED_AT, id="at the start"),
        pytest.param(STARTED_AT - 1, STARTED_AT, id="before the start"),
        pytest.param(STOPPED_AT, None, id="the same second"),
        pytest.param(STOPPED_AT + 1, None, id="a second later"),
        pytest.param(NOW, None, id="now"),
        pytest.param(NOW + DAY, None, id="in the future"),
        pytest.param(None, None, id="no time in the request"),
    ],
)
def test_earlier_stop_replaces_an_automatic_stop(
    reason: StopReason, requested: int | None, expected: int | None
) -> None:
    assert corrected_stop(stopped_timer(reason), NOW, requested) == expected


def test_manual_stop_cannot_be_corrected_by_a_stop() -> None:
    assert corrected_stop(stopped_timer(None), NOW, EARLIER) is None


def test_running_timer_cannot_be_corrected() -> None:
    assert corrected_stop(timer(), NOW, EARLIER) is None


@pytest.mark.parametrize(("requested", "expected"), [(NOW + 10, NOW), (NOW + 30, None)])
def test_auto_stop_in_the_future_is_corrected_to_now_at_the_latest(
    requested: int, expected: int | None
) -> None:
    future = timer(stopped_at=NOW + 30, stop_reason=StopReason.AUTO)
    assert corrected_stop(future, NOW, requested) == expected


@EACH_REASON
def test_corrected_stop_becomes_a_manual_stop(reason: StopReason) -> None:
    corrected = edit(stopped_timer(reason), Edit(stopped_at=EARLIER)).timer
    assert corrected == timer(stopped_at=EARLIER, stop_reason=None, version=3)
    assert corrected_stop(corrected, NOW, EARLIER - 60) is None


def test_correction_writes_the_timer_its_entry_and_its_day() -> None:
    before = stopped_timer(StopReason.AUTO)
    corrected = edit(before, Edit(stopped_at=EARLIER))
    assert corrected.write_set == WriteSet(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW,
        person_state=None,
        days=(DayUpdate(TODAY, {"e31": -1, "e30": 1}, {TIMER: (STARTED_AT, EARLIER)}),),
    )
    assert corrected.records == (
        ReplaceRecord(before, corrected.timer),
        revision(before, corrected.timer),
        ReplaceRecord(
            STOPPED_ENTRY,
            replace(
                STOPPED_ENTRY,
                tracked_seconds=1800,
                timer_stopped_at=EARLIER,
                updated_at=NOW,
                version=4,
            ),
        ),
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(
            {"running_timer_id": 12, "latest_timer_id": 12, "timer_started_at": NOW},
            id="another timer runs on the entry",
        ),
        pytest.param(
            {"latest_timer_id": 12, "stopped_timer_id": 12},
            id="another timer stopped in the same second",
        ),
        pytest.param(
            {"latest_timer_id": 12, "timer_stopped_at": NOW, "stopped_timer_id": 12},
            id="another timer stopped later",
        ),
    ],
)
def test_correction_does_not_change_the_later_session_of_the_entry(fields: dict[str, int]) -> None:
    time_entry = replace(STOPPED_ENTRY, tracked_seconds=3600, timer_count=2, **fields)
    after = entry_after(
        edit(stopped_timer(StopReason.AUTO), Edit(stopped_at=EARLIER), time_entry=time_entry)
    )
    assert after.tracked_seconds == 3600 + EARLIER - STOPPED_AT
    assert (after.running_timer_id, after.latest_timer_id, after.timer_started_at) == (
        time_entry.running_timer_id,
        12,
        time_entry.timer_started_at,
    )
    is_last = time_entry.stopped_timer_id == TIMER
    assert after.timer_stopped_at == (EARLIER if is_last else time_entry.timer_stopped_at)
    assert after.stopped_timer_id == time_entry.stopped_timer_id


@pytest.mark.parametrize(
    ("old_stop", "new_stop", "counters"),
    [
        pytest.param(NOW + 899, NOW, [{}], id="within one quarter-hour"),
        pytest.param(NOW, NOW - 1, [{"e32": -1, "e31": 1}], id="to the quarter-hour before"),
        pytest.param(NOW, NOW - 9 * HOUR, [{"e92": 1}, {"e32": -1}], id="across midnight"),
    ],
)
def test_correction_moves_the_stop_to_another_counter(
    old_stop: int, new_stop: int, counters: list[dict[str, int]]
) -> None:
    start = NOW - DAY
    old = timer(started_at=start, stopped_at=old_stop, stop_reason=StopReason.AUTO)
    days = write_set_of(edit(old, Edit(stopped_at=new_stop))).days
    assert [day.counters for day in days] == counters
    assert days[0].marks == {TIMER: (start, new_stop)}


# What an edit asks for


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(timer(), id="running"),
        pytest.param(stopped_timer(StopReason.AUTO), id="stopped automatically"),
    ],
)
def test_equal_values_change_nothing(before: Timer) -> None:
    same = Edit(before.started_at, before.stopped_at, before.time_entry_id)
    for requested in (Edit(), same):
        assert resolve_edit(before, requested, NOW) == (before, ())
    loaded = LoadedTimeline(entry())
    assert decide_edit(before, before, loaded, ORGANIZATION, EDITOR) == Edited(before)


@pytest.mark.parametrize(
    ("requested", "expected", "adjusted"),
    [
        pytest.param(Edit(started_at=EARLIER), {"started_at": EARLIER}, (), id="start"),
        pytest.param(
            Edit(started_at=STARTED_AT - 400 * DAY, stopped_at=STARTED_AT - 399 * DAY),
            {"started_at": STARTED_AT - 400 * DAY, "stopped_at": STARTED_AT - 399 * DAY},
            (),
            id="long ago",
        ),
        pytest.param(Edit(stopped_at=NOW), {"stopped_at": NOW}, (), id="stop"),
        pytest.param(
            Edit(stopped_at=NOW + 60), {"stopped_at": NOW}, ("stopped_at",), id="stop in the future"
        ),
        pytest.param(
            Edit(started_at=NOW + DAY, stopped_at=NOW + 2 * DAY),
            {"started_at": NOW, "stopped_at": NOW},
            ("started_at", "stopped_at"),
            id="both in the future",
        ),
        pytest.param(Edit(stopped_at=None), {"stopped_at": None}, (), id="it runs on"),
        pytest.param(
            Edit(started_at=STOPPED_AT), {"started_at": STOPPED_AT}, (), id="no seconds remain"
        ),
    ],
)
def test_edit_of_the_times_of_a_stopped_timer(
    requested: Edit, expected: dict[str, Any], adjusted: tuple[str, ...]
) -> None:
    # A session that only becomes longer or shorter keeps its place in lists.
    after = stopped_timer(edited="started_at" in expected, **expected)
    assert resolve_edit(stopped_timer(), requested, NOW) == (after, adjusted)


@pytest.mark.parametrize(
    ("requested", "expected", "adjusted"),
    [
        pytest.param(Edit(started_at=EARLIER), {"started_at": EARLIER}, (), id="start"),
        pytest.param(
            Edit(started_at=NOW + 60),
            {"started_at": NOW},
            ("started_at",),
            id="start in the future",
        ),
        pytest.param(Edit(stopped_at=EARLIER), {"stopped_at": EARLIER}, (), id="stop"),
        pytest.param(
            Edit(stopped_at=STARTED_AT - 1),
            {"stopped_at": STARTED_AT},
            ("stopped_at",),
            id="stop before the start",
        ),
        pytest.param(
            Edit(stopped_at=NOW + DAY),
            {"stopped_at": NOW},
            ("stopped_at",),
            id="stop in the future",
        ),
        pytest.param(
            Edit(started_at=EARLIER, stopped_at=EARLIER - 60),
            {"started_at": EARLIER, "stopped_at": EARLIER},
            ("stopped_at",),
            id="stop before the new start",
        ),
        pytest.param(
            Edit(started_at=NOW - MONTH), {"started_at": NOW - MONTH}, (), id="start 31 days ago"
        ),
    ],
)
def test_edit_of_the_times_of_a_running_timer(
    requested: Edit, expected: dict[str, Any], adjusted: tuple[str, ...]
) -> None:
    assert resolve_edit(timer(), requested, NOW) == (
        timer(edited="started_at" in expected, **expected),
        adjusted,
    )


@EACH_REASON
def test_only_a_new_stop_removes_the_reason_of_the_old_one(reason: StopReason) -> None:
    before = stopped_timer(reason)
    for requested in (Edit(stopped_at=EARLIER), Edit(stopped_at=NOW), Edit(stopped_at=None)):
        assert resolve_edit(before, requested, NOW)[0].stop_reason is None
    for requested in (Edit(started_at=EARLIER, stopped_at=STOPPED_AT), Edit(time_entry_id=1)):
        assert resolve_edit(before, requested, NOW)[0].stop_reason is reason


def test_move_to_another_entry_does_not_edit_the_times() -> None:
    after, adjusted = resolve_edit(stopped_timer(), Edit(time_entry_id=OTHER_ENTRY), NOW)
    assert (after, adjusted) == (stopped_timer(time_entry_id=OTHER_ENTRY), ())


@pytest.mark.parametrize(
    ("before", "requested", "name"),
    [
        pytest.param(
            stopped_timer(), Edit(stopped_at=STARTED_AT - 1), "stopped_at", id="before the start"
        ),
        pytest.param(
            stopped_timer(), Edit(started_at=STOPPED_AT + 1), "stopped_at", id="after the stop"
        ),
        pytest.param(
            stopped_timer(),
            Edit(started_at=STOPPED_AT - MONTH - 1),
            "stopped_at",
            id="longer than 31 days",
        ),
        pytest.param(
            stopped_timer(),
            Edit(started_at=NOW + 120, stopped_at=NOW + 60),
            "stopped_at",
            id="in the future, before the start",
        ),
        pytest.param(
            timer(),
            Edit(started_at=NOW - MONTH - 1),
            "started_at",
            id="running since more than 31 days",
        ),
        pytest.param(
            stopped_timer(started_at=NOW - MONTH - 1, stopped_at=NOW - MONTH),
            Edit(stopped_at=None),
            "started_at",
            id="running on since more than 31 days",
        ),
        pytest.param(
            stopped_timer(), Edit(started_at=NOW + DAY + 1), "started_at", id="far in the future"
        ),
    ],
)
def test_impossible_times_are_refused(before: Timer, requested: Edit, name: str) -> None:
    with pytest.raises(InvalidAttribute) as error:
        resolve_edit(before, requested, NOW)
    assert error.value.code == "invalid_attribute"
    assert error.value.source == {"pointer": f"data/attributes/{name}"}


# What an edit reads


@pytest.mark.parametrize(
    ("before", "requested", "expected", "days"),
    [
        pytest.param(stopped_timer(), Edit(stopped_at=EARLIER), False, 0, id="shorter"),
        pytest.param(
            stopped_timer(),
            Edit(started_at=EARLIER - 1, stopped_at=EARLIER),
            False,
            0,
            id="shorter at both ends",
        ),
        pytest.param(stopped_timer(), Edit(time_entry_id=OTHER_ENTRY), False, 0, id="moved"),
        pytest.param(stopped_timer(), Edit(stopped_at=NOW), True, 1, id="longer"),
        pytest.param(
            stopped_timer(), Edit(started_at=STARTED_AT - 1), True, 1, id="started earlier"
        ),
        pytest.param(
            stopped_timer(), Edit(started_at=STARTED_AT - DAY), True, 2, id="started a day earlier"
        ),
        pytest.param(
            stopped_timer(),
            Edit(started_at=STARTED_AT - 2 * DAY, stopped_at=STARTED_AT - 2 * DAY),
            True,
            1,
            id="at another time",
        ),
        pytest.param(
            stopped_timer(started_at=NOW - 3 * DAY, stopped_at=NOW - 2 * DAY),
            Edit(stopped_at=None),
            True,
            4,
            id="runs on",
        ),
        pytest.param(timer(), Edit(started_at=EARLIER), True, 1, id="running, started later"),
        pytest.param(timer(), Edit(started_at=NOW - DAY), True, 2, id="running, started earlier"),
        pytest.param(timer(), Edit(time_entry_id=OTHER_ENTRY), True, 0, id="running, moved"),
    ],
)
def test_edit_reads_the_timeline_only_if_it_can_overlap(
    before: Timer, requested: Edit, expected: bool, days: int
) -> None:
    after, _ = resolve_edit(before, requested, NOW)
    assert needs_timeline(before, after) is expected
    assert len(days_to_check(before, after, NOW)) == days


# Overlaps

PREVIOUS = other_timer(STARTED_AT - HOUR, STARTED_AT - 60)
NEXT = other_timer(STOPPED_AT + 60, STOPPED_AT + 120)
LATER_STATE = replace(STATE, last_stopped_at=STOPPED_AT + 120)


@pytest.mark.parametrize(
    ("requested", "other", "name"),
    [
        pytest.param(Edit(stopped_at=STOPPED_AT + 61), NEXT, "stopped_at", id="into the next"),
        pytest.param(Edit(stopped_at=NOW), NEXT, "stopped_at", id="over the next"),
        pytest.param(
            Edit(started_at=STARTED_AT - 61), PREVIOUS, "started_at", id="into the previous"
        ),
        pytest.param(
            Edit(started_at=STARTED_AT - 2 * HOUR), PREVIOUS, "started_at", id="over the previous"
        ),
        pytest.param(
            Edit(started_at=STARTED_AT - 120, stopped_at=STARTED_AT - 90),
            PREVIOUS,
            "started_at",
            id="inside the previous",
        ),
        pytest.param(Edit(stopped_at=None), NEXT, "stopped_at", id="runs on before the next"),
    ],
)
def test_edit_into_another_session_is_refused(requested: Edit, other: Timer, name: str) -> None:
    with pytest.raises(OverlapsSession) as error:
        edit(stopped_timer(), requested, other, state=LATER_STATE)
    assert error.value.code == "overlaps_session"
    assert error.value.source == {"pointer": f"data/attributes/{name}"}
    assert error.value.meta == {"conflicting_timer_id": str(OTHER_TIMER)}


@pytest.mark.parametrize(
    ("requested", "other"),
    [
        (Edit(stopped_at=STOPPED_AT + 60), NEXT),
        (Edit(started_at=STARTED_AT - 60), PREVIOUS),
        (Edit(started_at=STARTED_AT - 60, stopped_at=NOW), PREVIOUS),
        (Edit(started_at=STARTED_AT - 2 * HOUR, stopped_at=STARTED_AT - HOUR), PREVIOUS),
        (Edit(stopped_at=None), PREVIOUS),
    ],
)
def test_edited_session_may_touch_another_one(requested: Edit, other: Timer) -> None:
    assert edit(stopped_timer(), requested, other, state=LATER_STATE).write_set is not None


def test_check_of_an_edit_requires_unchanged_days_and_an_unchanged_person_state() -> None:
    edited = edit(stopped_timer(), Edit(started_at=STARTED_AT - DAY), state=STATE)
    write_set = write_set_of(edited)
    assert [(day.day, day.version) for day in write_set.days] == [(TODAY - 1, 1), (TODAY, 2)]
    assert write_set.person_state == SetTimeline(5, None, TIMER, STOPPED_AT)


def test_edit_after_all_sessions_relies_on_the_person_state_only() -> None:
    write_set = write_set_of(
        edit(stopped_timer(), Edit(started_at=STOPPED_AT, stopped_at=NOW), PREVIOUS)
    )
    assert [day.version for day in write_set.days] == [None]
    assert write_set.person_state == SetTimeline(5, None, TIMER, NOW)


def test_edit_does_not_make_the_last_stop_earlier() -> None:
    write_set = write_set_of(
        edit(stopped_timer(), Edit(started_at=STARTED_AT - 60, stopped_at=STARTED_AT))
    )
    assert write_set.person_state == SetTimeline(5, None, TIMER, STOPPED_AT)


OTHER_RUNNING = replace(running(NOW - 300, timer_id=OTHER_TIMER), last_stopped_at=STOPPED_AT)


@pytest.mark.parametrize("stop", [NOW - 299, NOW, None])
def test_edit_into_the_running_session_is_refused(stop: int | None) -> None:
    with pytest.raises(OverlapsSession) as error:
        edit(stopped_timer(), Edit(stopped_at=stop), state=OTHER_RUNNING)
    assert error.value.source == {"pointer": "data/attributes/stopped_at"}
    assert error.value.meta == {"conflicting_timer_id": str(OTHER_TIMER)}


def test_edit_before_the_running_session_does_not_stop_it() -> None:
    write_set = write_set_of(edit(stopped_timer(), Edit(stopped_at=NOW - 300), state=OTHER_RUNNING))
    assert write_set.person_state == SetTimeline(
        3, OTHER_RUNNING.running, last_timer_id=TIMER, last_stopped_at=NOW - 300
    )


def test_edit_is_refused_until_the_days_list_all_sessions() -> None:
    state = replace(STATE, lists_sessions=False)
    with pytest.raises(Unavailable):
        edit(stopped_timer(), Edit(started_at=STARTED_AT - 60), state=state)
    # These do not need the days.
    assert edit(stopped_timer(), Edit(stopped_at=EARLIER), state=state).write_set is not None
    after_all = Edit(started_at=STOPPED_AT, stopped_at=NOW)
    assert edit(stopped_timer(), after_all, state=state).write_set is not None


# A running timer


def test_new_start_of_a_running_timer_moves_its_limit() -> None:
    edited = edit(timer(), Edit(started_at=EARLIER), state=running())
    after = timer(started_at=EARLIER, auto_stop_at=EARLIER + LIMIT, edited=True, version=2)
    after = replace(after, sum_target=SUM_TARGET)
    assert edited.timer == after
    assert write_set_of(edited).person_state == SetTimeline(
        3,
        RunningTimer(
            TIMER,
            ENTRY,
            EARLIER,
            EARLIER + LIMIT,
            edited=True,
            sum_target=SUM_TARGET,
        ),
        TIMER,
        None,
    )
    assert entry_after(edited) == replace(
        RUNNING_ENTRY, timer_started_at=EARLIER, updated_at=NOW, version=4
    )


@pytest.mark.parametrize("lists_sessions", [True, False])
def test_new_start_of_a_running_timer_after_the_last_stop_is_accepted(lists_sessions: bool) -> None:
    state = replace(running(), last_stopped_at=PREVIOUS.stopped_at, lists_sessions=lists_sessions)
    for start in (STARTED_AT - 60, EARLIER):
        edited = edit(timer(), Edit(started_at=start), PREVIOUS, state=state)
        assert edited.timer.started_at == start
        assert {day.version for day in write_set_of(edited).days} == {None}


def test_new_start_of_a_running_timer_before_the_last_stop_overlaps() -> None:
    state = replace(running(), last_stopped_at=PREVIOUS.stopped_at)
    with pytest.raises(OverlapsSession) as error:
        edit(timer(), Edit(started_at=STARTED_AT - 61), PREVIOUS, state=state)
    assert error.value.source == {"pointer": "data/attributes/started_at"}
    assert error.value.meta == {"conflicting_timer_id": str(OTHER_TIMER)}


def test_stop_of_a_running_timer_by_an_edit() -> None:
    edited = edit(timer(), Edit(stopped_at=EARLIER), state=running())
    assert edited.timer == timer(stopped_at=EARLIER, version=2)
    assert write_set_of(edited).person_state == SetTimeline(3, None, TIMER, EARLIER)
    assert write_set_of(edited).days == (
        DayUpdate(TODAY, {"e30": 1}, {TIMER: (STARTED_AT, EARLIER)}),
    )
    after = entry_after(edited)
    assert (after.tracked_seconds, after.timer_count, after.running_timer_id) == (1800, 1, None)
    assert (after.timer_started_at, after.timer_stopped_at) == (None, EARLIER)


def test_running_timer_that_becomes_an_earlier_session_is_checked() -> None:
    state = replace(running(), last_stopped_at=PREVIOUS.stopped_at)
    requested = Edit(started_at=STARTED_AT - 2 * HOUR, stopped_at=STARTED_AT - HOUR)
    assert write_set_of(edit(timer(), requested, PREVIOUS, state=state)).person_state == (
        SetTimeline(3, None, TIMER, PREVIOUS.stopped_at)
    )
    with pytest.raises(OverlapsSession):
        edit(timer(), replace(requested, stopped_at=STARTED_AT), PREVIOUS, state=state)


# A stopped timer that runs on


def test_stopped_timer_runs_on() -> None:
    edited = edit(stopped_timer(StopReason.SUPERSEDED), Edit(stopped_at=None), PREVIOUS)
    after = timer(version=3, sum_target=SUM_TARGET)
    assert edited.timer == after
    before = stopped_timer(StopReason.SUPERSEDED)
    assert edited.records[:2] == (ReplaceRecord(before, after), revision(before, after))
    write_set = write_set_of(edited)
    assert write_set.person_state == SetTimeline(
        5,
        RunningTimer(
            TIMER,
            ENTRY,
            STARTED_AT,
            after.auto_stop_at,
            sum_target=SUM_TARGET,
        ),
        TIMER,
        STOPPED_AT,
    )
    (day,) = write_set.days
    assert (day.counters, day.marks) == ({"e31": -1}, {TIMER: (STARTED_AT,)})
    time_entry = entry_after(edited)
    assert (time_entry.tracked_seconds, time_entry.timer_count) == (0, 1)
    assert (time_entry.running_timer_id, time_entry.timer_started_at) == (TIMER, STARTED_AT)
    assert (time_entry.stopped_timer_id, time_entry.timer_stopped_at) == (None, None)


@pytest.mark.parametrize(
    ("started_at", "limit"),
    [
        pytest.param(NOW - LIMIT + 1, NOW + 1, id="before its limit"),
        pytest.param(NOW - LIMIT, NOW + LIMIT, id="at its limit"),
        pytest.param(NOW - DAY, NOW + LIMIT, id="after its limit"),
    ],
)
def test_timer_that_runs_on_after_its_limit_gets_a_new_one(started_at: int, limit: int) -> None:
    before = stopped_timer(StopReason.AUTO, started_at=started_at, auto_stop_at=started_at)
    assert edit(before, Edit(stopped_at=None)).timer.auto_stop_at == limit


def test_timer_of_a_deactivated_person_does_not_run_on() -> None:
    before = stopped_timer(StopReason.DEACTIVATED)
    with pytest.raises(InvalidAttribute):
        edit(before, Edit(stopped_at=None), state=replace(STATE, disabled=True))


def test_timer_of_a_deleted_entry_does_not_run_on() -> None:
    # The purge deletes the remaining timers of the entry, and does not stop them.
    deleted_entry = replace(STOPPED_ENTRY, deleted_at=NOW - MINUTE)
    with pytest.raises(StintError):
        edit(stopped_timer(), Edit(stopped_at=None), time_entry=deleted_entry)


def test_timer_of_a_deactivated_person_can_be_corrected() -> None:
    state = replace(STATE, disabled=True)
    before = stopped_timer(StopReason.DEACTIVATED)
    assert edit(before, Edit(stopped_at=NOW), state=state).timer.stopped_at == NOW
