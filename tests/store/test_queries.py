"""Every list equals what a plain Python list would give: filters, order, pages, total."""

from dataclasses import replace
from operator import attrgetter
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.connection import Connection

from chalicelib.domain.errors import QueryTooBroad
from chalicelib.domain.instants import Span
from chalicelib.domain.queries import (
    BadPosition,
    Page,
    Stretch,
    TimeIs,
    TimerQuery,
    TimerSort,
)
from chalicelib.domain.timers import Timer
from chalicelib.store import far_pages, keys
from chalicelib.store.store import Store
from infra.bulk import write_all
from infra.tables import empty_tables
from infra.tallied import slot_items, tally_items, timer_items
from tests.properties.bounds import bounded
from tests.support.calls import counted
from tests.support.clock import DAY, HOUR
from tests.support.world import put_all

ORGANIZATION, ELSEWHERE = 2149, 2150
PEOPLE = [1, 2, 3]
BEGINNING = 1_769_900_000
"""The last hours of January 2026, UTC."""
NONE: st.SearchStrategy[frozenset[int]] = st.just(frozenset())


# Seconds, within a quarter-hour and over days and months.
lengths = st.one_of(
    st.integers(0, 20), st.sampled_from([0, 450, 899, 900, 901, HOUR, DAY, 3 * DAY, 40 * DAY])
)


@st.composite
def timelines(draw: Any) -> list[Timer]:
    """Timers of several people; within one, no overlaps, ids rising, the last perhaps running."""
    timers = []
    for organization_id, person_id in [(ORGANIZATION, it) for it in PEOPLE] + [(ELSEWHERE, 1)]:
        instant = BEGINNING + draw(st.integers(0, 50))
        for number in range(draw(st.integers(0, 12))):
            started_at = instant + draw(lengths)
            instant = started_at + draw(lengths)
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
            timers.append(replace(timers.pop(), stopped_at=None))
    return timers


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def queries(draw: Any, timers: list[Timer]) -> TimerQuery:
    """A query that has something to do with those timers."""
    instants = [it for timer in timers for it in (timer.started_at, timer.stopped_at) if it]
    ends = st.builds(
        lambda instant, beside, rounded: (instant - instant % 900 if rounded else instant) + beside,
        st.sampled_from(instants or [BEGINNING]),
        st.sampled_from([-1, 0, 0, 1, 10, 900]),
        st.booleans(),
    )
    spans = st.one_of(
        st.tuples(ends, ends).map(lambda it: Span(min(it), max(it))),
        ends.map(lambda it: Span(0, it)),
        ends.map(lambda it: Span(it, keys.ENDLESS)),
        st.just(Span(0, keys.ENDLESS)),
    )
    times = spans.map(TimeIs)
    outside = st.lists(spans, max_size=1).map(tuple)
    # Most of the time what an index serves: that is where pages are found by tallies.
    beside = some(st.frozensets(st.sampled_from([10, 11, 20, 21, 30, 99]), max_size=3))
    plain = draw(st.sampled_from([True, True, True, False]))
    people = st.frozensets(
        st.sampled_from([*PEOPLE, 99]), min_size=plain, max_size=1 if plain else 3
    )
    query: TimerQuery = draw(
        st.builds(
            TimerQuery,
            organization_id=st.just(ORGANIZATION),
            person_ids=some(people),
            time_entry_ids=st.none() if plain else beside,
            started_at=some(times),
            stopped_at=some(times | st.just(TimeIs(None))),
            other_person_ids=NONE if plain else st.frozensets(st.sampled_from(PEOPLE), max_size=1),
            other_time_entry_ids=NONE
            if plain
            else st.frozensets(st.sampled_from([10, 20]), max_size=1),
            started_outside=st.just(()) if plain else outside,
            stopped_outside=st.just(()) if plain else outside,
            sort=st.sampled_from(TimerSort),
            descending=st.booleans(),
            page=st.integers(1, 8),
            page_size=st.integers(1, 6),
        )
    )
    return query


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


def put_history(connection: Connection, timers: list[Timer]) -> None:
    """Timers, the slots of those who run something, and all that the timers are counted in."""
    empty_tables()
    write_all(connection, [*timer_items(timers), *tally_items(timers), *slot_items(timers)])


@given(data=st.data(), timers=timelines(), freely=st.sampled_from([0, 3, 150]))
@bounded(80)
def test_a_page_equals_that_of_a_plain_list(
    store: Store, connection: Connection, data: Any, timers: list[Timer], freely: int
) -> None:
    put_history(connection, timers)
    with patch.object(far_pages, "_SKIPPED_FREELY", freely):
        for _ in range(8):
            query = data.draw(queries(timers))
            page = store.timers(query)
            assert (list(page.rows), page.total_count) == expected(query, timers)


