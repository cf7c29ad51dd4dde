"""DynamoDB read and write units of each request: they determine its price.

Read units need DynamoDB Local, which reports them. Write units are computed by AWS's rules on both
engines.
"""

from collections.abc import Callable
from functools import partial

import pytest
from pynamodb.connection import Connection

from benchmarks.costs import counted
from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.model import PersonDay
from chalicelib.counters.rollup import CounterRollup
from chalicelib.services.tracking_state import SERVICE_CACHE_SECONDS
from tests.support.api import Api, Response
from tests.support.clock import DAY, MONDAY_NINE, FakeClock
from tests.support.engine import ENDPOINT
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ADMINS_SECOND_ENTRY, DESIGN, ZAGREB
from tests.support.warm_caches import warm_caches

Request = Callable[[Api, str], Response]
KEY = {"Idempotency-Key": "7"}

WITHOUT_RUNNING_TIMER: dict[str, tuple[Request, float, int]] = {
    "list": (lambda api, _: api.get("/timers"), 0.5, 0),
    "list of a person": (lambda api, _: api.get("/timers?filter[person_id]=8779"), 0.5, 0),
    "running timer of a person": (
        lambda api, _: api.get("/timers?filter[person_id]=8779&filter[stopped_at]="),
        1.0,
        0,
    ),
    "show": (lambda api, timer_id: api.get(f"/timers/{timer_id}"), 1.0, 0),
    "show, with its entry": (
        lambda api, timer_id: api.get(f"/timers/{timer_id}?include=time_entry"),
        2.0,
        0,
    ),
    # Reads the person state, the entry and the person.
    # Writes the timer and its 5 indexes, the entry and its 3, the person state, the day's counter.
    "start": (lambda api, _: api.start(time_entry_id=ADMINS_ENTRY), 3.0, 2 + 5 + 2 + 3 + 2 + 2),
    # A new entry, and the counters of its month.
    "start on a service": (lambda api, _: api.start(service_id=DESIGN), 3.0, 18),
    "stop, again": (lambda api, timer_id: api.stop(timer_id), 1.0, 0),
    "list of time entries": (lambda api, _: api.get("/time_entries"), 0.5, 0),
    "update a time entry": (
        lambda api, _: api.patch(
            f"/time_entries/{ADMINS_ENTRY}",
            {"data": {"type": "time_entries", "attributes": {"time": 45}}},
        ),
        1.0,
        # The entry and its 3 indexes, the revision and its 2 indexes.
        2 + 3 + 2 + 2,
    ),
}

WITH_RUNNING_TIMER: dict[str, tuple[Request, float, int]] = {
    # A start, plus the previous timer (moves in one index, leaves another one) and its entry.
    "switch": (lambda api, _: api.start(time_entry_id=ADMINS_SECOND_ENTRY), 3.0, 16 + 8 + 5),
    "switch within an entry": (lambda api, _: api.start(time_entry_id=ADMINS_ENTRY), 3.0, 16 + 8),
    "stop": (lambda api, timer_id: api.stop(timer_id), 1.0, 8 + 5 + 2 + 2),
    "stop, with a key": (
        lambda api, timer_id: api.send("PATCH", f"/timers/{timer_id}/stop", headers=KEY),
        2.0,
        8 + 5 + 2 + 2 + 2,
    ),
    "stop the running timer of an entry": (
        lambda api, _: api.patch(f"/time_entries/{ADMINS_ENTRY}/stop"),
        2.0,
        8 + 5 + 2 + 2,
    ),
}


@pytest.fixture
def timer_id(admin: Api, clock: FakeClock) -> str:
    """A running timer of an admin; token and services are in the caches of the process."""
    warm_caches(admin)
    started_id: str = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(30)
    return started_id


def assert_units(
    connection: Connection, request: Callable[[], object], read_units: float, write_units: int
) -> None:
    with counted(connection) as cost:
        request()
    assert cost.write_units == write_units
    if ENDPOINT is not None:
        assert cost.read_units == read_units


@pytest.mark.parametrize("name", WITH_RUNNING_TIMER)
def test_request_units_while_a_timer_runs(
    admin: Api, connection: Connection, timer_id: str, name: str
) -> None:
    request, read_units, write_units = WITH_RUNNING_TIMER[name]
    assert_units(
        connection, lambda: _assert_success(request(admin, timer_id)), read_units, write_units
    )


@pytest.mark.parametrize("name", WITHOUT_RUNNING_TIMER)
def test_request_units_while_no_timer_runs(
    admin: Api, connection: Connection, timer_id: str, name: str
) -> None:
    admin.stop(timer_id)
    request, read_units, write_units = WITHOUT_RUNNING_TIMER[name]
    assert_units(
        connection, lambda: _assert_success(request(admin, timer_id)), read_units, write_units
    )


def test_units_of_a_start_whose_service_is_not_cached(
    admin: Api, connection: Connection, timer_id: str, clock: FakeClock
) -> None:
    admin.stop(timer_id)
    clock.advance(SERVICE_CACHE_SECONDS)
    # The cache of callers has expired, too: authenticate again.
    admin.get("/timers/1")
    start = partial(admin.start, time_entry_id=ADMINS_ENTRY)
    assert_units(connection, lambda: _assert_success(start()), 3.0, 16)


def test_units_of_the_counter_roll_up(
    connection: Connection, dependencies: Dependencies, timer_id: str
) -> None:
    assert timer_id
    days = {PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)}
    # The rolled-up record, the organization's day and month, the person's month.
    assert_units(connection, lambda: CounterRollup(dependencies).run(days), 2.0, 4 * 2)


def _assert_success(response: Response) -> None:
    assert response.status < 300
