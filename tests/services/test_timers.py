"""Start and stop as a person's phones would: several at once, on one person."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.directory import Caller, Role
from chalicelib.domain.errors import Conflict, RecordNotFound
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox, real_toolbox
from chalicelib.store.store import Store
from tests.support.tables import items
from tests.support.world import ADMIN, ADMINS_ENTRY, MEMBER, ZAGREB

pytestmark = pytest.mark.usefixtures("world")

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
WORK = StartTimer(time_entry_id=ADMINS_ENTRY)


def test_taps_at_the_same_moment_leave_one_timer_running(
    store: Store, connection: Connection
) -> None:
    tools = real_toolbox(store)

    def tap(_: int) -> int | None:
        try:
            return start_timer(tools, CALLER, WORK).outcome.timer.id
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as phones:
        answered = {timer_id for timer_id in phones.map(tap, range(12)) if timer_id}
    timers = {it["id"]: it for it in items(connection, "timers")}
    assert answered
    assert timers.keys() == answered
    running = [it["id"] for it in timers.values() if "stopped_at" not in it]
    (slot,) = items(connection, "slots")
    assert running == [slot["timer_id"]]
    (entry,) = [it for it in items(connection, "time_entries") if it["id"] == ADMINS_ENTRY]
    assert entry["timer_count"] == len(answered)


def test_stops_at_the_same_moment_count_once(
    tools: Toolbox, store: Store, connection: Connection
) -> None:
    timer = start_timer(tools, CALLER, WORK).outcome.timer
    both = real_toolbox(store)
    with ThreadPoolExecutor(6) as phones:
        stop = StopTimer(timer.id)
        answers = phones.map(lambda _: stop_timer(both, CALLER, stop), range(6))
        stops = [answer.outcome for answer in answers]
    assert Counter(it.already_stopped for it in stops) == {False: 1, True: 5}
    assert len({it.timer for it in stops}) == 1
    (entry,) = [it for it in items(connection, "time_entries") if it["id"] == ADMINS_ENTRY]
    assert entry["tracked_seconds"] == stops[0].timer.seconds


def test_a_member_does_not_find_what_is_not_theirs(tools: Toolbox) -> None:
    timer = start_timer(tools, CALLER, WORK).outcome.timer
    with pytest.raises(RecordNotFound):
        stop_timer(tools, Caller(ZAGREB, MEMBER, Role.MEMBER), StopTimer(timer.id))
