"""Sessions in the items of days: how they are listed, and how overlaps are found."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.timers.days import (
    MAX_DAYS,
    DaySessions,
    DayUpdate,
    DayUpdates,
    Mark,
    Session,
    days_between,
    find_overlap,
    marks_of,
)
from chalicelib.timers.model import Timer
from tests.support.builders import NOW, TIMER, TODAY, days_with, timer
from tests.support.clock import DAY, HOUR
from tests.timers.sessions import are_overlapping, times_of

MIDNIGHT = TODAY * DAY
TOMORROW = MIDNIGHT + DAY


@pytest.mark.parametrize(
    ("started_at", "stopped_at", "days"),
    [
        (MIDNIGHT, MIDNIGHT, [TODAY]),
        (MIDNIGHT, TOMORROW - 1, [TODAY]),
        (MIDNIGHT, TOMORROW, [TODAY, TODAY + 1]),
        (MIDNIGHT - 1, TOMORROW, [TODAY - 1, TODAY, TODAY + 1]),
    ],
)
def test_session_touches_all_days_from_its_start_to_its_stop(
    started_at: int, stopped_at: int, days: list[int]
) -> None:
    assert list(days_between(started_at, stopped_at)) == days


@pytest.mark.parametrize(
    ("started_at", "stopped_at", "marks"),
    [
        pytest.param(NOW, None, {TODAY: (NOW,)}, id="running"),
        pytest.param(NOW, NOW + HOUR, {TODAY: (NOW, NOW + HOUR)}, id="on one day"),
        pytest.param(NOW, NOW, {TODAY: (NOW, NOW)}, id="without seconds"),
        pytest.param(
            NOW,
            TOMORROW,
            {TODAY: (NOW,), TODAY + 1: (NOW, TOMORROW)},
            id="until midnight",
        ),
        pytest.param(
            NOW - DAY,
            NOW + DAY,
            {
                TODAY - 1: (NOW - DAY,),
                TODAY: (NOW - DAY, NOW + DAY),
                TODAY + 1: (NOW - DAY, NOW + DAY),
            },
            id="on three days",
        ),
    ],
)
def test_first_day_lists_the_stop_only_if_it_is_on_that_day(
    started_at: int, stopped_at: int | None, marks: dict[int, Mark]
) -> None:
    assert marks_of(started_at, stopped_at) == marks


@pytest.mark.parametrize(("length", "listed"), [(MAX_DAYS, MAX_DAYS), (MAX_DAYS + 1, 2)])
def test_very_long_session_is_listed_on_its_first_and_its_last_day(
    length: int, listed: int
) -> None:
    marks = marks_of(MIDNIGHT, MIDNIGHT + (length - 1) * DAY)
    assert len(marks) == listed
    assert {TODAY, TODAY + length - 1} <= marks.keys()


# Updates of days


def collected(*timers: Timer) -> tuple[DayUpdate, ...]:
    updates = DayUpdates()
    for added in timers:
        updates.added(added)
    return updates.collected()


@pytest.mark.parametrize(
    ("second", "counter"),
    [
        (0, "s00"),
        (899, "s00"),
        (900, "s01"),
        (9 * 900, "s09"),
        (DAY // 2, "s48"),
        (DAY - 1, "s95"),
    ],
)
def test_start_is_listed_and_counted_in_its_quarter_hour(second: int, counter: str) -> None:
    updates = DayUpdates()
    updates.started(TIMER, MIDNIGHT + second)
    assert updates.collected() == (DayUpdate(TODAY, {counter: 1}, {TIMER: (MIDNIGHT + second,)}),)


def test_stop_and_start_on_one_day_are_merged() -> None:
    updates = DayUpdates()
    updates.stopped(TIMER, NOW - HOUR, NOW)
    updates.started(TIMER + 1, NOW)
    assert updates.collected() == (
        DayUpdate(TODAY, {"s32": 1, "e32": 1}, {TIMER: (NOW - HOUR, NOW), TIMER + 1: (NOW,)}),
    )


def test_events_of_one_quarter_hour_are_summed() -> None:
    updates = DayUpdates()
    updates.stopped(1, NOW, NOW)
    updates.stopped(2, NOW, NOW + 899)
    assert updates.collected()[0].counters == {"e32": 2}


def test_start_and_stop_around_midnight_are_on_separate_days() -> None:
    assert collected(timer(started_at=MIDNIGHT - 1, stopped_at=MIDNIGHT)) == (
        DayUpdate(TODAY - 1, {"s95": 1}, {TIMER: (MIDNIGHT - 1,)}),
        DayUpdate(TODAY, {"e00": 1}, {TIMER: (MIDNIGHT - 1, MIDNIGHT)}),
    )


def test_stop_of_a_listed_session_does_not_list_its_first_day_again() -> None:
    updates = DayUpdates()
    updates.stopped(TIMER, MIDNIGHT - 1, TOMORROW)
    assert updates.collected() == (
        DayUpdate(TODAY, {}, {TIMER: (MIDNIGHT - 1, TOMORROW)}),
        DayUpdate(TODAY + 1, {"e00": 1}, {TIMER: (MIDNIGHT - 1, TOMORROW)}),
    )


def test_removed_session_is_removed_from_all_its_days() -> None:
    updates = DayUpdates()
    updates.removed(timer(started_at=MIDNIGHT - 1, stopped_at=TOMORROW))
    assert updates.collected() == (
        DayUpdate(TODAY - 1, {"s95": -1}, {TIMER: None}),
        DayUpdate(TODAY, {}, {TIMER: None}),
        DayUpdate(TODAY + 1, {"e00": -1}, {TIMER: None}),
    )


def test_removed_running_session_has_no_stop() -> None:
    updates = DayUpdates()
    updates.removed(timer(started_at=NOW))
    assert updates.collected() == (DayUpdate(TODAY, {"s32": -1}, {TIMER: None}),)


def edited(before: Timer, after: Timer) -> tuple[DayUpdate, ...]:
    updates = DayUpdates()
    updates.removed(before)
    updates.added(after)
    return updates.collected()


def test_session_that_is_not_moved_changes_no_day() -> None:
    before = timer(started_at=MIDNIGHT - 1, stopped_at=TOMORROW)
    assert edited(before, before) == ()
    assert edited(timer(), timer()) == ()


def test_edit_within_one_quarter_hour_only_lists_the_session_again() -> None:
    before, after = (timer(stopped_at=NOW + seconds) for seconds in (600, 0))
    assert edited(before, after) == (DayUpdate(TODAY, {}, {TIMER: (NOW - HOUR, NOW)}),)


def test_edit_of_the_stop_on_a_later_day_does_not_write_the_first_day() -> None:
    before = timer(started_at=MIDNIGHT - 1, stopped_at=MIDNIGHT + HOUR)
    after = timer(started_at=MIDNIGHT - 1, stopped_at=MIDNIGHT)
    assert edited(before, after) == (
        DayUpdate(TODAY, {"e04": -1, "e00": 1}, {TIMER: (MIDNIGHT - 1, MIDNIGHT)}),
    )


def test_session_that_runs_on_is_removed_from_its_last_day() -> None:
    before = timer(started_at=MIDNIGHT - 1, stopped_at=MIDNIGHT)
    assert edited(before, timer(started_at=MIDNIGHT - 1)) == (
        DayUpdate(TODAY, {"e00": -1}, {TIMER: None}),
    )


def test_no_events_produce_no_updates() -> None:
    assert DayUpdates().collected() == ()


def test_days_of_a_check_must_be_unchanged() -> None:
    updates = DayUpdates()
    updates.started(TIMER, NOW)
    checked = [DaySessions(TODAY - 1, 4, {}), DaySessions(TODAY, 0, {})]
    assert updates.collected(checked) == (
        DayUpdate(TODAY - 1, {}, {}, version=4),
        DayUpdate(TODAY, {"s32": 1}, {TIMER: (NOW,)}, version=0),
    )


def test_day_that_was_not_checked_may_have_any_version() -> None:
    updates = DayUpdates()
    updates.started(TIMER, NOW)
    (before, today) = updates.collected([DaySessions(TODAY - 1, 4, {})])
    assert (before.version, today.version) == (4, None)


# Overlaps

NINE, TEN = NOW, NOW + HOUR
OTHER = 7


@pytest.mark.parametrize(
    ("started_at", "stopped_at", "expected"),
    [
        pytest.param(NINE - HOUR, NINE, False, id="ends at the start"),
        pytest.param(TEN, TEN + HOUR, False, id="starts at the end"),
        pytest.param(NINE - HOUR, NINE + 1, True, id="ends after the start"),
        pytest.param(TEN - 1, TEN + HOUR, True, id="starts before the end"),
        pytest.param(NINE + 60, NINE + 120, True, id="inside"),
        pytest.param(NINE - 60, TEN + 60, True, id="around"),
        pytest.param(NINE, TEN, True, id="the same times"),
        pytest.param(NINE + 60, NINE + 60, True, id="without seconds, inside"),
        pytest.param(NINE, NINE, False, id="without seconds, at the start"),
        pytest.param(TEN, TEN, False, id="without seconds, at the end"),
        pytest.param(NINE - 60, None, True, id="running since before"),
        pytest.param(NINE + 60, None, True, id="running since inside"),
        pytest.param(TEN, None, False, id="running since the end"),
    ],
)
@pytest.mark.parametrize(
    "shift", [0, 16 * HOUR - 1800, -9 * HOUR], ids=["day", "midnight", "night"]
)
def test_session_from_nine_to_ten_overlaps(
    started_at: int, stopped_at: int | None, expected: bool, shift: int
) -> None:
    listed = timer(id=OTHER, started_at=NINE + shift, stopped_at=TEN + shift)
    start, stop = started_at + shift, None if stopped_at is None else stopped_at + shift
    days = days_with(days_between(start, TEN + shift if stop is None else stop), listed)
    overlap = find_overlap(days, start, stop)
    assert (overlap is not None and overlap.timer_id == OTHER) is expected


@pytest.mark.parametrize(
    ("started_at", "stopped_at", "expected"),
    [
        (NINE - 60, NINE, False),
        (NINE, NINE, False),
        (NINE, TEN, False),
        (NINE, None, False),
        (NINE - 1, NINE + 1, True),
        (NINE - 1, None, True),
    ],
)
def test_session_without_seconds_overlaps_only_what_it_is_inside_of(
    started_at: int, stopped_at: int | None, expected: bool
) -> None:
    days = days_with([TODAY], timer(id=OTHER, started_at=NINE, stopped_at=NINE))
    assert (find_overlap(days, started_at, stopped_at) is not None) is expected


@pytest.mark.parametrize(
    ("started_at", "stopped_at", "expected"),
    [
        (NINE - HOUR, NINE, False),
        (NINE, NINE, False),
        (NINE, TEN, True),
        (NINE - 60, NINE + 1, True),
    ],
)
def test_running_session_overlaps_everything_that_ends_after_its_start(
    started_at: int, stopped_at: int, expected: bool
) -> None:
    days = days_with([TODAY], timer(id=OTHER, started_at=NINE))
    assert (find_overlap(days, started_at, stopped_at) is not None) is expected


def test_edited_session_does_not_overlap_itself() -> None:
    days = days_with([TODAY], timer(started_at=NINE, stopped_at=TEN))
    assert find_overlap(days, NINE + 60, TEN + 60, except_id=TIMER) is None
    assert find_overlap(days, NINE + 60, TEN + 60, except_id=OTHER) is not None


def test_session_of_several_days_is_found_on_a_day_in_between() -> None:
    listed = timer(started_at=NOW - 2 * DAY, stopped_at=NOW + 2 * DAY)
    overlap = find_overlap(days_with([TODAY], listed), NOW, NOW + 60)
    assert overlap == Session(TIMER, NOW - 2 * DAY, NOW + 2 * DAY)


def test_first_day_knows_that_a_session_goes_on() -> None:
    listed = timer(started_at=NOW, stopped_at=TOMORROW)
    overlap = find_overlap(days_with([TODAY], listed), NOW + 60, NOW + 120)
    assert overlap == Session(TIMER, NOW, None)


def test_session_has_its_stop_if_one_of_the_days_has_it() -> None:
    listed = timer(started_at=NOW, stopped_at=TOMORROW + HOUR)
    for days in ([TODAY, TODAY + 1], [TODAY + 1, TODAY]):
        overlap = find_overlap(days_with(days, listed), NOW + 60, TOMORROW + 60)
        assert overlap == Session(TIMER, NOW, TOMORROW + HOUR)
        assert find_overlap(days_with(days, listed), TOMORROW + HOUR, None) is None


def test_latest_session_in_the_way_is_returned() -> None:
    sessions = [
        timer(id=number, started_at=NOW + number * 60, stopped_at=NOW + number * 60 + 60)
        for number in (1, 3, 2)
    ]
    overlap = find_overlap(days_with([TODAY], *sessions), NOW, NOW + HOUR)
    assert overlap == Session(3, NOW + 180, NOW + 240)


def test_of_sessions_that_start_together_the_one_that_ends_last_is_returned() -> None:
    empty = timer(id=1, started_at=NINE, stopped_at=NINE)
    listed = timer(id=2, started_at=NINE, stopped_at=TEN)
    for sessions in ((empty, listed), (listed, empty)):
        overlap = find_overlap(days_with([TODAY], *sessions), NINE - 60, None)
        assert overlap == Session(2, NINE, TEN)


SECONDS = st.one_of(
    st.integers(0, 8),
    st.integers(0, 3 * DAY),
    st.sampled_from([DAY - 1, DAY, DAY + 1, 2 * DAY]),
).map(lambda second: MIDNIGHT + second)


@st.composite
def timelines(draw: st.DrawFn, *, with_running: bool = True) -> Sequence[Timer]:
    """Sessions of one person that do not overlap. The last of them may be running."""
    times = sorted(draw(st.lists(SECONDS, max_size=10)))
    spans = list(zip(times[::2], times[1::2], strict=False))
    sessions = [
        timer(id=number, started_at=start, stopped_at=stop)
        for number, (start, stop) in enumerate(spans, 1)
    ]
    if with_running and times and draw(st.booleans()):
        sessions.append(timer(id=99, started_at=times[-1]))
    return sessions


# A running session is only listed on its first day: the person state has it too.
@given(timelines(with_running=False), st.tuples(SECONDS, SECONDS), st.sampled_from([None, 1, 2]))
@settings(max_examples=500, deadline=None)
def test_overlap_is_found_exactly_if_there_is_one(
    sessions: Sequence[Timer], times: tuple[int, int], except_id: int | None
) -> None:
    start, stop = min(times), max(times)
    days = days_with(days_between(start, stop), *sessions)
    expected = {
        session.id
        for session in sessions
        if session.id != except_id and are_overlapping(times_of(session), (start, stop))
    }
    overlap = find_overlap(days, start, stop, except_id or 0)
    assert (overlap is not None) == bool(expected)
    assert overlap is None or overlap.timer_id in expected


@given(timelines(with_running=False), SECONDS)
@settings(max_examples=300, deadline=None)
def test_running_session_is_checked_on_the_days_until_now(
    sessions: Sequence[Timer], start: int
) -> None:
    now = max([start, *(session.stopped_at or 0 for session in sessions)])
    days = days_with(days_between(start, now), *sessions)
    overlap = find_overlap(days, start, None)
    last_stop = max((session.stopped_at or 0 for session in sessions), default=0)
    # It names the end of the last session: a running one can start there.
    assert (overlap.stopped_at if overlap else None) == (last_stop if last_stop > start else None)


@given(timelines(), timelines())
@settings(max_examples=300, deadline=None)
def test_updates_turn_the_days_of_one_timeline_into_those_of_another(
    before: Sequence[Timer], after: Sequence[Timer]
) -> None:
    updates = DayUpdates()
    for session in before:
        updates.removed(session)
    for session in after:
        updates.added(session)
    marks = marks_by_day(before)
    for update in updates.collected():
        assert update.counters or update.marks
        for timer_id, mark in update.marks.items():
            if mark is None:
                # Only what is listed is removed.
                del marks[update.day, timer_id]
            else:
                assert marks.get((update.day, timer_id)) != mark
                marks[update.day, timer_id] = mark
    assert marks == marks_by_day(after)


def marks_by_day(sessions: Sequence[Timer]) -> dict[tuple[int, int], Mark]:
    return {
        (day, session.id): mark
        for session in sessions
        for day, mark in marks_of(session.started_at, session.stopped_at).items()
    }
