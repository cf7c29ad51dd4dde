"""DynamoDB read and write units of each request: they determine its price.

Read units need DynamoDB Local, which reports them. Write units are computed by AWS's rules on both
engines.
"""

from collections.abc import Callable
from functools import partial

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.costs import counted
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.ids import MAX_ID
from chalicelib.counters.model import PersonDay
from chalicelib.counters.rollup import CounterRollup
from tests.support.api import Api, Response
from tests.support.clock import DAY, MONDAY_NINE, FakeClock
from tests.support.engine import ENDPOINT
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    DESIGN,
    ZAGREB,
    put_all,
)

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
        lambda api, _: api.edit_entry(ADMINS_ENTRY, time=45),
        1.0,
        # The entry and its 3 indexes, the revision and its 2 indexes, the sums of its month.
        2 + 3 + 2 + 2 + 2,
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
    """A running timer of an admin; the token is in the cache of callers."""
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


@pytest.mark.parametrize(("count", "read_units"), [(0, 2.0), (200, 2.0), (1_000, 4.0)])
def test_units_of_authentication_in_an_organization_with_closed_services(
    admin: Api, connection: Connection, count: int, read_units: float
) -> None:
    closed = tuple(MAX_ID - number for number in reversed(range(count)))
    put_all(replace(ZAGREB, closed_service_ids=closed))
    # The credential and the organization; then the timer, which does not exist.
    assert_units(connection, lambda: admin.get("/timers/1"), read_units + 1, 0)


@pytest.mark.parametrize(("count", "write_units"), [(0, 2 + 2 + 5), (200, 2 + 4 + 5)])
def test_units_of_archiving_a_service(
    admin: Api, connection: Connection, count: int, write_units: int
) -> None:
    closed = tuple(MAX_ID - number for number in reversed(range(count)))
    put_all(replace(ZAGREB, closed_service_ids=closed))
    admin.get("/timers/1")
    archive = partial(admin.patch, f"/services/{DESIGN}/archive")
    # The service and the credential. Then the service, the organization, and five units for the
    # condition on the credential and the admin revision.
    assert_units(connection, lambda: _assert_success(archive()), 2.0, write_units)


def test_units_of_the_counter_roll_up(
    connection: Connection, dependencies: Dependencies, timer_id: str
) -> None:
    assert timer_id
    days = {PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)}
    # The rolled-up record, the organization's day and month, the person's month.
    assert_units(connection, lambda: CounterRollup(dependencies).run(days), 2.0, 4 * 2)


def test_units_of_the_roll_up_of_a_session(
    admin: Api, connection: Connection, dependencies: Dependencies, timer_id: str
) -> None:
    admin.stop(timer_id)
    days = {PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)}
    # Also the sums of the month: of the person on the service, the service, the organization.
    assert_units(connection, lambda: CounterRollup(dependencies).run(days), 2.0, (4 + 3) * 2)


def _assert_success(response: Response) -> None:
    assert response.status < 300
