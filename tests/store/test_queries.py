"""Every list equals what a plain Python list would give: filters, order, pages, total."""

from operator import attrgetter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.instants import Span
from chalicelib.domain.queries import TimeIs, TimerQuery, TimerSort
from chalicelib.domain.timers import Timer
from chalicelib.store.store import Store
from infra.tables import empty_tables
from tests.support.world import put_all

ORGANIZATION, ELSEWHERE = 2149, 2150
PEOPLE = [1, 2, 3]


@st.composite
def timelines(draw: Any) -> list[Timer]:
    """Timers of several people; within one, no overlaps, ids rising, the last perhaps running."""
    timers = []
    for organization_id, person_id in [(ORGANIZATION, it) for it in PEOPLE] + [(ELSEWHERE, 1)]:
        instant = draw(st.integers(0, 50))
        for number in range(draw(st.integers(0, 5))):
            started_at = instant + draw(st.integers(0, 20))
            instant = started_at + draw(st.integers(0, 20))
            timers.append(
                Timer(
                    id=1 + number * 100 + person_id + 10 * (organization_id - ORGANIZATION),
                    organization_id=organization_id,
                    person_id=person_id,
                    # An entry belongs to one person.
                    time_entry_id=person_id * 10 + draw(st.integers(0, 1)),
                    started_at=started_at,
                    auto_stop_at=started_at + 1000,
                    stopped_at=instant,
                )
            )
        if timers and draw(st.booleans()):
            last = timers.pop()
            timers.append(
                Timer(
                    last.id,
                    last.organization_id,
                    last.person_id,
                    last.time_entry_id,
                    last.started_at,
                    last.auto_stop_at,
                )
            )
    return timers


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


spans = st.tuples(st.integers(0, 200), st.integers(0, 60)).map(
    lambda it: TimeIs(Span(it[0], it[0] + it[1]))
)
queries = st.builds(
    TimerQuery,
    organization_id=st.just(ORGANIZATION),
    person_ids=some(st.frozensets(st.sampled_from([*PEOPLE, 99]), max_size=3)),
    time_entry_ids=some(st.frozensets(st.sampled_from([10, 11, 20, 21, 30, 99]), max_size=3)),
    started_at=some(spans),
    stopped_at=some(spans | st.just(TimeIs(None))),
    other_person_ids=st.frozensets(st.sampled_from(PEOPLE), max_size=1),
    other_time_entry_ids=st.frozensets(st.sampled_from([10, 20]), max_size=1),
    started_outside=st.lists(spans.map(lambda it: it.span), max_size=1).map(tuple),
    stopped_outside=st.lists(spans.map(lambda it: it.span), max_size=1).map(tuple),
    sort=st.sampled_from(TimerSort),
    descending=st.booleans(),
    page=st.integers(1, 4),
    page_size=st.integers(1, 6),
)


def expected(query: TimerQuery, timers: list[Timer]) -> tuple[list[Timer], int]:
    matching = [
        it for it in timers if it.organization_id == query.organization_id and query.matches(it)
    ]

    def key(timer: Timer) -> tuple[float, int]:
        instant = attrgetter(query.sort.value)(timer)
        return (float("inf") if instant is None else instant, timer.id)

    ordered = sorted(matching, key=key, reverse=query.descending)
    first = (query.page - 1) * query.page_size
    return ordered[first : first + query.page_size], len(ordered)


@given(timers=timelines(), asked=st.lists(queries, min_size=1, max_size=6))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_list_equals_a_plain_list(
    store: Store, timers: list[Timer], asked: list[TimerQuery]
) -> None:
    empty_tables()
    put_all(*timers)
    for query in asked:
        page = store.timers(query)
        assert (list(page.rows), page.total_count) == expected(query, timers)
