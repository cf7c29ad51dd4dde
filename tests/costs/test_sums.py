"""Reports read sums, not entries: contract section 10a. Read units need DynamoDB Local."""

from collections.abc import Iterator
from functools import partial

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from benchmarks.counter_fixtures import entry_items
from benchmarks.lists import measure
from chalicelib.core.ids import MAX_ID
from chalicelib.counters.repository import CounterModel
from chalicelib.reports.model import SumQuery
from chalicelib.reports.sums import read_sums
from chalicelib.time_entries.model import TimeEntry
from tests.costs.test_timer_lists import assert_within
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.engine import ENDPOINT
from tests.support.fixtures import ADMIN, DESIGN, DEVELOPMENT
from tests.support.sums import recount
from tests.support.table_settings import set_for_tests
from tools.tables import renew_tables

ORGANIZATION = 2149
PEOPLE = 1_000 if ENDPOINT is not None else 40
"""They have 20 entries a month on 4 of 40 services. Ids have 16 digits, as real ones."""

ONE_PERSON = (1, 5.0)
COMPANY = (4, 100.0)
"""Calls in sequence, and read units."""

FEBRUARY = SumQuery(ORGANIZATION, "2026-02-01", "2026-02-28")
A_PERSON = frozenset({MAX_ID - 7})
QUERIES = {
    "by month": (FEBRUARY, COMPANY),
    "by service": (replace(FEBRUARY, by_service=True), COMPANY),
    "by person": (replace(FEBRUARY, by_person=True), COMPANY),
    "by person and service": (replace(FEBRUARY, by_person=True, by_service=True), COMPANY),
    "one person by day": (replace(FEBRUARY, person_ids=A_PERSON), ONE_PERSON),
    "one person by service": (
        replace(FEBRUARY, person_ids=A_PERSON, by_service=True),
        ONE_PERSON,
    ),
}


def history() -> Iterator[TimeEntry]:
    for number in range(PEOPLE * 20):
        person, day = number // 20, number % 20 + 1
        yield TimeEntry(
            MAX_ID - number,
            ORGANIZATION,
            MAX_ID - person,
            MAX_ID - (person + day % 4) % 40,
            f"2026-02-{day:02d}",
            1,
            1,
            MAX_ID - person,
            billable=day % 5 != 0,
            tracked_seconds=25_000 + number % 1_000,
        )


@pytest.fixture
def entries(connection: Connection) -> Iterator[list[TimeEntry]]:
    history_entries = list(history())
    # The entries themselves are never read.
    items = entry_items(history_entries)
    write_all(connection, (item for item in items if item[0] is CounterModel))
    yield history_entries
    renew_tables()
    set_for_tests(connection)


def test_sums_are_correct_and_within_the_cost_limits(
    connection: Connection, entries: list[TimeEntry]
) -> None:
    for name, (query, ceiling) in QUERIES.items():
        assert read_sums(connection, query) == recount(entries, query), name
        cost = measure(connection, partial(read_sums, connection, query))
        assert_within(cost, ceiling, name)


def test_sums_of_a_person_whose_sessions_are_in_the_items_of_days(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    """A month with four sessions a day: their seconds are in the items of days."""
    for day in range(20):
        for number in range(4):
            admin.start(service_id=DESIGN if number % 2 else DEVELOPMENT)
            clock.advance(HOUR)
        admin.patch("/timers/stop")
        clock.advance(MONDAY_NINE + (day + 1) * DAY - clock())
    query = SumQuery(ORGANIZATION, "2026-03-01", "2026-03-31", frozenset({ADMIN}))
    sums = read_sums(connection, query)
    assert sum(one.seconds for one in sums.values()) == 80 * HOUR
    cost = measure(connection, partial(read_sums, connection, query))
    assert_within(cost, ONE_PERSON, "a person with days")
