"""Deterministic interleaving: run each operation inside another one.

The second operation runs before the write, or before the second read, of the first one.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.unit_of_work import Result
from chalicelib.dynamodb.database import Database
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import TimerOutcome
from chalicelib.timers.operations import StartCommand, StopCommand
from tests.support.concurrent_requests import (
    CALLERS,
    LIMIT,
    Command,
    Request,
    Run,
    VirtualUser,
    check_keys,
    check_starts,
    check_stops,
    check_switches,
    key_for,
    time_entries,
)
from tests.support.fault_injection import WRITE, Call, intercepted
from tests.support.fixtures import put_all
from tests.support.invariants import timers, violations

pytestmark = pytest.mark.usefixtures("concurrent_people")

READ = "BatchGetItem"

Operation = Callable[["Scenario", VirtualUser], object]


class Scenario:
    """A person with a running timer on the first entry, and with two virtual users."""

    def __init__(self, database: Database, number: int) -> None:
        self.caller = replace(CALLERS[1], person_id=6_000 + number)
        self.first, self.second = 20_000 + 2 * number, 20_001 + 2 * number
        put_all(*(self._entry(entry_id) for entry_id in (self.first, self.second)))
        self.run = Run()
        self.one, self.other = (
            VirtualUser(self.run, database, f"{number}/{user_number}") for user_number in (1, 2)
        )
        self.start(self.one, self.first)
        (_, self.timer_id) = self.run.seen[-1]
        self.started_at = self.run.clock()

    def start(self, user: VirtualUser, entry_id: int) -> Result[TimerOutcome] | None:
        return self.send(user, StartCommand(time_entry_id=entry_id))

    def send(
        self, user: VirtualUser, command: Command, key: bytes | None = None
    ) -> Result[TimerOutcome] | None:
        idempotency_key = None if key is None else key_for(self.caller, command, key)
        return self.run.send(user.dependencies, Request(self.caller, command, idempotency_key))

    def _entry(self, entry_id: int) -> TimeEntry:
        (template,) = time_entries()[2:3]
        return replace(template, id=entry_id, person_id=self.caller.person_id)


def _become_overdue(scenario: Scenario, user: VirtualUser) -> None:
    del user
    scenario.run.clock.advance(2 * LIMIT)


def _become_overdue_and_auto_stop(scenario: Scenario, user: VirtualUser) -> None:
    _become_overdue(scenario, user)
    AutoStop(user.dependencies).run()


def _work(scenario: Scenario, user: VirtualUser) -> None:
    del user
    scenario.run.clock.advance(LIMIT // 2)


def _work_and_switch(scenario: Scenario, user: VirtualUser) -> None:
    _work(scenario, user)
    scenario.start(user, scenario.first)


OPERATIONS: dict[str, Operation] = {
    "start on the same entry": lambda scenario, user: scenario.start(user, scenario.first),
    "start on another entry": lambda scenario, user: scenario.start(user, scenario.second),
    "start with a key": lambda scenario, user: scenario.send(
        user, StartCommand(time_entry_id=scenario.second), b"tap"
    ),
    "stop": lambda scenario, user: scenario.send(user, StopCommand(scenario.timer_id)),
    "stop by entry": lambda scenario, user: scenario.send(
        user, StopCommand(time_entry_id=scenario.first)
    ),
    "stop at an earlier time": lambda scenario, user: scenario.send(
        user,
        StopCommand(scenario.timer_id, stopped_at=scenario.started_at + user.random.randrange(9)),
    ),
    "stop with a key": lambda scenario, user: scenario.send(
        user, StopCommand(scenario.timer_id), b"stop"
    ),
    "correct the stop, then stop with the same key": lambda scenario, user: (
        OPERATIONS[CORRECTION](scenario, user),
        OPERATIONS["stop with a key"](scenario, user),
    ),
    "auto-stop": lambda _, user: AutoStop(user.dependencies).run(),
}

STARTS = ("start on the same entry", "start on another entry", "start with a key")
STOPS = ("stop", "stop by entry")
CORRECTION = "stop at an earlier time"
KEYED_STOPS = ("stop with a key", "correct the stop, then stop with the same key")

STATES: dict[str, tuple[Operation, tuple[str, ...]]] = {
    "running timer": (_work, (*STARTS[1:], *STOPS)),
    "overdue timer": (_become_overdue, (STARTS[0], STOPS[0], CORRECTION, "auto-stop")),
    "auto-stopped timer": (
        _become_overdue_and_auto_stop,
        (STARTS[0], STARTS[2], CORRECTION, *KEYED_STOPS),
    ),
    "switched timer": (_work_and_switch, (STARTS[0], STOPS[1], CORRECTION)),
}
"""What the person did before, and the operations that are then interleaved."""

INTERRUPTIONS = {CORRECTION: (READ, WRITE), STOPS[1]: (READ, WRITE)}
"""The operations that read twice. Others are interrupted only before their write."""


@pytest.mark.parametrize(
    ("state", "operation"),
    [(state, operation) for state, (_, operations) in STATES.items() for operation in operations],
)
def test_interleaved_operations_lose_no_update(
    database: Database, connection: Connection, state: str, operation: str
) -> None:
    prepare, intruders = STATES[state]
    scenarios = []
    interruptions = [
        (intruder, interrupted_call)
        for intruder in intruders
        for interrupted_call in INTERRUPTIONS.get(operation, (WRITE,))
    ]
    for number, (intruder, interrupted_call) in enumerate(interruptions):
        scenario = Scenario(database, number)
        prepare(scenario, scenario.one)
        interrupt = _interrupt(scenario, OPERATIONS[intruder], interrupted_call)
        with intercepted(connection, interrupt):
            OPERATIONS[operation](scenario, scenario.one)
        scenarios.append(scenario)
    _check(scenarios, connection)
    # Stop the timers: a wrong running timer causes a violation when it stops.
    for scenario in scenarios:
        scenario.send(scenario.one, StopCommand(time_entry_id=scenario.first))
        scenario.send(scenario.one, StopCommand(time_entry_id=scenario.second))
    _check(scenarios, connection)


def _interrupt(
    scenario: Scenario, intruder: Operation, interrupted_call: str
) -> Callable[[Call], Call]:
    """Run the intruder once, before the write or before the second read."""
    calls: Counter[str] = Counter()
    call_number = 1 if interrupted_call == WRITE else 2

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            calls[operation] += 1
            if operation == interrupted_call and calls[operation] == call_number:
                calls[operation] += 1
                intruder(scenario, scenario.other)
            return real(operation, arguments)

        return call

    return wrap


def _check(scenarios: list[Scenario], connection: Connection) -> None:
    assert violations(connection) == []
    stored = timers(connection)
    check_switches(stored)
    for scenario in scenarios:
        person_id = scenario.caller.person_id
        own = {key: timer for key, timer in stored.items() if timer.person_id == person_id}
        check_starts(scenario.run, own)
        check_stops(scenario.run, own)
        check_keys(scenario.run)
