"""Many concurrent requests for few people, with fault injection: contract sections 3, 4, 8, 9.

32 threads do a limited number of operations: start, switch, stop, repeat, auto-stop. Each thread
has a separate clock and id source, like a Lambda container. The operations are generated from a
seed; their interleaving is not deterministic. STINT_RACES multiplies the number of operations.
"""

import os
import secrets

import pytest
from pynamodb.connection import Connection

from chalicelib.dynamodb.database import Database
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import StopReason
from chalicelib.timers.operations import StartCommand, StopCommand
from tests.support.clock import MONDAY_NINE
from tests.support.concurrent_requests import (
    CALLERS,
    ENTRIES,
    LIMIT,
    Command,
    Request,
    Run,
    VirtualUser,
    all_at_once,
    check_keys,
    check_starts,
    check_stops,
    check_switches,
    key_for,
    random_faults,
    summary,
)
from tests.support.fault_injection import intercepted
from tests.support.fixtures import DESIGN
from tests.support.invariants import key_of, timers, violations

pytestmark = pytest.mark.usefixtures("concurrent_people")

TIMES = int(os.environ.get("STINT_RACES", "1"))
OPERATIONS = 4
"""The number of operations of each thread in each run."""

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
    check_switches(stored)


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
