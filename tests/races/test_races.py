"""Many at once on few people, in bad weather: contract sections 3, 4, 8 and 9.

32 threads, each with a clock and ids of its own as Lambda containers have, start, switch, stop,
repeat and sweep for a bounded number of acts. What they do is drawn from a seed; how they
interleave is not. STINT_RACES multiplies the number of acts.
"""

import os
import secrets

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.timers import StopReason
from chalicelib.services.sweeping import sweep
from chalicelib.services.timers import StartTimer, StopTimer
from chalicelib.store.store import Store
from tests.races.crowd import (
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
from tests.support.books import key_of, timers, violations
from tests.support.chaos import intercepted
from tests.support.clock import MONDAY_NINE
from tests.support.world import DESIGN

TIMES = int(os.environ.get("STINT_RACES", "1"))
ACTS = 4
"""Of each thread, and of each run."""

SEEDS = ("nine on a Monday", "a train through a tunnel", f"random {secrets.token_hex(4)}")


# The id of a test should not change from run to run: collectors compare them.
@pytest.mark.parametrize("seed", SEEDS, ids=("monday", "tunnel", "random"))
def test_whatever_happens_at_once_the_books_are_right(
    seed: str, store: Store, connection: Connection
) -> None:
    run = Run()
    weather = weather_of(seed)

    def phone(number: int) -> None:
        own = Phone(run, store, f"{seed}/{number}")
        for _ in range(ACTS * TIMES):
            own.act()

    with intercepted(connection, weather.wrap):
        all_at_once(phone)
    said = f"seed {seed!r}: {summary(run, weather)}"
    print(said)  # noqa: T201 - pytest shows it where the test fails
    assert weather.happened["conflicts"], said
    assert violations(connection) == [], said
    kept = timers(connection)
    check_starts(run, kept)
    check_stops(run, kept)
    check_keys(run)
    check_switches(kept)


@pytest.mark.parametrize("command", [StartTimer(time_entry_id=902), StartTimer(service_id=DESIGN)])
def test_one_key_sent_by_all_at_once_starts_one_timer(
    store: Store, connection: Connection, command: StartTimer
) -> None:
    run = Run()
    request = Request(CALLERS[1], command, key_for(CALLERS[1], command, b"tap"))
    with intercepted(connection, weather_of("taps").wrap):
        all_at_once(lambda number: _again(run, store, request, f"taps/{number}"))
    assert violations(connection) == []
    answers = [heard.answer for heard in run.heard if heard.answer]
    assert answers
    assert len({answer.outcome for answer in answers}) == 1
    assert timers(connection).keys() == {key_of(answers[0].outcome.timer)}


def _again(run: Run, store: Store, request: Request, seed: str) -> None:
    run.send(Phone(run, store, seed).tools, request)


def test_stops_by_hand_and_sweeps_at_once_stop_a_timer_once(
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

    def act(number: int) -> None:
        own = Phone(run, store, f"sweeps/{number}")
        if number % 2:
            run.reports.append(sweep(own.tools))
        else:
            caller, timer_id = run.seen[number // 2 % len(CALLERS)]
            run.send(own.tools, Request(caller, StopTimer(timer_id)))

    with intercepted(connection, weather.wrap):
        all_at_once(act)
    # In the worst weather each was told to come again; whoever does, finishes it.
    assert sweep(Phone(run, store, "").tools).left == 0
    assert violations(connection) == []
    check_stops(run, kept := timers(connection))
    for timer in kept.values():
        assert timer.version == 2
        assert timer.stopped_at is not None
        if timer.stop_reason is None:
            assert timer.stopped_at > limits[key_of(timer)]
        else:
            assert (timer.stop_reason, timer.stopped_at) == (StopReason.AUTO, limits[key_of(timer)])


def test_corrections_and_starts_at_once_count_every_second_once(
    store: Store, connection: Connection
) -> None:
    run = Run()
    quiet = Phone(run, store, "").tools
    for caller in CALLERS:
        run.send(quiet, Request(caller, StartTimer(time_entry_id=ENTRIES[caller.person_id][0])))
    run.clock.advance(2 * LIMIT)
    assert sweep(quiet).stopped == len(CALLERS)
    forgotten = tuple(run.seen)

    def act(number: int) -> None:
        own = Phone(run, store, f"corrections/{number}")
        caller, timer_id = forgotten[number % len(CALLERS)]
        command: Command = StopTimer(timer_id, stopped_at=MONDAY_NINE + number)
        if number // len(CALLERS) % 4 == 3:
            # On the entry whose last stop the others correct.
            command = StartTimer(time_entry_id=ENTRIES[caller.person_id][0])
        run.send(own.tools, Request(caller, command))

    with intercepted(connection, weather_of("corrections").wrap):
        all_at_once(act)
    assert violations(connection) == []
    kept = timers(connection)
    check_starts(run, kept)
    check_stops(run, kept)
    for caller, timer_id in forgotten:
        # Started, stopped by the sweep, corrected by the first to say so.
        timer = kept[caller.organization.id, timer_id]
        assert (timer.version, timer.stop_reason) == (3, None)
        run.send(quiet, Request(caller, StopTimer(time_entry_id=timer.time_entry_id)))
    assert violations(connection) == []
