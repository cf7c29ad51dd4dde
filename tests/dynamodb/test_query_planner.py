"""The query plan of each query: the index, the key range, and whether it is exact."""

from typing import Any

import pytest

from chalicelib.core.lists import TimeFilter
from chalicelib.core.timestamps import Span
from chalicelib.dynamodb.query_planner import (
    QueryPlan,
    alternative_plan,
    plan_time_entries,
    plan_timers,
)
from chalicelib.time_entries.model import EntryQuery, EntrySort
from chalicelib.timers.model import TimerQuery, TimerSort

ORGANIZATION = 2149
ALL = ("0000000000", ":")
STOPPED = TimerSort.STOPPED_AT
ONE, OTHERS = frozenset({7}), frozenset({7, 8})
SPAN = TimeFilter(Span(100, 200))
SPAN_KEYS = ("0000000100", "0000000200")
RUNNING_KEYS = ("9999999999", ":")


def organization(time: str, begin: str, end: str, exact: bool) -> QueryPlan:
    return QueryPlan(f"by_organization_{time}", ORGANIZATION, begin, end, exact)


def person(begin: str, end: str, exact: bool, stops: Span | None = None) -> QueryPlan:
    return QueryPlan("by_person", "2149#7", begin, end, exact, stops)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TimerQuery(ORGANIZATION), organization("started", *ALL, True)),
        (TimerQuery(ORGANIZATION, sort=STOPPED), organization("stopped", *ALL, True)),
        (TimerQuery(ORGANIZATION, person_ids=ONE), person(*ALL, True)),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, sort=STOPPED),
            person(*ALL, True),
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=OTHERS),
            organization("started", *ALL, False),
        ),
        (
            TimerQuery(ORGANIZATION, time_entry_ids=ONE),
            QueryPlan("by_time_entry", "2149#7", *ALL, True),
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, time_entry_ids=frozenset({9})),
            QueryPlan("by_time_entry", "2149#9", *ALL, False),
        ),
        (
            TimerQuery(ORGANIZATION, started_at=SPAN),
            organization("started", *SPAN_KEYS, True),
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, started_at=SPAN, stopped_at=SPAN),
            person(*SPAN_KEYS, True, SPAN.span),
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, started_at=SPAN),
            person(*SPAN_KEYS, True),
        ),
        (
            TimerQuery(ORGANIZATION, stopped_at=SPAN, sort=STOPPED),
            organization("stopped", *SPAN_KEYS, True),
        ),
        (
            TimerQuery(ORGANIZATION, stopped_at=TimeFilter(None), sort=STOPPED),
            organization("stopped", *RUNNING_KEYS, True),
        ),
        (
            TimerQuery(ORGANIZATION, stopped_at=SPAN),
            organization("started", *ALL, False),
        ),
        (
            TimerQuery(ORGANIZATION, other_person_ids=ONE),
            organization("started", *ALL, False),
        ),
        (
            TimerQuery(ORGANIZATION, started_outside=(Span(1, 2),)),
            organization("started", *ALL, False),
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, stopped_at=SPAN, sort=STOPPED),
            person(*ALL, True, SPAN.span),
        ),
        (
            TimerQuery(ORGANIZATION, time_entry_ids=ONE, stopped_at=TimeFilter(None)),
            QueryPlan("by_time_entry", "2149#7", *ALL, False),
        ),
        (TimerQuery(ORGANIZATION, started_at=TimeFilter(Span(5, 5))), None),
        (TimerQuery(ORGANIZATION, stopped_at=TimeFilter(Span(5, 4))), None),
        (TimerQuery(ORGANIZATION, person_ids=frozenset()), None),
        (TimerQuery(ORGANIZATION, time_entry_ids=frozenset()), None),
    ],
)
def test_plan_of_a_timer_query(query: TimerQuery, expected: QueryPlan | None) -> None:
    assert plan_timers(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # The running timers of all persons, sorted by their start.
        (
            TimerQuery(ORGANIZATION, stopped_at=TimeFilter(None)),
            QueryPlan("by_organization_stopped", ORGANIZATION, *RUNNING_KEYS, False, ordered=False),
        ),
        (
            TimerQuery(ORGANIZATION, stopped_at=SPAN, person_ids=OTHERS),
            QueryPlan("by_organization_stopped", ORGANIZATION, *SPAN_KEYS, False, ordered=False),
        ),
        (
            TimerQuery(ORGANIZATION, started_at=SPAN, sort=STOPPED),
            QueryPlan("by_organization_started", ORGANIZATION, *SPAN_KEYS, False, ordered=False),
        ),
        # Both times are filtered: the index in the requested order is as good.
        (TimerQuery(ORGANIZATION, started_at=SPAN, stopped_at=SPAN), None),
        (TimerQuery(ORGANIZATION, person_ids=OTHERS), None),
        (TimerQuery(ORGANIZATION, stopped_at=SPAN, sort=STOPPED), None),
        (TimerQuery(ORGANIZATION, stopped_at=SPAN, person_ids=ONE), None),
        (TimerQuery(ORGANIZATION, stopped_at=TimeFilter(Span(5, 5))), None),
    ],
)
def test_alternative_plan_uses_the_index_of_the_filtered_time(
    query: TimerQuery, expected: QueryPlan | None
) -> None:
    assert alternative_plan(query) == expected


DAYS: Any = {"first_date": "2026-03-02", "last_date": "2026-03-08"}
DAY_KEYS = ("2026-03-02", "2026-03-09")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (EntryQuery(ORGANIZATION), QueryPlan("by_organization_date", ORGANIZATION, *ALL, True)),
        (
            EntryQuery(ORGANIZATION, person_ids=ONE),
            QueryPlan("by_person_date", "2149#7", *ALL, True),
        ),
        (
            EntryQuery(ORGANIZATION, service_ids=ONE, **DAYS),
            QueryPlan("by_service_date", "2149#7", *DAY_KEYS, True),
        ),
        (
            EntryQuery(ORGANIZATION, person_ids=ONE, service_ids=frozenset({9})),
            QueryPlan("by_person_date", "2149#7", *ALL, False),
        ),
        (
            EntryQuery(ORGANIZATION, person_ids=OTHERS, service_ids=ONE),
            QueryPlan("by_service_date", "2149#7", *ALL, False),
        ),
        (
            EntryQuery(ORGANIZATION, person_ids=OTHERS, **DAYS),
            QueryPlan("by_organization_date", ORGANIZATION, *DAY_KEYS, False),
        ),
        (
            EntryQuery(ORGANIZATION, predicate=lambda _: True),
            QueryPlan("by_organization_date", ORGANIZATION, *ALL, False),
        ),
        (
            EntryQuery(ORGANIZATION, sort=EntrySort.UPDATED_AT),
            QueryPlan("by_organization_date", ORGANIZATION, *ALL, True, ordered=False),
        ),
        # Dates outside the supported range are clamped to the range.
        (
            EntryQuery(ORGANIZATION, first_date="1066-10-14", last_date="9999-12-31"),
            QueryPlan("by_organization_date", ORGANIZATION, *ALL, True),
        ),
    ],
)
def test_plan_of_a_time_entry_query(query: EntryQuery, expected: QueryPlan) -> None:
    assert plan_time_entries(query) == expected
