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
    ReplaceRecord,
    RequireRecord,
    SetRunning,
    SetTimeline,
    TimeEntryUpdate,
    WriteSet,
    changed,
)
from chalicelib.counters.model import PersonDay
from chalicelib.dynamodb.database import Database
from chalicelib.revisions.model import ManualEdit
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.days import DaySessions, DayUpdate
from chalicelib.timers.edit_rules import (
    Edited,
    LoadedTimeline,
    decide_deletion,
    decide_edit,
    decide_insert,
)
from chalicelib.timers.edits import Edit, days_to_check, resolve_edit
from chalicelib.timers.model import PersonState, RunningTimer, Timer
from chalicelib.timers.rules import (
    GeneratedIds,
    Started,
    decide_start,
    decide_stop,
    decide_stop_of_running,
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
    """Return the items of people's days, without the counters of time entries."""
    counters = items(connection, "counters")
    return [counter for counter in counters if not counter["scope"].endswith("#entries")]


def listed(*timestamps: int) -> list[dict[str, str]]:
    """Return how the item of a day lists a session."""
    return [{"N": str(timestamp)} for timestamp in timestamps]


def day(database: Database, number: int) -> DaySessions:
    """Return the admin's sessions of a day."""
    name = PersonDay(ZAGREB.id, ADMIN, number)
    return database.get_many(ZAGREB.id, [(DaySessions, name)]).require(DaySessions, name)


def edited(database: Database, timer_id: int, edit: Edit, now: int) -> Edited:
    """Decide an edit of one of the admin's timers, with everything that it can need."""
    timer = database.get(Timer, ZAGREB.id, timer_id)
    assert timer is not None
    after, _ = resolve_edit(timer, edit, now)
    loaded = database.get_many(
        ZAGREB.id,
        [
            (PersonState, ADMIN),
            (TimeEntry, timer.time_entry_id),
            (TimeEntry, after.time_entry_id),
        ],
    )
    new_entry = loaded.require(TimeEntry, after.time_entry_id)
    timeline = LoadedTimeline(
        loaded.require(TimeEntry, timer.time_entry_id),
        None if after.time_entry_id == timer.time_entry_id else new_entry,
        loaded.require(PersonState, ADMIN),
        [day(database, number) for number in days_to_check(timer, after, now)],
    )
    return decide_edit(timer, after, timeline, ZAGREB, ManualEdit(ADMIN, None, now, 77))


def commit(database: Database, decision: Edited) -> None:
    assert decision.write_set is not None
    database.commit([decision.write_set, *decision.records], token())


def the_entry(database: Database, entry_id: int = ADMINS_ENTRY) -> TimeEntry:
    entry = database.get(TimeEntry, ZAGREB.id, entry_id)
    assert entry is not None
    return entry


def person_state(connection: Connection) -> Item:
    (item,) = items(connection, "person_state")
    return item


def test_start_writes_timer_entry_person_state_and_day(
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
        "sum_target": '["2026-03-02",1294,"b"]',
        "started_at": NOW,
        "auto_stop_at": NOW + 43_200,
        "last_timer_id": 1000,
        "lists_sessions": True,
    }
    # 08:00 UTC is the 32nd quarter-hour.
    assert sessions(connection) == [
        {
            "scope": "2149#8779",
            "bucket": "2026-03-02",
            "version": 1,
            "s32": 1,
            "t1000": listed(NOW),
        }
    ]
    entry = database.get(TimeEntry, ZAGREB.id, ADMINS_ENTRY)
    assert entry is not None
    assert (entry.timer_count, entry.running_timer_id) == (1, 1000)


def test_stop_writes_timer_entry_person_state_and_day(
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
        "lists_sessions": True,
    }
    assert sessions(connection) == [
        {
            "scope": "2149#8779",
            "bucket": "2026-03-02",
            "version": 2,
            "s32": 1,
            "e33": 1,
            "b=1294": 960,
            "t1000": listed(NOW, NOW + 960),
        }
    ]
    (timer,) = items(connection, "timers")
    assert "running_shard" not in timer
    assert timer["stopped_key"] == f"{NOW + 960}#0000000000001000"


def test_switch_after_midnight_updates_each_day_once(
    database: Database, connection: Connection
) -> None:
    started(database)
    decided = start(database, 2000, NOW + 16 * 3600, ADMINS_SECOND_ENTRY)
    database.commit([decided.write_set], token())
    assert sorted(sessions(connection), key=str) == [
        {
            "scope": "2149#8779",
            "bucket": "2026-03-02",
            "version": 2,
            "s32": 1,
            "e80": 1,
            "b=1294": 43_200,
            "t1000": listed(NOW, NOW + 43_200),
        },
        {
            "scope": "2149#8779",
            "bucket": "2026-03-03",
            "version": 1,
            "s00": 1,
            "t2000": listed(NOW + 16 * 3600),
        },
    ]
    assert person_state(connection)["last_stopped_at"] == NOW + 43_200


def test_correction_moves_the_stop_the_tracked_seconds_and_the_counter(
    database: Database, connection: Connection
) -> None:
    first = started(database)
    database.commit([start(database, 2000, NOW + 3600).write_set], token())
    corrected = edited(database, first.id, Edit(stopped_at=NOW + 600), NOW + 3700)
    commit(database, corrected)
    assert database.get(Timer, ZAGREB.id, first.id) == corrected.timer
    (counters,) = sessions(connection)
    assert (counters["e32"], counters["e36"]) == (1, 0)
    assert counters["t1000"] == listed(NOW, NOW + 600)
    assert counters["t2000"] == listed(NOW + 3600)
    entry = the_entry(database)
    assert (entry.tracked_seconds, entry.running_timer_id) == (600, 2000)
    (timer, _) = sorted(items(connection, "timers"), key=lambda item: item["id"])
    assert timer["started_key"] == f"{NOW}#0000000000001000"
    assert timer["stopped_key"] == f"{NOW + 600}#0000000000001000"


def test_stopped_timer_runs_on_in_all_items(database: Database, connection: Connection) -> None:
    timer = started(database)
    stopped = decide_stop(timer, NOW + 60)
    database.commit([stopped.write_set], token())
    undone = edited(database, timer.id, Edit(stopped_at=None), NOW + 120)
    commit(database, undone)
    assert database.get(Timer, ZAGREB.id, timer.id) == undone.timer
    (item,) = items(connection, "timers")
    assert "stopped_at" not in item
    assert item["auto_stop_key"] == f"{NOW + 43_200}#0000000000001000"
    state = database.get(PersonState, ZAGREB.id, ADMIN)
    assert state is not None
    assert state.running == RunningTimer(
        1000, ADMINS_ENTRY, NOW, NOW + 43_200, sum_target=the_entry(database).sum_target
    )
    assert (state.version, state.last_stopped_at) == (3, NOW + 60)
    (day_item,) = sessions(connection)
    assert (day_item["e32"], day_item["t1000"], day_item["version"]) == (0, listed(NOW), 3)
    # A stop removes what only a running timer has.
    database.commit([decide_stop(undone.timer, NOW + 180).write_set], token())
    assert person_state(connection) == {
        "person_key": "2149#8779",
        "name": "running",
        "version": 4,
        "last_timer_id": 1000,
        "last_stopped_at": NOW + 180,
        "lists_sessions": True,
    }


def test_session_that_is_over_is_written(database: Database, connection: Connection) -> None:
    started(database)
    loaded = database.get_many(ZAGREB.id, [(PersonState, ADMIN), (TimeEntry, ADMINS_ENTRY)])
    inserted = decide_insert(
        loaded.require(PersonState, ADMIN),
        loaded.require(TimeEntry, ADMINS_ENTRY),
        ZAGREB,
        GeneratedIds(NOW + 60, 2000, 0),
        (NOW - 3600, NOW - 1800),
    )
    database.commit([inserted.write_set], token())
    assert database.get(Timer, ZAGREB.id, 2000) == inserted.timer
    entry = the_entry(database)
    assert (entry.tracked_seconds, entry.timer_count, entry.running_timer_id) == (1800, 2, 1000)
    assert (entry.latest_timer_id, entry.timer_stopped_at) == (2000, NOW - 1800)
    state = database.get(PersonState, ZAGREB.id, ADMIN)
    assert state is not None
    assert state.running == RunningTimer(
        1000, ADMINS_ENTRY, NOW, NOW + 43_200, sum_target=the_entry(database).sum_target
    )
    assert (state.last_timer_id, state.last_stopped_at) == (2000, NOW - 1800)
    assert day(database, NOW // 86_400).marks == {1000: (NOW,), 2000: (NOW - 3600, NOW - 1800)}
    assert len(items(connection, "timers")) == 2


def test_moved_timer_is_on_the_other_entry(database: Database) -> None:
    timer = started(database)
    moved = edited(database, timer.id, Edit(time_entry_id=ADMINS_SECOND_ENTRY), NOW + 60)
    commit(database, moved)
    old, new = the_entry(database), the_entry(database, ADMINS_SECOND_ENTRY)
    assert (old.running_timer_id, old.timer_count, old.timer_started_at) == (None, 0, None)
    assert (new.running_timer_id, new.timer_count, new.timer_started_at) == (1000, 1, NOW)
    database.commit([decide_stop(moved.timer, NOW + 120).write_set], token())
    assert the_entry(database, ADMINS_SECOND_ENTRY).tracked_seconds == 120


def test_deleted_session_is_removed_from_all_items(
    database: Database, connection: Connection
) -> None:
    stopped = decide_stop(started(database), NOW + 60)
    database.commit([stopped.write_set], token())
    edit = ManualEdit(ADMIN, None, NOW + 120, 77)
    commit(database, decide_deletion(stopped.timer, LoadedTimeline(the_entry(database)), edit))
    assert items(connection, "timers") == []
    (item,) = sessions(connection)
    assert "t1000" not in item
    assert (item["s32"], item["e32"], item["version"]) == (0, 0, 3)
    entry = the_entry(database)
    assert (entry.tracked_seconds, entry.timer_count, entry.timer_stopped_at) == (0, 0, None)


def test_covered_seconds_are_subtracted_from_the_manual_time(database: Database) -> None:
    timer = started(database)
    before = the_entry(database)
    manual = replace(before, adjusted_seconds=3600, covered_to=1000, version=before.version + 1)
    covered = replace(timer, covered=True, version=2)
    database.commit([ReplaceRecord(before, manual), ReplaceRecord(timer, covered)], token())
    database.commit([decide_stop(covered, NOW + 60).write_set], token())
    entry = the_entry(database)
    assert (entry.tracked_seconds, entry.adjusted_seconds, entry.time) == (60, 3540, 60)
    stopped = database.get(Timer, ZAGREB.id, 1000)
    assert stopped is not None
    assert stopped.covered is False


@pytest.mark.parametrize("is_written", [True, False])
def test_day_must_have_the_version_that_was_checked(
    database: Database, connection: Connection, is_written: bool
) -> None:
    counters = {"s32": 1} if is_written else {}
    today, tomorrow = NOW // 86_400, NOW // 86_400 + 1
    started(database)

    def updates(version: int, tomorrows_version: int) -> WriteSet:
        days = (
            DayUpdate(today, counters, {}, version),
            DayUpdate(tomorrow, {}, {}, tomorrows_version),
        )
        return WriteSet(ZAGREB.id, ADMIN, NOW, None, days=days)

    before = snapshot(connection)
    for versions in ((0, 0), (2, 0), (1, 1)):
        with pytest.raises(ConcurrentModification):
            database.commit([updates(*versions)], token())
    assert snapshot(connection) == before
    database.commit([updates(1, 0)], token())
    # A check does not write the item.
    assert day(database, today).version == (2 if is_written else 1)
    assert day(database, tomorrow) == DaySessions(tomorrow, 0, {})


def test_running_timer_is_stopped_without_its_record(database: Database) -> None:
    started(database)
    state = database.get(PersonState, ZAGREB.id, ADMIN)
    assert state is not None
    stopped = decide_stop_of_running(state, NOW + 60)
    database.commit([stopped.write_set], token())
    assert database.get(Timer, ZAGREB.id, 1000) == stopped.timer
    with pytest.raises(ConcurrentModification):
        database.commit([stopped.write_set], token())


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
            lambda write_set: replace(
                write_set, person_state=SetTimeline(9, None, 2000, NOW), new_timer=None
            ),
            id="person state has another version before an edit",
        ),
        pytest.param(
            lambda write_set: replace(
                write_set, person_state=None, days=(DayUpdate(NOW // 86_400, {}, {}, version=0),)
            ),
            id="day was not written, now it was",
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


@pytest.mark.parametrize(
    "update",
    [
        TimeEntryUpdate(ADMINS_ENTRY, starts=(2000, NOW)),
        TimeEntryUpdate(ADMINS_ENTRY, inserts=(2000, NOW)),
    ],
    ids=["start", "insertion"],
)
def test_session_cannot_be_put_on_a_deleted_entry(
    database: Database, connection: Connection, update: TimeEntryUpdate
) -> None:
    before = the_entry(database)
    deleted = replace(before, deleted_at=NOW, version=before.version + 1)
    database.commit([ReplaceRecord(before, deleted)], token())
    unchanged = snapshot(connection)
    with pytest.raises(ConcurrentModification):
        database.commit([WriteSet(ZAGREB.id, ADMIN, NOW, None, entries=(update,))], token())
    assert snapshot(connection) == unchanged
    # A session can still end there.
    end = TimeEntryUpdate(ADMINS_ENTRY, seconds=60, ends=NOW, target=before.sum_target)
    database.commit([WriteSet(ZAGREB.id, ADMIN, NOW, None, entries=(end,))], token())


def test_edit_of_a_changed_timer_writes_nothing(database: Database, connection: Connection) -> None:
    timer = started(database)
    stale = edited(database, timer.id, Edit(started_at=NOW - 60), NOW)
    database.commit([decide_stop(timer, NOW + 60).write_set], token())
    before = snapshot(connection)
    with pytest.raises(ConcurrentModification):
        commit(database, stale)
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
