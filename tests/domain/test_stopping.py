"""decide_stop: contract section 4. The first stop by hand wins."""

import pytest

from chalicelib.domain.changes import ChangeEntry, Changes, ChangeTally, FreeSlot, StopTimer
from chalicelib.domain.errors import InvalidAttribute
from chalicelib.domain.timeline import decide_stop
from chalicelib.domain.timers import StopReason
from tests.domain.builders import ENTRY, LIMIT, NOW, ORGANIZATION, PERSON, TIMER, TODAY, timer
from tests.support.clock import DAY, HOUR

BEGUN = NOW - HOUR


def test_a_stop_is_one_change_of_its_timer_its_entry_its_slot_and_its_day() -> None:
    assert decide_stop(timer(), NOW).changes == Changes(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW,
        slot=FreeSlot(TIMER, NOW),
        stop_timer=StopTimer(TIMER, NOW, None),
        entries=(ChangeEntry(ENTRY, seconds=HOUR, ends=NOW),),
        tallies=(ChangeTally(TODAY, {"e32": 1}),),
    )


def test_a_stop_answers_the_timer_as_it_is_then() -> None:
    stopped = decide_stop(timer(), NOW).timer
    assert stopped == timer(stopped_at=NOW, version=2)
    assert stopped.total_time == 60


@pytest.mark.parametrize(
    ("asked", "stopped_at"),
    [
        pytest.param(None, NOW, id="now"),
        pytest.param(NOW, NOW, id="now, said explicitly"),
        pytest.param(NOW - 600, NOW - 600, id="ten minutes ago"),
        pytest.param(NOW + 1, NOW, id="a second ahead"),
        pytest.param(NOW + 120, NOW, id="two minutes ahead"),
        pytest.param(BEGUN, BEGUN, id="at the start"),
        pytest.param(BEGUN - 1, BEGUN, id="before the start"),
        pytest.param(0, BEGUN, id="long before the start"),
    ],
)
def test_a_stop_may_say_when_it_happened(asked: int | None, stopped_at: int) -> None:
    stopped = decide_stop(timer(), NOW, asked)
    assert stopped.timer.stopped_at == stopped_at
    assert stopped.changes is not None
    assert stopped.changes.slot == FreeSlot(TIMER, stopped_at)
    assert stopped.changes.stop_timer == StopTimer(TIMER, stopped_at, None)
    assert stopped.changes.entries == (
        ChangeEntry(ENTRY, seconds=stopped_at - BEGUN, ends=stopped_at),
    )


def test_a_stop_before_the_start_makes_a_timer_of_no_minutes() -> None:
    assert decide_stop(timer(), NOW, BEGUN - HOUR).timer.total_time == 0


@pytest.mark.parametrize("asked", [NOW + 121, NOW + DAY])
def test_a_stop_more_than_two_minutes_ahead_is_refused(asked: int) -> None:
    with pytest.raises(InvalidAttribute) as caught:
        decide_stop(timer(), NOW, asked)
    assert caught.value.code == "invalid_attribute"
    assert caught.value.source == {"pointer": "data/attributes/stopped_at"}


@pytest.mark.parametrize("asked", [None, NOW - 600, NOW, NOW + 60])
def test_a_timer_that_started_in_our_future_is_not_negative(asked: int | None) -> None:
    stopped = decide_stop(timer(started_at=NOW + 5), NOW, asked).timer
    assert (stopped.stopped_at, stopped.seconds) == (NOW + 5, 0)


def test_a_stop_by_hand_wins_past_the_limit_too() -> None:
    stopped = decide_stop(timer(started_at=NOW - DAY, auto_stop_at=NOW - DAY + LIMIT), NOW).timer
    assert (stopped.stopped_at, stopped.stop_reason) == (NOW, None)


def test_a_stop_is_counted_on_the_day_on_which_it_happened() -> None:
    changes = decide_stop(timer(started_at=NOW - DAY), NOW, NOW - 9 * HOUR).changes
    assert changes is not None
    assert changes.tallies == (ChangeTally(TODAY - 1, {"e92": 1}),)


@pytest.mark.parametrize("reason", [None, *StopReason])
@pytest.mark.parametrize("asked", [None, NOW - 900, NOW - 600, NOW, NOW + 120])
def test_stopping_a_stopped_timer_changes_nothing(
    reason: StopReason | None, asked: int | None
) -> None:
    stopped = timer(stopped_at=NOW - 600, stop_reason=reason, version=2)
    again = decide_stop(stopped, NOW, asked)
    assert (again.timer, again.changes) == (stopped, None)
