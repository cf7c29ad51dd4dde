"""Lists of time entries hold the ceilings of lists of timers: contract section 6."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from pynamodb.connection import Connection

from bench.lists import measure
from chalicelib.domain.queries import EntryQuery
from chalicelib.domain.timers import TimeEntry
from chalicelib.store.store import Store
from infra.bulk import write_all
from infra.tables import renew_tables
from infra.tallied import entry_items
from tests.architecture.test_lists import CURSOR_MODE, PAGE_MODE, assert_within
from tests.support.engine import ENDPOINT

ORGANIZATION = 77
VETERAN, COLLEAGUES = 1, range(100, 160)
DAYS, WEEKS = (600, 12) if ENDPOINT is not None else (200, 3)
"""Of the veteran, one entry a day; of the colleagues, each one a week, all on Mondays."""

QUERIES = {
    "organization": EntryQuery(ORGANIZATION),
    "from the end": EntryQuery(ORGANIZATION, descending=True),
    "person": EntryQuery(ORGANIZATION, person_ids=frozenset({VETERAN})),
    "service": EntryQuery(ORGANIZATION, service_ids=frozenset({2})),
    "dates": EntryQuery(ORGANIZATION, first_date="2024-01-03", last_date="2025-08-05"),
    "a person's dates": EntryQuery(
        ORGANIZATION, person_ids=frozenset({VETERAN}), first_date="2024-02-01"
    ),
}


def history() -> Iterator[TimeEntry]:
    first = date(2024, 1, 1)
    plain = TimeEntry(0, ORGANIZATION, VETERAN, 1, "", 1, 1, VETERAN, note="n" * 100)
    for day in range(DAYS):
        on = (first + timedelta(days=day)).isoformat()
        yield replace(plain, id=10_000 + day, date=on)
    for week in range(WEEKS):
        on = (first + timedelta(days=7 * week)).isoformat()
        for person_id in COLLEAGUES:
            entry_id = 100_000 + 1_000 * week + person_id
            yield replace(plain, id=entry_id, date=on, person_id=person_id, service_id=2)


@pytest.fixture
def entries(connection: Connection) -> Iterator[list[TimeEntry]]:
    everything = list(history())
    write_all(connection, entry_items(everything))
    yield sorted(everything, key=lambda it: (it.date, it.id))
    renew_tables()


def test_every_page_is_right_and_within_the_ceilings(
    connection: Connection, store: Store, entries: list[TimeEntry]
) -> None:
    for name, query in QUERIES.items():
        wanted = [it for it in entries if query.matches(it)]
        if query.descending:
            wanted.reverse()
        pages = -(-len(wanted) // 30)
        for number in {1, 2, pages // 2, pages // 2 + 1, pages - 1, pages, pages + 1}:
            asked = replace(query, page=number)
            found = store.time_entries(asked)
            assert found.total_count == len(wanted), (name, number)
            assert list(found.rows) == wanted[(number - 1) * 30 : number * 30], (name, number)
            cost = measure(connection, partial(store.time_entries, asked))
            assert_within(cost, PAGE_MODE, f"{name}, page {number}")
        after = None
        for number in range(pages):
            stretch = store.entry_stretch(query, after, 30)
            assert list(stretch.rows) == wanted[number * 30 : (number + 1) * 30]
            if number in (0, pages // 2):
                cost = measure(connection, partial(store.entry_stretch, query, after, 30))
                assert_within(cost, CURSOR_MODE, f"{name}, by cursor")
            after = stretch.following
        assert after is None
