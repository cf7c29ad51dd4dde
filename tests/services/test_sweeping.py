"""The sweep: contract section 9."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pynamodb.connection import Connection

from bench.forgotten import forget_timers
from chalicelib.domain.directory import Caller, Role
from chalicelib.domain.timers import StopReason
from chalicelib.services.sweeping import PAGE, SweepReport, sweep
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox
from chalicelib.store import keys
from chalicelib.store.models import TimeEntryModel, TimerModel
from chalicelib.store.store import Store
from infra.invariants import check
from infra.ledger import Ledger
from tests.support.calls import counted
from tests.support.clock import HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.faults import failing
from tests.support.tables import items, snapshot
from tests.support.world import ADMIN, ADMINS_ENTRY, ZAGREB, World

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
LIMIT = 12 * HOUR
SHORT = Caller(replace(ZAGREB, auto_stop_after=HOUR), ADMIN, Role.ADMIN)


def report(**numbers: int | bool) -> SweepReport:
    empty = SweepReport(0, 0, 0, 0, 0, complete=True, lag_seconds=0)
    return replace(empty, **numbers)  # type: ignore[arg-type]


def holds(connection: Connection) -> bool:
    return not any(check(books) for books in Ledger(connection).read_all().values())


@pytest.fixture
def timer_id(tools: Toolbox, world: World) -> int:
    """The id of a timer that the admin started at nine."""
    assert world.tokens
    return start_timer(tools, CALLER, StartTimer(time_entry_id=ADMINS_ENTRY)).outcome.timer.id


def test_a_timer_within_its_limit_goes_on(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT - 1)
    before = snapshot(connection)
    assert sweep(tools) == report()
    assert snapshot(connection) == before


@pytest.mark.parametrize("late", [0, 1, 5 * MINUTE, 100 * HOUR])
def test_a_forgotten_timer_is_stopped_at_its_limit_however_late_that_is_noticed(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection, late: int
) -> None:
    clock.advance(LIMIT + late)
    assert sweep(tools) == report(found=1, stopped=1)
    timer = tools.store.timer(ZAGREB.id, timer_id)
    assert timer is not None
    assert timer.stopped_at == MONDAY_NINE + LIMIT
    assert timer.stop_reason is StopReason.AUTO
    assert holds(connection)
    assert sweep(tools) == report()


def test_the_limit_is_the_one_in_force_at_the_start(
    tools: Toolbox, world: World, clock: FakeClock
) -> None:
    assert world.tokens
    start_timer(tools, SHORT, StartTimer(time_entry_id=ADMINS_ENTRY))
    clock.advance(HOUR)
    assert sweep(tools) == report(found=1, stopped=1)


def test_a_stop_by_hand_that_comes_first_wins(
    tools: Toolbox, timer_id: int, clock: FakeClock
) -> None:
    clock.advance(LIMIT + HOUR)
    stop_timer(tools, CALLER, StopTimer(timer_id))
    assert sweep(tools) == report()
    timer = tools.store.timer(ZAGREB.id, timer_id)
    assert timer is not None
    assert (timer.stopped_at, timer.stop_reason) == (MONDAY_NINE + LIMIT + HOUR, None)


def test_an_earlier_stop_by_hand_that_comes_later_replaces_it(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(LIMIT + HOUR)
    sweep(tools)
    asked = StopTimer(timer_id, stopped_at=MONDAY_NINE + HOUR)
    outcome = stop_timer(tools, CALLER, asked).outcome
    assert (outcome.timer.seconds, outcome.timer.stop_reason) == (HOUR, None)
    assert holds(connection)
    # The time behind it is free again.
    later = StartTimer(time_entry_id=ADMINS_ENTRY, started_at=MONDAY_NINE + HOUR)
    assert start_timer(tools, CALLER, later).outcome.timer.started_at == MONDAY_NINE + HOUR
    assert holds(connection)


def test_an_index_that_is_behind_does_no_harm(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(LIMIT)
    shard = keys.shard(timer_id)
    stale = tools.store.overdue(shard, tools.now(), PAGE)
    stop_timer(tools, CALLER, StopTimer(timer_id))
    before = snapshot(connection)

    class Behind(Store):
        def overdue(self, wanted: str, *rest: object) -> object:  # type: ignore[override]
            return stale if wanted == shard else super().overdue(wanted, *rest)  # type: ignore[arg-type]

    assert sweep(replace(tools, store=Behind(connection))) == report(found=1, lost=1)
    assert snapshot(connection) == before


def test_a_conflict_that_passes_is_tried_again(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT)
    with failing(connection, "TransactWriteItems", "TransactionConflict", times=1):
        assert sweep(tools) == report(found=1, stopped=1)


def test_a_database_that_is_busy_leaves_it_for_the_next_run(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT + 10 * MINUTE)
    with failing(connection, "TransactWriteItems", "ThrottlingException"):
        assert sweep(tools) == report(found=1, left=1, lag_seconds=600)
    assert sweep(tools) == report(found=1, stopped=1)


def test_a_dry_run_writes_nothing(
    tools: Toolbox, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(LIMIT)
    before = snapshot(connection)
    assert sweep(tools, dry_run=True) == report(found=1, stopped=1)
    assert snapshot(connection) == before


def test_one_poisoned_item_does_not_hold_up_the_others(
    tools: Toolbox,
    connection: Connection,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    timers = forget_timers(connection, ZAGREB.id, range(20), MONDAY_NINE, HOUR)
    spoilt, orphan = timers[0], timers[1]
    TimerModel(key=keys.scoped(ZAGREB.id, spoilt.id)).update(
        actions=[TimerModel.time_entry_id.remove()]
    )
    TimeEntryModel(key=keys.scoped(ZAGREB.id, orphan.time_entry_id)).delete()
    clock.advance(2 * HOUR)
    with caplog.at_level(logging.ERROR, "stint"):
        assert sweep(tools) == report(found=20, stopped=18, failed=2, lag_seconds=HOUR)
    spoken_of = {line.__dict__["timer_key"]["S"] for line in caplog.records}
    assert spoken_of == {f"2149#{spoilt.id}", f"2149#{orphan.id}"}
    # And they do not hold up the next run either.
    forget_timers(connection, ZAGREB.id, range(20, 30), MONDAY_NINE, HOUR)
    assert sweep(tools).stopped == 10


def test_it_carries_on_where_its_time_ended(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(80), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    stopped, runs = 0, 0
    while True:
        time_for = iter([True] * 25)
        done = sweep(tools, lambda it=time_for: next(it, False))  # type: ignore[misc]
        stopped, runs = stopped + done.stopped, runs + 1
        if done.complete and not done.left:
            break
        assert done.stopped > 0
        assert done.stopped <= 25
    assert runs > 3
    assert stopped == 80
    assert all(item["stop_reason"] == "auto" for item in items(connection, "timers"))
    assert holds(connection)


def test_it_takes_a_query_a_shard_and_a_transaction_a_timer(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(10), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with counted(connection) as calls:
        sweep(tools)
    assert calls.count("Query") == keys.RUNNING_SHARDS
    assert calls.count("TransactWriteItems") == 10
    assert len(calls) == keys.RUNNING_SHARDS + 10


def test_two_sweeps_at_once_stop_each_timer_once(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(40), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(lambda _: sweep(tools), range(3)))
    assert sum(it.stopped for it in reports) == 40
    assert sum(it.failed for it in reports) == 0
    assert holds(connection)


def test_a_shard_that_cannot_be_read_does_not_hold_up_the_others(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(16), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with failing(connection, "Query", "ThrottlingException", times=1, after=2):
        done = sweep(tools)
    assert (done.stopped, done.complete, done.lag_seconds) == (14, False, HOUR)
    assert sweep(tools) == report(found=2, stopped=2)


def test_what_was_not_read_is_late_too(
    tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    forget_timers(connection, ZAGREB.id, range(16), MONDAY_NINE, HOUR)
    clock.advance(25 * HOUR)
    assert sweep(tools, lambda: False) == report(complete=False, lag_seconds=24 * HOUR)


def test_a_dry_run_says_how_late_it_is(tools: Toolbox, timer_id: int, clock: FakeClock) -> None:
    assert timer_id
    clock.advance(LIMIT + HOUR)
    assert sweep(tools, dry_run=True) == report(found=1, stopped=1, lag_seconds=HOUR)
