"""Tests of ``correction`` and ``decide_correction``: contract section 4.

A correction is the only exception to "the first stop wins".
"""

from typing import Any

import pytest

from chalicelib.core.write_set import MoveLastStop, StopTimer, TimeEntryUpdate
from chalicelib.counters.model import TimerCounterDelta
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import PersonState, StopReason, Timer
from chalicelib.timers.rules import correction, decide_correction
from tests.support.builders import (
    ENTRY,
    NOW,
    ORGANIZATION,
    PERSON,
    TIMER,
    TODAY,
    entry,
    idle,
    running,
    timer,
)
from tests.support.clock import DAY, HOUR

STARTED_AT = NOW - HOUR
STOPPED_AT = NOW - 600
EARLIER = NOW - 1800

AUTOMATIC_REASONS = pytest.mark.parametrize("reason", [StopReason.AUTO, StopReason.SUPERSEDED])


def stopped_timer(reason: StopReason | None = StopReason.AUTO, **fields: Any) -> Timer:
    return timer(stopped_at=STOPPED_AT, stop_reason=reason, version=2, **fields)


STATE = idle(version=5, last_timer_id=TIMER, last_stopped_at=STOPPED_AT)
STOPPED_ENTRY = entry(
    tracked_seconds=3000,
    timer_count=1,
    latest_timer_id=TIMER,
    timer_started_at=STARTED_AT,
    timer_stopped_at=STOPPED_AT,
    version=3,
)


@AUTOMATIC_REASONS
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
        pytest.param(NOW + 120, None, id="in the future, within the tolerance"),
        pytest.param(None, None, id="no time in the request"),
    ],
)
def test_earlier_stop_replaces_an_automatic_stop(
    reason: StopReason, requested: int | None, expected: int | None
) -> None:
    assert correction(stopped_timer(reason), NOW, requested) == expected


@pytest.mark.parametrize("reason", [None, StopReason.DEACTIVATED])
def test_manual_stop_and_deactivation_cannot_be_corrected(reason: StopReason | None) -> None:
    assert correction(stopped_timer(reason), NOW, EARLIER) is None


def test_running_timer_cannot_be_corrected() -> None:
    assert correction(timer(), NOW, EARLIER) is None


@AUTOMATIC_REASONS
def test_stop_far_in_the_future_is_not_a_correction(reason: StopReason) -> None:
    assert correction(stopped_timer(reason), NOW, NOW + 121) is None


def test_auto_stop_in_the_future_is_corrected_to_now_at_the_latest() -> None:
    future = timer(stopped_at=NOW + 30, stop_reason=StopReason.AUTO)
    assert correction(future, NOW, NOW + 10) == NOW


@AUTOMATIC_REASONS
def test_corrected_stop_becomes_a_manual_stop(reason: StopReason) -> None:
    result = decide_correction(stopped_timer(reason), STATE, STOPPED_ENTRY, NOW, EARLIER)
    assert result.timer == timer(stopped_at=EARLIER, stop_reason=None, version=3)
    assert correction(result.timer, NOW, EARLIER - 60) is None


def _write_set(
    state: PersonState = STATE,
    time_entry: TimeEntry = STOPPED_ENTRY,
    stop: int = EARLIER,
    stopped: Timer | None = None,
) -> Any:
    return decide_correction(stopped or stopped_timer(), state, time_entry, NOW, stop).write_set


def test_correction_requires_the_stop_that_was_read() -> None:
    assert _write_set().stop_timer == StopTimer(TIMER, EARLIER, None, replaces=STOPPED_AT)


def test_correction_is_written_for_the_person_of_the_timer() -> None:
    write_set = _write_set()
    assert (write_set.organization_id, write_set.person_id) == (ORGANIZATION.id, PERSON)
    assert (write_set.now, write_set.new_timer, write_set.new_entry) == (NOW, None, None)


def test_correction_subtracts_the_difference_from_the_entry() -> None:
    assert _write_set().entries == (
        TimeEntryUpdate(ENTRY, seconds=EARLIER - STOPPED_AT, ends=EARLIER),
    )


@pytest.mark.parametrize(
    "time_entry",
    [
        pytest.param(
            entry(running_timer_id=12, latest_timer_id=12, timer_started_at=NOW),
            id="another timer runs on the entry",
        ),
        pytest.param(
            entry(
                running_timer_id=12,
                latest_timer_id=12,
                timer_started_at=NOW,
                timer_stopped_at=STOPPED_AT,
            ),
            id="another timer runs, the old stop is still stored",
        ),
        pytest.param(
            entry(latest_timer_id=12, timer_started_at=NOW - 60, timer_stopped_at=NOW),
            id="another timer stopped later",
        ),
    ],
)
def test_correction_does_not_change_the_stop_of_a_later_session(time_entry: TimeEntry) -> None:
    assert _write_set(time_entry=time_entry).entries == (
        TimeEntryUpdate(ENTRY, seconds=EARLIER - STOPPED_AT, ends=None),
    )


def test_correction_of_the_last_timer_moves_the_last_stop() -> None:
    assert _write_set().person_state == MoveLastStop(5, EARLIER)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(
            idle(version=5, last_timer_id=TIMER + 1, last_stopped_at=NOW),
            id="another timer stopped later",
        ),
        pytest.param(running(NOW), id="another timer runs"),
    ],
)
def test_correction_of_an_earlier_timer_keeps_the_last_stop(state: PersonState) -> None:
    assert _write_set(state).person_state == MoveLastStop(state.version, state.last_stopped_at)


@pytest.mark.parametrize(
    ("old_stop", "new_stop", "counters"),
    [
        pytest.param(NOW + 899, NOW, (), id="within one quarter-hour"),
        pytest.param(
            NOW,
            NOW - 1,
            (TimerCounterDelta(TODAY, {"e32": -1, "e31": 1}),),
            id="to the quarter-hour before",
        ),
        pytest.param(
            NOW,
            NOW - 9 * HOUR,
            (TimerCounterDelta(TODAY, {"e32": -1}), TimerCounterDelta(TODAY - 1, {"e92": 1})),
            id="across midnight",
        ),
    ],
)
def test_correction_moves_the_stop_to_another_counter(
    old_stop: int, new_stop: int, counters: tuple[TimerCounterDelta, ...]
) -> None:
    old = timer(started_at=NOW - DAY, stopped_at=old_stop, stop_reason=StopReason.AUTO)
    assert _write_set(stop=new_stop, stopped=old).counters == counters
