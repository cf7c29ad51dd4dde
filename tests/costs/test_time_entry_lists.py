"""Lists of time entries have the same cost limits as lists of timers: contract section 6."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from benchmarks.counter_fixtures import entry_items
from benchmarks.lists import measure
from chalicelib.time_entries import lists
from chalicelib.time_entries.model import EntryQuery, TimeEntry
from tests.costs.test_timer_lists import CURSOR_MODE, PAGE_MODE, assert_within
from tests.support.engine import ENDPOINT
from tests.support.table_settings import set_for_tests
from tools.tables import renew_tables

ORGANIZATION = 77
PERSON, COLLEAGUES = 1, range(100, 160)
DAYS, WEEKS = (600, 12) if ENDPOINT is not None else (200, 3)
"""PERSON has one entry per day. Each of COLLEAGUES has one entry per week, on Mondays."""

QUERIES = {
    "organization": EntryQuery(ORGANIZATION),
    "from the end": EntryQuery(ORGANIZATION, descending=True),
    "person": EntryQuery(ORGANIZATION, person_ids=frozenset({PERSON})),
    "service": EntryQuery(ORGANIZATION, service_ids=frozenset({2})),
    "dates": EntryQuery(ORGANIZATION, first_date="2024-01-03", last_date="2025-08-05"),
    "a person's dates": EntryQuery(
        ORGANIZATION, person_ids=frozenset({PERSON}), first_date="2024-02-01"
    ),
}


def history() -> Iterator[TimeEntry]:
    first = date(2024, 1, 1)
    template = TimeEntry(0, ORGANIZATION, PERSON, 1, "", 1, 1, PERSON, note="n" * 100)
    for day in range(DAYS):
        entry_date = (first + timedelta(days=day)).isoformat()
        yield replace(template, id=10_000 + day, date=entry_date)
    for week in range(WEEKS):
        entry_date = (first + timedelta(days=7 * week)).isoformat()
        for person_id in COLLEAGUES:
            entry_id = 100_000 + 1_000 * week + person_id
            yield replace(template, id=entry_id, date=entry_date, person_id=person_id, service_id=2)


@pytest.fixture
def entries(connection: Connection) -> Iterator[list[TimeEntry]]:
    history_entries = list(history())
    write_all(connection, entry_items(history_entries))
    yield sorted(history_entries, key=lambda entry: (entry.date, entry.id))
    renew_tables()
    set_for_tests(connection)


def test_every_page_is_correct_and_within_the_cost_limits(
    connection: Connection, entries: list[TimeEntry]
) -> None:
    for name, query in QUERIES.items():
        expected = [entry for entry in entries if query.matches(entry)]
        if query.descending:
            expected.reverse()
        pages = -(-len(expected) // 30)
        for number in {1, 2, pages // 2, pages // 2 + 1, pages - 1, pages, pages + 1}:
            page_query = replace(query, page=number)
            page = lists.page(connection, page_query)
            assert page.total_count == len(expected), (name, number)
            assert list(page.rows) == expected[(number - 1) * 30 : number * 30], (name, number)
            cost = measure(connection, partial(lists.page, connection, page_query))
            assert_within(cost, PAGE_MODE, f"{name}, page {number}")
        after = None
        for number in range(pages):
            cursor_page = lists.cursor_page(connection, query, after, 30)
            assert list(cursor_page.rows) == expected[number * 30 : (number + 1) * 30]
            if number in (0, pages // 2):
                cost = measure(connection, partial(lists.cursor_page, connection, query, after, 30))
                assert_within(cost, CURSOR_MODE, f"{name}, by cursor")
            after = cursor_page.following
        assert after is None
