"""Tests of ``decide_auto_stop``: contract section 9."""

import pytest

from chalicelib.core.write_set import ClearRunning, StopTimer, TimeEntryUpdate, WriteSet
from chalicelib.timers.days import DayUpdate
from chalicelib.timers.model import StopReason
from chalicelib.timers.rules import decide_auto_stop
from tests.support.builders import ENTRY, LIMIT, NOW, ORGANIZATION, PERSON, TIMER, TODAY, timer
from tests.support.clock import DAY

OVERDUE = timer(started_at=NOW - LIMIT, auto_stop_at=NOW)


@pytest.mark.parametrize("delay", [0, 1, 300, 40 * DAY])
def test_overdue_timer_is_stopped_at_its_limit_even_when_detected_late(delay: int) -> None:
    result = decide_auto_stop(OVERDUE, NOW + delay)
    assert result.timer.stopped_at == NOW
    assert (result.timer.stop_reason, result.timer.version) == (StopReason.AUTO, 2)
    assert result.write_set == WriteSet(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW + delay,
        person_state=ClearRunning(TIMER, NOW),
        stop_timer=StopTimer(result.timer, version=1),
        entries=(TimeEntryUpdate(ENTRY, seconds=LIMIT, ends=NOW),),
        days=(DayUpdate(TODAY, {"e32": 1}, {TIMER: (NOW - LIMIT, NOW)}),),
    )


@pytest.mark.parametrize("seconds_before_limit", [1, LIMIT])
def test_timer_within_its_limit_keeps_running(seconds_before_limit: int) -> None:
    result = decide_auto_stop(OVERDUE, NOW - seconds_before_limit)
    assert (result.timer, result.write_set) == (OVERDUE, None)


@pytest.mark.parametrize("stopped_at", [NOW - 60, NOW, NOW + 60])
def test_auto_stop_does_not_change_a_stopped_timer(
    stopped_at: int,
) -> None:
    stopped = timer(started_at=NOW - LIMIT, auto_stop_at=NOW, stopped_at=stopped_at)
    result = decide_auto_stop(stopped, NOW + 300)
    assert (result.timer, result.write_set) == (stopped, None)
