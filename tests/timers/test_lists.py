"""Timer queries return the same as a plain Python list: filters, order, pages, total count."""

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from benchmarks.counter_fixtures import counter_items, person_state_items, timer_items
from chalicelib.core.errors import QueryTooBroad
from chalicelib.core.lists import CursorPage, InvalidPosition, Page, TimeFilter
from chalicelib.core.timestamps import Span
from chalicelib.counters import offset_pages
from chalicelib.dynamodb import keys
from chalicelib.timers import lists
from chalicelib.timers.model import Timer, TimerQuery, TimerSort
from tests.properties.bounds import bounded
from tests.support.call_counter import counted
from tests.support.clock import DAY, HOUR
from tests.support.fixtures import put_all
from tests.support.histories import by_start, by_stop, changed_manually
from tests.support.tables import empty_tables

ORGANIZATION, ELSEWHERE = 2149, 2150
PEOPLE = [1, 2, 3]
BEGINNING = 1_769_900_000
"""The last hours of January 2026, UTC."""
NONE: st.SearchStrategy[frozenset[int]] = st.just(frozenset())


# Lengths in seconds: from parts of a quarter-hour to days and months.
lengths = st.one_of(
    st.integers(0, 20), st.sampled_from([0, 450, 899, 900, 901, HOUR, DAY, 3 * DAY, 40 * DAY])
)


@st.composite
def timelines(draw: Any) -> list[Timer]:
    """Timers of several people. Each person's timers do not overlap, the last one may be running,
    and some were edited, inserted or deleted.
    """
    all_timers = []
    scopes = [*((ORGANIZATION, person_id) for person_id in PEOPLE), (ELSEWHERE, 1)]
    for organization_id, person_id in scopes:
        timers = []
        timestamp = BEGINNING + draw(st.integers(0, 50))
        for number in range(draw(st.integers(0, 12))):
            started_at = timestamp + draw(lengths)
            timestamp = started_at + draw(lengths)
            timers.append(
                Timer(
                    id=1 + number * 100 + person_id + 10 * (organization_id - ORGANIZATION),
                    organization_id=organization_id,
                    person_id=person_id,
                    # An entry belongs to one person.
                    time_entry_id=person_id * 10 + draw(st.integers(0, 1)),
                    started_at=started_at,
                    auto_stop_at=started_at + 1000,
                    stopped_at=timestamp,
                )
            )
        if timers and draw(st.booleans()):
            timers.append(replace(timers.pop(), stopped_at=None))
        all_timers += changed_manually(draw, timers)
    return all_timers


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def queries(draw: Any, timers: list[Timer]) -> TimerQuery:
    """A query whose filters match some of the timers."""
    timestamps = [
        timestamp
        for timer in timers
        for timestamp in (timer.started_at, timer.stopped_at)
        if timestamp
    ]
    ends = st.builds(
        lambda timestamp, offset, rounded: (
            (timestamp - timestamp % 900 if rounded else timestamp) + offset
        ),
        st.sampled_from(timestamps or [BEGINNING]),
        st.sampled_from([-1, 0, 0, 1, 10, 900]),
        st.booleans(),
    )
    spans = st.one_of(
        st.tuples(ends, ends).map(lambda pair: Span(min(pair), max(pair))),
        ends.map(lambda end: Span(0, end)),
        ends.map(lambda begin: Span(begin, keys.NEVER)),
        st.just(Span(0, keys.NEVER)),
    )
    times = spans.map(TimeFilter)
    spans_outside = st.lists(spans, max_size=1).map(tuple)
    # Most queries fit an index, because only for those the counters locate the pages.
    entry_ids = optional(st.frozensets(st.sampled_from([10, 11, 20, 21, 30, 99]), max_size=3))
    fits_an_index = draw(st.sampled_from([True, True, True, False]))
    people = st.frozensets(
        st.sampled_from([*PEOPLE, 99]), min_size=fits_an_index, max_size=1 if fits_an_index else 3
    )
    query: TimerQuery = draw(
        st.builds(
            TimerQuery,
            organization_id=st.just(ORGANIZATION),
            person_ids=optional(people),
            time_entry_ids=st.none() if fits_an_index else entry_ids,
            started_at=optional(times),
            stopped_at=optional(times | st.just(TimeFilter(None))),
            other_person_ids=NONE
            if fits_an_index
            else st.frozensets(st.sampled_from(PEOPLE), max_size=1),
            other_time_entry_ids=NONE
            if fits_an_index
            else st.frozensets(st.sampled_from([10, 20]), max_size=1),
            started_outside=st.just(()) if fits_an_index else spans_outside,
            stopped_outside=st.just(()) if fits_an_index else spans_outside,
            sort=st.sampled_from(TimerSort),
            descending=st.booleans(),
            page=st.integers(1, 8),
            page_size=st.integers(1, 6),
        )
    )
    return query


def expected(query: TimerQuery, timers: list[Timer]) -> tuple[list[Timer], int]:
    """The timers of the page, and the total count, computed without the database."""
    matching = [
        timer
        for timer in timers
        if timer.organization_id == query.organization_id and query.matches(timer)
    ]

    # A person's order by start is also their order by stop.
    has_one_person = 1 in (len(query.person_ids or ()), len(query.time_entry_ids or ()))
    key = by_start if query.sort is TimerSort.STARTED_AT or has_one_person else by_stop
    ordered = sorted(matching, key=key, reverse=query.descending)
    first = (query.page - 1) * query.page_size
    return ordered[first : first + query.page_size], len(ordered)


def put_history(connection: Connection, timers: list[Timer]) -> None:
    """Replace the table contents with the timers, their person states and their counters."""
    empty_tables()
    write_all(
        connection, [*timer_items(timers), *counter_items(timers), *person_state_items(timers)]
    )


