"""Concurrent start and stop requests from several devices of one person."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.errors import Conflict, RecordNotFound
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Role
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, ZAGREB
from tests.support.table_snapshots import items

pytestmark = pytest.mark.usefixtures("fixtures")

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
START = StartCommand(time_entry_id=ADMINS_ENTRY)


def test_concurrent_starts_leave_one_timer_running(
    database: Database, connection: Connection
) -> None:
    dependencies = build_dependencies(database)

    def start(_: int) -> int | None:
        try:
            return Timers(dependencies).start(CALLER, START).outcome.timer.id
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as threads:
        started_ids = {timer_id for timer_id in threads.map(start, range(12)) if timer_id}
    timers = {timer["id"]: timer for timer in items(connection, "timers")}
    assert started_ids
    assert timers.keys() == started_ids
    running = [timer["id"] for timer in timers.values() if "stopped_at" not in timer]
    (person_state,) = items(connection, "person_state")
    assert running == [person_state["timer_id"]]
    (entry,) = [item for item in items(connection, "time_entries") if item["id"] == ADMINS_ENTRY]
    assert entry["timer_count"] == len(started_ids)


def test_concurrent_stops_count_once(
    dependencies: Dependencies, database: Database, connection: Connection
) -> None:
    timer = Timers(dependencies).start(CALLER, START).outcome.timer
    real_dependencies = build_dependencies(database)
    with ThreadPoolExecutor(6) as threads:
        stop = StopCommand(timer.id)
        results = threads.map(lambda _: Timers(real_dependencies).stop(CALLER, stop), range(6))
        outcomes = [result.outcome for result in results]
    assert Counter(outcome.already_stopped for outcome in outcomes) == {False: 1, True: 5}
    assert len({outcome.timer for outcome in outcomes}) == 1
    (entry,) = [item for item in items(connection, "time_entries") if item["id"] == ADMINS_ENTRY]
    assert entry["tracked_seconds"] == outcomes[0].timer.seconds


def test_member_cannot_stop_the_timer_of_another_person(dependencies: Dependencies) -> None:
    timer = Timers(dependencies).start(CALLER, START).outcome.timer
    with pytest.raises(RecordNotFound):
        Timers(dependencies).stop(Caller(ZAGREB, MEMBER, Role.MEMBER), StopCommand(timer.id))
