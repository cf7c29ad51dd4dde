"""The invariants of sessions, as pure checks of a snapshot."""

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import PersonState, StopReason, Timer
from chalicelib.timers.rules import running_timer
from tests.support.builders import (
    ENTRY,
    NOW,
    ORGANIZATION,
    OTHER_ENTRY,
    PERSON,
    TIMER,
    entry,
    idle,
    timer,
)
from tests.support.clock import DAY, HOUR
from tools.ops.invariants import (
    PersonSnapshot,
    check,
    derived_counters,
    derived_entry_counters,
    derived_entry_values,
    derived_marks,
    last_stop,
    running,
)

FIRST = timer(id=1, started_at=NOW - HOUR, stopped_at=NOW - 600)
SECOND = timer(id=2, started_at=NOW - 600, stopped_at=NOW)


def snapshot_of(*timers: Timer, state: PersonState | None = None, **fields: Any) -> PersonSnapshot:
    """Return the snapshot of a person with these timers. ``fields`` are those of their entry."""
    ordered = sorted(timers, key=lambda each: each.id)
    own = entry(**fields)
    values: dict[str, Any] = derived_entry_values(ordered, own)
    entries = {ENTRY: replace(own, **{**values, **fields})}
    runs = running(ordered)
    if state is None:
        state = idle(
            version=1,
            running=running_timer(runs[0]) if runs else None,
            last_timer_id=max((each.id for each in ordered), default=0),
            last_stopped_at=last_stop(ordered),
        )
    return PersonSnapshot(
        ORGANIZATION.id,
        PERSON,
        state,
        ordered,
        entries,
        derived_counters(ordered),
        entry_counters=derived_entry_counters(entries.values()),
        marks=derived_marks(ordered),
    )


@pytest.mark.parametrize(
    "timers",
    [
        (),
        (FIRST, SECOND),
        (replace(FIRST, id=9), SECOND),
        (replace(FIRST, started_at=NOW - 3 * DAY), SECOND),
        (FIRST, replace(SECOND, stopped_at=None)),
        (FIRST, replace(SECOND, stopped_at=None, edited=True)),
        (FIRST, replace(SECOND, started_at=NOW)),
    ],
    ids=["none", "two", "ids in another order", "on days", "running", "edited", "without seconds"],
)
def test_sessions_without_overlaps_are_no_violation(timers: tuple[Timer, ...]) -> None:
    assert check(snapshot_of(*timers)) == []


@pytest.mark.parametrize(
    "other",
    [
        replace(SECOND, started_at=NOW - 601),
        replace(SECOND, started_at=NOW - 601, stopped_at=None),
        replace(SECOND, started_at=NOW - 700, stopped_at=NOW - 700),
        replace(SECOND, id=TIMER, started_at=NOW - 2 * HOUR),
    ],
    ids=["it starts too early", "it is running", "it is inside", "it is around"],
)
def test_overlapping_sessions_are_found(other: Timer) -> None:
    texts = [violation.what for violation in check(snapshot_of(FIRST, other))]
    assert any(text.endswith("overlap") for text in texts)


def test_auto_stop_at_another_time_than_the_limit_is_found() -> None:
    at_limit = replace(FIRST, stop_reason=StopReason.AUTO, auto_stop_at=FIRST.stopped_at)
    assert check(snapshot_of(at_limit)) == []
    (violation,) = check(snapshot_of(replace(at_limit, auto_stop_at=NOW)))
    assert "at another time than its limit" in violation.what


@pytest.mark.parametrize(
    ("is_edited", "is_found"), [(True, False), (False, True)], ids=["edited", "not edited"]
)
def test_sessions_of_one_second_are_listed_in_the_order_of_their_stops(
    is_edited: bool, is_found: bool
) -> None:
    empty = replace(FIRST, id=2, stopped_at=FIRST.started_at)
    texts = [each.what for each in check(snapshot_of(replace(FIRST, edited=is_edited), empty))]
    assert texts == (["timer 1 is listed before 2, but ends later"] if is_found else [])


@pytest.mark.parametrize(
    ("last_stopped_at", "is_found"), [(None, True), (NOW - 1, True), (NOW, False), (NOW + 9, False)]
)
def test_last_stop_of_the_person_state_is_not_before_a_stop(
    last_stopped_at: int | None, is_found: bool
) -> None:
    state = idle(version=1, last_timer_id=2, last_stopped_at=last_stopped_at)
    violations = check(snapshot_of(FIRST, SECOND, state=state))
    assert [each.repairable for each in violations] == [True] * is_found


