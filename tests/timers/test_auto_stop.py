"""Auto-stop: contract section 9."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pynamodb.connection import Connection

from benchmarks.seed_overdue import forget_timers
from chalicelib.core.dependencies import Toolbox
from chalicelib.domain.directory import Caller, Role
from chalicelib.domain.timers import StopReason
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.database import Store
from chalicelib.dynamodb.tables import TimeEntryModel, TimerModel
from chalicelib.timers.auto_stop import PAGE, SweepReport, sweep
from chalicelib.timers.operations import StartTimer, StopTimer, start_timer, stop_timer
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, World
from tests.support.table_snapshots import items, snapshot
from tools.ops.invariants import check
from tools.ops.snapshot import Ledger

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
LIMIT = 12 * HOUR
CALLER_WITH_SHORT_LIMIT = Caller(replace(ZAGREB, auto_stop_after=HOUR), ADMIN, Role.ADMIN)


def report(**numbers: int | bool) -> SweepReport:
    empty = SweepReport(0, 0, 0, 0, 0, complete=True, lag_seconds=0)
    return replace(empty, **numbers)  # type: ignore[arg-type]


def is_consistent(connection: Connection) -> bool:
    return not any(check(person) for person in Ledger(connection).read_all().values())


@pytest.fixture
def timer_id(tools: Toolbox, world: World) -> int:
    """Start a timer of the admin at nine. Return its id."""
    assert world.tokens
    return start_timer(tools, CALLER, StartTimer(time_entry_id=ADMINS_ENTRY)).outcome.timer.id


def test_timer_within_its_limit_keeps_running(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT - 1)
    before = snapshot(connection)
    assert sweep(tools) == report()
    assert snapshot(connection) == before


@pytest.mark.parametrize("delay", [0, 1, 5 * MINUTE, 100 * HOUR])
def test_overdue_timer_is_stopped_at_its_limit_after_any_delay(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection, delay: int
) -> None:
    clock.advance(LIMIT + delay)
    assert sweep(tools) == report(found=1, stopped=1)
    timer = tools.store.timer(ZAGREB.id, timer_id)
    assert timer is not None
    assert timer.stopped_at == MONDAY_NINE + LIMIT
    assert timer.stop_reason is StopReason.AUTO
    assert is_consistent(connection)
    assert sweep(tools) == report()


def test_limit_in_force_at_the_start_applies(
    tools: Toolbox, world: World, clock: FakeClock
) -> None:
    assert world.tokens
    start_timer(tools, CALLER_WITH_SHORT_LIMIT, StartTimer(time_entry_id=ADMINS_ENTRY))
    clock.advance(HOUR)
    assert sweep(tools) == report(found=1, stopped=1)


def test_manual_stop_before_the_auto_stop_wins(
    tools: Toolbox, timer_id: int, clock: FakeClock
) -> None:
    clock.advance(LIMIT + HOUR)
    stop_timer(tools, CALLER, StopTimer(timer_id))
    assert sweep(tools) == report()
    timer = tools.store.timer(ZAGREB.id, timer_id)
    assert timer is not None
    assert (timer.stopped_at, timer.stop_reason) == (MONDAY_NINE + LIMIT + HOUR, None)


def test_later_manual_stop_at_an_earlier_time_replaces_the_auto_stop(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(LIMIT + HOUR)
    sweep(tools)
    correction = StopTimer(timer_id, stopped_at=MONDAY_NINE + HOUR)
    outcome = stop_timer(tools, CALLER, correction).outcome
    assert (outcome.timer.seconds, outcome.timer.stop_reason) == (HOUR, None)
    assert is_consistent(connection)
    # The time after the corrected stop is free again.
    later = StartTimer(time_entry_id=ADMINS_ENTRY, started_at=MONDAY_NINE + HOUR)
    assert start_timer(tools, CALLER, later).outcome.timer.started_at == MONDAY_NINE + HOUR
    assert is_consistent(connection)


def test_stale_index_changes_nothing(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(LIMIT)
    timer_shard = keys.shard(timer_id)
    stale = tools.store.overdue(timer_shard, tools.now(), PAGE)
    stop_timer(tools, CALLER, StopTimer(timer_id))
    before = snapshot(connection)

    class StoreWithStaleIndex(Store):
        def overdue(self, shard: str, *rest: object) -> object:  # type: ignore[override]
            return stale if shard == timer_shard else super().overdue(shard, *rest)  # type: ignore[arg-type]

    assert sweep(replace(tools, store=StoreWithStaleIndex(connection))) == report(found=1, lost=1)
    assert snapshot(connection) == before


def test_transient_conflict_is_retried(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT)
    with failing(connection, "TransactWriteItems", "TransactionConflict", times=1):
        assert sweep(tools) == report(found=1, stopped=1)


def test_throttled_stop_is_left_for_the_next_run(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT + 10 * MINUTE)
    with failing(connection, "TransactWriteItems", "ThrottlingException"):
        assert sweep(tools) == report(found=1, left=1, lag_seconds=600)
    assert sweep(tools) == report(found=1, stopped=1)


def test_dry_run_writes_nothing(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT)
    before = snapshot(connection)
    assert sweep(tools, dry_run=True) == report(found=1, stopped=1)
    assert snapshot(connection) == before


def test_corrupt_item_does_not_block_the_others(
    tools: Toolbox,
    connection: Connection,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    timers = forget_timers(connection, ZAGREB.id, range(20), MONDAY_NINE, HOUR)
    corrupt, orphan = timers[0], timers[1]
    TimerModel(key=keys.scoped(ZAGREB.id, corrupt.id)).update(
        actions=[TimerModel.time_entry_id.remove()]
    )
    TimeEntryModel(key=keys.scoped(ZAGREB.id, orphan.time_entry_id)).delete()
    clock.advance(2 * HOUR)
    with caplog.at_level(logging.ERROR, "stint"):
        assert sweep(tools) == report(found=20, stopped=18, failed=2, lag_seconds=HOUR)
    logged_keys = {entry.__dict__["timer_key"]["S"] for entry in caplog.records}
    assert logged_keys == {f"2149#{corrupt.id}", f"2149#{orphan.id}"}
    # The corrupt items do not block the next run either.
    forget_timers(connection, ZAGREB.id, range(20, 30), MONDAY_NINE, HOUR)
    assert sweep(tools).stopped == 10


def test_auto_stop_ends_before_its_timeout_and_continues_at_the_next_run(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(80), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    stopped, runs = 0, 0
    while True:
        time_left = iter([True] * 25)
        done = sweep(tools, lambda checks=time_left: next(checks, False))  # type: ignore[misc]
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
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(10), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with counted(connection) as calls:
        sweep(tools)
    assert calls.count("Query") == keys.RUNNING_SHARDS
    assert calls.count("TransactWriteItems") == 10
    assert len(calls) == keys.RUNNING_SHARDS + 10


def test_concurrent_auto_stop_runs_stop_each_timer_once(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(40), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(lambda _: sweep(tools), range(3)))
    assert sum(done.stopped for done in reports) == 40
    assert sum(done.failed for done in reports) == 0
    assert is_consistent(connection)


def test_unreadable_shard_does_not_block_the_others(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(16), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with failing(connection, "Query", "ThrottlingException", times=1, after=2):
        done = sweep(tools)
    assert (done.stopped, done.complete, done.lag_seconds) == (14, False, HOUR)
    assert sweep(tools) == report(found=2, stopped=2)


def test_lag_includes_unread_shards(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(16), MONDAY_NINE, HOUR)
    clock.advance(25 * HOUR)
    assert sweep(tools, lambda: False) == report(complete=False, lag_seconds=24 * HOUR)


def test_dry_run_reports_the_lag(tools: Toolbox, timer_id: int, clock: FakeClock) -> None:
    assert timer_id
    clock.advance(LIMIT + HOUR)
    assert sweep(tools, dry_run=True) == report(found=1, stopped=1, lag_seconds=HOUR)
