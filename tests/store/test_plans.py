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


def organization(time: str, begin: str, end: str, exact: bool) -> Plan:
    return Plan(f"by_organization_{time}", ORGANIZATION, begin, end, exact)


def person(begin: str, end: str, exact: bool) -> Plan:
    return Plan("by_person", "2149#7", begin, end, exact)


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
        (TimerQuery(ORGANIZATION, time_entry_ids=ONE), Plan("by_time_entry", "2149#7", *ALL, True)),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, time_entry_ids=frozenset({9})),
            Plan("by_time_entry", "2149#9", *ALL, False),
        ),
        (
            TimerQuery(ORGANIZATION, started_at=SPAN),
            organization("started", *SPAN_KEYS, True),
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=ONE, started_at=SPAN, stopped_at=SPAN),
            person(*SPAN_KEYS, False),
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
            TimerQuery(ORGANIZATION, stopped_at=TimeIs(None), sort=STOPPED),
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
        (TimerQuery(ORGANIZATION, started_at=TimeIs(Span(5, 5))), None),
        (TimerQuery(ORGANIZATION, stopped_at=TimeIs(Span(5, 4))), None),
        (TimerQuery(ORGANIZATION, person_ids=frozenset()), None),
        (TimerQuery(ORGANIZATION, time_entry_ids=frozenset()), None),
    ],
)
def test_a_query_is_served_by(query: TimerQuery, expected: Plan | None) -> None:
    assert plan(query) == expected
