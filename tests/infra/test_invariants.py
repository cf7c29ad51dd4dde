"""Each thing that must hold is missed when it does not, and mended where it can be."""

from collections.abc import Callable

import pytest
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.domain.time_entries import MOST_TIMERS_A_STEP
from chalicelib.domain.timers import StopReason
from chalicelib.store import keys
from chalicelib.store.models import SlotModel, TallyModel, TimeEntryModel, TimerModel
from infra.check_invariants import find_violations, repair
from infra.invariants import Books, check
from infra.ledger import Ledger, Scope
from tests.support.api import Api
from tests.support.calls import counted
from tests.support.clock import HOUR, FakeClock
from tests.support.faults import failing
from tests.support.tables import snapshot
from tests.support.world import ADMIN, ADMINS_ENTRY, ADMINS_SECOND_ENTRY, ZAGREB

SCOPE = (ZAGREB.id, ADMIN)


@pytest.fixture
def worked(admin: Api, clock: FakeClock) -> list[int]:
    """Three sessions: one stopped by hand, one superseded, one that runs."""
    ids = []
    for entry_id in (ADMINS_ENTRY, ADMINS_SECOND_ENTRY, ADMINS_ENTRY):
        ids.append(int(admin.start(time_entry_id=entry_id).data["id"]))
        clock.advance(HOUR)
        if len(ids) == 1:
            admin.stop(str(ids[0]))
    return ids


def timer(timer_id: int) -> TimerModel:
    return TimerModel(key=keys.scoped(ZAGREB.id, timer_id))


def slot() -> SlotModel:
    return SlotModel(person_key=keys.scoped(*SCOPE), name=keys.RUNNING_SLOT)


def entry(entry_id: int = ADMINS_ENTRY) -> TimeEntryModel:
    return TimeEntryModel(key=keys.scoped(ZAGREB.id, entry_id))


def mend(connection: Connection) -> int:
    ledger = Ledger(connection)
    return repair(ledger, find_violations(ledger, pause=lambda _: None))


def found(connection: Connection) -> list[str]:
    violations = find_violations(Ledger(connection), pause=lambda _: None)
    return [violation.what for _, said in violations.values() for violation in said]


def test_everything_holds_after_ordinary_work(worked: list[int], connection: Connection) -> None:
    assert len(worked) == 3
    ledger = Ledger(connection)
    books = ledger.read_all()[SCOPE]
    assert len(books.timers) == 3
    assert check(books) == []
    assert ledger.read_still([SCOPE]) == {SCOPE: books}
    assert found(connection) == []


REPAIRABLE: dict[str, tuple[Callable[[], object], str]] = {
    "slot's timer": (lambda: slot().update([SlotModel.timer_id.set(7)]), "the slot holds"),
    "slot freed": (
        lambda: slot().update(
            [
                SlotModel.timer_id.remove(),
                SlotModel.time_entry_id.remove(),
                SlotModel.started_at.remove(),
                SlotModel.auto_stop_at.remove(),
            ]
        ),
        "the slot holds",
    ),
    "slot's last id": (lambda: slot().update([SlotModel.last_timer_id.set(7)]), "last id"),
    "slot gone": (lambda: slot().delete(), "the slot holds"),
    "entry's seconds": (
        lambda: entry().update([TimeEntryModel.tracked_seconds.add(60)]),
        "tracked_seconds",
    ),
    "entry's count": (lambda: entry().update([TimeEntryModel.timer_count.add(1)]), "timer_count"),
    "entry's timer": (
        lambda: entry().update([TimeEntryModel.running_timer_id.remove()]),
        "running_timer_id",
    ),
    "entry's latest timer": (
        lambda: entry().update([TimeEntryModel.latest_timer_id.set(7)]),
        "latest_timer_id",
    ),
    "entry's last stop": (
        lambda: entry(ADMINS_SECOND_ENTRY).update([TimeEntryModel.timer_stopped_at.remove()]),
        "timer_stopped_at",
    ),
    "tally's count": (
        lambda: TallyModel(scope=keys.scoped(*SCOPE), bucket="2026-03-02").update(
            [Path("s32").add(1)]
        ),
        "tally of 2026-03-02",
    ),
    "tally of an idle day": (
        lambda: TallyModel(scope=keys.scoped(*SCOPE), bucket="2026-03-05").update(
            [Path("e01").add(1)]
        ),
        "tally of 2026-03-05",
    ),
    "tally of entries": (
        lambda: TallyModel(scope="2149#8779#entries", bucket="2026-03#1294").update(
            [Path("n02").add(1)]
        ),
        "tally of entries on service 1294 in 2026-03",
    ),
    "tally of no entries": (
        lambda: TallyModel(scope="2149#8779#entries", bucket="2026-04#1294").update(
            [Path("n02").add(1)]
        ),
        "tally of entries on service 1294 in 2026-04",
    ),
    "entry's place in lists": (
        lambda: entry().update([TimeEntryModel.date_key.set("2026-03-01#0000000000000364")]),
        "entry 364 is not indexed",
    ),
    "entry in no list": (
        lambda: entry().update([TimeEntryModel.date_key.remove()]),
        "entry 364 is not indexed",
    ),
    "tally gone": (
        lambda: TallyModel(scope=keys.scoped(*SCOPE), bucket="2026-03-02").delete(),
        "tally of 2026-03-02",
    ),
}


