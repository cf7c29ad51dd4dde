"""Tests of ``decide_stop``: contract section 4. The first manual stop wins."""

import pytest

from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.write_set import ClearRunning, StopTimer, TimeEntryUpdate, WriteSet
from chalicelib.counters.model import TimerCounterDelta
from chalicelib.timers.model import StopReason
from chalicelib.timers.rules import decide_stop
from tests.support.builders import ENTRY, LIMIT, NOW, ORGANIZATION, PERSON, TIMER, TODAY, timer
from tests.support.clock import DAY, HOUR

STARTED_AT = NOW - HOUR


def test_stop_writes_its_timer_entry_person_state_and_day_counters() -> None:
    assert decide_stop(timer(), NOW).write_set == WriteSet(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW,
        person_state=ClearRunning(TIMER, NOW),
        stop_timer=StopTimer(TIMER, NOW, None),
        entries=(TimeEntryUpdate(ENTRY, seconds=HOUR, ends=NOW),),
        counters=(TimerCounterDelta(TODAY, {"e32": 1}),),
    )


def test_stop_returns_the_stopped_timer() -> None:
    stopped = decide_stop(timer(), NOW).timer
    assert stopped == timer(stopped_at=NOW, version=2)
    assert stopped.total_time == 60


@pytest.mark.parametrize(
    ("requested", "stopped_at"),
    [
        pytest.param(None, NOW, id="now"),
        pytest.param(NOW, NOW, id="now, sent by the client"),
        pytest.param(NOW - 600, NOW - 600, id="ten minutes ago"),
        pytest.param(NOW + 1, NOW, id="a second in the future"),
        pytest.param(NOW + 120, NOW, id="two minutes in the future"),
        pytest.param(STARTED_AT, STARTED_AT, id="at the start"),
        pytest.param(STARTED_AT - 1, STARTED_AT, id="before the start"),
        pytest.param(0, STARTED_AT, id="long before the start"),
    ],
)
def test_stop_accepts_a_stop_time(requested: int | None, stopped_at: int) -> None:
    result = decide_stop(timer(), NOW, requested)
    assert result.timer.stopped_at == stopped_at
    assert result.write_set is not None
    assert result.write_set.person_state == ClearRunning(TIMER, stopped_at)
    assert result.write_set.stop_timer == StopTimer(TIMER, stopped_at, None)
    assert result.write_set.entries == (
        TimeEntryUpdate(ENTRY, seconds=stopped_at - STARTED_AT, ends=stopped_at),
    )


def test_stop_before_start_records_zero_minutes() -> None:
    assert decide_stop(timer(), NOW, STARTED_AT - HOUR).timer.total_time == 0


@pytest.mark.parametrize("requested", [NOW + 121, NOW + DAY])
def test_stop_more_than_two_minutes_in_the_future_is_rejected(requested: int) -> None:
    with pytest.raises(InvalidAttribute) as error:
        decide_stop(timer(), NOW, requested)
    assert error.value.code == "invalid_attribute"
    assert error.value.source == {"pointer": "data/attributes/stopped_at"}


@pytest.mark.parametrize("requested", [None, NOW - 600, NOW, NOW + 60])
def test_timer_that_starts_in_the_future_has_zero_seconds(requested: int | None) -> None:
    stopped = decide_stop(timer(started_at=NOW + 5), NOW, requested).timer
    assert (stopped.stopped_at, stopped.seconds) == (NOW + 5, 0)


def test_manual_stop_is_accepted_past_the_limit() -> None:
    stopped = decide_stop(timer(started_at=NOW - DAY, auto_stop_at=NOW - DAY + LIMIT), NOW).timer
    assert (stopped.stopped_at, stopped.stop_reason) == (NOW, None)


def test_stop_is_counted_on_its_own_day() -> None:
    write_set = decide_stop(timer(started_at=NOW - DAY), NOW, NOW - 9 * HOUR).write_set
    assert write_set is not None
    assert write_set.counters == (TimerCounterDelta(TODAY - 1, {"e92": 1}),)


@pytest.mark.parametrize("reason", [None, *StopReason])
@pytest.mark.parametrize("requested", [None, NOW - 900, NOW - 600, NOW, NOW + 120])
def test_stop_of_a_stopped_timer_changes_nothing(
    reason: StopReason | None, requested: int | None
) -> None:
    stopped = timer(stopped_at=NOW - 600, stop_reason=reason, version=2)
    result = decide_stop(stopped, NOW, requested)
    assert (result.timer, result.write_set) == (stopped, None)
