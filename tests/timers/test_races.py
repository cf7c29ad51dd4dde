"""Many concurrent requests for few people, with fault injection: contract sections 3, 4, 8, 9.

32 threads do a limited number of operations: start, switch, stop, insert, edit, delete, repeat,
auto-stop. Each thread has a separate clock and id source, like a Lambda container. The operations
are generated from a seed; their interleaving is not deterministic. STINT_RACES multiplies the
number of operations.
"""

import os
import secrets

import pytest
from pynamodb.connection import Connection

from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.database import Database
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import StopReason
from chalicelib.timers.operations import StartCommand, StopCommand
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE
from tests.support.concurrent_requests import (
    CALLERS,
    ENTRIES,
    LIMIT,
    THREADS,
    Request,
    Run,
    VirtualUser,
    all_at_once,
    key_for,
    random_faults,
    summary,
)
from tests.support.fault_injection import intercepted
from tests.support.fixtures import DESIGN
from tests.support.invariants import key_of, timers, violations
from tests.support.request_checks import (
    check_edits,
    check_keys,
    check_starts,
    check_stops,
    check_switches,
)
from tests.support.timer_commands import Command, DeleteCommand, EditCommand

pytestmark = pytest.mark.usefixtures("concurrent_people")

TIMES = int(os.environ.get("STINT_RACES", "1"))
OPERATIONS = 4
"""The number of operations of each thread in each run."""

MIDNIGHT = MONDAY_NINE - MONDAY_NINE % DAY
"""UTC. Days are those of UTC."""

SEEDS = ("nine on a Monday", "a train through a tunnel", f"random {secrets.token_hex(4)}")


# Test ids must not change between runs, because pytest-xdist compares them.
@pytest.mark.parametrize("seed", SEEDS, ids=("monday", "tunnel", "random"))
def test_random_concurrent_requests_keep_all_invariants(
    seed: str, database: Database, connection: Connection
) -> None:
    run = Run()
    faults = random_faults(seed)

    def send_requests(number: int) -> None:
        user = VirtualUser(run, database, f"{seed}/{number}")
        for _ in range(OPERATIONS * TIMES):
            user.act()

    with intercepted(connection, faults.wrap):
        all_at_once(send_requests)
    message = f"seed {seed!r}: {summary(run, faults)}"
    print(message)  # noqa: T201 - pytest shows it if the test fails
    assert faults.happened["conflicts"], message
    assert violations(connection) == [], message
    stored = timers(connection)
    check_starts(run, stored)
    check_stops(run, stored)
    check_keys(run)
    check_edits(run, stored)
    check_switches([run], stored)


@pytest.mark.parametrize(
    "command", [StartCommand(time_entry_id=902), StartCommand(service_id=DESIGN)]
)
def test_concurrent_requests_with_one_key_start_one_timer(
    database: Database, connection: Connection, command: StartCommand
) -> None:
    run = Run()
    request = Request(CALLERS[1], command, key_for(CALLERS[1], command, b"tap"))
    with intercepted(connection, random_faults("taps").wrap):
        all_at_once(lambda number: _send(run, database, request, f"taps/{number}"))
    assert violations(connection) == []
    responses = [result.response for result in run.results if result.response]
    assert responses
    assert len({response.outcome for response in responses}) == 1
    assert timers(connection).keys() == {key_of(responses[0].outcome.timer)}


def _send(run: Run, database: Database, request: Request, seed: str) -> None:
    run.send(VirtualUser(run, database, seed).dependencies, request)


