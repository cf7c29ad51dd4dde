"""Cost limits of list pages (contract section 6): a page costs the same in a list of 10,000."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection

from benchmarks.costs import Cost
from benchmarks.lists import (
    Case,
    by_cursor,
    by_number,
    cases,
    history,
    load,
    measure,
    middle_position,
    pages_of,
    simultaneous_sessions,
)
from tests.support.engine import ENDPOINT
from tests.support.table_settings import set_for_tests
from tools.tables import renew_tables

PAGE_MODE = (3, 60.0)
CURSOR_MODE = (1, 10.0)
"""Maximum of sequential calls, and of read units."""

_ROW = re.compile(r"^\| 10,000 \| (?P<list>[^|]+) \|(?P<cells>.+)\|$", re.MULTILINE)


@pytest.fixture
def lists(connection: Connection) -> Iterator[list[Case]]:
    """Days on which 1,000 people start and stop together, and the history of some people."""
    people_timers, person_timers = simultaneous_sessions(2_000), history(300)
    # The two sets are in different months, so neither overwrites the other's counters.
    load(connection, people_timers)
    load(connection, person_timers)
    organization = [
        case for case in cases([*people_timers, *person_timers]) if case.query.person_ids is None
    ]
    person = [case for case in cases(person_timers) if case.query.person_ids is not None]
    yield [*organization, *person]
    renew_tables()
    set_for_tests(connection)


def assert_within(cost: Cost, ceiling: tuple[int, float], what: str) -> None:
    waits, read_units = ceiling
    assert 0 < cost.waits <= waits, f"{what}: {cost.calls}"
    if ENDPOINT is not None:
        assert 0 < cost.read_units <= read_units, f"{what}: {cost.read_units}"


@pytest.mark.skipif(
    ENDPOINT is not None, reason="on DynamoDB Local the benchmark test has stricter limits"
)
def test_every_page_of_an_indexed_list_stays_within_the_limits(
    connection: Connection, lists: list[Case]
) -> None:
    assert len(lists) == 8
    for case in lists:
        pages = pages_of(case)
        # The extra page starts deepest inside a day of the 1,000 people.
        for name, page in {**pages, "deep": max(1, pages["middle"] - 17)}.items():
            cost = measure(connection, by_number(connection, case, page))
            assert_within(cost, PAGE_MODE, f"{case.name}, {name} page")
        for position in (None, middle_position(connection, case)):
            cost = measure(connection, by_cursor(connection, case, position))
            assert_within(cost, CURSOR_MODE, f"{case.name}, by cursor")


@pytest.mark.every_engine
@pytest.mark.skipif(ENDPOINT is None, reason="moto reports no read units: needs DynamoDB Local")
def test_list_benchmark_stays_within_the_limits_at_10_000_timers() -> None:
    # Runs in a separate process with a new engine: loading into a used engine is slow.
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.lists", "--timers", "10000"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = list(_ROW.finditer(result.stdout))
    assert len(rows) == 8 + 4
    for row in rows:
        *page_mode, cursor_mode = row["cells"].split("|")[:4]
        for cell, ceiling in [
            *((page_cell, PAGE_MODE) for page_cell in page_mode),
            (cursor_mode, CURSOR_MODE),
        ]:
            waits, read_units = cell.split("/")
            assert 0 < int(waits) <= ceiling[0], f"{row['list']}: {cell}"
            assert 0 < float(read_units) <= ceiling[1], f"{row['list']}: {cell}"
