"""The invariant check finds each violation, and repairs it where the timers determine the value."""

import functools
from collections.abc import Callable

import pytest
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb import keys
from chalicelib.time_entries import operations
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.time_entries.rules import MAX_TIMERS_PER_STEP
from chalicelib.timers.model import StopReason
from chalicelib.timers.repository import PersonStateModel, TimerModel
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ADMINS_SECOND_ENTRY, ZAGREB
from tests.support.table_snapshots import snapshot
from tools.ops.check_invariants import find_violations, repair
from tools.ops.invariants import PersonSnapshot, check
from tools.ops.snapshot import Scope, SnapshotReader

SCOPE = (ZAGREB.id, ADMIN)


@pytest.fixture
def timer_ids(admin: Api, clock: FakeClock) -> list[int]:
    """Ids of three timers: one stopped manually, one stopped by a switch, one running."""
    ids = []
    for entry_id in (ADMINS_ENTRY, ADMINS_SECOND_ENTRY, ADMINS_ENTRY):
        ids.append(int(admin.start(time_entry_id=entry_id).data["id"]))
        clock.advance(HOUR)
        if len(ids) == 1:
            admin.stop(str(ids[0]))
    return ids


def timer(timer_id: int) -> TimerModel:
    return TimerModel(key=keys.scoped(ZAGREB.id, timer_id))


def person_state() -> PersonStateModel:
    return PersonStateModel(person_key=keys.scoped(*SCOPE), name=keys.RUNNING_TIMER)


def entry(entry_id: int = ADMINS_ENTRY) -> TimeEntryModel:
    return TimeEntryModel(key=keys.scoped(ZAGREB.id, entry_id))


def repair_all(connection: Connection) -> int:
    reader = SnapshotReader(connection)
    return repair(reader, find_violations(reader, sleep=lambda _: None))


def violation_texts(connection: Connection) -> list[str]:
    violations_by_person = find_violations(SnapshotReader(connection), sleep=lambda _: None)
    return [
        violation.what
        for _, violations in violations_by_person.values()
        for violation in violations
    ]


def test_ordinary_work_violates_no_invariant(timer_ids: list[int], connection: Connection) -> None:
    assert len(timer_ids) == 3
    reader = SnapshotReader(connection)
    person_snapshot = reader.read_all()[SCOPE]
    assert len(person_snapshot.timers) == 3
    assert check(person_snapshot) == []
    assert reader.read_still([SCOPE]) == {SCOPE: person_snapshot}
    assert violation_texts(connection) == []


