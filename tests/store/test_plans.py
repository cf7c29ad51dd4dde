"""Which index serves which query."""

import pytest

from chalicelib.domain.instants import Span
from chalicelib.domain.queries import TimeIs, TimerQuery, TimerSort
from chalicelib.store.plans import Plan, plan

ORGANIZATION = 2149
ALL = ("0000000000", ":")
STOPPED = TimerSort.STOPPED_AT
ONE, OTHERS = frozenset({7}), frozenset({7, 8})
SPAN = TimeIs(Span(100, 200))
SPAN_KEYS = ("0000000100", "0000000200")
RUNNING_KEYS = ("9999999999", ":")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TimerQuery(ORGANIZATION), Plan("by_organization_started", 2149, *ALL)),
        (TimerQuery(ORGANIZATION, sort=STOPPED), Plan("by_organization_stopped", 2149, *ALL)),
        (TimerQuery(ORGANIZATION, person_ids=ONE), Plan("by_person", "2149#7", *ALL)),
        (TimerQuery(ORGANIZATION, person_ids=ONE, sort=STOPPED), Plan("by_person", "2149#7", *ALL)),
        (TimerQuery(ORGANIZATION, person_ids=OTHERS), Plan("by_organization_started", 2149, *ALL)),
        (TimerQuery(ORGANIZATION, time_entry_ids=ONE), Plan("by_time_entry", "2149#7", *ALL)),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, time_entry_ids=frozenset({9})),
            Plan("by_time_entry", "2149#9", *ALL),
        ),
        (
            TimerQuery(ORGANIZATION, started_at=SPAN),
            Plan("by_organization_started", 2149, *SPAN_KEYS),
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, started_at=SPAN, stopped_at=SPAN),
            Plan("by_person", "2149#7", *SPAN_KEYS),
        ),
        (
            TimerQuery(ORGANIZATION, stopped_at=SPAN, sort=STOPPED),
            Plan("by_organization_stopped", 2149, *SPAN_KEYS),
        ),
        (
            TimerQuery(ORGANIZATION, stopped_at=TimeIs(None), sort=STOPPED),
            Plan("by_organization_stopped", 2149, *RUNNING_KEYS),
        ),
        (
            TimerQuery(ORGANIZATION, stopped_at=SPAN),
            Plan("by_organization_started", 2149, *ALL),
        ),
        (TimerQuery(ORGANIZATION, person_ids=frozenset()), None),
        (TimerQuery(ORGANIZATION, time_entry_ids=frozenset()), None),
    ],
)
def test_a_query_is_served_by(query: TimerQuery, expected: Plan | None) -> None:
    assert plan(query) == expected
