"""Reminders of the auto-stop run: contract section 9."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.costs import counted as counted_cost
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.items import attribute_names
from chalicelib.dynamodb.sparse_index import SparseIndexPage
from chalicelib.people.model import Person, Role
from chalicelib.timers import auto_stop
from chalicelib.timers.auto_stop import PAGE, AutoStop
from chalicelib.timers.model import StopReason, Timer
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from chalicelib.timers.repository import TimerModel, due_timers
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fault_injection import WRITE, Fault, Injection, Killed, intercepted
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.invariants import violations
from tests.support.table_snapshots import items, snapshot
from tests.timers.auto_stop_reports import report

CALLER = Caller(replace(ZAGREB, remind_after=8 * 60), ADMIN, Role.ADMIN)
REMIND_AFTER, LIMIT = 8 * HOUR, 12 * HOUR


@pytest.fixture
def timer_id(dependencies: Dependencies, fixtures: Fixtures) -> int:
    """Start a timer of the admin at nine. Return its id."""
    assert fixtures.tokens
    started = Timers(dependencies).start(CALLER, StartCommand(time_entry_id=ADMINS_ENTRY))
    return started.outcome.timer.id


@pytest.fixture
def stored(dependencies: Dependencies, timer_id: int) -> Callable[[], Timer]:
    """Return a function that reads the timer."""

    def read() -> Timer:
        timer = dependencies.database.get(Timer, ZAGREB.id, timer_id)
        assert timer is not None
        return timer

    return read


def test_timer_is_reminded_once_and_keeps_running(
    dependencies: Dependencies,
    stored: Callable[[], Timer],
    clock: FakeClock,
    connection: Connection,
) -> None:
    before = stored()
    clock.advance(REMIND_AFTER - 1)
    assert AutoStop(dependencies).run() == report()
    clock.advance(3 * MINUTE + 1)
    assert AutoStop(dependencies).run() == report(found=1, reminded=1)
    assert stored() == replace(before, reminded_at=MONDAY_NINE + REMIND_AFTER + 3 * MINUTE)
    after = snapshot(connection)
    for _ in range(3):
        clock.advance(5 * MINUTE)
        assert AutoStop(dependencies).run() == report()
    assert snapshot(connection) == after
    assert violations(connection) == []


def test_reminded_timer_is_stopped_at_its_limit(
    dependencies: Dependencies, stored: Callable[[], Timer], clock: FakeClock
) -> None:
    assert stored().stopped_at is None
    clock.advance(REMIND_AFTER)
    AutoStop(dependencies).run()
    clock.advance(LIMIT - REMIND_AFTER)
    assert AutoStop(dependencies).run() == report(found=1, stopped=1)
    timer = stored()
    assert (timer.stopped_at, timer.stop_reason) == (MONDAY_NINE + LIMIT, StopReason.AUTO)


def test_overdue_timer_is_stopped_without_a_reminder(
    dependencies: Dependencies, stored: Callable[[], Timer], clock: FakeClock
) -> None:
    assert stored().remind_at == MONDAY_NINE + REMIND_AFTER
    clock.advance(LIMIT)
    assert AutoStop(dependencies).run() == report(found=1, stopped=1)
    assert stored().reminded_at is None


@pytest.mark.parametrize("act", ["stop", "switch"])
def test_stopped_timer_is_not_reminded(
    dependencies: Dependencies, stored: Callable[[], Timer], clock: FakeClock, act: str
) -> None:
    clock.advance(REMIND_AFTER - HOUR)
    if act == "stop":
        Timers(dependencies).stop(CALLER, StopCommand(stored().id))
    else:
        Timers(dependencies).start(CALLER, StartCommand(time_entry_id=ADMINS_SECOND_ENTRY))
    clock.advance(HOUR)
    assert AutoStop(dependencies).run() == report()
    assert stored().reminded_at is None


def test_stop_between_query_and_reminder_wins(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(REMIND_AFTER)
    timer_shard = keys.shard(timer_id)
    stale = due_timers(connection, timer_shard, dependencies.now(), PAGE)
    assert len(stale.items) == 1
    Timers(dependencies).stop(CALLER, StopCommand(timer_id))
    before = snapshot(connection)
    with patch.object(auto_stop, "due_timers", _stale_shard(timer_shard, stale)):
        assert AutoStop(dependencies).run() == report(found=1, lost=1)
    assert snapshot(connection) == before


def test_stale_index_does_not_remind_again(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(REMIND_AFTER)
    timer_shard = keys.shard(timer_id)
    stale = due_timers(connection, timer_shard, dependencies.now(), PAGE)
    AutoStop(dependencies).run()
    before = snapshot(connection)
    clock.advance(5 * MINUTE)
    with patch.object(auto_stop, "due_timers", _stale_shard(timer_shard, stale)):
        assert AutoStop(dependencies).run() == report(found=1, lost=1)
    assert snapshot(connection) == before


def _stale_shard(timer_shard: str, stale: SparseIndexPage) -> Any:
    def read(connection: Connection, shard: str, *rest: Any) -> SparseIndexPage:
        return stale if shard == timer_shard else due_timers(connection, shard, *rest)

    return read


def test_concurrent_runs_remind_once(
    dependencies: Dependencies, timer_id: int, clock: FakeClock
) -> None:
    assert timer_id
    clock.advance(REMIND_AFTER)
    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(lambda _: AutoStop(dependencies).run(), range(3)))
    assert sum(done.reminded for done in reports) == 1
    assert sum(done.failed for done in reports) == 0


def test_old_index_key_is_corrected_without_another_reminder(
    dependencies: Dependencies,
    stored: Callable[[], Timer],
    clock: FakeClock,
    connection: Connection,
) -> None:
    clock.advance(REMIND_AFTER)
    AutoStop(dependencies).run()
    timer = stored()
    # An edit that read the timer before the reminder, and wrote it after.
    old_key = keys.timestamp_key(timer.remind_at, timer.id)
    TimerModel(key=keys.scoped(ZAGREB.id, timer.id)).update(
        actions=[TimerModel.auto_stop_key.set(old_key)]
    )
    assert AutoStop(dependencies).run() == report(found=1, lost=1)
    assert stored() == timer
    assert AutoStop(dependencies).run() == report()
    assert violations(connection) == []


def test_throttled_reminder_is_left_for_the_next_run(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(REMIND_AFTER + 10 * MINUTE)
    with failing(connection, "TransactWriteItems", "ThrottlingException"):
        assert AutoStop(dependencies).run() == report(found=1, left=1, lag_seconds=600)
    assert AutoStop(dependencies).run() == report(found=1, reminded=1)


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
def test_run_that_is_killed_at_its_write_is_completed_by_the_next(
    dependencies: Dependencies,
    stored: Callable[[], Timer],
    clock: FakeClock,
    connection: Connection,
    sent: bool,
) -> None:
    assert stored().reminded_at is None
    clock.advance(REMIND_AFTER)
    killed_at = dependencies.now()
    injection = Injection(Fault(lambda _: Killed(), sent=sent, only=WRITE), 0)
    with intercepted(connection, injection.wrap), pytest.raises(Killed):
        AutoStop(dependencies).run()
    clock.advance(5 * MINUTE)
    expected = report() if sent else report(found=1, reminded=1)
    assert AutoStop(dependencies).run() == expected
    assert stored().reminded_at == (killed_at if sent else dependencies.now())
    assert violations(connection) == []


def test_dry_run_counts_reminders_and_writes_nothing(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(REMIND_AFTER)
    before = snapshot(connection)
    assert AutoStop(dependencies).run(dry_run=True) == report(found=1, reminded=1)
    assert snapshot(connection) == before


def test_reminder_is_one_write_of_one_item(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    assert timer_id
    clock.advance(REMIND_AFTER)
    with counted(connection) as calls, counted_cost(connection) as cost:
        AutoStop(dependencies).run()
    assert sorted(calls) == ["Query"] * keys.RUNNING_SHARDS + ["TransactWriteItems"]
    # The timer in its transaction, four indexes, and the index in which it moves.
    assert cost.write_units == 2 + 4 + 2


def test_reminder_adds_no_write_unit_to_start_switch_and_stop(
    dependencies: Dependencies, fixtures: Fixtures, clock: FakeClock, connection: Connection
) -> None:
    person = fixtures.database.get(Person, ZAGREB.id, ADMIN)
    assert person is not None
    put_all(replace(person, time_zone="Europe/Lisbon", auto_stop_at_time="19:00"))
    timers = Timers(dependencies)
    for command, units in (
        (StartCommand(time_entry_id=ADMINS_ENTRY), 16),
        (StartCommand(time_entry_id=ADMINS_SECOND_ENTRY), 29),
        (StopCommand(time_entry_id=ADMINS_SECOND_ENTRY), 17),
    ):
        clock.advance(MINUTE)
        with counted_cost(connection) as cost:
            if isinstance(command, StartCommand):
                timer = timers.start(CALLER, command).outcome.timer
            else:
                timer = timers.stop(CALLER, command).outcome.timer
        assert cost.write_units == units
    assert timer.remind_at is not None
    # 19:00 in Lisbon is 11 hours after nine in Zagreb.
    assert timer.auto_stop_at == MONDAY_NINE + 11 * HOUR


def test_timer_of_an_older_version_has_no_reminder(
    dependencies: Dependencies, timer_id: int, clock: FakeClock, connection: Connection
) -> None:
    key = keys.scoped(ZAGREB.id, timer_id)
    due_key = keys.timestamp_key(MONDAY_NINE + LIMIT, timer_id)
    TimerModel(key=key).update(
        actions=[TimerModel.remind_at.remove(), TimerModel.auto_stop_key.set(due_key)]
    )
    (item,) = items(connection, "timers")
    assert {"remind_at", "reminded_at"} < set(attribute_names(Timer))
    assert not {"remind_at", "reminded_at"} & set(item)
    clock.advance(REMIND_AFTER)
    assert AutoStop(dependencies).run() == report()
    clock.advance(LIMIT - REMIND_AFTER)
    assert AutoStop(dependencies).run() == report(found=1, stopped=1)
    assert violations(connection) == []
