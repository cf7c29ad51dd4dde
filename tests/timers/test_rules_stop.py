"""Tests of ``decide_stop``: contract section 4. The first manual stop wins."""

import pytest
from msgspec.structs import replace

from chalicelib.core.write_set import (
    ClearRunning,
    SetTimeline,
    StopTimer,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.timers.days import DayUpdate
from chalicelib.timers.model import StopReason
from chalicelib.timers.rules import decide_stop, decide_stop_of_running
from tests.support.builders import (
    ENTRY,
    LIMIT,
    NOW,
    ORGANIZATION,
    PERSON,
    TIMER,
    TODAY,
    idle,
    running,
    timer,
)
from tests.support.clock import DAY, HOUR

STARTED_AT = NOW - HOUR
ADJUSTED = ("stopped_at",)


def test_stop_writes_its_timer_entry_person_state_and_day() -> None:
    assert decide_stop(timer(), NOW).write_set == WriteSet(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW,
        person_state=ClearRunning(TIMER, NOW),
        stop_timer=StopTimer(timer(stopped_at=NOW, version=2), version=1),
        entries=(TimeEntryUpdate(ENTRY, seconds=HOUR, ends=NOW),),
        days=(DayUpdate(TODAY, {"e32": 1}, {TIMER: (STARTED_AT, NOW)}),),
    )


def test_stop_returns_the_stopped_timer() -> None:
    stopped = decide_stop(timer(), NOW).timer
    assert stopped == timer(stopped_at=NOW, version=2)
    assert stopped.total_time == 60


@pytest.mark.parametrize("version", [1, 4])
def test_stop_requires_the_version_that_was_read(version: int) -> None:
    write_set = decide_stop(timer(version=version), NOW).write_set
    assert write_set is not None
    assert write_set.stop_timer is not None
    assert (write_set.stop_timer.version, write_set.stop_timer.timer.version) == (
        version,
        version + 1,
    )


@pytest.mark.parametrize(
    ("requested", "stopped_at", "adjusted"),
    [
        pytest.param(None, NOW, (), id="now"),
        pytest.param(NOW, NOW, (), id="now, sent by the client"),
        pytest.param(NOW - 600, NOW - 600, (), id="ten minutes ago"),
        pytest.param(NOW + 1, NOW, ADJUSTED, id="a second in the future"),
        pytest.param(NOW + 121, NOW, ADJUSTED, id="two minutes in the future"),
        pytest.param(NOW + 400 * DAY, NOW, ADJUSTED, id="a year in the future"),
        pytest.param(STARTED_AT, STARTED_AT, (), id="at the start"),
        pytest.param(STARTED_AT - 1, STARTED_AT, ADJUSTED, id="before the start"),
        pytest.param(0, STARTED_AT, ADJUSTED, id="long before the start"),
    ],
)
def test_stop_accepts_any_stop_time(
    requested: int | None, stopped_at: int, adjusted: tuple[str, ...]
) -> None:
    result = decide_stop(timer(), NOW, requested)
    assert (result.timer.stopped_at, result.adjusted) == (stopped_at, adjusted)
    assert result.write_set is not None
    assert result.write_set.person_state == ClearRunning(TIMER, stopped_at)
    assert result.write_set.stop_timer == StopTimer(result.timer, version=1)
    assert result.write_set.entries == (
        TimeEntryUpdate(ENTRY, seconds=stopped_at - STARTED_AT, ends=stopped_at),
    )


def test_stop_before_start_records_zero_minutes() -> None:
    assert decide_stop(timer(), NOW, STARTED_AT - HOUR).timer.total_time == 0


@pytest.mark.parametrize(
    ("requested", "adjusted"),
    [(None, ()), (NOW - 600, ADJUSTED), (NOW, ADJUSTED), (NOW + 5, ()), (NOW + 60, ADJUSTED)],
)
def test_timer_that_starts_in_the_future_has_zero_seconds(
    requested: int | None, adjusted: tuple[str, ...]
) -> None:
    result = decide_stop(timer(started_at=NOW + 5), NOW, requested)
    assert (result.timer.stopped_at, result.timer.seconds) == (NOW + 5, 0)
    assert result.adjusted == adjusted


def test_manual_stop_is_accepted_past_the_limit() -> None:
    stopped = decide_stop(timer(started_at=NOW - DAY, auto_stop_at=NOW - DAY + LIMIT), NOW).timer
    assert (stopped.stopped_at, stopped.stop_reason) == (NOW, None)


def test_stop_is_counted_and_listed_on_its_own_day() -> None:
    started_at, stopped_at = NOW - DAY, NOW - 9 * HOUR
    write_set = decide_stop(timer(started_at=started_at), NOW, stopped_at).write_set
    assert write_set is not None
    assert write_set.days == (DayUpdate(TODAY - 1, {"e92": 1}, {TIMER: (started_at, stopped_at)}),)


def test_stop_on_a_later_day_does_not_write_the_day_of_the_start() -> None:
    started_at = NOW - 2 * DAY
    write_set = decide_stop(timer(started_at=started_at), NOW).write_set
    assert write_set is not None
    assert write_set.days == (
        DayUpdate(TODAY - 1, {}, {TIMER: (started_at, NOW)}),
        DayUpdate(TODAY, {"e32": 1}, {TIMER: (started_at, NOW)}),
    )


def test_stop_of_a_session_that_a_manual_time_covers_adds_nothing_to_the_time() -> None:
    result = decide_stop(timer(covered=True), NOW)
    assert result.timer == timer(stopped_at=NOW, version=2)
    assert result.write_set is not None
    assert result.write_set.entries == (
        TimeEntryUpdate(ENTRY, seconds=HOUR, covered_seconds=HOUR, ends=NOW),
    )


@pytest.mark.parametrize("reason", [None, *StopReason])
@pytest.mark.parametrize("requested", [None, NOW - 900, NOW - 600, NOW, NOW + 120, NOW + DAY])
def test_stop_of_a_stopped_timer_changes_nothing(
    reason: StopReason | None, requested: int | None
) -> None:
    stopped = timer(stopped_at=NOW - 600, stop_reason=reason, version=2)
    result = decide_stop(stopped, NOW, requested)
    assert (result.timer, result.write_set, result.adjusted) == (stopped, None, ())


# Without the record of the timer


def test_running_timer_of_a_person_is_stopped() -> None:
    state = running(edited=True, covered=True)
    result = decide_stop_of_running(state, NOW)
    stopped = timer(stopped_at=NOW, edited=True, version=2)
    assert result.timer == stopped
    assert result.write_set == WriteSet(
        organization_id=ORGANIZATION.id,
        person_id=PERSON,
        now=NOW,
        # The person state, which does not know the version of the timer, protects its start.
        person_state=SetTimeline(3, None, TIMER, NOW),
        stop_timer=StopTimer(stopped, version=None),
        entries=(TimeEntryUpdate(ENTRY, seconds=HOUR, covered_seconds=HOUR, ends=NOW),),
        days=(DayUpdate(TODAY, {"e32": 1}, {TIMER: (STARTED_AT, NOW)}),),
    )


@pytest.mark.parametrize(
    ("requested", "stopped_at", "adjusted"),
    [
        (NOW - 600, NOW - 600, ()),
        (NOW + DAY, NOW, ADJUSTED),
        (STARTED_AT - 1, STARTED_AT, ADJUSTED),
    ],
)
def test_running_timer_of_a_person_is_stopped_at_a_requested_time(
    requested: int, stopped_at: int, adjusted: tuple[str, ...]
) -> None:
    result = decide_stop_of_running(running(), NOW, requested)
    assert (result.timer.stopped_at, result.adjusted) == (stopped_at, adjusted)


def test_earlier_stop_of_the_running_timer_does_not_make_the_last_stop_earlier() -> None:
    # A session that ended later was deleted.
    state = replace(running(), last_stopped_at=NOW)
    write_set = decide_stop_of_running(state, NOW, NOW - 600).write_set
    assert write_set is not None
    assert write_set.person_state == SetTimeline(3, None, TIMER, NOW)


def test_person_without_a_running_timer_has_none_to_stop() -> None:
    with pytest.raises(LookupError):
        decide_stop_of_running(idle(), NOW)
