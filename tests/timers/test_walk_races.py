"""Races of walks by page number with traffic, and of offline queues with auto-stop runs.

STINT_RACES multiplies the number of requests: ``make test-races``.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any, NamedTuple, TypeVar

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict
from chalicelib.core.ids import IdGenerator
from chalicelib.core.lists import Page
from chalicelib.core.permissions import Caller
from chalicelib.counters.rollup import CounterRollup
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Role
from chalicelib.time_entries import lists as entry_lists
from chalicelib.time_entries.model import EntryQuery
from chalicelib.timers import lists
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import Timer, TimerQuery, TimerSort
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.fixtures import DESIGN, ZAGREB, Fixtures
from tests.support.invariants import timers, violations
from tools.ops.counter_repair import behind, read_all

TIMES = int(os.environ.get("STINT_RACES", "1"))
T = TypeVar("T")
OLD_TIMERS = 50
_PAUSE_SECONDS = 0.05


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    """Create organizations, people and services."""


@contextmanager
def meanwhile(*acts: Callable[[], object]) -> Iterator[None]:
    """Repeat each act in a thread of its own."""
    is_over = Event()

    def repeat(act: Callable[[], object]) -> None:
        # A pause, so that the engine has time for the requests of the test.
        while not is_over.wait(_PAUSE_SECONDS):
            act()

    with ThreadPoolExecutor(len(acts)) as threads:
        futures = [threads.submit(repeat, act) for act in acts]
        try:
            yield
        finally:
            is_over.set()
        for future in futures:
            future.result()


def service(database: Database, clock: FakeClock) -> Dependencies:
    """Return the dependencies of a server of its own."""
    return Dependencies(database, IdGenerator(clock.milliseconds), clock, time.sleep)


class Traffic:
    """Starts timers, one after the other, of a new person each."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock(MONDAY_NINE + 60 * DAY)
        self.dependencies = service(database, self.clock)
        self.started: list[Timer] = []

    def start(self) -> None:
        self.clock.advance(MINUTE)
        caller = Caller(ZAGREB, 20_000 + len(self.started), Role.MEMBER)
        result = Timers(self.dependencies).start(caller, StartCommand(service_id=DESIGN))
        self.started.append(result.outcome.timer)


class Walked(NamedTuple):
    """A list: reads a page by its number. ``id_of`` is the id of a timer's row in it."""

    read: Callable[[Connection, int], Page[Any]]
    id_of: Callable[[Timer], int] = lambda timer: timer.id


def timers_by(sort: TimerSort) -> Callable[[Connection, int], Page[Any]]:
    query = TimerQuery(ZAGREB.id, sort=sort, page_size=20)
    return lambda connection, page: lists.page(connection, replace(query, page=page))


def entries_by_date(connection: Connection, page: int) -> Page[Any]:
    # Without the time entries of the fixtures, which no operation created.
    query = EntryQuery(ZAGREB.id, first_date="2026-04-01", page=page, page_size=20)
    return entry_lists.page(connection, query)


LISTS = {
    "timers by start": Walked(timers_by(TimerSort.STARTED_AT)),
    "timers by stop": Walked(timers_by(TimerSort.STOPPED_AT)),
    "time entries": Walked(entries_by_date, lambda timer: timer.time_entry_id),
}


@pytest.mark.parametrize("is_rolled_up", [True, False])
@pytest.mark.parametrize("name", LISTS)
def test_ascending_walk_under_traffic_has_each_old_row_once(
    database: Database, connection: Connection, name: str, is_rolled_up: bool
) -> None:
    listed = LISTS[name]
    traffic = Traffic(database)
    for _ in range(OLD_TIMERS):
        traffic.start()
    rollup = CounterRollup(traffic.dependencies)
    rollup.run(behind(read_all(connection)))
    acts: list[Callable[[], object]] = [traffic.start]
    if is_rolled_up:
        acts.append(lambda: rollup.run(behind(read_all(connection))))
    with meanwhile(*acts):
        for _ in range(TIMES):
            old = [listed.id_of(timer) for timer in traffic.started]
            walked: list[int] = []
            page, total = 1, 1
            while (page - 1) * 20 < total and page * 20 < len(old) + 60:
                read = listed.read(connection, page)
                total = read.total_count
                walked += [row.id for row in read.rows]
                assert total >= (page - 1) * 20 + len(read.rows)
                page += 1
            assert walked[: len(old)] == old
            assert len(walked) == len(set(walked))


def test_offline_queue_that_meets_auto_stop_runs_gives_each_session_its_time(
    database: Database, connection: Connection
) -> None:
    clock = FakeClock(MONDAY_NINE + 60 * HOUR)
    client, server = service(database, clock), service(database, clock)

    def replay(person: int) -> None:
        caller = Caller(ZAGREB, person, Role.MEMBER)
        sessions = Timers(client)
        for hours in (0, 1, 2):
            command = StartCommand(service_id=DESIGN, started_at=MONDAY_NINE + hours * HOUR)
            started = retried(lambda c=command: sessions.start(caller, c))  # type: ignore[misc]
        timer_id = started.outcome.timer.id
        stop = StopCommand(timer_id, stopped_at=MONDAY_NINE + 8 * HOUR)
        retried(lambda: sessions.stop(caller, stop))

    people = range(30_000, 30_000 + 10 * TIMES)
    with meanwhile(lambda: AutoStop(server).run()), ThreadPoolExecutor(4) as threads:
        list(threads.map(replay, people))
    minutes: dict[int, list[int]] = {}
    for timer in sorted(timers(connection).values(), key=lambda timer: timer.started_at):
        minutes.setdefault(timer.person_id, []).append(timer.total_time)
    assert [minutes[person] for person in people] == [[60, 60, 360]] * len(people)
    assert violations(connection) == []


def retried(send: Callable[[], T]) -> T:
    """Send a request until no race decides against it, as clients do."""
    while True:
        with suppress(Conflict):
            return send()
