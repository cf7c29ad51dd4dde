"""correction, decide_correction: contract section 4, the one exception to "the first stop wins"."""

from typing import Any

import pytest

from chalicelib.domain.changes import ChangeEntry, ChangeTally, MoveLastStop, StopTimer
from chalicelib.domain.timeline import correction, decide_correction
from chalicelib.domain.timers import Slot, StopReason, TimeEntry, Timer
from tests.domain.builders import (
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

BEGUN = NOW - HOUR
ENDED = NOW - 600
EARLIER = NOW - 1800

NOT_BY_HAND = pytest.mark.parametrize("reason", [StopReason.AUTO, StopReason.SUPERSEDED])


def ended(reason: StopReason | None = StopReason.AUTO, **members: Any) -> Timer:
    return timer(stopped_at=ENDED, stop_reason=reason, version=2, **members)


LAST = idle(version=5, last_timer_id=TIMER, last_stopped_at=ENDED)
SHOWN = entry(
    tracked_seconds=3000,
    timer_count=1,
    latest_timer_id=TIMER,
    timer_started_at=BEGUN,
    timer_stopped_at=ENDED,
    version=3,
)


@NOT_BY_HAND
@pytest.mark.parametrize(
    ("asked", "stop"),
    [
        pytest.param(EARLIER, EARLIER, id="earlier"),
        pytest.param(ENDED - 1, ENDED - 1, id="a second earlier"),
        pytest.param(BEGUN, BEGUN, id="at the start"),
        pytest.param(BEGUN - 1, BEGUN, id="before the start"),
        pytest.param(ENDED, None, id="the same"),
        pytest.param(ENDED + 1, None, id="a second later"),
        pytest.param(NOW, None, id="now"),
        pytest.param(NOW + 120, None, id="ahead, within the tolerance"),
        pytest.param(None, None, id="not said"),
    ],
)
def test_an_earlier_stop_replaces_one_that_nobody_made_by_hand(
    reason: StopReason, asked: int | None, stop: int | None
) -> None:
    assert correction(ended(reason), NOW, asked) == stop


@pytest.mark.parametrize("reason", [None, StopReason.DEACTIVATED])
def test_a_stop_by_hand_or_a_deactivation_is_final(reason: StopReason | None) -> None:
    assert correction(ended(reason), NOW, EARLIER) is None


def test_a_running_timer_has_nothing_to_correct() -> None:
    assert correction(timer(), NOW, EARLIER) is None


@NOT_BY_HAND
def test_a_stop_far_ahead_of_one_that_was_made_corrects_nothing(reason: StopReason) -> None:
    assert correction(ended(reason), NOW, NOW + 121) is None


def test_an_auto_stop_in_our_future_is_corrected_to_now_at_the_latest() -> None:
    stopped = timer(stopped_at=NOW + 30, stop_reason=StopReason.AUTO)
    assert correction(stopped, NOW, NOW + 10) == NOW


@NOT_BY_HAND
def test_a_corrected_stop_counts_as_made_by_hand(reason: StopReason) -> None:
    corrected = decide_correction(ended(reason), LAST, SHOWN, NOW, EARLIER)
    assert corrected.timer == timer(stopped_at=EARLIER, stop_reason=None, version=3)
    assert correction(corrected.timer, NOW, EARLIER - 60) is None


def _changes(
    slot: Slot = LAST, on: TimeEntry = SHOWN, stop: int = EARLIER, corrected: Timer | None = None
) -> Any:
    return decide_correction(corrected or ended(), slot, on, NOW, stop).changes


def test_a_correction_replaces_exactly_the_stop_that_was_read() -> None:
    assert _changes().stop_timer == StopTimer(TIMER, EARLIER, None, replaces=ENDED)


def test_a_correction_is_written_for_the_timers_person() -> None:
    changes = _changes()
    assert (changes.organization_id, changes.person_id) == (ORGANIZATION.id, PERSON)
    assert (changes.now, changes.new_timer, changes.new_entry) == (NOW, None, None)


def test_a_correction_takes_the_difference_from_the_entry() -> None:
    assert _changes().entries == (ChangeEntry(ENTRY, seconds=EARLIER - ENDED, ends=EARLIER),)


@pytest.mark.parametrize(
    "on",
    [
        pytest.param(
            entry(running_timer_id=12, latest_timer_id=12, timer_started_at=NOW),
            id="another timer runs on it",
        ),
        pytest.param(
            entry(
                running_timer_id=12,
                latest_timer_id=12,
                timer_started_at=NOW,
                timer_stopped_at=ENDED,
            ),
            id="another timer runs on it, and the stop is still there",
        ),
        pytest.param(
            entry(latest_timer_id=12, timer_started_at=NOW - 60, timer_stopped_at=NOW),
            id="another stopped since",
        ),
    ],
)
def test_a_correction_leaves_what_an_entry_shows_of_a_later_session(on: TimeEntry) -> None:
    assert _changes(on=on).entries == (ChangeEntry(ENTRY, seconds=EARLIER - ENDED, ends=None),)


def test_the_slots_last_stop_moves_with_the_last_timer() -> None:
    assert _changes().slot == MoveLastStop(5, EARLIER)


@pytest.mark.parametrize(
    "slot",
    [
        pytest.param(
            idle(version=5, last_timer_id=TIMER + 1, last_stopped_at=NOW), id="another came after"
        ),
        pytest.param(running(NOW), id="another runs"),
    ],
)
def test_the_slots_last_stop_stays_where_another_timer_came_after(slot: Slot) -> None:
    assert _changes(slot).slot == MoveLastStop(slot.version, slot.last_stopped_at)


@pytest.mark.parametrize(
    ("ended_at", "stop", "tallies"),
    [
        pytest.param(NOW + 899, NOW, (), id="within a quarter-hour"),
        pytest.param(NOW, NOW - 1, (ChangeTally(TODAY, {"e32": -1, "e31": 1}),), id="across one"),
        pytest.param(
            NOW,
            NOW - 9 * HOUR,
            (ChangeTally(TODAY, {"e32": -1}), ChangeTally(TODAY - 1, {"e92": 1})),
            id="across midnight",
        ),
    ],
)
def test_a_correction_moves_the_stop_in_the_tallies(
    ended_at: int, stop: int, tallies: tuple[ChangeTally, ...]
) -> None:
    old = timer(started_at=NOW - DAY, stopped_at=ended_at, stop_reason=StopReason.AUTO)
    assert _changes(stop=stop, corrected=old).tallies == tallies
