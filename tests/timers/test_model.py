import pytest

from tests.support.builders import NOW, entry, timer


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 0), (29, 0), (30, 1), (89, 1), (90, 2), (3600, 60)]
)
def test_stopped_timer_has_its_rounded_minutes(seconds: int, minutes: int) -> None:
    stopped = timer(started_at=NOW, stopped_at=NOW + seconds)
    assert (stopped.seconds, stopped.total_time) == (seconds, minutes)


def test_running_timer_has_zero_time() -> None:
    running = timer(started_at=NOW - 3600)
    assert (running.seconds, running.total_time) == (0, 0)


@pytest.mark.parametrize(
    ("tracked", "adjusted", "minutes"),
    [
        (10 * 90, 0, 15),
        (89, 0, 1),
        (29, 1, 1),
        (90, -1, 1),
        (0, 3600, 60),
        (600, -600, 0),
        (600, -6000, 0),
    ],
)
def test_entry_time_is_rounded_once_and_never_negative(
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
