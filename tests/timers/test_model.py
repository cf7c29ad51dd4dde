import pytest

from chalicelib.timers.model import PersonState
from tests.support.builders import NOW, ORGANIZATION, PERSON, TIMER, entry, idle, running, timer


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 0), (29, 0), (30, 1), (89, 1), (90, 2), (3600, 60)]
)
def test_stopped_timer_has_its_rounded_minutes(seconds: int, minutes: int) -> None:
    stopped = timer(started_at=NOW, stopped_at=NOW + seconds)
    assert (stopped.seconds, stopped.total_time) == (seconds, minutes)


def test_running_timer_has_zero_time() -> None:
    running = timer(started_at=NOW - 3600)
    assert (running.seconds, running.total_time) == (0, 0)


def test_person_state_has_all_of_the_running_timer_except_its_version() -> None:
    assert idle().timer is None
    state = running(edited=True, covered=True)
    assert state.timer == timer(edited=True, covered=True)


def test_person_without_a_session_lists_all_sessions() -> None:
    state = PersonState(ORGANIZATION.id, PERSON)
    assert (state.version, state.last_timer_id, state.lists_sessions) == (0, 0, True)


@pytest.mark.parametrize(
    ("tracked", "adjusted", "minutes"),
    [
        (10 * 90, 0, 15),
        (89, 0, 1),
        (29, 1, 1),
        (90, -1, 1),
        (0, 3600, 60),
        (600, -600, 0),
        (600, -511, 1),
    ],
)
def test_entry_time_is_the_sum_of_all_seconds_rounded_once(
    tracked: int, adjusted: int, minutes: int
) -> None:
    assert entry(tracked_seconds=tracked, adjusted_seconds=adjusted).time == minutes


@pytest.mark.parametrize(
    ("billable", "billable_minutes", "expected"),
    [(True, None, 15), (False, None, 0), (True, 0, 0), (True, 40, 40), (False, 40, 40)],
)
def test_billable_time_is_the_manual_value_or_the_time_of_a_billable_service(
    billable: bool, billable_minutes: int | None, expected: int
) -> None:
    time_entry = entry(tracked_seconds=900, billable=billable, billable_minutes=billable_minutes)
    assert time_entry.billable_time == expected


@pytest.mark.parametrize(
    ("covered_to", "uncovered_ids", "expected"),
    [
        pytest.param(TIMER, (), True, id="the last covered timer"),
        pytest.param(TIMER + 1, (), True, id="an earlier timer"),
        pytest.param(TIMER + 1, (TIMER,), False, id="it was running"),
        pytest.param(TIMER - 1, (), False, id="it started afterwards"),
        pytest.param(0, (), False, id="the time was set before any timer"),
        pytest.param(None, (), False, id="no time was set"),
    ],
)
def test_manual_time_covers_the_timers_that_had_stopped(
    covered_to: int | None, uncovered_ids: tuple[int, ...], expected: bool
) -> None:
    time_entry = entry(covered_to=covered_to, uncovered_ids=uncovered_ids)
    assert time_entry.covers(TIMER) is expected


@pytest.mark.parametrize(("adjusted", "expected"), [(-60, True), (60, True), (0, False)])
def test_manual_time_of_version_0_2_0_covers_all_timers(adjusted: int, expected: bool) -> None:
    assert entry(adjusted_seconds=adjusted).covers(TIMER) is expected


@pytest.mark.parametrize(
    ("latest_timer_id", "timer_count", "expected"),
    [(None, 0, False), (TIMER, 1, True), (TIMER, 0, True), (None, 1, True)],
)
def test_entry_remembers_that_it_had_sessions(
    latest_timer_id: int | None, timer_count: int, expected: bool
) -> None:
    time_entry = entry(latest_timer_id=latest_timer_id, timer_count=timer_count)
    assert time_entry.had_sessions is expected