@pytest.mark.usefixtures("worked")
@pytest.mark.parametrize("name", REPAIRABLE)
def test_what_timers_tell_is_missed_and_mended(connection: Connection, name: str) -> None:
    spoil, said = REPAIRABLE[name]
    spoil()
    assert any(said in what for what in found(connection))
    assert mend(connection) == 0
    assert found(connection) == []


def test_a_last_stop_that_nothing_runs_behind_is_missed_and_mended(
    admin: Api, worked: list[int], connection: Connection
) -> None:
    admin.stop(str(worked[-1]))
    slot().update([SlotModel.last_stopped_at.set(7)])
    assert any("last stop" in what for what in found(connection))
    assert mend(connection) == 0
    assert found(connection) == []


@pytest.mark.parametrize("name", ["running_shard", "auto_stop_key", "stopped_key", "person_key"])
def test_a_timer_that_is_not_indexed_as_it_is_is_missed_and_mended(
    worked: list[int], connection: Connection, name: str
) -> None:
    timer(worked[-1]).update([Path(name).set("elsewhere")])
    assert any("is not indexed" in what for what in found(connection))
    assert mend(connection) == 0
    assert found(connection) == []


@pytest.mark.usefixtures("worked")
def test_a_repaired_person_can_go_on(admin: Api, connection: Connection, clock: FakeClock) -> None:
    slot().delete()
    assert mend(connection) == 0
    clock.advance(HOUR)
    assert admin.start(time_entry_id=ADMINS_ENTRY).meta["stopped_timer_ids"]
    assert found(connection) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
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
        (lambda _: slot().update([SlotModel.blocked.set(True)]), "blocked, but something runs"),
    ],
)
def test_what_only_a_person_can_settle_is_reported(
    worked: list[int], connection: Connection, spoil: Callable[[list[int]], object], said: str
) -> None:
    spoil(worked)
    assert any(said in what for what in found(connection))


def test_two_that_run_are_left_to_a_person_and_can_be_stopped(
    admin: Api, worked: list[int], connection: Connection
) -> None:
    timer(worked[0]).update([TimerModel.stopped_at.remove(), TimerModel.stop_reason.remove()])
    entry().update([TimeEntryModel.timer_count.add(1)])
    assert mend(connection) == 0
    assert any("2 timers run" in what for what in found(connection))
    assert admin.stop(str(worked[-1])).status == 200


def test_a_corrected_stop_while_another_runs_is_no_violation(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    admin.stop(first, stopped_at="2026-03-02T09:10:00+01:00")
    assert found(connection) == []


@pytest.mark.usefixtures("worked")
def test_an_index_that_is_behind_is_not_believed(connection: Connection) -> None:
    slot().update([SlotModel.last_timer_id.set(7)])
    with failing(connection, "Query", "ThrottlingException"):
        assert mend(connection) == 0
    assert found(connection) == []


def test_who_works_on_while_they_are_looked_at_is_not_reported(
    admin: Api, worked: list[int], connection: Connection, clock: FakeClock
) -> None:
    assert worked
    entry().update([TimeEntryModel.timer_count.add(1)])

    class Busy(Ledger):
        def read_all(self) -> dict[Scope, Books]:
            clock.advance(HOUR)
            admin.start(time_entry_id=ADMINS_ENTRY)
            return super().read_all()

    assert find_violations(Busy(connection), pause=lambda _: None) == {}
    assert find_violations(Ledger(connection), pause=lambda _: None)


@pytest.mark.usefixtures("worked")
def test_a_repair_that_comes_too_late_writes_nothing_wrong(
    admin: Api, worked: list[int], connection: Connection
) -> None:
    slot().update([SlotModel.last_timer_id.set(7)])
    ledger = Ledger(connection)
    violations = find_violations(ledger, pause=lambda _: None)
    admin.stop(str(worked[-1]))
    before = snapshot(connection)
    assert repair(ledger, violations) == 1
    assert snapshot(connection) == before


@pytest.mark.usefixtures("worked")
def test_a_repair_writes_only_what_differs(connection: Connection) -> None:
    entry().update([TimeEntryModel.timer_count.add(1)])
    with counted(connection) as calls:
        assert mend(connection) == 0
    assert calls.count("UpdateItem") == 1


def test_what_a_deletion_leaves_behind_is_no_violation(
    admin: Api, worked: list[int], connection: Connection, clock: FakeClock
) -> None:
    admin.stop(str(worked[-1]))
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    books = Ledger(connection).read_all()[SCOPE]
    # The slot remembers the last timer, which is gone.
    assert books.slot.last_timer_id == worked[-1] > books.timers[-1].id
    assert found(connection) == []
    # And a repair leaves that alone.
    slot().update([SlotModel.timer_id.set(7)])
    assert mend(connection) == 0
    after = Ledger(connection).read_all()[SCOPE].slot
    assert after.last_timer_id == worked[-1]
    assert after.last_stopped_at == books.slot.last_stopped_at
    assert found(connection) == []
    clock.advance(HOUR)
    assert admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
    assert found(connection) == []


def test_counters_of_an_entry_that_is_half_deleted_are_missed_and_mended(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    for _ in range(MOST_TIMERS_A_STEP + 2):
        admin.start(time_entry_id=ADMINS_ENTRY)
        clock.advance(60)
    admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop")
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    assert found(connection) == []
    entry().update([TimeEntryModel.timer_count.add(1)])
    assert any("timer_count is 3, not 2" in what for what in found(connection))
    assert mend(connection) == 0
    assert found(connection) == []