REPAIRABLE: dict[str, tuple[Callable[[], object], str]] = {
    "person state with another timer": (
        lambda: person_state().update([PersonStateModel.timer_id.set(7)]),
        "the person state names",
    ),
    "person state cleared": (
        lambda: person_state().update(
            [
                PersonStateModel.timer_id.remove(),
                PersonStateModel.time_entry_id.remove(),
                PersonStateModel.started_at.remove(),
                PersonStateModel.auto_stop_at.remove(),
            ]
        ),
        "the person state names",
    ),
    "person state's last timer id": (
        lambda: person_state().update([PersonStateModel.last_timer_id.set(7)]),
        "last id",
    ),
    "person state deleted": (lambda: person_state().delete(), "the person state names"),
    "entry's tracked seconds": (
        lambda: entry().update([TimeEntryModel.tracked_seconds.add(60)]),
        "tracked_seconds",
    ),
    "entry's timer count": (
        lambda: entry().update([TimeEntryModel.timer_count.add(1)]),
        "timer_count",
    ),
    "entry's running timer": (
        lambda: entry().update([TimeEntryModel.running_timer_id.remove()]),
        "running_timer_id",
    ),
    "entry's latest timer": (
        lambda: entry().update([TimeEntryModel.latest_timer_id.set(7)]),
        "latest_timer_id",
    ),
    "entry's last stop": (
        lambda: entry(ADMINS_SECOND_ENTRY).update([TimeEntryModel.timer_stopped_at.set(7)]),
        "timer_stopped_at",
    ),
    "start of the entry's running timer": (
        lambda: entry().update([TimeEntryModel.timer_started_at.remove()]),
        "timer_started_at",
    ),
    "person state with an edited timer": (
        lambda: person_state().update([PersonStateModel.edited.set(True)]),
        "the person state names",
    ),
    "session of a day": (
        lambda: CounterModel(scope=keys.scoped(*SCOPE), bucket="2026-03-02").update(
            [Path("t7").set([1, 2])]
        ),
        "sessions of 2026-03-02",
    ),
    "session of a day without timers": (
        lambda: CounterModel(scope=keys.scoped(*SCOPE), bucket="2026-03-05").update(
            [Path("t7").set([1])]
        ),
        "sessions of 2026-03-05",
    ),
    "counter of a day": (
        lambda: CounterModel(scope=keys.scoped(*SCOPE), bucket="2026-03-02").update(
            [Path("s32").add(1)]
        ),
        "counters of 2026-03-02",
    ),
    "counter of a day without timers": (
        lambda: CounterModel(scope=keys.scoped(*SCOPE), bucket="2026-03-05").update(
            [Path("e01").add(1)]
        ),
        "counters of 2026-03-05",
    ),
    "counter of entries": (
        lambda: CounterModel(scope="2149#8779#entries", bucket="2026-03#1294").update(
            [Path("n02").add(1)]
        ),
        "counters of entries on service 1294 in 2026-03",
    ),
    "counter of a month without entries": (
        lambda: CounterModel(scope="2149#8779#entries", bucket="2026-04#1294").update(
            [Path("n02").add(1)]
        ),
        "counters of entries on service 1294 in 2026-04",
    ),
    "entry's index key": (
        lambda: entry().update([TimeEntryModel.date_key.set("2026-03-01#0000000000000364")]),
        "entry 364 is not indexed",
    ),
    "entry without an index key": (
        lambda: entry().update([TimeEntryModel.date_key.remove()]),
        "entry 364 is not indexed",
    ),
    "counter record deleted": (
        lambda: CounterModel(scope=keys.scoped(*SCOPE), bucket="2026-03-02").delete(),
        "counters of 2026-03-02",
    ),
}


@pytest.mark.usefixtures("timer_ids")
@pytest.mark.parametrize("name", REPAIRABLE)
def test_value_derived_from_timers_is_checked_and_repaired(
    connection: Connection, name: str
) -> None:
    corrupt, expected = REPAIRABLE[name]
    corrupt()
    assert any(expected in text for text in violation_texts(connection))
    assert repair_all(connection) == 0
    assert violation_texts(connection) == []


@pytest.mark.parametrize("number", [0, -1], ids=["stopped", "running"])
@pytest.mark.parametrize("times", [None, [1], [1, 2]], ids=["missing", "start", "start and stop"])
def test_session_that_a_day_lists_wrongly_is_found_and_repaired(
    timer_ids: list[int], connection: Connection, number: int, times: list[int] | None
) -> None:
    listed = Path(f"t{timer_ids[number]}")
    item = CounterModel(scope=keys.scoped(*SCOPE), bucket="2026-03-02")
    item.update([listed.remove() if times is None else listed.set(times)])
    assert any("sessions of 2026-03-02" in text for text in violation_texts(connection))
    assert repair_all(connection) == 0
    assert violation_texts(connection) == []


@pytest.mark.usefixtures("timer_ids")
def test_person_whose_days_do_not_list_all_sessions_is_reported(connection: Connection) -> None:
    person_state().update([PersonStateModel.lists_sessions.remove()])
    assert any("is not upgraded" in text for text in violation_texts(connection))


def test_last_stop_of_an_idle_person_is_checked_and_repaired(
    admin: Api, timer_ids: list[int], connection: Connection
) -> None:
    admin.stop(str(timer_ids[-1]))
    person_state().update([PersonStateModel.last_stopped_at.set(7)])
    assert any("last stop" in text for text in violation_texts(connection))
    assert repair_all(connection) == 0
    assert violation_texts(connection) == []


@pytest.mark.parametrize("name", ["running_shard", "auto_stop_key", "stopped_key", "person_key"])
def test_wrong_index_key_of_a_timer_is_found_and_repaired(
    timer_ids: list[int], connection: Connection, name: str
) -> None:
    timer(timer_ids[-1]).update([Path(name).set("elsewhere")])
    assert any("is not indexed" in text for text in violation_texts(connection))
    assert repair_all(connection) == 0
    assert violation_texts(connection) == []


