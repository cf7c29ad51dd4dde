"""Concurrent start and stop requests from several devices of one person."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Toolbox, real_toolbox
from chalicelib.core.errors import Conflict, RecordNotFound
from chalicelib.domain.directory import Caller, Role
from chalicelib.dynamodb.database import Store
from chalicelib.timers.operations import StartTimer, StopTimer, start_timer, stop_timer
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, ZAGREB
from tests.support.table_snapshots import items

pytestmark = pytest.mark.usefixtures("world")

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
START = StartTimer(time_entry_id=ADMINS_ENTRY)


def test_concurrent_starts_leave_one_timer_running(store: Store, connection: Connection) -> None:
    tools = real_toolbox(store)

    def start(_: int) -> int | None:
        try:
            return start_timer(tools, CALLER, START).outcome.timer.id
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as threads:
        started_ids = {timer_id for timer_id in threads.map(start, range(12)) if timer_id}
    timers = {timer["id"]: timer for timer in items(connection, "timers")}
    assert started_ids
    assert timers.keys() == started_ids
    running = [timer["id"] for timer in timers.values() if "stopped_at" not in timer]
    (person_state,) = items(connection, "slots")
    assert running == [person_state["timer_id"]]
    (entry,) = [item for item in items(connection, "time_entries") if item["id"] == ADMINS_ENTRY]
    assert entry["timer_count"] == len(started_ids)


def test_concurrent_stops_count_once(tools: Toolbox, store: Store, connection: Connection) -> None:
    timer = start_timer(tools, CALLER, START).outcome.timer
    real_tools = real_toolbox(store)
    with ThreadPoolExecutor(6) as threads:
        stop = StopTimer(timer.id)
        results = threads.map(lambda _: stop_timer(real_tools, CALLER, stop), range(6))
        outcomes = [result.outcome for result in results]
    assert Counter(outcome.already_stopped for outcome in outcomes) == {False: 1, True: 5}
    assert len({outcome.timer for outcome in outcomes}) == 1
    (entry,) = [item for item in items(connection, "time_entries") if item["id"] == ADMINS_ENTRY]
    assert entry["tracked_seconds"] == outcomes[0].timer.seconds


def test_member_cannot_stop_the_timer_of_another_person(tools: Toolbox) -> None:
    timer = start_timer(tools, CALLER, START).outcome.timer
    with pytest.raises(RecordNotFound):
        stop_timer(tools, Caller(ZAGREB, MEMBER, Role.MEMBER), StopTimer(timer.id))
