"""Fault injection at each call of each operation on time entries: contract sections 7 and 8.

After a fault all or nothing is written, and the response is correct. After a retry the data is that
of one operation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict, StintError, Unavailable
from chalicelib.core.idempotency import IdempotencyKey, fingerprint_of
from chalicelib.core.permissions import Caller
from chalicelib.core.write_options import WriteOptions
from chalicelib.people.model import Role
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.time_entries.rules import MAX_TIMERS_PER_STEP
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.clock import MINUTE, MONDAY_NINE, FakeClock
from tests.support.fault_injection import WRITE, Injection, Killed, intercepted
from tests.support.fixtures import DESIGN, MEMBER, ZAGREB, Fixtures, put_all
from tests.support.invariants import violations
from tests.support.table_snapshots import items
from tests.timers.test_faults import FAULTS

CALLER = Caller(ZAGREB, MEMBER, Role.MEMBER)
READ, QUERY = "BatchGetItem", "Query"

State = tuple[object, ...]


@dataclass(frozen=True)
class Operation:
    """An operation on an entry with ``sessions`` sessions, and the DynamoDB calls that it makes."""

    do: Callable[[TimeEntries, int, IdempotencyKey], object]
    calls: tuple[str, ...]
    sessions: int = 0


def _create(time_entries: TimeEntries, entry_id: int, key: IdempotencyKey) -> object:
    return time_entries.create(
        CALLER, {"service": DESIGN, "time": 5, "note": f"for {entry_id}"}, WriteOptions(key)
    )


def _edit(time_entries: TimeEntries, entry_id: int, key: IdempotencyKey) -> object:
    values = {"time": 30, "date": "2026-03-05", "note": "said"}
    return time_entries.update(CALLER, entry_id, values, WriteOptions(key))


def _delete(time_entries: TimeEntries, entry_id: int, key: IdempotencyKey) -> object:
    return time_entries.delete(CALLER, entry_id, WriteOptions(key))


OPERATIONS = {
    "create": Operation(_create, (READ, WRITE)),
    "edit": Operation(_edit, (READ, WRITE), sessions=1),
    "delete": Operation(_delete, (READ, WRITE)),
    "delete with timers": Operation(_delete, (READ, QUERY, READ, WRITE), sessions=2),
    "delete with many timers": Operation(
        _delete, 2 * (READ, QUERY, READ, WRITE), sessions=MAX_TIMERS_PER_STEP + 1
    ),
}


class Scenario:
    """Repeats one operation, each time with a new entry."""

    def __init__(
        self,
        operation: Operation,
        dependencies: Dependencies,
        clock: FakeClock,
        connection: Connection,
    ) -> None:
        self.operation, self.dependencies = operation, dependencies
        self.clock, self.connection = clock, connection
        self.time_entries = TimeEntries(dependencies)
        self._numbers = count(30_000)
        entry_id = self.new_entry()
        self.before = self.state(entry_id)
        with intercepted(connection, (no_fault := Injection(FAULTS["throttled"], -1)).wrap):
            self.do(entry_id)
        assert tuple(no_fault.calls) == operation.calls
        self.after = self.state(entry_id)
        assert self.before != self.after

    def new_entry(self) -> int:
        entry_id = next(self._numbers)
        other_fields = (DESIGN, "2026-03-02", MONDAY_NINE, MONDAY_NINE, MEMBER)
        put_all(TimeEntry(entry_id, ZAGREB.id, MEMBER, *other_fields))
        for _ in range(self.operation.sessions):
            Timers(self.dependencies).start(CALLER, StartCommand(time_entry_id=entry_id))
            self.clock.advance(MINUTE)
        if self.operation.sessions:
            Timers(self.dependencies).stop(CALLER, StopCommand(time_entry_id=entry_id))
        return entry_id

    def do(self, entry_id: int) -> object:
        key_hash = fingerprint_of(str(entry_id).encode())
        key = IdempotencyKey(ZAGREB.id, MEMBER, key_hash, key_hash)
        return self.operation.do(self.time_entries, entry_id, key)

    def state(self, entry_id: int) -> State:
        """Return the data of an entry and of those created for it, and check the invariants."""
        assert violations(self.connection) == []
        entries = [
            entry
            for entry in items(self.connection, "time_entries")
            if entry["id"] == entry_id or entry.get("note") == f"for {entry_id}"
        ]
        timers = [
            timer
            for timer in items(self.connection, "timers")
            if timer["time_entry_id"] == entry_id
        ]
        revisions = [
            revision
            for revision in items(self.connection, "revision_log")
            if revision.get("time_entry_id") == entry_id
        ]
        revisions_of_entry = [
            (revision["action"], revision["before"], revision["after"])
            for revision in revisions
            if revision["subject"] == "time_entries"
        ]
        counts = len(timers), len(revisions)
        return (*sorted(str(_without_ids(entry)) for entry in entries), counts, revisions_of_entry)

    def purge(self) -> None:
        """Delete what a deletion left: as the scheduled function does."""
        PurgeDeleted(self.dependencies).run()


def _without_ids(item: dict[str, Any]) -> dict[str, Any]:
    names = ("date", "adjusted_seconds", "tracked_seconds", "timer_count", "version")
    return {name: item[name] for name in names} | {"hidden": "deleted_at" in item}


@pytest.fixture
def scenario(
    request: pytest.FixtureRequest,
    dependencies: Dependencies,
    clock: FakeClock,
    connection: Connection,
    fixtures: Fixtures,
) -> Scenario:
    assert fixtures.tokens
    return Scenario(OPERATIONS[request.param], dependencies, clock, connection)


SLOW = "delete with many timers"
FAULTS_OF_SLOW = ("throttled", "no response, written", "killed after")
"""The faults for the operation with a slow preparation. It makes the same calls as another one."""


@pytest.mark.parametrize(
    ("scenario", "name", "lasting"),
    [
        (operation, name, lasting)
        for operation in OPERATIONS
        for name in FAULTS
        for lasting in (False, True)
        if operation != SLOW or (name in FAULTS_OF_SLOW and not lasting)
    ],
    indirect=["scenario"],
)
def test_fault_at_any_call_writes_all_or_nothing(
    scenario: Scenario, name: str, lasting: bool
) -> None:
    fault = FAULTS[name]
    positions = [call for call in scenario.operation.calls if fault.only in (None, call)]
    for position in range(len(positions)):
        entry_id = scenario.new_entry()
        injection = Injection(fault, position, lasting)
        error: BaseException | None = None
        try:
            with intercepted(scenario.connection, injection.wrap):
                scenario.do(entry_id)
        except (Conflict, Unavailable, Killed) as caught:
            error = caught
        assert injection.struck
        scenario.purge()
        state = scenario.state(entry_id)
        if error is None:
            assert state == scenario.after
        else:
            is_later = position > positions.index(WRITE)
            written = is_later or (fault.sent and WRITE in injection.struck)
            assert state == (scenario.after if written else scenario.before)
            assert isinstance(error, Killed) or (
                isinstance(error, StintError) and error.retry_after
            )
        # With the key of the first request: also of an entry that this request has deleted.
        scenario.do(entry_id)
        assert scenario.state(entry_id) == scenario.after
