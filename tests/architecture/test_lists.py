"""A page costs the same however long its list: the ceilings of contract section 6, at 10,000."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection

from bench.costs import Cost
from bench.lists import (
    Case,
    by_cursor,
    by_number,
    cases,
    crowd,
    history,
    load,
    measure,
    middle_position,
    pages_of,
)
from chalicelib.store.store import Store
from infra.tables import renew_tables
from tests.support.engine import ENDPOINT

PAGE_MODE = (3, 60.0)
CURSOR_MODE = (1, 10.0)
"""Calls that wait for each other, and read units."""

_ROW = re.compile(r"^\| 10,000 \| (?P<list>[^|]+) \|(?P<cells>.+)\|$", re.MULTILINE)


@pytest.fixture
def lists(connection: Connection) -> Iterator[list[Case]]:
    """Days of 1,000 people who all start together and stop together, and some people's history."""
    crowded, long = crowd(2_000), history(300)
    # In months of their own: neither writes over what the other counts.
    load(connection, crowded)
    load(connection, long)
    organization = [it for it in cases([*crowded, *long]) if it.query.person_ids is None]
    person = [it for it in cases(long) if it.query.person_ids is not None]
    yield [*organization, *person]
    renew_tables()


def assert_within(cost: Cost, ceiling: tuple[int, float], what: str) -> None:
    waits, read_units = ceiling
    assert 0 < cost.waits <= waits, f"{what}: {cost.calls}"
    if ENDPOINT is not None:
        assert 0 < cost.read_units <= read_units, f"{what}: {cost.read_units}"


@pytest.mark.skipif(ENDPOINT is not None, reason="there, the bench is held to more")
def test_no_page_of_a_served_list_takes_more_calls(
    connection: Connection, store: Store, lists: list[Case]
) -> None:
    assert len(lists) == 8
    for case in lists:
        pages = pages_of(case)
        # Beside those: the page that a day of the crowd hides deepest.
        for name, page in {**pages, "deep": max(1, pages["middle"] - 17)}.items():
            cost = measure(connection, by_number(store, case, page))
            assert_within(cost, PAGE_MODE, f"{case.name}, {name} page")
        for position in (None, middle_position(connection, case)):
            cost = measure(connection, by_cursor(store, case, position))
            assert_within(cost, CURSOR_MODE, f"{case.name}, by cursor")


@pytest.mark.skipif(ENDPOINT is None, reason="moto tells no read units: needs DynamoDB Local")
def test_the_bench_is_within_the_ceilings_at_10_000_timers() -> None:
    # In a process of its own, on an engine of its own: one that has done much is slow to load.
    done = subprocess.run(
        [sys.executable, "-m", "bench.lists", "--timers", "10000"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = list(_ROW.finditer(done.stdout))
    assert len(rows) == 8 + 4
    for row in rows:
        *page_mode, cursor_mode = row["cells"].split("|")[:4]
        for cell, ceiling in [*((it, PAGE_MODE) for it in page_mode), (cursor_mode, CURSOR_MODE)]:
            waits, read_units = cell.split("/")
            assert 0 < int(waits) <= ceiling[0], f"{row['list']}: {cell}"
            assert 0 < float(read_units) <= ceiling[1], f"{row['list']}: {cell}"
