"""Deterministic interleaving: run each operation inside another one.

The second operation runs before the write, or before the second read, of the first one. The effect
is that of the same two operations one after the other.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.errors import InvalidAttribute, RecordNotFound
from chalicelib.core.unit_of_work import Result
from chalicelib.dynamodb.database import Database
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import TimerOutcome
from chalicelib.timers.operations import StartCommand, StopCommand
from tests.support.clock import HOUR, MINUTE
from tests.support.concurrent_requests import (
    CALLERS,
    LIMIT,
    REFUSALS,
    Request,
    Run,
    VirtualUser,
    key_for,
    time_entries,
    tried,
)
from tests.support.fault_injection import WRITE, Call, intercepted
from tests.support.fixtures import put_all
from tests.support.invariants import timers, violations
from tests.support.request_checks import (
    check_edits,
    check_keys,
    check_starts,
    check_stops,
    check_switches,
)
from tests.support.timer_commands import Command, DeleteCommand, EditCommand
from tools.ops.invariants import PersonSnapshot
from tools.ops.snapshot import SnapshotReader

pytestmark = pytest.mark.usefixtures("concurrent_people")

READ = "BatchGetItem"

Operation = Callable[["Scenario", VirtualUser], object]


class Scenario:
    """A person with a running timer on the first entry, and with two virtual users.

    In a ``serial`` scenario another person does the same, but one operation after the other.
    """

    def __init__(self, database: Database, number: int, *, serial: bool = False) -> None:
        self.caller = replace(CALLERS[1], person_id=6_000 + number + 1_000 * serial)
        self.first = 20_000 + 2 * number + 10_000 * serial
        self.second = self.first + 1
        put_all(*(self._entry(entry_id) for entry_id in (self.first, self.second)))
        self.is_interrupted = False
        # The other user may have deleted the entry.
        self.run = Run(refusals=(*REFUSALS, InvalidAttribute))
        self.one, self.other = (
            VirtualUser(self.run, database, f"{self.first}/{name}", skew)
            for name, skew in (("one", number % 3 - 1), ("other", number % 2))
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


def _work_and_stop(scenario: Scenario, user: VirtualUser) -> None:
    _work(scenario, user)
    scenario.send(user, StopCommand(scenario.timer_id))
    _work(scenario, user)


def _stop_and_set_time(scenario: Scenario, user: VirtualUser) -> None:
    _work_and_stop(scenario, user)
    TimeEntries(user.dependencies).update(scenario.caller, scenario.first, {"time": 9})


def _undo_stop_of_a_set_time(scenario: Scenario, user: VirtualUser) -> None:
    _stop_and_set_time(scenario, user)
    OPERATIONS["undo the stop"](scenario, user)
    _work(scenario, user)


def _amount(scenario: Scenario, user: VirtualUser) -> int:
    """A number that differs between the two users."""
    return 3 if user is scenario.one else 5


def _set_time(scenario: Scenario, user: VirtualUser) -> object:
    minutes = 20 + _amount(scenario, user)
    return TimeEntries(user.dependencies).update(scenario.caller, scenario.first, {"time": minutes})


def _delete_entry(scenario: Scenario, user: VirtualUser) -> object:
    scenario.run.deleted_entries.add(scenario.second)
    entries = TimeEntries(user.dependencies)
    return tried(lambda: entries.delete(scenario.caller, scenario.second), RecordNotFound)


def _insert_into_gap(scenario: Scenario, user: VirtualUser) -> object:
    start = scenario.started_at - HOUR
    stop = start + _amount(scenario, user)
    command = StartCommand(time_entry_id=scenario.second, started_at=start, stopped_at=stop)
    return scenario.send(user, command)


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
        StopCommand(scenario.timer_id, stopped_at=scenario.started_at + _amount(scenario, user)),
    ),
    "stop with a key": lambda scenario, user: scenario.send(
        user, StopCommand(scenario.timer_id), b"stop"
    ),
    "correct the stop, then stop with the same key": lambda scenario, user: (
        OPERATIONS[CORRECTION](scenario, user),
        OPERATIONS["stop with a key"](scenario, user),
    ),
    "auto-stop": lambda _, user: AutoStop(user.dependencies).run(),
    "insert": _insert_into_gap,
    "move into the gap": lambda scenario, user: scenario.send(
        user,
        EditCommand(scenario.timer_id, scenario.started_at - HOUR, scenario.started_at - MINUTE),
    ),
    "start earlier": lambda scenario, user: scenario.send(
        user, EditCommand(scenario.timer_id, started_at=scenario.started_at - MINUTE)
    ),
    "shorten": lambda scenario, user: scenario.send(
        user,
        EditCommand(
            scenario.timer_id, stopped_at=scenario.started_at + 10 + _amount(scenario, user)
        ),
    ),
    "undo the stop": lambda scenario, user: scenario.send(
        user, EditCommand(scenario.timer_id, stopped_at=None)
    ),
    "move to another entry": lambda scenario, user: scenario.send(
        user, EditCommand(scenario.timer_id, time_entry_id=scenario.second)
    ),
    "edit with a key": lambda scenario, user: scenario.send(
        user, EditCommand(scenario.timer_id, scenario.started_at - 2 * MINUTE), b"edit"
    ),
    "delete": lambda scenario, user: scenario.send(user, DeleteCommand(scenario.timer_id)),
    "delete with a key": lambda scenario, user: scenario.send(
        user, DeleteCommand(scenario.timer_id), b"delete"
    ),
    "set the time": _set_time,
    "delete the other entry": _delete_entry,
}

STARTS = ("start on the same entry", "start on another entry", "start with a key")
STOPS = ("stop", "stop by entry")
CORRECTION = "stop at an earlier time"
KEYED_STOPS = ("stop with a key", "correct the stop, then stop with the same key")

EDITS = ("shorten", "undo the stop", "move to another entry", "edit with a key", "delete")
OVERLAPS = ("insert", "move into the gap", "start earlier")

STATES: dict[str, tuple[Operation, tuple[str, ...]]] = {
    "running timer": (_work, (*STARTS[1:], *STOPS)),
    "overdue timer": (_become_overdue, (STARTS[0], STOPS[0], CORRECTION, "auto-stop")),
    "auto-stopped timer": (
        _become_overdue_and_auto_stop,
        (STARTS[0], STARTS[2], CORRECTION, *KEYED_STOPS),
    ),
    "switched timer": (
        _work_and_switch,
        (STARTS[0], STOPS[1], CORRECTION, "delete"),
    ),
    "running timer that is edited": (
        _work,
        (STARTS[1], STOPS[0], "start earlier", "insert", "edit with a key", "delete"),
    ),
    "stopped timer": (
        _work_and_stop,
        (STARTS[1], "shorten", "undo the stop", *OVERLAPS, "delete with a key"),
    ),
    "timer with a set time": (
        _stop_and_set_time,
        ("set the time", *EDITS, STARTS[0]),
    ),
    "covered timer that runs on": (
        _undo_stop_of_a_set_time,
        ("set the time", STOPS[0], STARTS[1], "move to another entry", "delete"),
    ),
    "entry that is deleted": (
        _work_and_stop,
        ("delete the other entry", "insert", "move to another entry", STARTS[1]),
    ),
}
"""What the person did before, and the operations that are then interleaved."""

INTERRUPTIONS = dict.fromkeys(
    (CORRECTION, STOPS[1], "undo the stop", "move into the gap"), (READ, WRITE)
)
"""Operations that read twice. The others are interrupted only before their write."""


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
        serial = Scenario(database, number, serial=True)
        prepare(serial, serial.one)
        if scenario.is_interrupted:
            OPERATIONS[intruder](serial, serial.other)
        OPERATIONS[operation](serial, serial.one)
        scenarios += [scenario, serial]
    _check(scenarios, connection)
    _compare(scenarios, connection)
    # Stop the timers: a wrong running timer causes a violation when it stops.
    for scenario in scenarios:
        scenario.send(scenario.one, StopCommand(time_entry_id=scenario.first))
        scenario.send(scenario.one, StopCommand(time_entry_id=scenario.second))
    _check(scenarios, connection)


def _compare(scenarios: list[Scenario], connection: Connection) -> None:
    """The interrupted operation has the same effect as one that comes after the intruder."""
    snapshots = {
        snapshot.person_id: snapshot for snapshot in SnapshotReader(connection).read_all().values()
    }
    for scenario, serial in zip(scenarios[::2], scenarios[1::2], strict=True):
        interleaved, expected = (
            _sessions_and_times(snapshots[one.caller.person_id]) for one in (scenario, serial)
        )
        assert interleaved == expected


def _sessions_and_times(snapshot: PersonSnapshot) -> tuple[object, ...]:
    places = {entry_id: place for place, entry_id in enumerate(sorted(snapshot.entries))}
    sessions = [
        (
            places[timer.time_entry_id],
            timer.started_at,
            timer.stopped_at,
            timer.stop_reason,
            timer.covered,
        )
        for timer in snapshot.timers
    ]
    times = [
        (entry.tracked_seconds, entry.adjusted_seconds)
        for _, entry in sorted(snapshot.entries.items())
    ]
    return sessions, times


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
                scenario.is_interrupted = True
                intruder(scenario, scenario.other)
            return real(operation, arguments)

        return call

    return wrap


def _check(scenarios: list[Scenario], connection: Connection) -> None:
    assert violations(connection) == []
    stored = timers(connection)
    check_switches([scenario.run for scenario in scenarios], stored)
    for scenario in scenarios:
        person_id = scenario.caller.person_id
        own = {key: timer for key, timer in stored.items() if timer.person_id == person_id}
        check_starts(scenario.run, own)
        check_stops(scenario.run, own)
        check_edits(scenario.run, own)
        check_keys(scenario.run)
