"""Which sessions a manually set time of version 0.2.0 covers, and what the entry then shows."""

import pytest
from msgspec.structs import replace

from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer
from tests.support.clock import HOUR, MINUTE
from tools.ops.upgrade_entries import ManualTime, upgraded_entry

START = 1_772_438_400
NOW = START + 100 * HOUR


def session(timer_id: int, start: int, minutes: int | None) -> Timer:
    """A session that starts some minutes after START; without ``minutes`` it is running."""
    started_at = START + start * MINUTE
    stopped_at = None if minutes is None else started_at + minutes * MINUTE
    return Timer(timer_id, 2149, 8779, 364, started_at, started_at + 12 * HOUR, stopped_at)


def entry(timers: list[Timer], adjusted_minutes: int) -> TimeEntry:
    running = [timer for timer in timers if timer.stopped_at is None]
    return TimeEntry(
        364,
        2149,
        8779,
        1294,
        "2026-03-02",
        START,
        START,
        8779,
        tracked_seconds=sum(timer.seconds for timer in timers),
        adjusted_seconds=adjusted_minutes * MINUTE,
        timer_count=len(timers),
        running_timer_id=running[0].id if running else None,
        latest_timer_id=timers[-1].id if timers else None,
        timer_started_at=timers[-1].started_at if timers else None,
        timer_stopped_at=timers[-1].stopped_at if timers else None,
        version=7,
    )


def set_to(minutes: int, *, revision_id: int, after: int) -> ManualTime:
    return ManualTime(revision_id, START + after * MINUTE, minutes)


def test_sessions_after_the_manual_time_are_not_covered() -> None:
    timers = [session(1, 0, 60), session(5, 120, 30)]
    after = upgraded_entry(entry(timers, -40), timers, set_to(20, revision_id=3, after=70), NOW)
    assert (after.time, after.covered_to, after.uncovered_ids) == (50, 1, ())
    assert (after.timer_started_at, after.version, after.updated_at) == (None, 8, START)


def test_correction_of_a_covered_session_is_undone_in_the_total() -> None:
    # 720 minutes, set to 60, then corrected to 60, then 120 more.
    timers = [session(1, 0, 60), session(5, 900, 120)]
    old = entry(timers, -660)
    assert old.time == 0
    after = upgraded_entry(old, timers, set_to(60, revision_id=3, after=725), NOW)
    assert (after.time, after.covered_to, after.updated_at) == (180, 1, NOW)


def test_session_that_ran_when_the_time_was_set_is_not_covered() -> None:
    # Its stop was sent after the time was set, and lies before.
    timers = [session(1, 0, 60), session(2, 70, 20)]
    after = upgraded_entry(entry(timers, -30), timers, set_to(30, revision_id=3, after=120), NOW)
    assert (after.time, after.covered_to) == (50, 1)


def test_session_that_was_sent_late_is_not_covered() -> None:
    # It starts before the time was set, but was stored afterwards: its id says so.
    timers = [session(1, 0, 60), session(5, 70, 20)]
    after = upgraded_entry(entry(timers, -30), timers, set_to(30, revision_id=3, after=120), NOW)
    assert (after.time, after.covered_to) == (50, 1)


def test_running_timer_is_not_covered() -> None:
    timers = [session(1, 0, 60), session(2, 70, None)]
    old = entry(timers, -30)
    after = upgraded_entry(old, timers, set_to(30, revision_id=3, after=120), NOW)
    assert (after.time, after.covered_to, after.uncovered_ids) == (30, 1, ())
    assert after.timer_started_at == old.timer_started_at


def test_time_that_was_entered_with_the_entry_covers_no_session() -> None:
    timers = [session(1, 0, 60)]
    after = upgraded_entry(entry(timers, 45), timers, None, NOW)
    assert (after.time, after.covered_to) == (105, 0)


@pytest.mark.parametrize(("adjusted", "expected"), [(-20, 40), (-90, 0)])
def test_without_a_revision_the_shown_time_stays(adjusted: int, expected: int) -> None:
    timers = [session(1, 0, 60)]
    after = upgraded_entry(entry(timers, adjusted), timers, None, NOW)
    assert (after.time, after.covered_to) == (expected, 1)
    assert after.tracked_seconds + after.adjusted_seconds == expected * MINUTE


def test_time_never_decreases() -> None:
    # No correction explains this adjustment: the shown time is more than the rule gives.
    timers = [session(1, 0, 60)]
    after = upgraded_entry(entry(timers, 40), timers, set_to(30, revision_id=3, after=70), NOW)
    assert after.time == 100


def test_deleted_entry_is_not_changed() -> None:
    timers = [session(1, 0, 60)]
    old = replace(entry(timers, -660), deleted_at=NOW)
    assert upgraded_entry(old, timers, set_to(60, revision_id=3, after=725), NOW) is old


def test_entry_that_does_not_match_its_timers_is_an_error() -> None:
    timers = [session(1, 0, 60), session(2, 70, 20)]
    with pytest.raises(ValueError, match="time entry 364 does not match its timers"):
        upgraded_entry(entry(timers, 10), timers[:1], None, NOW)


def test_upgraded_entry_does_not_change_again() -> None:
    timers = [session(1, 0, 60), session(5, 120, 30)]
    manual_time = set_to(20, revision_id=3, after=70)
    after = upgraded_entry(entry(timers, -40), timers, manual_time, NOW)
    assert upgraded_entry(after, timers, manual_time, NOW) is after
    assert upgraded_entry(after, timers, None, NOW) is after


def test_entry_of_tracked_time_only_names_the_timer_that_stopped_last() -> None:
    # The last two sessions stop in the same second.
    timers = [session(1, 0, 60), session(2, 70, 20), session(3, 90, 0)]
    old = entry(timers, 0)
    after = upgraded_entry(old, timers, None, NOW)
    assert after == replace(old, timer_started_at=None, stopped_timer_id=3, version=8)
