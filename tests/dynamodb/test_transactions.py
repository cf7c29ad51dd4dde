"""Transactions: their condition checks, what they write, and that they write all or nothing."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from pynamodb.connection import Connection

from chalicelib.core.write_set import Changes, FreeSlot, MoveLastStop, OccupySlot
from chalicelib.domain.timers import Timer
from chalicelib.dynamodb.database import Store
from chalicelib.dynamodb.transactions import Commit, LostRace
from chalicelib.timers.rules import Drawn, Started, decide_correction, decide_start, decide_stop
from tests.support.clock import MONDAY_NINE
from tests.support.engine import ENDPOINT
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ADMINS_SECOND_ENTRY, DESIGN, ZAGREB
from tests.support.table_snapshots import items, snapshot

pytestmark = pytest.mark.usefixtures("world")

NOW = MONDAY_NINE
Item = dict[str, object]


def token() -> str:
    """Return a new ClientRequestToken. DynamoDB remembers tokens for ten minutes."""
    return uuid4().hex


def start(store: Store, timer_id: int, now: int = NOW, entry_id: int = ADMINS_ENTRY) -> Started:
    state = store.start_state(ZAGREB.id, ADMIN, time_entry_id=entry_id)
    assert state.time_entry is not None
    return decide_start(state.slot, state.time_entry, ZAGREB, Drawn(now, timer_id, 0))


def started(store: Store, timer_id: int = 1000, now: int = NOW) -> Timer:
    decided = start(store, timer_id, now)
    store.commit(Commit(decided.changes), token())
    return decided.timer


def sessions(connection: Connection) -> list[dict[str, object]]:
    """Return the counters of sessions, without those of time entries."""
    counters = items(connection, "tallies")
    return [counter for counter in counters if not counter["scope"].endswith("#entries")]


def slot(connection: Connection) -> Item:
    (item,) = items(connection, "slots")
    return item


def test_start_writes_timer_entry_person_state_and_counter(
    store: Store, connection: Connection
) -> None:
    timer = started(store)
    assert store.timer(ZAGREB.id, timer.id) == timer
    assert slot(connection) == {
        "person_key": "2149#8779",
        "name": "running",
        "version": 1,
        "timer_id": 1000,
        "time_entry_id": ADMINS_ENTRY,
        "started_at": NOW,
        "auto_stop_at": NOW + 43_200,
        "last_timer_id": 1000,
    }
    # 08:00 UTC is the 32nd quarter-hour.
    assert sessions(connection) == [{"scope": "2149#8779", "bucket": "2026-03-02", "s32": 1}]
    state = store.start_state(ZAGREB.id, ADMIN, time_entry_id=ADMINS_ENTRY)
    assert state.time_entry is not None
    assert (state.time_entry.timer_count, state.time_entry.running_timer_id) == (1, 1000)


def test_stop_writes_timer_entry_person_state_and_counter(
    store: Store, connection: Connection
) -> None:
    stopped = decide_stop(started(store), NOW + 960)
    assert stopped.changes is not None
    store.commit(Commit(stopped.changes), token())
    assert store.timer(ZAGREB.id, 1000) == stopped.timer
    assert slot(connection) == {
        "person_key": "2149#8779",
        "name": "running",
        "version": 2,
        "last_timer_id": 1000,
        "last_stopped_at": NOW + 960,
    }
    assert sessions(connection) == [
        {"scope": "2149#8779", "bucket": "2026-03-02", "s32": 1, "e33": 1}
    ]
    (timer,) = items(connection, "timers")
    assert "running_shard" not in timer
    assert timer["stopped_key"] == f"{NOW + 960}#0000000000001000"


def test_switch_after_midnight_updates_each_counter_once(
    store: Store, connection: Connection
) -> None:
    started(store)
    decided = start(store, 2000, NOW + 16 * 3600, ADMINS_SECOND_ENTRY)
    store.commit(Commit(decided.changes), token())
    assert sorted(sessions(connection), key=str) == [
        {"scope": "2149#8779", "bucket": "2026-03-02", "s32": 1, "e80": 1},
        {"scope": "2149#8779", "bucket": "2026-03-03", "s00": 1},
    ]
    assert slot(connection)["last_stopped_at"] == NOW + 43_200


def test_correction_moves_the_stop_the_tracked_seconds_and_the_counter(
    store: Store, connection: Connection
) -> None:
    first = started(store)
    store.commit(Commit(start(store, 2000, NOW + 3600).changes), token())
    timer = store.timer(ZAGREB.id, first.id)
    assert timer is not None
    person_slot, entry = store.correction_state(timer)
    assert entry is not None
    corrected = decide_correction(timer, person_slot, entry, NOW + 3700, NOW + 600)
    assert corrected.changes is not None
    store.commit(Commit(corrected.changes), token())
    assert store.timer(ZAGREB.id, first.id) == corrected.timer
    (counter,) = sessions(connection)
    assert (counter["e32"], counter["e36"]) == (1, 0)
    state = store.start_state(ZAGREB.id, ADMIN, time_entry_id=ADMINS_ENTRY)
    assert state.time_entry is not None
    assert state.time_entry.tracked_seconds == 600
    assert state.time_entry.running_timer_id == 2000


@pytest.mark.skipif(ENDPOINT is None, reason="moto ignores ClientRequestToken")
def test_transaction_with_the_same_token_is_written_once(
    store: Store, connection: Connection
) -> None:
    decided = start(store, 1000)
    request_token = token()
    store.commit(Commit(decided.changes), request_token)
    before = snapshot(connection)
    store.commit(Commit(decided.changes), request_token)
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "make_stale",
    [
        pytest.param(lambda changes: changes, id="person state did not exist, now it does"),
        pytest.param(
            lambda changes: replace(changes, slot=replace(changes.slot, version=7)),
            id="person state has another version",
        ),
        pytest.param(
            lambda changes: replace(changes, slot=FreeSlot(4711, NOW), new_timer=None),
            id="another timer runs",
        ),
        pytest.param(
            lambda changes: replace(changes, slot=MoveLastStop(9, NOW), new_timer=None),
            id="person state has another version before a correction",
        ),
    ],
)
def test_stale_decision_raises_concurrent_modification_and_writes_nothing(
    store: Store, connection: Connection, make_stale: Callable[[Changes], Changes]
) -> None:
    decided = start(store, 2000)
    started(store)
    before = snapshot(connection)
    with pytest.raises(LostRace):
        store.commit(Commit(make_stale(decided.changes)), token())
    assert snapshot(connection) == before


def test_timer_cannot_be_stopped_twice(store: Store, connection: Connection) -> None:
    timer = started(store)
    first, second = decide_stop(timer, NOW + 60), decide_stop(timer, NOW + 120)
    assert first.changes is not None
    assert second.changes is not None
    store.commit(Commit(first.changes), token())
    before = snapshot(connection)
    with pytest.raises(LostRace):
        store.commit(Commit(second.changes), token())
    assert snapshot(connection) == before


def test_duplicate_timer_id_raises_concurrent_modification(
    store: Store, connection: Connection
) -> None:
    timer = started(store)
    stop = decide_stop(timer, NOW + 60)
    assert stop.changes is not None
    store.commit(Commit(stop.changes), token())
    before = snapshot(connection)
    with pytest.raises(LostRace):
        store.commit(Commit(start(store, timer.id, NOW + 120).changes), token())
    assert snapshot(connection) == before


def test_entry_of_another_person_raises_concurrent_modification(
    store: Store, connection: Connection
) -> None:
    decided = start(store, 1000)
    changes = replace(decided.changes, person_id=8784)
    before = snapshot(connection)
    with pytest.raises(LostRace):
        store.commit(Commit(changes), token())
    assert snapshot(connection) == before


def test_duplicate_entry_id_raises_concurrent_modification(
    store: Store, connection: Connection
) -> None:
    state = store.start_state(ZAGREB.id, ADMIN, service_id=DESIGN)
    assert state.service is not None
    decided = decide_start(state.slot, state.service, ZAGREB, Drawn(NOW, 1000, ADMINS_ENTRY))
    assert isinstance(decided.changes.slot, OccupySlot)
    before = snapshot(connection)
    with pytest.raises(LostRace):
        store.commit(Commit(decided.changes), token())
    assert snapshot(connection) == before
