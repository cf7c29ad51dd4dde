"""What each request takes of DynamoDB's units, which are what it costs: these are the ceilings.

Read units need an engine that tells them; write units are computed by AWS's rules on both.
"""

from collections.abc import Callable

import pytest
from pynamodb.connection import Connection

from bench.costs import counted
from chalicelib.domain.tallies import PersonDay
from chalicelib.services.rolling_up import roll_up
from chalicelib.services.toolbox import Toolbox
from tests.support.api import Answer, Api
from tests.support.clock import DAY, MONDAY_NINE, FakeClock
from tests.support.engine import ENDPOINT
from tests.support.world import ADMIN, ADMINS_ENTRY, ADMINS_SECOND_ENTRY, DESIGN, ZAGREB

Act = Callable[[Api, str], Answer]
KEY = {"Idempotency-Key": "7"}

NOTHING_RUNS: dict[str, tuple[Act, float, int]] = {
    "list": (lambda api, _: api.get("/timers"), 0.5, 0),
    "list of a person": (lambda api, _: api.get("/timers?filter[person_id]=8779"), 0.5, 0),
    "what runs of a person": (
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
    # The timer and its five indexes, the entry and its three, the slot, the day's tally.
    "start": (lambda api, _: api.start(time_entry_id=ADMINS_ENTRY), 2.0, 2 + 5 + 2 + 3 + 2 + 2),
    # A new entry, and the month that counts it.
    "start on a service": (lambda api, _: api.start(service_id=DESIGN), 2.0, 18),
    "stop, again": (lambda api, timer_id: api.stop(timer_id), 1.0, 0),
    "list of time entries": (lambda api, _: api.get("/time_entries"), 0.5, 0),
    "correct a time entry": (
        lambda api, _: api.patch(
            f"/time_entries/{ADMINS_ENTRY}",
            {"data": {"type": "time_entries", "attributes": {"time": 45}}},
        ),
        1.0,
        # The entry and its three indexes, the revision.
        2 + 3 + 2,
    ),
}

SOMETHING_RUNS: dict[str, tuple[Act, float, int]] = {
    # As a start; and the timer before it, which moves in one index and leaves another, its entry.
    "switch": (lambda api, _: api.start(time_entry_id=ADMINS_SECOND_ENTRY), 2.0, 16 + 8 + 5),
    "switch within an entry": (lambda api, _: api.start(time_entry_id=ADMINS_ENTRY), 2.0, 16 + 8),
    "stop": (lambda api, timer_id: api.stop(timer_id), 1.0, 8 + 5 + 2 + 2),
    "stop, with a key": (
        lambda api, timer_id: api.send("PATCH", f"/timers/{timer_id}/stop", headers=KEY),
        2.0,
        8 + 5 + 2 + 2 + 2,
    ),
    "stop what runs on an entry": (
        lambda api, _: api.patch(f"/time_entries/{ADMINS_ENTRY}/stop"),
        2.0,
        8 + 5 + 2 + 2,
    ),
}


@pytest.fixture
def timer_id(admin: Api, clock: FakeClock) -> str:
    """A timer that runs, of an admin whose token is in the process's memory."""
    made: str = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(30)
    return made


def assert_within(
    connection: Connection, act: Callable[[], object], read_units: float, write_units: int
) -> None:
    with counted(connection) as cost:
        act()
    assert cost.write_units == write_units
    if ENDPOINT is not None:
        assert cost.read_units == read_units


@pytest.mark.parametrize("name", SOMETHING_RUNS)
def test_while_a_timer_runs(admin: Api, connection: Connection, timer_id: str, name: str) -> None:
    act, read_units, write_units = SOMETHING_RUNS[name]
    assert_within(connection, lambda: _succeeds(act(admin, timer_id)), read_units, write_units)


@pytest.mark.parametrize("name", NOTHING_RUNS)
def test_while_none_runs(admin: Api, connection: Connection, timer_id: str, name: str) -> None:
    admin.stop(timer_id)
    act, read_units, write_units = NOTHING_RUNS[name]
    assert_within(connection, lambda: _succeeds(act(admin, timer_id)), read_units, write_units)


def test_a_roll_up_of_an_act(connection: Connection, tools: Toolbox, timer_id: str) -> None:
    assert timer_id
    due = {PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)}
    # The ledger, the organization's day and month, the person's month.
    assert_within(connection, lambda: roll_up(tools, due), 2.0, 4 * 2)


def _succeeds(answer: Answer) -> None:
    assert answer.status < 300
