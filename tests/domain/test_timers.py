import pytest

from tests.domain.builders import NOW, entry, timer


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 0), (29, 0), (30, 1), (89, 1), (90, 2), (3600, 60)]
)
def test_a_stopped_timer_shows_its_minutes(seconds: int, minutes: int) -> None:
    stopped = timer(started_at=NOW, stopped_at=NOW + seconds)
    assert (stopped.seconds, stopped.total_time) == (seconds, minutes)


def test_a_running_timer_shows_no_time() -> None:
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
def test_an_entry_rounds_once_over_the_sum_and_is_never_negative(
    tracked: int, adjusted: int, minutes: int
) -> None:
    assert entry(tracked_seconds=tracked, adjusted_seconds=adjusted).time == minutes


@pytest.mark.parametrize(
    ("billable", "by_hand", "minutes"),
    [(True, None, 15), (False, None, 0), (True, 0, 0), (True, 40, 40), (False, 40, 40)],
)
def test_billable_time_is_what_a_hand_set_or_else_all_time_of_a_billable_service(
    billable: bool, by_hand: int | None, minutes: int
) -> None:
    counted = entry(tracked_seconds=900, billable=billable, billable_minutes=by_hand)
    assert counted.billable_time == minutes