@given(data=st.data(), timers=timelines(), max_skipped=st.sampled_from([0, 3, 150]))
@bounded(80)
def test_offset_page_equals_the_page_of_a_plain_list(
    connection: Connection, data: Any, timers: list[Timer], max_skipped: int
) -> None:
    put_history(connection, timers)
    with patch.object(offset_pages, "_SKIPPED_FREELY", max_skipped):
        for _ in range(8):
            query = data.draw(queries(timers))
            page = lists.page(connection, query)
            assert (list(page.rows), page.total_count) == expected(query, timers)


@given(data=st.data(), timers=timelines(), max_skipped=st.sampled_from([0, 3]))
@bounded(15)
def test_offset_pages_contain_each_timer_once(
    connection: Connection, data: Any, timers: list[Timer], max_skipped: int
) -> None:
    put_history(connection, timers)
    query = data.draw(queries(timers))
    all_rows, total = expected(replace(query, page=1, page_size=1000), timers)
    with patch.object(offset_pages, "_SKIPPED_FREELY", max_skipped):
        pages = [
            lists.page(connection, replace(query, page=number))
            for number in range(1, 2 - -total // query.page_size)
        ]
    assert [timer for page in pages for timer in page.rows] == all_rows
    assert {page.total_count for page in pages} == {total}


@given(data=st.data(), timers=timelines())
@bounded(40)
def test_cursor_pages_contain_each_timer_once_and_in_order(
    connection: Connection, data: Any, timers: list[Timer]
) -> None:
    put_history(connection, timers)
    for _ in range(3):
        query = data.draw(queries(timers))
        whole_list = replace(query, page=1, page_size=1000)
        rows: list[Timer] = []
        position = None
        while True:
            cursor_page = lists.cursor_page(connection, whole_list, position, query.page_size)
            assert len(cursor_page.rows) <= query.page_size
            rows += cursor_page.rows
            position = cursor_page.following
            if position is None:
                break
            # A page that has a next page is full, and the next page is not empty.
            assert len(cursor_page.rows) == query.page_size
        assert rows == expected(whole_list, timers)[0]


@pytest.mark.parametrize("position", ["", "x", "0000000001#1", "1#0000000000000001", "a" * 27])
def test_invalid_cursor_position_is_refused(connection: Connection, position: str) -> None:
    with pytest.raises(InvalidPosition):
        lists.cursor_page(connection, TimerQuery(ORGANIZATION), position, 10)


def test_cursor_page_may_be_short_when_no_index_fits_the_query(connection: Connection) -> None:
    timers = [Timer(number, ORGANIZATION, 1, 10, number, 999, number) for number in range(1, 33)]
    put_all(*timers)
    query = TimerQuery(ORGANIZATION, other_person_ids=frozenset({1}))
    real = connection.dispatch

    def three_rows_a_page(operation: str, arguments: dict[str, Any]) -> Any:
        return real(operation, {**arguments, "Limit": 3})

    with patch.object(connection, "dispatch", three_rows_a_page), counted(connection) as calls:
        first = lists.cursor_page(connection, query, None, 10)
        second = lists.cursor_page(connection, query, first.following, 10)
        third = lists.cursor_page(connection, query, second.following, 10)
    # Twice: five index pages of three rows, and no row matches. Then the end of the index.
    assert (first.rows, first.following) == ([], keys.timestamp_key(15, 15))
    assert (second.rows, second.following) == ([], keys.timestamp_key(30, 30))
    assert (third.rows, third.following) == ([], None)
    assert len(calls) == 5 + 5 + 1


def test_running_timer_of_a_person_is_read_from_the_person_state(connection: Connection) -> None:
    running = Timer(7, ORGANIZATION, 1, 10, started_at=5, auto_stop_at=999)
    # The timers table stays empty, so the result does not depend on a stale index.
    write_all(connection, person_state_items([running]))
    query = TimerQuery(ORGANIZATION, person_ids=frozenset({1}), stopped_at=TimeFilter(None))
    on_another_entry = replace(query, time_entry_ids=frozenset({11}))
    with counted(connection) as calls:
        assert lists.page(connection, query) == Page([running], 1)
        assert lists.page(connection, replace(query, page=2)) == Page((), 1)
        assert lists.page(connection, on_another_entry) == Page([], 0)
        assert lists.cursor_page(connection, query, None, 10) == CursorPage([running], None)
        assert lists.cursor_page(connection, query, keys.timestamp_key(5, 7), 10) == CursorPage(
            (), None
        )
    assert set(calls) == {"BatchGetItem"}
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("query", "suggested_filter"),
    [
        (TimerQuery(ORGANIZATION, other_person_ids=frozenset({9})), "person_id"),
        (
            TimerQuery(
                ORGANIZATION,
                other_person_ids=frozenset({9}),
                started_at=TimeFilter(Span(1, 9999)),
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
def test_too_broad_query_is_refused_with_a_suggested_filter(
    connection: Connection, query: TimerQuery, suggested_filter: str
) -> None:
    timers = [Timer(number, ORGANIZATION, 1, 10, number, 999, number) for number in range(1, 17)]
    put_all(*timers)
    real = connection.dispatch

    def three_rows_a_page(operation: str, arguments: dict[str, Any]) -> Any:
        return real(operation, {**arguments, "Limit": 3})

    assert lists.page(connection, query).total_count == 16
    with (
        patch.object(connection, "dispatch", three_rows_a_page),
        counted(connection) as calls,
        pytest.raises(QueryTooBroad) as raised,
    ):
        lists.page(connection, query)
    assert raised.value.source == {"parameter": f"filter[{suggested_filter}]"}
    assert len(calls) == 5