def test_concurrent_manual_stop_and_auto_stop_stop_a_timer_once(
    database: Database, connection: Connection
) -> None:
    run = Run()
    limits = {}
    for caller in CALLERS:
        command = StartCommand(time_entry_id=ENTRIES[caller.person_id][0])
        response = run.send(VirtualUser(run, database, "").dependencies, Request(caller, command))
        assert response is not None
        limits[key_of(response.outcome.timer)] = response.outcome.timer.auto_stop_at
    run.clock.advance(2 * LIMIT)
    faults = random_faults("auto-stops")

    def stop(number: int) -> None:
        dependencies = VirtualUser(run, database, f"auto-stops/{number}").dependencies
        if number % 2:
            run.reports.append(AutoStop(dependencies).run())
        else:
            caller, timer_id = run.seen[number // 2 % len(CALLERS)]
            run.send(dependencies, Request(caller, StopCommand(timer_id)))

    with intercepted(connection, faults.wrap):
        all_at_once(stop)
    # Injected faults may have stopped every attempt. Without faults, auto-stop completes.
    assert AutoStop(VirtualUser(run, database, "").dependencies).run().left == 0
    assert violations(connection) == []
    check_stops(run, stored := timers(connection))
    for timer in stored.values():
        assert timer.version == 2
        assert timer.stopped_at is not None
        if timer.stop_reason is None:
            assert timer.stopped_at > limits[key_of(timer)]
        else:
            assert (timer.stop_reason, timer.stopped_at) == (StopReason.AUTO, limits[key_of(timer)])


def test_concurrent_corrections_and_starts_count_each_second_once(
    database: Database, connection: Connection
) -> None:
    run = Run()
    dependencies = VirtualUser(run, database, "").dependencies
    for caller in CALLERS:
        run.send(
            dependencies, Request(caller, StartCommand(time_entry_id=ENTRIES[caller.person_id][0]))
        )
    run.clock.advance(2 * LIMIT)
    assert AutoStop(dependencies).run().stopped == len(CALLERS)
    overdue_timers = tuple(run.seen)

    def correct_or_start(number: int) -> None:
        user = VirtualUser(run, database, f"corrections/{number}")
        caller, timer_id = overdue_timers[number % len(CALLERS)]
        command: Command = StopCommand(timer_id, stopped_at=MONDAY_NINE + number)
        if number // len(CALLERS) % 4 == 3:
            # Start on the same entry whose last stop the other threads correct.
            command = StartCommand(time_entry_id=ENTRIES[caller.person_id][0])
        run.send(user.dependencies, Request(caller, command))

    with intercepted(connection, random_faults("corrections").wrap):
        all_at_once(correct_or_start)
    assert violations(connection) == []
    stored = timers(connection)
    check_starts(run, stored)
    check_stops(run, stored)
    for caller, timer_id in overdue_timers:
        # Three versions: started, auto-stopped, and corrected by the first correction.
        timer = stored[caller.organization.id, timer_id]
        assert (timer.version, timer.stop_reason) == (3, None)
        run.send(dependencies, Request(caller, StopCommand(time_entry_id=timer.time_entry_id)))
    assert violations(connection) == []


def test_one_of_many_requests_gets_a_gap(database: Database, connection: Connection) -> None:
    run = Run()
    dependencies = VirtualUser(run, database, "").dependencies
    gap = MONDAY_NINE - DAY, MONDAY_NINE - DAY + HOUR
    for number in range(THREADS):
        caller, start = CALLERS[number % len(CALLERS)], MONDAY_NINE - (2 + number) * DAY
        run.send(dependencies, Request(caller, _insert(caller, start, start + HOUR)))
    others = tuple(run.seen)

    def take_gap(number: int) -> None:
        caller, timer_id = others[number]
        command: Command = EditCommand(timer_id, *gap)
        if number // len(CALLERS) % 2:
            command = _insert(caller, *gap)
        user = VirtualUser(run, database, f"gap/{number}")
        run.send(user.dependencies, Request(caller, command))

    before = len(run.results)
    all_at_once(take_gap)
    assert violations(connection) == []
    in_the_gap = [timer for timer in timers(connection).values() if timer.started_at == gap[0]]
    assert {timer.person_id for timer in in_the_gap} == {caller.person_id for caller in CALLERS}
    assert len(in_the_gap) == len(CALLERS)
    answered = [result for result in run.results[before:] if result.response]
    assert len(answered) == len(CALLERS)


def test_one_of_many_sessions_that_touch_each_other_gets_a_gap(
    database: Database, connection: Connection
) -> None:
    run = Run()

    def insert(number: int) -> None:
        # Each overlaps the one before and the one after, over midnight.
        caller = CALLERS[number % len(CALLERS)]
        start = MIDNIGHT + (number // len(CALLERS) - 4) * 10 * MINUTE
        user = VirtualUser(run, database, f"touching/{number}")
        run.send(user.dependencies, Request(caller, _insert(caller, start, start + 15 * MINUTE)))

    run.clock.advance(DAY)
    with intercepted(connection, random_faults("touching").wrap):
        all_at_once(insert)
    assert violations(connection) == []
    check_starts(run, timers(connection))


@pytest.mark.parametrize("seed", ["one", "two"])
def test_concurrent_edits_stops_and_switches_of_a_running_timer(
    database: Database, connection: Connection, seed: str
) -> None:
    run = Run()
    dependencies = VirtualUser(run, database, "").dependencies
    for caller in CALLERS:
        entry_id = ENTRIES[caller.person_id][0]
        run.send(dependencies, Request(caller, StartCommand(time_entry_id=entry_id)))
    run.clock.advance(MINUTE)
    running = tuple(run.seen)

    def change(number: int) -> None:
        caller, timer_id = running[number % len(CALLERS)]
        user = VirtualUser(run, database, f"{seed}/{number}")
        entries = ENTRIES[caller.person_id]
        now = user.dependencies.now()
        command: Command = user.random.choice(
            (
                StopCommand(timer_id),
                StartCommand(time_entry_id=user.random.choice(entries)),
                EditCommand(timer_id, started_at=now - number),
                EditCommand(timer_id, time_entry_id=user.random.choice(entries)),
                EditCommand(timer_id, stopped_at=now - number),
                EditCommand(timer_id, stopped_at=None),
                _insert(caller, now - 2 * HOUR - number, now - HOUR - number),
                _insert(caller, now - number, now),
                DeleteCommand(timer_id),
            )
        )
        run.send(user.dependencies, Request(caller, command))

    with intercepted(connection, random_faults(seed).wrap):
        all_at_once(change)
    assert violations(connection) == []
    stored = timers(connection)
    check_starts(run, stored)
    check_stops(run, stored)
    check_edits(run, stored)
    check_switches([run], stored)


def _insert(caller: Caller, start: int, stop: int) -> StartCommand:
    entry_id = ENTRIES[caller.person_id][0]
    return StartCommand(time_entry_id=entry_id, started_at=start, stopped_at=stop)
