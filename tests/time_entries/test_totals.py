"""A manually set time is a total: contract section 4a."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.totals import (
    covers_session,
    with_edited_session,
    with_moved_session,
    without_session,
)
from chalicelib.timers.model import Timer
from tests.support.builders import NOW, OTHER_ENTRY, TIMER, entry, timer
from tests.support.clock import HOUR

STOPPED = timer(stopped_at=NOW)


def tracked(**fields: Any) -> TimeEntry:
    """Return an entry with one stopped session of an hour."""
    defaults = {
        "tracked_seconds": HOUR,
        "timer_count": 1,
        "latest_timer_id": TIMER,
        "timer_stopped_at": NOW,
        "stopped_timer_id": TIMER,
    }
    return entry(**{**defaults, **fields})


def running_on(**fields: Any) -> TimeEntry:
    """Return an entry on which a timer is running."""
    defaults = {
        "timer_count": 1,
        "running_timer_id": TIMER,
        "latest_timer_id": TIMER,
        "timer_started_at": NOW - HOUR,
    }
    return entry(**{**defaults, **fields})


MANUAL = tracked(adjusted_seconds=HOUR, covered_to=TIMER)
"""A manual time of two hours covers the session."""


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        pytest.param(STOPPED, True, id="stopped"),
        pytest.param(timer(id=TIMER + 1, stopped_at=NOW), False, id="started afterwards"),
        pytest.param(timer(), False, id="running"),
        pytest.param(timer(covered=True), True, id="stopped, then runs on"),
    ],
)
def test_manual_time_covers_sessions_that_had_stopped(session: Timer, expected: bool) -> None:
    assert covers_session(MANUAL, session) is expected


def test_edited_session_changes_the_sum() -> None:
    after = with_edited_session(tracked(), STOPPED, timer(stopped_at=NOW - 60))
    assert after == tracked(tracked_seconds=HOUR - 60, timer_stopped_at=NOW - 60)


def test_edited_session_that_the_time_covers_only_changes_the_tracked_seconds() -> None:
    after = with_edited_session(MANUAL, STOPPED, timer(stopped_at=NOW + 60))
    assert (after.tracked_seconds, after.adjusted_seconds) == (HOUR + 60, HOUR - 60)
    assert (after.time, after.covers(TIMER)) == (MANUAL.time, True)


def test_session_keeps_that_the_time_does_not_cover_it() -> None:
    before = replace(MANUAL, uncovered_ids=(3, TIMER))
    after = with_edited_session(before, STOPPED, timer(stopped_at=NOW + 60))
    assert (after.time, sorted(after.uncovered_ids)) == (121, [3, TIMER])


def test_covered_session_stays_covered_while_it_runs_on_and_stops_again() -> None:
    running = with_edited_session(MANUAL, STOPPED, timer(covered=True))
    assert (running.time, running.tracked_seconds) == (120, 0)
    assert (running.running_timer_id, running.timer_started_at) == (TIMER, NOW - HOUR)
    assert running.timer_stopped_at is None
    stopped = with_edited_session(running, timer(covered=True), timer(stopped_at=NOW + HOUR))
    assert (stopped.time, stopped.tracked_seconds) == (120, 2 * HOUR)
    assert (stopped.running_timer_id, stopped.timer_started_at) == (None, None)


def test_new_start_of_the_running_timer_is_shown() -> None:
    after = with_edited_session(running_on(), timer(), timer(started_at=NOW - 60))
    assert after == running_on(timer_started_at=NOW - 60)


def test_stop_of_another_session_stays_the_last_one() -> None:
    for last_stop in (NOW, NOW + 2 * HOUR):
        before = tracked(timer_count=2, timer_stopped_at=last_stop, stopped_timer_id=12)
        after = with_edited_session(before, STOPPED, timer(stopped_at=NOW - 60))
        assert (after.timer_stopped_at, after.stopped_timer_id) == (last_stop, 12)
        later = with_edited_session(before, STOPPED, timer(stopped_at=NOW + 3 * HOUR))
        assert (later.timer_stopped_at, later.stopped_timer_id) == (NOW + 3 * HOUR, TIMER)


def test_session_without_a_manual_time_is_removed() -> None:
    assert without_session(tracked(), STOPPED) == tracked(
        tracked_seconds=0, timer_count=0, timer_stopped_at=None, stopped_timer_id=None
    )


def test_running_session_is_removed() -> None:
    before = running_on(timer_stopped_at=60, stopped_timer_id=3)
    assert without_session(before, timer()) == replace(
        before, timer_count=0, running_timer_id=None, timer_started_at=None
    )


def test_removal_of_a_stopped_session_does_not_stop_another_one() -> None:
    before = running_on(
        tracked_seconds=HOUR, timer_count=2, timer_stopped_at=NOW, stopped_timer_id=3
    )
    other = timer(id=3, stopped_at=NOW)
    assert without_session(before, other) == running_on(timer_stopped_at=None)


def test_last_stop_of_an_entry_of_version_0_2_0_is_removed_with_its_session() -> None:
    before = tracked(stopped_timer_id=None)
    assert without_session(before, STOPPED).timer_stopped_at is None
    assert without_session(before, timer(stopped_at=NOW - 60)).timer_stopped_at == NOW


def test_removal_of_a_covered_session_does_not_change_the_time() -> None:
    after = without_session(MANUAL, STOPPED)
    assert (after.time, after.tracked_seconds, after.timer_count) == (120, 0, 0)


def test_removal_of_a_session_that_is_not_covered_subtracts_it() -> None:
    after = without_session(replace(MANUAL, uncovered_ids=(TIMER,)), STOPPED)
    assert (after.time, after.uncovered_ids) == (60, ())


@pytest.mark.parametrize(
    ("covered_to", "uncovered_ids"),
    [(None, ()), (0, ()), (TIMER, (TIMER,)), (TIMER + 1, (TIMER,))],
)
def test_session_of_another_entry_is_added(
    covered_to: int | None, uncovered_ids: tuple[int, ...]
) -> None:
    before = entry(id=OTHER_ENTRY, covered_to=covered_to)
    after = with_moved_session(before, STOPPED)
    assert after == replace(
        before,
        tracked_seconds=HOUR,
        timer_count=1,
        latest_timer_id=TIMER,
        timer_stopped_at=NOW,
        stopped_timer_id=TIMER,
        uncovered_ids=uncovered_ids,
    )
    assert after.covers(TIMER) is False


def test_moved_session_is_not_later_than_the_timers_of_the_entry() -> None:
    last = TIMER + 1
    before = entry(latest_timer_id=last, timer_stopped_at=NOW + 60, stopped_timer_id=last)
    after = with_moved_session(before, STOPPED)
    assert (after.latest_timer_id, after.timer_stopped_at) == (last, NOW + 60)
    assert after.stopped_timer_id == last


def test_running_timer_of_another_entry_is_added() -> None:
    after = with_moved_session(tracked(latest_timer_id=3), timer())
    assert (after.running_timer_id, after.timer_started_at) == (TIMER, NOW - HOUR)
    assert (after.timer_count, after.latest_timer_id, after.timer_stopped_at) == (2, TIMER, NOW)


# Entries of version 0.2.0 do not say which timers their manual time covers: all that had stopped.

OLD = tracked(adjusted_seconds=HOUR, stopped_timer_id=None)


@pytest.mark.parametrize("stop", [NOW - 60, NOW + 60])
def test_manual_time_of_version_0_2_0_is_a_total(stop: int) -> None:
    after = with_edited_session(OLD, STOPPED, timer(stopped_at=stop))
    assert (after.time, after.covered_to) == (120, TIMER)
    removed = without_session(OLD, STOPPED)
    assert (removed.time, removed.covered_to) == (120, TIMER)


def test_session_moved_to_an_entry_of_version_0_2_0_is_added() -> None:
    after = with_moved_session(OLD, timer(id=3, stopped_at=NOW))
    assert (after.time, after.covered_to, after.uncovered_ids) == (180, TIMER, (3,))


def test_old_entry_without_a_manual_time_still_has_none() -> None:
    assert without_session(tracked(), STOPPED).covered_to is None
    assert with_moved_session(tracked(), timer(id=3, stopped_at=NOW)).covered_to is None


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            lambda before: with_edited_session(before, timer(), timer(started_at=NOW - 60)),
            id="of the running timer",
        ),
        pytest.param(
            lambda before: without_session(before, timer(id=3, stopped_at=NOW)),
            id="of another session",
        ),
    ],
)
def test_manual_time_of_version_0_2_0_does_not_cover_the_running_timer(
    edit: Callable[[TimeEntry], TimeEntry],
) -> None:
    after = edit(running_on(adjusted_seconds=HOUR, timer_count=2, tracked_seconds=HOUR))
    assert after.time == 120
    # When the timer stops, its seconds are added. When it is deleted, they are removed.
    stopped = replace(after, tracked_seconds=after.tracked_seconds + 60, running_timer_id=None)
    assert stopped.time == 121
    removed = without_session(stopped, timer(started_at=NOW - 60, stopped_at=NOW))
    assert removed.time == 120


LENGTHS = st.integers(0, 4 * HOUR)


@given(
    st.lists(LENGTHS, min_size=1, max_size=4),
    st.integers(0, 600),
    st.integers(0, 4),
    st.lists(st.tuples(st.integers(0, 3), st.none() | LENGTHS), max_size=12),
)
@settings(max_examples=300, deadline=None)
def test_time_is_the_manual_total_and_the_seconds_of_sessions_that_it_does_not_cover(
    lengths: list[int], minutes: int, covered: int, edits: list[tuple[int, int | None]]
) -> None:
    sessions = {
        number: timer(id=number, started_at=NOW, stopped_at=NOW + length)
        for number, length in enumerate(lengths, 1)
    }
    covered_ids = {number for number in sessions if number <= covered}
    covered_seconds = sum(sessions[number].seconds for number in covered_ids)
    time_entry = entry(
        tracked_seconds=sum(lengths),
        adjusted_seconds=minutes * 60 - covered_seconds,
        covered_to=covered,
        timer_count=len(sessions),
        latest_timer_id=len(sessions),
    )
    moved: dict[int, Timer] = {}
    for place, length in edits:
        number = place % len(lengths) + 1
        if number in moved:
            # It comes back, and is not covered any more.
            sessions[number] = moved.pop(number)
            covered_ids.discard(number)
            time_entry = with_moved_session(time_entry, sessions[number])
        elif length is None:
            moved[number] = sessions.pop(number)
            time_entry = without_session(time_entry, moved[number])
        else:
            before = sessions[number]
            sessions[number] = replace(before, stopped_at=NOW + length)
            time_entry = with_edited_session(time_entry, before, sessions[number])
        uncovered = sum(sessions[each].seconds for each in sessions.keys() - covered_ids)
        shown = time_entry.tracked_seconds + time_entry.adjusted_seconds
        assert shown == minutes * 60 + uncovered
        assert time_entry.tracked_seconds == sum(each.seconds for each in sessions.values())
        assert time_entry.timer_count == len(sessions)
        assert {each for each in sessions if time_entry.covers(each)} == (
            sessions.keys() & covered_ids
        )
