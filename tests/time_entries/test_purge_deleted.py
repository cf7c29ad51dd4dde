"""Purge of deleted time entries: steps, interruptions and faults."""

import logging

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb import keys
from chalicelib.people.model import Role
from chalicelib.time_entries import operations
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.time_entries.purge_deleted import PAGE, PurgeDeleted, PurgeReport
from chalicelib.time_entries.repository import TimeEntryModel, deleted_entries, load_timers
from chalicelib.time_entries.rules import MAX_TIMERS_PER_STEP
from chalicelib.timers.editing import TimerEditing
from chalicelib.timers.edits import Edit
from chalicelib.timers.model import Timer
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fault_injection import WRITE, Call, Fault, Injection, Killed, intercepted
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.invariants import violations
from tests.support.table_snapshots import items
from tools.ops.snapshot import SnapshotReader

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
MANY = 2 * MAX_TIMERS_PER_STEP + 7
QUERY, READ = "Query", "BatchGetItem"


@pytest.fixture(autouse=True)
def deletion_purges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deletion leaves what does not fit into its first transaction to the scheduled purge."""
    monkeypatch.setattr(operations, "MAX_PURGE_STEPS", 0)


@pytest.fixture
def deleted_entry_id(dependencies: Dependencies, fixtures: Fixtures, clock: FakeClock) -> int:
    """Create and delete an entry with enough timers for two more purge steps. Return its id."""
    assert fixtures.tokens
    for _ in range(MANY):
        Timers(dependencies).start(CALLER, StartCommand(time_entry_id=ADMINS_ENTRY))
        clock.advance(MINUTE)
    Timers(dependencies).stop(CALLER, StopCommand(time_entry_id=ADMINS_ENTRY))
    TimeEntries(dependencies).delete(CALLER, ADMINS_ENTRY)
    return ADMINS_ENTRY


def entry_ids(connection: Connection) -> set[int]:
    return {entry["id"] for entry in items(connection, "time_entries")}


def test_purge_proceeds_in_steps_until_nothing_is_left(
    deleted_entry_id: int, dependencies: Dependencies, connection: Connection
) -> None:
    with counted(connection) as calls:
        assert PurgeDeleted(dependencies).run() == PurgeReport(1, 0, 0, complete=True)
    # The deleted entries. Then in each step: the entry, its timer keys from the index, the timers.
    assert calls == [QUERY, *([READ, QUERY, READ, WRITE] * 2)]
    assert items(connection, "timers") == []
    assert deleted_entry_id not in entry_ids(connection)
    assert violations(connection) == []
    with counted(connection) as calls:
        assert PurgeDeleted(dependencies).run() == PurgeReport(0, 0, 0, complete=True)
    assert calls == [QUERY]


@pytest.mark.usefixtures("deleted_entry_id")
def test_killed_purge_leaves_consistent_data_and_next_run_continues(
    dependencies: Dependencies, connection: Connection
) -> None:
    call_count = len([QUERY, *([READ, QUERY, READ, WRITE] * 2)])
    position = 0
    killed_runs = 0
    while ADMINS_ENTRY in entry_ids(connection):
        for sent in (False, True):
            injection = Injection(Fault(lambda _: Killed(), sent=sent), position)
            try:
                with intercepted(connection, injection.wrap):
                    PurgeDeleted(dependencies).run()
            except Killed:
                killed_runs += 1
            assert violations(connection) == []
        position = (position + 1) % call_count
    assert killed_runs > 3
    assert items(connection, "timers") == []


@pytest.mark.usefixtures("deleted_entry_id")
def test_purge_stops_before_its_timeout_and_continues_at_the_next_run(
    dependencies: Dependencies, connection: Connection
) -> None:
    time_left = iter([True, True])
    report = PurgeDeleted(dependencies).run(lambda: next(time_left, False))
    assert report == PurgeReport(0, 0, 1, complete=True)
    assert len(items(connection, "timers")) == 7
    assert violations(connection) == []
    assert PurgeDeleted(dependencies).run(lambda: False) == PurgeReport(0, 0, 0, complete=False)
    assert PurgeDeleted(dependencies).run() == PurgeReport(1, 0, 0, complete=True)


@pytest.mark.usefixtures("deleted_entry_id")
def test_purge_stops_when_the_database_throttles(
    dependencies: Dependencies, connection: Connection
) -> None:
    for operation in (QUERY, WRITE):
        with failing(connection, operation, "ThrottlingException"):
            report = PurgeDeleted(dependencies).run()
        assert (report.purged, report.failed) == (0, 0)
        assert (report.left, report.complete) == ((0, False) if operation == QUERY else (1, True))
        assert violations(connection) == []
    assert PurgeDeleted(dependencies).run().purged == 1


def test_corrupt_entry_does_not_block_the_others(
    deleted_entry_id: int,
    dependencies: Dependencies,
    connection: Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (raw,) = deleted_entries(connection, PAGE).items
    key = keys.scoped(ZAGREB.id, 1)
    index_keys = {"key": {"S": key}, "deleted_key": {"S": "0000000001#0000000000000001"}}
    write_all(connection, [(TimeEntryModel, {**raw, **index_keys, "track_method": {"N": "9"}})])
    try:
        with caplog.at_level(logging.ERROR, "stint"):
            assert PurgeDeleted(dependencies).run() == PurgeReport(1, 1, 0, complete=True)
    finally:
        TimeEntryModel(key=key).delete()
    (log_record,) = caplog.records
    assert log_record.__dict__["time_entry_key"] == {"S": key}
    assert deleted_entry_id not in entry_ids(connection)


@pytest.mark.usefixtures("deleted_entry_id")
def test_stale_index_defers_the_entry_to_the_next_run(
    dependencies: Dependencies, connection: Connection
) -> None:
    # The index returns no timers but the entry counts some: the purge does not treat it as empty.
    real = connection.client._make_api_call

    def call_with_empty_index(name: str, arguments: dict[str, object]) -> object:
        if arguments.get("IndexName") == "by_time_entry":
            return {"Items": [], "Count": 0}
        return real(name, arguments)

    with intercepted(connection, lambda _: call_with_empty_index):
        assert PurgeDeleted(dependencies).run() == PurgeReport(0, 0, 1, complete=True)
    assert ADMINS_ENTRY in entry_ids(connection)
    assert PurgeDeleted(dependencies).run() == PurgeReport(1, 0, 0, complete=True)


def test_timer_that_left_the_entry_is_not_deleted_with_it(
    dependencies: Dependencies, fixtures: Fixtures, clock: FakeClock, connection: Connection
) -> None:
    assert fixtures.tokens
    timers, editing = Timers(dependencies), TimerEditing(dependencies)
    for _ in range(2):
        moved = timers.start(CALLER, StartCommand(time_entry_id=ADMINS_ENTRY)).outcome.timer
        clock.advance(HOUR)
    timers.stop(CALLER, StopCommand(moved.id))
    index_before: list[object] = []

    def behind(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, object]) -> object:
            if arguments.get("IndexName") != "by_time_entry":
                return real(operation, arguments)
            index_before.append(real(operation, arguments))
            return index_before[0]

        return call

    entry = dependencies.database.get(TimeEntry, ZAGREB.id, ADMINS_ENTRY)
    assert entry is not None
    with intercepted(connection, behind):
        assert len(load_timers(connection, entry, MANY)) == 2
        editing.update(CALLER, moved.id, Edit(time_entry_id=ADMINS_SECOND_ENTRY))
        TimeEntries(dependencies).delete(CALLER, ADMINS_ENTRY)
    assert dependencies.database.get(Timer, ZAGREB.id, moved.id) is not None
    assert ADMINS_ENTRY not in entry_ids(connection)
    assert violations(connection) == []


def test_stop_corrected_after_deletion_is_purged_consistently(
    dependencies: Dependencies, fixtures: Fixtures, clock: FakeClock, connection: Connection
) -> None:
    assert fixtures.tokens
    first = (
        Timers(dependencies).start(CALLER, StartCommand(time_entry_id=ADMINS_ENTRY)).outcome.timer
    )
    for _ in range(MAX_TIMERS_PER_STEP + 1):
        clock.advance(HOUR)
        Timers(dependencies).start(CALLER, StartCommand(time_entry_id=ADMINS_ENTRY))
    clock.advance(HOUR)
    last = (
        Timers(dependencies).start(CALLER, StartCommand(time_entry_id=ADMINS_SECOND_ENTRY)).outcome
    )
    TimeEntries(dependencies).delete(CALLER, ADMINS_ENTRY)
    assert dependencies.database.get(Timer, ZAGREB.id, first.id) is None
    # The timer that the switch stopped still exists. An offline client corrects its stop later.
    remaining_timer_id = last.stopped_timer_id
    assert remaining_timer_id is not None
    timer = dependencies.database.get(Timer, ZAGREB.id, remaining_timer_id)
    assert timer is not None
    Timers(dependencies).stop(
        CALLER, StopCommand(remaining_timer_id, stopped_at=timer.started_at + MINUTE)
    )
    assert violations(connection) == []
    assert PurgeDeleted(dependencies).run() == PurgeReport(1, 0, 0, complete=True)
    assert violations(connection) == []
    (person,) = (
        person
        for person in SnapshotReader(connection).read_all().values()
        if person.person_id == ADMIN
    )
    assert [timer.id for timer in person.timers] == [last.timer.id]


def test_more_than_one_page_of_entries_is_purged(
    dependencies: Dependencies, fixtures: Fixtures, connection: Connection
) -> None:
    assert fixtures.tokens
    loaded = dependencies.database.get_many(ZAGREB.id, [(TimeEntry, ADMINS_ENTRY)])
    entry = loaded.get(TimeEntry, ADMINS_ENTRY)
    assert entry is not None
    put_all(
        *(replace(entry, id=7_000 + number, deleted_at=9 + number) for number in range(PAGE + 5))
    )
    assert violations(connection) == []
    assert PurgeDeleted(dependencies).run().purged == PAGE + 5
    assert not {entry_id for entry_id in entry_ids(connection) if entry_id >= 7_000}
