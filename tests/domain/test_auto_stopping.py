"""decide_auto_stop: contract section 9."""

import pytest

from chalicelib.domain.changes import ChangeEntry, Changes, ChangeTally, FreeSlot, StopTimer
from chalicelib.domain.timeline import decide_auto_stop
from chalicelib.domain.timers import StopReason
from tests.domain.builders import ENTRY, LIMIT, NOW, ORGANIZATION, PERSON, TIMER, TODAY, timer
from tests.support.clock import DAY

FORGOTTEN = timer(started_at=NOW - LIMIT, auto_stop_at=NOW)


@pytest.mark.parametrize("late", [0, 1, 300, 40 * DAY])
def test_a_forgotten_timer_is_stopped_at_its_limit_whenever_that_is_noticed(late: int) -> None:
    stopped = decide_auto_stop(FORGOTTEN, NOW + late)
    assert stopped.timer.stopped_at == NOW
    assert (stopped.timer.stop_reason, stopped.timer.version) == (StopReason.AUTO, 2)
    assert stopped.changes == Changes(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW + late,
        slot=FreeSlot(TIMER, NOW),
        stop_timer=StopTimer(TIMER, NOW, StopReason.AUTO),
        entries=(ChangeEntry(ENTRY, seconds=LIMIT, ends=NOW),),
        tallies=(ChangeTally(TODAY, {"e32": 1}),),
    )


@pytest.mark.parametrize("early", [1, LIMIT])
def test_a_timer_within_its_limit_goes_on(early: int) -> None:
    untouched = decide_auto_stop(FORGOTTEN, NOW - early)
    assert (untouched.timer, untouched.changes) == (FORGOTTEN, None)


@pytest.mark.parametrize("stopped_at", [NOW - 60, NOW, NOW + 60])
def test_a_stop_that_came_before_the_sweep_wins_also_past_the_limit(
    stopped_at: int,
) -> None:
    stopped = timer(started_at=NOW - LIMIT, auto_stop_at=NOW, stopped_at=stopped_at)
    late = decide_auto_stop(stopped, NOW + 300)
    assert (late.timer, late.changes) == (stopped, None)