@pytest.mark.usefixtures("timer_ids")
def test_repaired_person_can_start_a_timer(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    person_state().delete()
    assert repair_all(connection) == 0
    clock.advance(HOUR)
    assert admin.start(time_entry_id=ADMINS_ENTRY).meta["stopped_timer_ids"]
    assert violation_texts(connection) == []


@pytest.mark.parametrize(
    ("corrupt", "expected"),
    [
        (
            lambda ids: timer(ids[0]).update(
                [TimerModel.stopped_at.remove(), TimerModel.stopped_key.remove()]
            ),
            "2 timers run",
        ),
        (lambda ids: timer(ids[0]).update([TimerModel.stopped_at.add(2 * HOUR)]), "overlap"),
        (lambda ids: timer(ids[0]).update([TimerModel.stopped_at.add(-3 * HOUR)]), "ends before"),
        (
            lambda ids: timer(ids[1]).update([TimerModel.stop_reason.set(StopReason.AUTO)]),
            "its limit",
        ),
        (lambda _: entry(ADMINS_SECOND_ENTRY).delete(), "which is missing"),
        (
            lambda _: person_state().update([PersonStateModel.disabled.set(True)]),
            "disabled, but a timer runs",
        ),
    ],
)
def test_violation_without_automatic_repair_is_reported(
    timer_ids: list[int],
    connection: Connection,
    corrupt: Callable[[list[int]], object],
    expected: str,
) -> None:
    corrupt(timer_ids)
    assert any(expected in text for text in violation_texts(connection))


def test_two_running_timers_are_reported_and_can_be_stopped(
    admin: Api, timer_ids: list[int], connection: Connection
) -> None:
    timer(timer_ids[0]).update([TimerModel.stopped_at.remove(), TimerModel.stop_reason.remove()])
    entry().update([TimeEntryModel.timer_count.add(1)])
    assert repair_all(connection) == 0
    assert any("2 timers run" in text for text in violation_texts(connection))
    assert admin.stop(str(timer_ids[-1])).status == 200


def test_corrected_stop_while_another_timer_runs_is_no_violation(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    admin.stop(first, stopped_at="2026-03-02T09:10:00+01:00")
    assert violation_texts(connection) == []


def test_edited_inserted_and_deleted_sessions_are_no_violation(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    start = functools.partial(admin.start, time_entry_id=ADMINS_ENTRY)
    first = start().data["id"]
    clock.advance(HOUR)
    admin.stop(first)
    # The id of the inserted session is larger, and its start is earlier.
    inserted = start(started_at="2026-02-27T22:00:00+01:00", stopped_at="2026-03-01T08:00:00+01:00")
    assert inserted.status == 201
    assert admin.edit(first, started_at="2026-03-02T09:30:00+01:00").status == 200
    assert admin.edit(first, stopped_at=None).status == 200
    clock.advance(HOUR)
    assert admin.edit(first, stopped_at="2026-03-02T10:30:00+01:00").status == 200
    # Two sessions start in the same second; the one without seconds was started later.
    empty = start(started_at="2026-03-02T09:10:00+01:00", stopped_at="2026-03-02T09:10:00+01:00")
    times = {"started_at": "2026-03-02T09:10:00+01:00", "stopped_at": "2026-03-02T09:20:00+01:00"}
    assert admin.edit(inserted.data["id"], **times).status == 200
    assert admin.edit(inserted.data["id"], time_entry_id=ADMINS_SECOND_ENTRY).status == 200
    last = start().data["id"]
    assert violation_texts(connection) == []
    assert empty.status == 201
    assert admin.send("DELETE", f"/timers/{last}").status == 204
    assert admin.send("DELETE", f"/timers/{first}").status == 204
    assert violation_texts(connection) == []


def test_manually_set_time_is_no_violation(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.stop(first)
    assert admin.edit_entry(ADMINS_ENTRY, time=10).status == 200
    assert admin.edit(first, stopped_at=None).status == 200
    person_snapshot = SnapshotReader(connection).read_all()[SCOPE]
    assert person_snapshot.timers[0].covered
    assert violation_texts(connection) == []
    clock.advance(HOUR)
    admin.start(time_entry_id=ADMINS_ENTRY)
    assert violation_texts(connection) == []


@pytest.mark.usefixtures("timer_ids")
def test_repair_does_not_read_indexes(connection: Connection) -> None:
    person_state().update([PersonStateModel.last_timer_id.set(7)])
    with failing(connection, "Query", "ThrottlingException"):
        assert repair_all(connection) == 0
    assert violation_texts(connection) == []


def test_changes_during_the_check_are_not_reported(
    admin: Api, timer_ids: list[int], connection: Connection, clock: FakeClock
) -> None:
    assert timer_ids
    entry().update([TimeEntryModel.timer_count.add(1)])

    class WritingDuringRead(SnapshotReader):
        def read_all(self) -> dict[Scope, PersonSnapshot]:
            clock.advance(HOUR)
            admin.start(time_entry_id=ADMINS_ENTRY)
            return super().read_all()

    assert find_violations(WritingDuringRead(connection), sleep=lambda _: None) == {}
    assert find_violations(SnapshotReader(connection), sleep=lambda _: None)


@pytest.mark.usefixtures("timer_ids")
def test_repair_of_a_changed_record_writes_nothing(
    admin: Api, timer_ids: list[int], connection: Connection
) -> None:
    person_state().update([PersonStateModel.last_timer_id.set(7)])
    reader = SnapshotReader(connection)
    violations = find_violations(reader, sleep=lambda _: None)
    admin.stop(str(timer_ids[-1]))
    before = snapshot(connection)
    assert repair(reader, violations) == 1
    assert snapshot(connection) == before


def test_repair_of_a_day_keeps_a_concurrent_stop(
    admin: Api, timer_ids: list[int], connection: Connection
) -> None:
    item = CounterModel(scope=keys.scoped(*SCOPE), bucket="2026-03-02")
    item.update([Path("t7").set([1, 2])])
    reader = SnapshotReader(connection)
    violations = find_violations(reader, sleep=lambda _: None)
    admin.stop(str(timer_ids[-1]))
    assert repair(reader, violations) == 0
    assert find_violations(reader, sleep=lambda _: None) == {}


@pytest.mark.usefixtures("timer_ids")
def test_repair_writes_only_changed_records(connection: Connection) -> None:
    entry().update([TimeEntryModel.timer_count.add(1)])
    with counted(connection) as calls:
        assert repair_all(connection) == 0
    assert calls.count("UpdateItem") == 1


def test_deleted_entry_causes_no_violation(
    admin: Api, timer_ids: list[int], connection: Connection, clock: FakeClock
) -> None:
    admin.stop(str(timer_ids[-1]))
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    person_snapshot = SnapshotReader(connection).read_all()[SCOPE]
    # The person state still has the id of the last timer, which is deleted.
    assert (
        person_snapshot.person_state.last_timer_id == timer_ids[-1] > person_snapshot.timers[-1].id
    )
    assert violation_texts(connection) == []
    # A repair does not change that id.
    person_state().update([PersonStateModel.timer_id.set(7)])
    assert repair_all(connection) == 0
    repaired = SnapshotReader(connection).read_all()[SCOPE].person_state
    assert repaired.last_timer_id == timer_ids[-1]
    assert repaired.last_stopped_at == person_snapshot.person_state.last_stopped_at
    assert violation_texts(connection) == []
    clock.advance(HOUR)
    assert admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
    assert violation_texts(connection) == []


def test_counters_of_a_partly_deleted_entry_are_checked_and_repaired(
    admin: Api, connection: Connection, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "MAX_PURGE_STEPS", 0)
    for _ in range(MAX_TIMERS_PER_STEP + 2):
        admin.start(time_entry_id=ADMINS_ENTRY)
        clock.advance(60)
    admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop")
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    assert violation_texts(connection) == []
    entry().update([TimeEntryModel.timer_count.add(1)])
    assert any("timer_count is 3, not 2" in text for text in violation_texts(connection))
    assert repair_all(connection) == 0
    assert violation_texts(connection) == []