def test_last_id_may_be_that_of_a_deleted_timer() -> None:
    state = idle(version=1, last_timer_id=9, last_stopped_at=NOW)
    assert check(snapshot_of(FIRST, SECOND, state=state)) == []
    (violation,) = check(snapshot_of(FIRST, SECOND, state=replace(state, last_timer_id=1)))
    assert "last id" in violation.what


@pytest.mark.parametrize(
    ("timer_id", "stopped_at", "is_found"),
    [
        pytest.param(None, None, False, id="it was deleted or moved"),
        pytest.param(2, NOW, False, id="the last session"),
        pytest.param(1, FIRST.stopped_at, False, id="the first session"),
        pytest.param(2, NOW - 1, True, id="another time"),
        pytest.param(1, NOW, True, id="another timer"),
        pytest.param(None, NOW, True, id="no timer"),
        pytest.param(2, None, True, id="no time"),
    ],
)
def test_last_stop_of_an_entry_is_that_of_one_of_its_sessions(
    timer_id: int | None, stopped_at: int | None, is_found: bool
) -> None:
    snapshot = snapshot_of(FIRST, SECOND, stopped_timer_id=timer_id, timer_stopped_at=stopped_at)
    violations = check(snapshot)
    assert bool(violations) is is_found
    assert {each.what.split(" is ")[0] for each in violations} <= {
        f"entry {ENTRY}: stopped_timer_id",
        f"entry {ENTRY}: timer_stopped_at",
    }
    assert all(each.repairable for each in violations)


def test_session_that_a_day_does_not_list_is_found() -> None:
    snapshot = snapshot_of(FIRST, SECOND)
    object.__setattr__(snapshot, "marks", derived_marks([FIRST]))
    (violation,) = check(snapshot)
    assert violation.what.startswith("sessions of 2026-03-02")


def test_days_are_not_checked_before_the_upgrade() -> None:
    snapshot = snapshot_of(
        FIRST,
        state=idle(version=1, last_timer_id=1, last_stopped_at=NOW - 600, lists_sessions=False),
    )
    object.__setattr__(snapshot, "marks", {})
    (violation,) = check(snapshot)
    assert "is not upgraded" in violation.what


COVERING = {"covered_to": 2, "adjusted_seconds": 60}
RUNS_ON = replace(SECOND, stopped_at=None, covered=True)


@pytest.mark.parametrize(
    ("timers", "fields", "expected"),
    [
        pytest.param((FIRST, SECOND), COVERING, None, id="covered"),
        pytest.param((FIRST, RUNS_ON), COVERING, None, id="covered, runs on"),
        pytest.param(
            (FIRST, SECOND),
            {"covered_to": 1, "adjusted_seconds": -3000},
            None,
            id="the manual time is 0",
        ),
        pytest.param(
            (FIRST, SECOND),
            {"covered_to": 1, "adjusted_seconds": -3001},
            "shows less than its uncovered sessions",
            id="less than the uncovered session",
        ),
        pytest.param(
            (FIRST, SECOND),
            {"covered_to": 2, "uncovered_ids": (1,), "adjusted_seconds": -601},
            "shows less than its uncovered sessions",
            id="less than the session that ran",
        ),
        pytest.param(
            (FIRST, SECOND),
            {"adjusted_seconds": 60},
            "is not upgraded from version 0.2.0: run `make upgrade`",
            id="no manual time",
        ),
        pytest.param(
            (FIRST, RUNS_ON),
            {"covered_to": 2, "uncovered_ids": (2,)},
            "timer 2 is covered, but its entry denies it",
            id="the entry does not cover it",
        ),
        pytest.param(
            (FIRST, replace(SECOND, covered=True)),
            COVERING,
            "timer 2 is covered, but its entry denies it",
            id="it has stopped",
        ),
        pytest.param(
            (FIRST, RUNS_ON), {}, "timer 2 is covered, but its entry has no manual time", id="none"
        ),
    ],
)
def test_manual_time_agrees_with_its_sessions(
    timers: tuple[Timer, ...], fields: dict[str, Any], expected: str | None
) -> None:
    texts = [violation.what for violation in check(snapshot_of(*timers, **fields))]
    if expected is None:
        assert texts == []
    else:
        assert len(texts) == 1
        assert texts[0].endswith(expected)


def test_timer_of_a_missing_entry_is_found() -> None:
    moved = replace(SECOND, time_entry_id=OTHER_ENTRY)
    texts = [violation.what for violation in check(snapshot_of(FIRST, moved))]
    assert texts == [f"timers refer to entry {OTHER_ENTRY}, which is missing"]


def test_deleted_entry_only_has_its_sum_and_its_count() -> None:
    deleted: TimeEntry = entry(deleted_at=NOW, latest_timer_id=9, timer_stopped_at=NOW)
    assert derived_entry_values([FIRST], deleted) == {"tracked_seconds": 3000, "timer_count": 1}