@given(data=st.data(), timers=timelines(), freely=st.sampled_from([0, 3]))
@bounded(15)
def test_every_page_by_number_sees_each_timer_once(
    store: Store, connection: Connection, data: Any, timers: list[Timer], freely: int
) -> None:
    put_history(connection, timers)
    query = data.draw(queries(timers))
    whole, total = expected(replace(query, page=1, page_size=1000), timers)
    with patch.object(far_pages, "_SKIPPED_FREELY", freely):
        pages = [
            store.timers(replace(query, page=number))
            for number in range(1, 2 - -total // query.page_size)
        ]
    assert [timer for page in pages for timer in page.rows] == whole
    assert {page.total_count for page in pages} == {total}


@given(data=st.data(), timers=timelines())
@bounded(40)
def test_a_walk_sees_each_timer_once_and_in_order(
    store: Store, connection: Connection, data: Any, timers: list[Timer]
) -> None:
    put_history(connection, timers)
    for _ in range(3):
        query = data.draw(queries(timers))
        whole = replace(query, page=1, page_size=1000)
        seen: list[Timer] = []
        position = None
        while True:
            stretch = store.stretch(whole, position, query.page_size)
            assert len(stretch.rows) <= query.page_size
            seen += stretch.rows
            position = stretch.following
            if position is None:
                break
            # No empty page at the end: what goes on has something to go on with.
            assert len(stretch.rows) == query.page_size
        assert seen == expected(whole, timers)[0]


@pytest.mark.parametrize("position", ["", "x", "0000000001#1", "1#0000000000000001", "a" * 27])
def test_what_is_no_position_is_refused(store: Store, position: str) -> None:
    with pytest.raises(BadPosition):
        store.stretch(TimerQuery(ORGANIZATION), position, 10)


def test_a_walk_that_no_index_serves_goes_on_with_short_pages(
    store: Store, connection: Connection
) -> None:
    timers = [Timer(number, ORGANIZATION, 1, 10, number, 999, number) for number in range(1, 33)]
    put_all(*timers)
    query = TimerQuery(ORGANIZATION, other_person_ids=frozenset({1}))
    real = connection.dispatch

    def three_rows_a_page(operation: str, arguments: dict[str, Any]) -> Any:
        return real(operation, {**arguments, "Limit": 3})

    with patch.object(connection, "dispatch", three_rows_a_page), counted(connection) as calls:
        first = store.stretch(query, None, 10)
        second = store.stretch(query, first.following, 10)
        third = store.stretch(query, second.following, 10)
    # Five index pages of three rows, none of which is meant; and again; and the end.
    assert (first.rows, first.following) == ([], keys.at(15, 15))
    assert (second.rows, second.following) == ([], keys.at(30, 30))
    assert (third.rows, third.following) == ([], None)
    assert len(calls) == 5 + 5 + 1


def test_what_runs_of_a_person_is_read_from_their_slot(
    store: Store, connection: Connection
) -> None:
    running = Timer(7, ORGANIZATION, 1, 10, started_at=5, auto_stop_at=999)
    # No timer is put: an index that is behind does not matter.
    write_all(connection, slot_items([running]))
    query = TimerQuery(ORGANIZATION, person_ids=frozenset({1}), stopped_at=TimeIs(None))
    elsewhere = replace(query, time_entry_ids=frozenset({11}))
    with counted(connection) as calls:
        assert store.timers(query) == Page([running], 1)
        assert store.timers(replace(query, page=2)) == Page((), 1)
        assert store.timers(elsewhere) == Page([], 0)
        assert store.stretch(query, None, 10) == Stretch([running], None)
        assert store.stretch(query, keys.at(5, 7), 10) == Stretch((), None)
    assert set(calls) == {"BatchGetItem"}
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("query", "narrower"),
    [
        (TimerQuery(ORGANIZATION, other_person_ids=frozenset({9})), "person_id"),
        (
            TimerQuery(
                ORGANIZATION,
                other_person_ids=frozenset({9}),
                started_at=TimeIs(Span(1, 9999)),
            ),
            "started_at",
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=frozenset({1, 2}), sort=TimerSort.STOPPED_AT),
            "stopped_at",
        ),
        (
            TimerQuery(ORGANIZATION, person_ids=frozenset({1}), stopped_outside=(Span(0, 1),)),
            "started_at",
        ),
    ],
)
def test_a_page_that_would_take_too_much_reading_is_refused_and_told_what_helps(
    store: Store, connection: Connection, query: TimerQuery, narrower: str
) -> None:
    timers = [Timer(number, ORGANIZATION, 1, 10, number, 999, number) for number in range(1, 17)]
    put_all(*timers)
    real = connection.dispatch

    def three_rows_a_page(operation: str, arguments: dict[str, Any]) -> Any:
        return real(operation, {**arguments, "Limit": 3})

    assert store.timers(query).total_count == 16
    with (
        patch.object(connection, "dispatch", three_rows_a_page),
        counted(connection) as calls,
        pytest.raises(QueryTooBroad) as raised,
    ):
        store.timers(query)
    assert raised.value.source == {"parameter": f"filter[{narrower}]"}
    assert len(calls) == 5
