"""Transactions: their condition checks, what they write, and that they write all or nothing."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from msgspec.structs import asdict, replace
from pynamodb.connection import Connection

from chalicelib.core.write_set import (
    ClearRunning,
    ConcurrentModification,
    CreateRecord,
    DeleteRecord,
    MoveLastStop,
    RequireRecord,
    SetRunning,
    WriteSet,
    changed,
)
from chalicelib.dynamodb.database import Database
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import PersonState, Timer
from chalicelib.timers.rules import (
    GeneratedIds,
    Started,
    decide_correction,
    decide_start,
    decide_stop,
)
from tests.support.clock import MONDAY_NINE
from tests.support.engine import ENDPOINT
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ADMINS_SECOND_ENTRY, DESIGN, ZAGREB
from tests.support.table_snapshots import items, snapshot

pytestmark = pytest.mark.usefixtures("fixtures")

NOW = MONDAY_NINE
Item = dict[str, object]


def token() -> str:
    """Return a new ClientRequestToken. DynamoDB remembers tokens for ten minutes."""
    return uuid4().hex


def start(
    database: Database, timer_id: int, now: int = NOW, entry_id: int = ADMINS_ENTRY
) -> Started:
    loaded = database.get_many(ZAGREB.id, [(PersonState, ADMIN), (TimeEntry, entry_id)])
    return decide_start(
        loaded.require(PersonState, ADMIN),
        loaded.require(TimeEntry, entry_id),
        ZAGREB,
        GeneratedIds(now, timer_id, 0),
    )


def started(database: Database, timer_id: int = 1000, now: int = NOW) -> Timer:
    decided = start(database, timer_id, now)
    database.commit([decided.write_set], token())
    return decided.timer


def sessions(connection: Connection) -> list[dict[str, object]]:
    """Return the counters of sessions, without those of time entries."""
    counters = items(connection, "counters")
    return [counter for counter in counters if not counter["scope"].endswith("#entries")]


def person_state(connection: Connection) -> Item:
    (item,) = items(connection, "person_state")
    return item


def test_start_writes_timer_entry_person_state_and_counter(
    database: Database, connection: Connection
) -> None:
    timer = started(database)
    assert database.get(Timer, ZAGREB.id, timer.id) == timer
    assert person_state(connection) == {
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
    entry = database.get(TimeEntry, ZAGREB.id, ADMINS_ENTRY)
    assert entry is not None
    assert (entry.timer_count, entry.running_timer_id) == (1, 1000)


def test_stop_writes_timer_entry_person_state_and_counter(
    database: Database, connection: Connection
) -> None:
    stopped = decide_stop(started(database), NOW + 960)
    assert stopped.write_set is not None
    database.commit([stopped.write_set], token())
    assert database.get(Timer, ZAGREB.id, 1000) == stopped.timer
    assert person_state(connection) == {
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
    database: Database, connection: Connection
) -> None:
    started(database)
    decided = start(database, 2000, NOW + 16 * 3600, ADMINS_SECOND_ENTRY)
    database.commit([decided.write_set], token())
    assert sorted(sessions(connection), key=str) == [
        {"scope": "2149#8779", "bucket": "2026-03-02", "s32": 1, "e80": 1},
        {"scope": "2149#8779", "bucket": "2026-03-03", "s00": 1},
    ]
    assert person_state(connection)["last_stopped_at"] == NOW + 43_200


def test_correction_moves_the_stop_the_tracked_seconds_and_the_counter(
    database: Database, connection: Connection
) -> None:
    first = started(database)
    database.commit([start(database, 2000, NOW + 3600).write_set], token())
    timer = database.get(Timer, ZAGREB.id, first.id)
    assert timer is not None
    loaded = database.get_many(ZAGREB.id, [(PersonState, ADMIN), (TimeEntry, ADMINS_ENTRY)])
    state, entry = loaded.require(PersonState, ADMIN), loaded.require(TimeEntry, ADMINS_ENTRY)
    corrected = decide_correction(timer, state, entry, NOW + 3700, NOW + 600)
    assert corrected.write_set is not None
    database.commit([corrected.write_set], token())
    assert database.get(Timer, ZAGREB.id, first.id) == corrected.timer
    (counter,) = sessions(connection)
    assert (counter["e32"], counter["e36"]) == (1, 0)
    updated_entry = database.get(TimeEntry, ZAGREB.id, ADMINS_ENTRY)
    assert updated_entry is not None
    assert updated_entry.tracked_seconds == 600
    assert updated_entry.running_timer_id == 2000


@pytest.mark.skipif(ENDPOINT is None, reason="moto ignores ClientRequestToken")
def test_transaction_with_the_same_token_is_written_once(
    database: Database, connection: Connection
) -> None:
    decided = start(database, 1000)
    request_token = token()
    database.commit([decided.write_set], request_token)
    before = snapshot(connection)
    database.commit([decided.write_set], request_token)
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "make_stale",
    [
        pytest.param(lambda write_set: write_set, id="person state did not exist, now it does"),
        pytest.param(
            lambda write_set: replace(
                write_set, person_state=replace(write_set.person_state, version=7)
            ),
            id="person state has another version",
        ),
        pytest.param(
            lambda write_set: replace(
                write_set, person_state=ClearRunning(4711, NOW), new_timer=None
            ),
            id="another timer runs",
        ),
        pytest.param(
            lambda write_set: replace(write_set, person_state=MoveLastStop(9, NOW), new_timer=None),
            id="person state has another version before a correction",
        ),
    ],
)
def test_stale_decision_raises_concurrent_modification_and_writes_nothing(
    database: Database, connection: Connection, make_stale: Callable[[WriteSet], WriteSet]
) -> None:
    decided = start(database, 2000)
    started(database)
    before = snapshot(connection)
    with pytest.raises(ConcurrentModification):
        database.commit([make_stale(decided.write_set)], token())
    assert snapshot(connection) == before


def test_timer_cannot_be_stopped_twice(database: Database, connection: Connection) -> None:
    timer = started(database)
    first, second = decide_stop(timer, NOW + 60), decide_stop(timer, NOW + 120)
    assert first.write_set is not None
    assert second.write_set is not None
    database.commit([first.write_set], token())
    before = snapshot(connection)
    with pytest.raises(ConcurrentModification):
        database.commit([second.write_set], token())
    assert snapshot(connection) == before


def test_duplicate_timer_id_raises_concurrent_modification(
    database: Database, connection: Connection
) -> None:
    timer = started(database)
    stop = decide_stop(timer, NOW + 60)
    assert stop.write_set is not None
    database.commit([stop.write_set], token())
    before = snapshot(connection)
    with pytest.raises(ConcurrentModification):
        database.commit([start(database, timer.id, NOW + 120).write_set], token())
    assert snapshot(connection) == before


def test_entry_of_another_person_raises_concurrent_modification(
    database: Database, connection: Connection
) -> None:
    decided = start(database, 1000)
    write_set = replace(decided.write_set, person_id=8784)
    before = snapshot(connection)
    with pytest.raises(ConcurrentModification):
        database.commit([write_set], token())
    assert snapshot(connection) == before


def test_duplicate_entry_id_raises_concurrent_modification(
    database: Database, connection: Connection
) -> None:
    loaded = database.get_many(ZAGREB.id, [(PersonState, ADMIN), (Service, DESIGN)])
    decided = decide_start(
        loaded.require(PersonState, ADMIN),
        loaded.require(Service, DESIGN),
        ZAGREB,
        GeneratedIds(NOW, 1000, ADMINS_ENTRY),
    )
    assert isinstance(decided.write_set.person_state, SetRunning)
    before = snapshot(connection)
    with pytest.raises(ConcurrentModification):
        database.commit([decided.write_set], token())
    assert snapshot(connection) == before


def test_required_record_is_also_written(database: Database) -> None:
    service = database.get(Service, ZAGREB.id, DESIGN)
    assert service is not None
    renamed = changed(service, replace(service, name="Renamed"))
    required = RequireRecord(Service, ZAGREB.id, DESIGN, {"position": service.position + 1})
    with pytest.raises(ConcurrentModification):
        database.commit([*renamed, required], token())
    assert database.get(Service, ZAGREB.id, DESIGN) == service
    required = replace(required, expected=asdict(service))
    database.commit([required, *renamed], token())
    written = database.get(Service, ZAGREB.id, DESIGN)
    assert written == replace(service, name="Renamed")


def test_required_record_is_also_deleted(database: Database) -> None:
    deletion = DeleteRecord(Service, ZAGREB.id, DESIGN)
    required = RequireRecord(Service, ZAGREB.id, DESIGN, {"name": "Renamed"})
    with pytest.raises(ConcurrentModification):
        database.commit([deletion, required], token())
    database.commit([deletion, replace(required, expected={"name": "Design"})], token())
    assert database.get(Service, ZAGREB.id, DESIGN) is None


def test_record_that_is_required_twice_needs_all_values(database: Database) -> None:
    new = CreateRecord(Service(5, ZAGREB.id, "New"))
    name, position = (
        RequireRecord(Service, ZAGREB.id, DESIGN, expected)
        for expected in ({"name": "Design"}, {"position": 99})
    )
    for required in ((name, position), (position, name)):
        with pytest.raises(ConcurrentModification):
            database.commit([new, *required], token())
    database.commit([new, name, name], token())
    assert database.get(Service, ZAGREB.id, 5) is not None


def test_write_set_and_required_record_share_an_item(database: Database) -> None:
    timer = started(database)
    stopped = decide_stop(timer, NOW + 60).write_set
    required = RequireRecord(Timer, ZAGREB.id, timer.id, {"version": timer.version + 1})
    with pytest.raises(ConcurrentModification):
        database.commit([stopped, required], token())
    database.commit([stopped, replace(required, expected={"version": timer.version})], token())
    written = database.get(Timer, ZAGREB.id, timer.id)
    assert written is not None
    assert written.stopped_at == NOW + 60
