from typing import Any

import pytest

from chalicelib.core.lists import TimeFilter
from chalicelib.core.timestamps import Span
from chalicelib.timers.model import TimerQuery
from tests.support.builders import ENTRY, NOW, ORGANIZATION, OTHER_ENTRY, PERSON, timer

RUNNING = timer(started_at=NOW)
STOPPED = timer(started_at=NOW, stopped_at=NOW + 60)

THIS_MINUTE = TimeFilter(Span(NOW, NOW + 60))
NEXT_MINUTE = TimeFilter(Span(NOW + 60, NOW + 120))
NO_TIME = TimeFilter(None)


@pytest.mark.parametrize(
    ("condition", "timestamp", "expected"),
    [
        (THIS_MINUTE, NOW - 1, False),
        (THIS_MINUTE, NOW, True),
        (THIS_MINUTE, NOW + 59, True),
        (THIS_MINUTE, NOW + 60, False),
        (THIS_MINUTE, None, False),
        (NO_TIME, None, True),
        (NO_TIME, NOW, False),
        (NO_TIME, 0, False),
        (TimeFilter(Span(0, 1)), 0, True),
        (TimeFilter(Span(NOW, NOW)), NOW, False),
    ],
)
def test_time_condition_matches_its_span_or_a_missing_time(
    condition: TimeFilter, timestamp: int | None, expected: bool
) -> None:
    assert condition.matches(timestamp) is expected


@pytest.mark.parametrize(
    ("conditions", "running_matches", "stopped_matches"),
    [
        ({}, True, True),
        ({"person_ids": frozenset({PERSON})}, True, True),
        ({"person_ids": frozenset({1, PERSON})}, True, True),
        ({"person_ids": frozenset({1})}, False, False),
        ({"person_ids": frozenset()}, False, False),
        ({"time_entry_ids": frozenset({ENTRY})}, True, True),
        ({"time_entry_ids": frozenset({OTHER_ENTRY})}, False, False),
        ({"started_at": THIS_MINUTE}, True, True),
        ({"started_at": NEXT_MINUTE}, False, False),
        ({"started_at": NO_TIME}, False, False),
        ({"stopped_at": NEXT_MINUTE}, False, True),
        ({"stopped_at": THIS_MINUTE}, False, False),
        ({"stopped_at": NO_TIME}, True, False),
        ({"other_person_ids": frozenset({PERSON})}, False, False),
        ({"other_person_ids": frozenset({1})}, True, True),
        ({"other_time_entry_ids": frozenset({ENTRY})}, False, False),
        ({"other_time_entry_ids": frozenset({OTHER_ENTRY})}, True, True),
        ({"started_outside": (Span(NOW, NOW + 1),)}, False, False),
        ({"started_outside": (Span(0, NOW), Span(NOW + 1, NOW + 9))}, True, True),
        ({"stopped_outside": (Span(NOW + 60, NOW + 61),)}, False, False),
        ({"stopped_outside": (Span(0, NOW + 60),)}, False, True),
    ],
)
def test_each_condition_filters_timers(
    conditions: dict[str, Any], running_matches: bool, stopped_matches: bool
) -> None:
    query = TimerQuery(ORGANIZATION.id, **conditions)
    assert (query.matches(RUNNING), query.matches(STOPPED)) == (running_matches, stopped_matches)


ALL_CONDITIONS: dict[str, Any] = {
    "person_ids": frozenset({PERSON}),
    "time_entry_ids": frozenset({ENTRY}),
    "started_at": THIS_MINUTE,
    "stopped_at": NEXT_MINUTE,
}


def test_timer_matches_when_all_conditions_are_met() -> None:
    assert TimerQuery(ORGANIZATION.id, **ALL_CONDITIONS).matches(STOPPED)


@pytest.mark.parametrize(
    "failing",
    [
        {"person_ids": frozenset({1})},
        {"time_entry_ids": frozenset({1})},
        {"started_at": NEXT_MINUTE},
        {"stopped_at": NO_TIME},
    ],
)
def test_timer_does_not_match_when_one_condition_fails(failing: dict[str, Any]) -> None:
    assert not TimerQuery(ORGANIZATION.id, **{**ALL_CONDITIONS, **failing}).matches(STOPPED)
