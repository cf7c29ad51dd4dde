"""Many concurrent requests for few people, with fault injection: contract sections 3, 4, 8, 9.

32 threads do a limited number of operations: start, switch, stop, repeat, auto-stop. Each thread
has a separate clock and id source, like a Lambda container. The operations are generated from a
seed; their interleaving is not deterministic. STINT_RACES multiplies the number of operations.
"""

import os
import secrets

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.timers import StopReason
from chalicelib.dynamodb.database import Store
from chalicelib.timers.auto_stop import sweep
from chalicelib.timers.operations import StartTimer, StopTimer
from tests.support.clock import MONDAY_NINE
from tests.support.concurrent_requests import (
    CALLERS,
    ENTRIES,
    LIMIT,
    Command,
    Phone,
    Request,
    Run,
    all_at_once,
    check_keys,
    check_starts,
    check_stops,
    check_switches,
    key_for,
    summary,
    weather_of,
)
from tests.support.fault_injection import intercepted
from tests.support.fixtures import DESIGN
from tests.support.invariants import key_of, timers, violations

TIMES = int(os.environ.get("STINT_RACES", "1"))
OPERATIONS = 4
"""The number of operations of each thread in each run."""

SEEDS = ("nine on a Monday", "a train through a tunnel", f"random {secrets.token_hex(4)}")


# Test ids must not change between runs, because pytest-xdist compares them.
@pytest.mark.parametrize("seed", SEEDS, ids=("monday", "tunnel", "random"))
def test_random_concurrent_requests_keep_all_invariants(
    seed: str, store: Store, connection: Connection
) -> None:
    run = Run()
    weather = weather_of(seed)

    def send_requests(number: int) -> None:
        phone = Phone(run, store, f"{seed}/{number}")
        for _ in range(OPERATIONS * TIMES):
            phone.act()

    with intercepted(connection, weather.wrap):
        all_at_once(send_requests)
    message = f"seed {seed!r}: {summary(run, weather)}"
    print(message)  # noqa: T201 - pytest shows it if the test fails
    assert weather.happened["conflicts"], message
    assert violations(connection) == [], message
    stored = timers(connection)
    check_starts(run, stored)
    check_stops(run, stored)
    check_keys(run)
    check_switches(stored)


@pytest.mark.parametrize("command", [StartTimer(time_entry_id=902), StartTimer(service_id=DESIGN)])
def test_concurrent_requests_with_one_key_start_one_timer(
    store: Store, connection: Connection, command: StartTimer
) -> None:
    run = Run()
    request = Request(CALLERS[1], command, key_for(CALLERS[1], command, b"tap"))
    with intercepted(connection, weather_of("taps").wrap):
        all_at_once(lambda number: _send(run, store, request, f"taps/{number}"))
    assert violations(connection) == []
    answers = [result.answer for result in run.heard if result.answer]
    assert answers
    assert len({answer.outcome for answer in answers}) == 1
    assert timers(connection).keys() == {key_of(answers[0].outcome.timer)}


def _send(run: Run, store: Store, request: Request, seed: str) -> None:
    run.send(Phone(run, store, seed).tools, request)


def test_concurrent_manual_stop_and_auto_stop_stop_a_timer_once(
    store: Store, connection: Connection
) -> None:
    run = Run()
    limits = {}
    for caller in CALLERS:
        command = StartTimer(time_entry_id=ENTRIES[caller.person_id][0])
        answer = run.send(Phone(run, store, "").tools, Request(caller, command))
        assert answer is not None
        limits[key_of(answer.outcome.timer)] = answer.outcome.timer.auto_stop_at
    run.clock.advance(2 * LIMIT)
    weather = weather_of("sweeps")

    def stop(number: int) -> None:
        tools = Phone(run, store, f"sweeps/{number}").tools
        if number % 2:
            run.reports.append(sweep(tools))
        else:
            caller, timer_id = run.seen[number // 2 % len(CALLERS)]
            run.send(tools, Request(caller, StopTimer(timer_id)))

    with intercepted(connection, weather.wrap):
        all_at_once(stop)
    # Injected faults may have stopped every attempt. Without faults, auto-stop completes.
    assert sweep(Phone(run, store, "").tools).left == 0
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
    store: Store, connection: Connection
) -> None:
    run = Run()
    tools = Phone(run, store, "").tools
    for caller in CALLERS:
        run.send(tools, Request(caller, StartTimer(time_entry_id=ENTRIES[caller.person_id][0])))
    run.clock.advance(2 * LIMIT)
    assert sweep(tools).stopped == len(CALLERS)
    overdue_timers = tuple(run.seen)

    def correct_or_start(number: int) -> None:
        phone = Phone(run, store, f"corrections/{number}")
        caller, timer_id = overdue_timers[number % len(CALLERS)]
        command: Command = StopTimer(timer_id, stopped_at=MONDAY_NINE + number)
        if number // len(CALLERS) % 4 == 3:
            # Start on the same entry whose last stop the other threads correct.
            command = StartTimer(time_entry_id=ENTRIES[caller.person_id][0])
        run.send(phone.tools, Request(caller, command))

    with intercepted(connection, weather_of("corrections").wrap):
        all_at_once(correct_or_start)
    assert violations(connection) == []
    stored = timers(connection)
    check_starts(run, stored)
    check_stops(run, stored)
    for caller, timer_id in overdue_timers:
        # Three versions: started, auto-stopped, and corrected by the first correction.
        timer = stored[caller.organization.id, timer_id]
        assert (timer.version, timer.stop_reason) == (3, None)
        run.send(tools, Request(caller, StopTimer(time_entry_id=timer.time_entry_id)))
    assert violations(connection) == []
