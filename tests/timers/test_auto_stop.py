"""Auto-stop: contract section 9."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.seed_overdue import create_overdue_timers
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.sparse_index import SparseIndexPage
from chalicelib.people.model import Role
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers import auto_stop
from chalicelib.timers.auto_stop import PAGE, AutoStop
from chalicelib.timers.model import StopReason, Timer
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from chalicelib.timers.repository import TimerModel, due_timers
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, Fixtures
from tests.support.table_snapshots import items, snapshot
from tests.timers.auto_stop_reports import report
from tools.ops.invariants import check
from tools.ops.snapshot import SnapshotReader

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
LIMIT = 12 * HOUR
CALLER_WITH_SHORT_LIMIT = Caller(replace(ZAGREB, auto_stop_after=HOUR), ADMIN, Role.ADMIN)


def is_consistent(connection: Connection) -> bool:
    return not any(check(person) for person in SnapshotReader(connection).read_all().values())


@pytest.fixture
def timer_id(dependencies: Dependencies, fixtures: Fixtures) -> int:
    """Start a timer of the admin at nine. Return its id."""
    assert fixtures.tokens
    return (
        Timers(dependencies)
        .start(CALLER, StartCommand(time_entry_id=ADMINS_ENTRY))
        .outcome.timer.id
    )


def test_timer_within_its_limit_keeps_running(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT - 1)
    before = snapshot(connection)
    assert AutoStop(dependencies).run() == report()
    assert snapshot(connection) == before


@pytest.mark.parametrize("delay", [0, 1, 5 * MINUTE, 100 * HOUR])
def test_overdue_timer_is_stopped_at_its_limit_after_any_delay(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection, delay: int
) -> None:
    clock.advance(LIMIT + delay)
    assert AutoStop(dependencies).run() == report(found=1, stopped=1)
    timer = dependencies.database.get(Timer, ZAGREB.id, timer_id)
    assert timer is not None
    assert timer.stopped_at == MONDAY_NINE + LIMIT
    assert timer.stop_reason is StopReason.AUTO
    assert is_consistent(connection)
    assert AutoStop(dependencies).run() == report()


def test_limit_in_force_at_the_start_applies(
    dependencies: Dependencies, fixtures: Fixtures, clock: FakeClock
) -> None:
    assert fixtures.tokens
    Timers(dependencies).start(CALLER_WITH_SHORT_LIMIT, StartCommand(time_entry_id=ADMINS_ENTRY))
    clock.advance(HOUR)
    assert AutoStop(dependencies).run() == report(found=1, stopped=1)


def test_manual_stop_before_the_auto_stop_wins(
    dependencies: Dependencies, timer_id: int, clock: FakeClock
) -> None:
    clock.advance(LIMIT + HOUR)
    Timers(dependencies).stop(CALLER, StopCommand(timer_id))
    assert AutoStop(dependencies).run() == report()
    timer = dependencies.database.get(Timer, ZAGREB.id, timer_id)
    assert timer is not None
    assert (timer.stopped_at, timer.stop_reason) == (MONDAY_NINE + LIMIT + HOUR, None)


def test_later_manual_stop_at_an_earlier_time_replaces_the_auto_stop(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(LIMIT + HOUR)
    AutoStop(dependencies).run()
    correction = StopCommand(timer_id, stopped_at=MONDAY_NINE + HOUR)
    outcome = Timers(dependencies).stop(CALLER, correction).outcome
    assert (outcome.timer.seconds, outcome.timer.stop_reason) == (HOUR, None)
    assert is_consistent(connection)
    # The time after the corrected stop is free again.
    later = StartCommand(time_entry_id=ADMINS_ENTRY, started_at=MONDAY_NINE + HOUR)
    assert Timers(dependencies).start(CALLER, later).outcome.timer.started_at == MONDAY_NINE + HOUR
    assert is_consistent(connection)


def test_stale_index_changes_nothing(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(LIMIT)
    timer_shard = keys.shard(timer_id)
    stale = due_timers(connection, timer_shard, dependencies.now(), PAGE)
    Timers(dependencies).stop(CALLER, StopCommand(timer_id))
    before = snapshot(connection)

    def stale_due_timers(connection: Connection, shard: str, *rest: Any) -> SparseIndexPage:
        return stale if shard == timer_shard else due_timers(connection, shard, *rest)

    with patch.object(auto_stop, "due_timers", stale_due_timers):
        assert AutoStop(dependencies).run() == report(found=1, lost=1)
    assert snapshot(connection) == before


def test_transient_conflict_is_retried(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT)
    with failing(connection, "TransactWriteItems", "TransactionConflict", times=1):
        assert AutoStop(dependencies).run() == report(found=1, stopped=1)


def test_throttled_stop_is_left_for_the_next_run(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT + 10 * MINUTE)
    with failing(connection, "TransactWriteItems", "ThrottlingException"):
        assert AutoStop(dependencies).run() == report(found=1, left=1, lag_seconds=600)
    assert AutoStop(dependencies).run() == report(found=1, stopped=1)


def test_dry_run_writes_nothing(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT)
    before = snapshot(connection)
    assert AutoStop(dependencies).run(dry_run=True) == report(found=1, stopped=1)
    assert snapshot(connection) == before


def test_corrupt_item_does_not_block_the_others(
    dependencies: Dependencies,
    connection: Connection,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    timers = create_overdue_timers(connection, ZAGREB.id, range(20), MONDAY_NINE, HOUR)
    corrupt, orphan = timers[0], timers[1]
    TimerModel(key=keys.scoped(ZAGREB.id, corrupt.id)).update(
        actions=[TimerModel.time_entry_id.remove()]
    )
    TimeEntryModel(key=keys.scoped(ZAGREB.id, orphan.time_entry_id)).delete()
    clock.advance(2 * HOUR)
    with caplog.at_level(logging.ERROR, "stint"):
        assert AutoStop(dependencies).run() == report(
            found=20, stopped=18, failed=2, lag_seconds=HOUR
        )
    logged_keys = {entry.__dict__["timer_key"]["S"] for entry in caplog.records}
    assert logged_keys == {f"2149#{corrupt.id}", f"2149#{orphan.id}"}
    # The corrupt items do not block the next run either.
    create_overdue_timers(connection, ZAGREB.id, range(20, 30), MONDAY_NINE, HOUR)
    assert AutoStop(dependencies).run().stopped == 10


def test_auto_stop_ends_before_its_timeout_and_continues_at_the_next_run(
    dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    create_overdue_timers(connection, ZAGREB.id, range(80), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    stopped, runs = 0, 0
    while True:
        time_left = iter([True] * 25)
        done = AutoStop(dependencies).run(lambda checks=time_left: next(checks, False))  # type: ignore[misc]
        stopped, runs = stopped + done.stopped, runs + 1
        if done.complete and not done.left:
            break
        assert done.stopped > 0
        assert done.stopped <= 25
    assert runs > 3
    assert stopped == 80
    assert all(item["stop_reason"] == "auto" for item in items(connection, "timers"))
    assert is_consistent(connection)


def test_auto_stop_takes_a_query_per_shard_and_a_transaction_per_timer(
    dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    create_overdue_timers(connection, ZAGREB.id, range(10), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with counted(connection) as calls:
        AutoStop(dependencies).run()
    assert calls.count("Query") == keys.RUNNING_SHARDS
    assert calls.count("TransactWriteItems") == 10
    assert len(calls) == keys.RUNNING_SHARDS + 10


def test_concurrent_auto_stop_runs_stop_each_timer_once(
    dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    create_overdue_timers(connection, ZAGREB.id, range(40), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(lambda _: AutoStop(dependencies).run(), range(3)))
    assert sum(done.stopped for done in reports) == 40
    assert sum(done.failed for done in reports) == 0
    assert is_consistent(connection)


def test_unreadable_shard_does_not_block_the_others(
    dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    create_overdue_timers(connection, ZAGREB.id, range(16), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with failing(connection, "Query", "ThrottlingException", times=1, after=2):
        done = AutoStop(dependencies).run()
    assert (done.stopped, done.complete, done.lag_seconds) == (14, False, HOUR)
    assert AutoStop(dependencies).run() == report(found=2, stopped=2)


def test_lag_includes_unread_shards(
    dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    create_overdue_timers(connection, ZAGREB.id, range(16), MONDAY_NINE, HOUR)
    clock.advance(25 * HOUR)
    assert AutoStop(dependencies).run(lambda: False) == report(
        complete=False, lag_seconds=24 * HOUR
    )


def test_dry_run_reports_the_lag(
    dependencies: Dependencies, timer_id: int, clock: FakeClock
) -> None:
    assert timer_id
    clock.advance(LIMIT + HOUR)
    assert AutoStop(dependencies).run(dry_run=True) == report(found=1, stopped=1, lag_seconds=HOUR)
