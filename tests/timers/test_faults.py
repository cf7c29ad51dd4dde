"""Fault injection at each DynamoDB call of each timer operation: contract sections 7, 8 and 9.

After a fault the stored data is that before or that after the operation, and the response is
correct. After a retry with the same idempotency key the data is that of one operation, including
the version of each item.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, ClassVar

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict, StintError, Unavailable
from chalicelib.core.idempotency import IdempotencyKey, fingerprint_of
from chalicelib.core.permissions import Caller
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import WriteOptions
from chalicelib.people.model import Role
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.engine import ENDPOINT
from tests.support.fault_injection import (
    WRITE,
    Fault,
    Injection,
    Killed,
    cancelled,
    intercepted,
    silent,
    throttled,
    unreachable,
)
from tests.support.fixtures import ZAGREB, put_all
from tests.support.invariants import outline, violations_of
from tests.support.timer_commands import Command, DeleteCommand, EditCommand, perform
from tools.ops.invariants import PersonSnapshot
from tools.ops.snapshot import SnapshotReader

SERVICE = Service(1294, ZAGREB.id, "Design")

FAULTS = {
    "throttled": Fault(throttled),
    "cancelled while throttled": Fault(lambda _: cancelled("ThrottlingError"), only=WRITE),
    "cancelled by a conflict": Fault(lambda _: cancelled("TransactionConflict"), only=WRITE),
    "never sent": Fault(lambda _: unreachable()),
    "no response, not written": Fault(lambda _: silent()),
    "no response, written": Fault(lambda _: silent(), sent=True),
    "killed before": Fault(lambda _: Killed()),
    "killed after": Fault(lambda _: Killed(), sent=True),
}
"""The faults by name. The names are test ids."""

FAULTS_OF_QUERIES = ("throttled", "killed before")
"""The faults that are injected at the queries of auto-stop. Others are injected at its write."""

TRANSIENT = [name for name in FAULTS if not name.startswith("killed")]


@dataclass
class Person:
    """A new person, with only the data that the operation needs."""

    number: int
    timer_id: int | None = None

    @property
    def id(self) -> int:
        return 5_000 + self.number

    @property
    def entries(self) -> tuple[int, int]:
        return 10_000 + 2 * self.number, 10_001 + 2 * self.number

    @property
    def caller(self) -> Caller:
        return Caller(ZAGREB, self.id, Role.MEMBER)


@dataclass(frozen=True)
class Operation:
    """An operation, and the DynamoDB calls that it makes.

    ``command`` returns the request; it is None for auto-stop, which has no request.
    """

    prepare: Callable[[Dependencies, FakeClock, Person], None]
    command: Callable[[Person], Command] | None
    calls: tuple[str, ...]

    def do(
        self, dependencies: Dependencies, person: Person, key: IdempotencyKey | None
    ) -> Result[Any] | None:
        if self.command is None:
            AutoStop(dependencies).run()
            return None
        return perform(dependencies, person.caller, self.command(person), WriteOptions(key))

    def is_once(self, person: Person) -> bool:
        """Whether the same request again, without a key, does something else."""
        if self.command is None:
            return False
        return isinstance(self.command(person), StartCommand | DeleteCommand)


def _idle(dependencies: Dependencies, clock: FakeClock, person: Person) -> None:
    del dependencies, clock, person


def _working(dependencies: Dependencies, clock: FakeClock, person: Person) -> None:
    command = StartCommand(time_entry_id=person.entries[0])
    person.timer_id = Timers(dependencies).start(person.caller, command).outcome.timer.id
    clock.advance(HOUR + 29)


def _overdue(dependencies: Dependencies, clock: FakeClock, person: Person) -> None:
    _working(dependencies, clock, person)
    clock.advance(ZAGREB.auto_stop_after)


def _auto_stopped(dependencies: Dependencies, clock: FakeClock, person: Person) -> None:
    _overdue(dependencies, clock, person)
    assert AutoStop(dependencies).run().stopped == 1


def _worked(dependencies: Dependencies, clock: FakeClock, person: Person) -> None:
    _working(dependencies, clock, person)
    Timers(dependencies).stop(person.caller, StopCommand(person.timer_id))
    clock.advance(HOUR)


def _worked_on_a_set_time(dependencies: Dependencies, clock: FakeClock, person: Person) -> None:
    _worked(dependencies, clock, person)
    TimeEntries(dependencies).update(person.caller, person.entries[0], {"time": 20})


def _timer_id(person: Person) -> int:
    assert person.timer_id is not None
    return person.timer_id


READ_AND_WRITE = ("BatchGetItem", WRITE)
TWO_READS_AND_WRITE = ("BatchGetItem", *READ_AND_WRITE)

OPERATIONS = {
    "start on an entry": Operation(
        _idle, lambda person: StartCommand(time_entry_id=person.entries[0]), READ_AND_WRITE
    ),
    "start on a service": Operation(
        _idle, lambda _: StartCommand(service_id=SERVICE.id), READ_AND_WRITE
    ),
    "switch": Operation(
        _working, lambda person: StartCommand(time_entry_id=person.entries[1]), READ_AND_WRITE
    ),
    "switch within an entry": Operation(
        _working, lambda person: StartCommand(time_entry_id=person.entries[0]), READ_AND_WRITE
    ),
    "stop": Operation(_working, lambda person: StopCommand(person.timer_id), READ_AND_WRITE),
    "stop by entry": Operation(
        _working, lambda person: StopCommand(time_entry_id=person.entries[0]), TWO_READS_AND_WRITE
    ),
    "correct an automatic stop": Operation(
        _auto_stopped,
        lambda person: StopCommand(person.timer_id, stopped_at=MONDAY_NINE + HOUR),
        TWO_READS_AND_WRITE,
    ),
    "insert": Operation(
        _worked,
        lambda person: StartCommand(
            time_entry_id=person.entries[1],
            started_at=MONDAY_NINE - 2 * HOUR,
            stopped_at=MONDAY_NINE - HOUR,
        ),
        READ_AND_WRITE,
    ),
    "insert on a service": Operation(
        _working,
        lambda _: StartCommand(
            service_id=SERVICE.id, started_at=MONDAY_NINE - HOUR, stopped_at=MONDAY_NINE
        ),
        READ_AND_WRITE,
    ),
    "move a session": Operation(
        _worked_on_a_set_time,
        lambda person: EditCommand(
            _timer_id(person), MONDAY_NINE - 30 * HOUR, MONDAY_NINE - 20 * HOUR
        ),
        TWO_READS_AND_WRITE,
    ),
    "move a session to another entry": Operation(
        _worked_on_a_set_time,
        lambda person: EditCommand(_timer_id(person), time_entry_id=person.entries[1]),
        TWO_READS_AND_WRITE,
    ),
    "edit the running timer": Operation(
        _working,
        lambda person: EditCommand(
            _timer_id(person), MONDAY_NINE - HOUR, time_entry_id=person.entries[1]
        ),
        TWO_READS_AND_WRITE,
    ),
    "undo a stop": Operation(
        _worked_on_a_set_time,
        lambda person: EditCommand(_timer_id(person), stopped_at=None),
        TWO_READS_AND_WRITE,
    ),
    "delete": Operation(
        _worked_on_a_set_time,
        lambda person: DeleteCommand(_timer_id(person)),
        TWO_READS_AND_WRITE,
    ),
    "delete the running timer": Operation(
        _working, lambda person: DeleteCommand(_timer_id(person)), TWO_READS_AND_WRITE
    ),
    "auto-stop": Operation(_overdue, None, (*["Query"] * 8, WRITE)),
}
REQUESTS = [name for name, operation in OPERATIONS.items() if operation.command is not None]

RELIES_ON_TOKENS = (
    "an identical resend without a key relies on ClientRequestToken, which moto ignores"
)


class Scenario:
    """Repeats one operation, each time by a new person and at the same time of day."""

    _expected: ClassVar[dict[Operation, "Expected"]] = {}

    def __init__(
        self,
        operation: Operation,
        dependencies: Dependencies,
        clock: FakeClock,
        connection: Connection,
    ) -> None:
        self.operation, self.dependencies = operation, dependencies
        self.clock, self.connection = clock, connection
        self._people = count()
        put_all(SERVICE)
        if operation not in self._expected:
            self._expected[operation] = self._run_without_fault()
        self.before, self.contents, self.after = self._expected[operation]
        assert self.before != self.after

    def _run_without_fault(self) -> "Expected":
        person = self.new_person()
        before = self.read()[person.id].outline
        no_fault = Injection(FAULTS["throttled"], position=-1)
        with intercepted(self.connection, no_fault.wrap):
            result = self.operation.do(self.dependencies, person, None)
        assert sorted(no_fault.calls) == sorted(self.operation.calls)
        stored = self.read()[person.id]
        return before, stored.contents_of(result), stored.outline

    def new_person(self) -> Person:
        """Create a new person, ready for the operation."""
        person = Person(next(self._people))
        self.clock.timestamp = MONDAY_NINE
        put_all(
            *(
                TimeEntry(
                    entry_id,
                    ZAGREB.id,
                    person.id,
                    SERVICE.id,
                    "2026-03-02",
                    MONDAY_NINE,
                    MONDAY_NINE,
                    person.id,
                )
                for entry_id in person.entries
            )
        )
        self.operation.prepare(self.dependencies, self.clock, person)
        return person

    def key(self, person: Person) -> IdempotencyKey:
        key_hash = fingerprint_of(b"key")
        return IdempotencyKey(
            ZAGREB.id, person.id, key_hash, fingerprint_of(str(person.number).encode())
        )

    def read(self) -> dict[int, "StoredData"]:
        """Read the data of all people, by person, and check the invariants."""
        snapshots = SnapshotReader(self.connection).read_all()
        assert violations_of(snapshots) == []
        return {person.person_id: StoredData(person) for person in snapshots.values()}


Contents = tuple[object, ...] | None
Expected = tuple[dict[str, object], Contents, dict[str, object]]
"""An operation without a fault: the data before, the contents of the result, the data after."""


class StoredData:
    """The stored data of a person, without ids."""

    def __init__(self, snapshot: PersonSnapshot) -> None:
        self.outline = outline(snapshot)
        self._timers = {timer.id: position for position, timer in enumerate(snapshot.timers)}
        self._entries = {
            entry_id: position for position, entry_id in enumerate(sorted(snapshot.entries))
        }

    def contents_of(self, result: Result[Any] | None) -> Contents:
        """Return the contents of a result, without ids. Auto-stop and deletions have none."""
        if result is None or result.outcome is None:
            return None
        outcome, timer = result.outcome, result.outcome.timer
        return (
            self._timers[timer.id],
            self._entries[timer.time_entry_id],
            timer.started_at,
            timer.stopped_at,
            timer.stop_reason,
            timer.version,
            self._timers.get(outcome.stopped_timer_id or 0),
            outcome.already_stopped,
        )


@dataclass
class Trial:
    """One injected fault: the person, the injection, and the result or the error."""

    person: Person
    key: IdempotencyKey | None
    injection: Injection
    result: Result[Any] | None = None
    error: BaseException | None = None
    done: bool = False


def _inject_at_each_call(scenario: Scenario, name: str, lasting: bool, keyed: bool) -> None:
    """Inject a fault at each call of the operation, each time for a new person; then retry."""
    fault = FAULTS[name]
    if scenario.operation.command is None and name not in FAULTS_OF_QUERIES:
        fault = replace(fault, only=WRITE)
    # The calls before the fault are always those of an operation without faults.
    positions = [call for call in scenario.operation.calls if fault.only in (None, call)]
    trials = []
    for position in range(len(positions)):
        person = scenario.new_person()
        key = scenario.key(person) if keyed else None
        trial = Trial(person, key, Injection(fault, position, lasting))
        _run(scenario, trial)
        assert trial.injection.struck
        _check_error(name, trial.error)
        trials.append(trial)
        if scenario.operation.command is None:
            # Auto-stop processes all people: the next run would complete this trial.
            _check_and_retry(scenario, trials)
            trials.clear()
    _check_and_retry(scenario, trials)


def _run(scenario: Scenario, trial: Trial) -> None:
    try:
        with intercepted(scenario.connection, trial.injection.wrap):
            trial.result = scenario.operation.do(scenario.dependencies, trial.person, trial.key)
    except (Conflict, Unavailable, Killed) as error:
        trial.error = error


def _check_error(name: str, error: BaseException | None) -> None:
    if name.startswith("killed"):
        assert isinstance(error, Killed)
    elif error is not None:
        expected = Conflict if name == "cancelled by a conflict" else Unavailable
        assert isinstance(error, expected)
        assert isinstance(error, StintError)
        assert error.retry_after


def _check_and_retry(scenario: Scenario, trials: list[Trial]) -> None:
    stored_data = scenario.read()
    for trial in trials:
        _check(scenario, trial, stored_data[trial.person.id])
    results_of_trials = [_retry(scenario, trial) for trial in trials]
    stored_data = scenario.read()
    for trial, results in zip(trials, results_of_trials, strict=True):
        stored = stored_data[trial.person.id]
        assert stored.outline == scenario.after
        if trial.key is not None:
            assert {stored.contents_of(result) for result in results} == {scenario.contents}
            assert [result.replayed for result in results if result] == [trial.done, True]


def _check(scenario: Scenario, trial: Trial, stored: StoredData) -> None:
    """Check that all or nothing is written, and that the result is correct."""
    injection = trial.injection
    trial.done = stored.outline == scenario.after
    if scenario.operation.command is None:
        # Auto-stop leaves timers that it could not stop to the next run.
        assert trial.done or stored.outline == scenario.before
    elif trial.error is None:
        assert stored.contents_of(trial.result) == scenario.contents
        assert trial.done
    else:
        written = injection.fault.sent and WRITE in injection.struck
        assert stored.outline == (scenario.after if written else scenario.before)


def _retry(scenario: Scenario, trial: Trial) -> list[Result[Any] | None]:
    """Send the same request again without faults: once, or twice with a key."""
    if trial.key is None and trial.done and scenario.operation.is_once(trial.person):
        # Without a key, a repeated start would start another timer, and a repeated deletion fail.
        return []
    return [
        scenario.operation.do(scenario.dependencies, trial.person, trial.key)
        for _ in range(2 if trial.key else 1)
    ]


@pytest.fixture
def scenario(
    request: pytest.FixtureRequest,
    dependencies: Dependencies,
    clock: FakeClock,
    connection: Connection,
) -> Scenario:
    """The scenario of the operation that the test parameter names."""
    return Scenario(OPERATIONS[request.param], dependencies, clock, connection)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("scenario", REQUESTS, indirect=True)
def test_retry_with_the_same_key_after_one_fault_has_one_effect(
    scenario: Scenario, name: str
) -> None:
    _inject_at_each_call(scenario, name, lasting=False, keyed=True)


@pytest.mark.parametrize("name", TRANSIENT)
@pytest.mark.parametrize("scenario", REQUESTS, indirect=True)
def test_retry_with_the_same_key_after_lasting_faults_has_one_effect(
    scenario: Scenario, name: str
) -> None:
    _inject_at_each_call(scenario, name, lasting=True, keyed=True)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("scenario", OPERATIONS, indirect=True)
def test_fault_without_a_key_writes_all_or_nothing(scenario: Scenario, name: str) -> None:
    if (
        ENDPOINT is None
        and name == "no response, written"
        and scenario.operation.command is not None
    ):
        pytest.skip(RELIES_ON_TOKENS)
    _inject_at_each_call(scenario, name, lasting=False, keyed=False)


@pytest.mark.parametrize("name", TRANSIENT)
@pytest.mark.parametrize("scenario", ["auto-stop"], indirect=True)
def test_timers_left_by_lasting_faults_are_stopped_by_the_next_auto_stop(
    scenario: Scenario, name: str
) -> None:
    _inject_at_each_call(scenario, name, lasting=True, keyed=False)
