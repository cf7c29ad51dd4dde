"""Rolled-up counters are checked and repaired, also while people work."""

import threading
from collections.abc import Callable

import pytest
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.model import PersonDay, timer_counters
from chalicelib.counters.repository import CounterModel, read_states
from chalicelib.counters.rollup import CounterRollup
from chalicelib.dynamodb import keys
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY, ZAGREB
from tests.support.invariants import violations
from tests.support.rollups import roll_up_all
from tests.support.sums import assert_sums
from tests.support.table_snapshots import snapshot
from tools.ops.check_invariants import report
from tools.ops.counter_repair import behind, check, drifted, read_all, rebuild
from tools.ops.rebuild_counters import rebuild_all

TODAY = keys.day_bucket_name(MONDAY_NINE // DAY)


@pytest.fixture
def rolled_up_timers(admin: Api, member: Api, clock: FakeClock, connection: Connection) -> None:
    """Timers of two people on two days, with all counters rolled up."""
    for _ in range(2):
        timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
        member.start(time_entry_id=MEMBERS_ENTRY)
        clock.advance(HOUR)
        admin.stop(timer_id)
        clock.advance(DAY)
    roll_up_all(connection)


def counter_record(scope: str, bucket: str) -> CounterModel:
    return CounterModel(scope=scope, bucket=bucket)


def change(scope: str, bucket: str, counter: str, by: int) -> Callable[[], object]:
    return lambda: counter_record(scope, bucket).update([Path(counter).add(by)])


CORRUPTIONS: dict[str, Callable[[], object]] = {
    "an organization's day": change("2149", f"day#{TODAY}", "s32", 1),
    "an organization's day without timers": change("2149", "day#2020-02-02", "s00", 7),
    "an organization's month": change("2149", "month#2026-03", "e02", -1),
    "a person's month": change("2149#8779", "month#2026-03", "s02", 5),
    "an organization's day that is deleted": lambda: counter_record(
        "2149", f"day#{TODAY}"
    ).delete(),
    "a person's month that is deleted": lambda: counter_record(
        "2149#8784", "month#2026-03"
    ).delete(),
}


@pytest.mark.parametrize("corrupt", CORRUPTIONS.values(), ids=CORRUPTIONS)
@pytest.mark.usefixtures("rolled_up_timers")
def test_wrong_rolled_up_record_is_found_and_repaired(
    corrupt: Callable[[], object],
    connection: Connection,
    dependencies: Dependencies,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(connection, dependencies, with_repair=False) == 0
    corrupt()
    assert len(check(connection, dependencies).wrong) == 1
    assert report(connection, dependencies, with_repair=False) == 1
    assert "wrong counters: 2149" in capsys.readouterr().out
    assert rebuild_all(connection, dependencies) == 0
    assert "repaired 2149" in capsys.readouterr().out
    assert report(connection, dependencies, with_repair=False) == 0
    assert "all invariants hold" in capsys.readouterr().out


@pytest.mark.usefixtures("rolled_up_timers")
def test_rebuild_does_not_change_correct_counters(
    connection: Connection, dependencies: Dependencies
) -> None:
    before = snapshot(connection)
    assert rebuild_all(connection, dependencies) == 0
    assert snapshot(connection) == before


def test_counters_not_rolled_up_are_reported_and_rolled_up(
    admin: Api,
    connection: Connection,
    dependencies: Dependencies,
    capsys: pytest.CaptureFixture[str],
) -> None:
    roll_up_all(connection)
    admin.start(time_entry_id=ADMINS_ENTRY)
    assert report(connection, dependencies, with_repair=False) == 1
    assert "1 counters are not rolled up: is the stream running?" in capsys.readouterr().out
    assert report(connection, dependencies, with_repair=True) == 0


@pytest.mark.usefixtures("rolled_up_timers")
def test_counters_of_a_day_are_rebuilt_from_its_timers(
    connection: Connection, dependencies: Dependencies
) -> None:
    change("2149#8779", TODAY, "s32", 4)()
    # The roll-up copies the wrong value, as with a stream. The rebuild removes it everywhere.
    today = PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)
    assert CounterRollup(dependencies).run({today}) == set()
    assert rebuild_all(connection, dependencies) == 0
    counters = read_all(connection)
    assert (behind(counters), drifted(counters)) == (set(), set())
    # The sessions that the item lists are no counters.
    stored = read_states(connection, [today])[0].counters
    assert timer_counters(stored) == {"s32": 1, "e36": 1}
    assert violations(connection) == []


@pytest.mark.usefixtures("rolled_up_timers")
@pytest.mark.parametrize(
    ("scope", "bucket", "name"),
    [
        ("2149#8779#entries", "2026-03#1294", "b02"),
        ("2149#8779#entries", "2026-03#1294", "c02"),
        ("2149#8779#entries", "2026-04#1299", "h30"),
        ("2149#8779", TODAY, "b=1294"),
        ("2149#8779", TODAY, "u+1294"),
        ("2149#sums#2026-03", "person#8779#service#1294", "b02"),
        ("2149#sums#services", "month#2026-03#service#1294", "b02"),
        ("2149#sums", "month#2026-03", "m17"),
    ],
)
def test_sums_are_rebuilt_from_time_entries(
    connection: Connection, dependencies: Dependencies, scope: str, bucket: str, name: str
) -> None:
    change(scope, bucket, name, 7_000)()
    assert report(connection, dependencies, with_repair=False) == 1
    assert rebuild_all(connection, dependencies) == 0
    assert report(connection, dependencies, with_repair=False) == 0
    assert_sums(connection)


@pytest.mark.usefixtures("rolled_up_timers")
def test_rebuild_is_correct_while_people_work(
    admin: Api, member: Api, connection: Connection, dependencies: Dependencies, clock: FakeClock
) -> None:
    for corrupt in CORRUPTIONS.values():
        corrupt()
    ended = threading.Event()
    days = [
        PersonDay(ZAGREB.id, person_id, int(clock.timestamp) // DAY)
        for person_id in (ADMIN, MEMBER)
    ]

    def work() -> None:
        while not ended.is_set():
            admin.start(time_entry_id=ADMINS_ENTRY)
            member.start(time_entry_id=MEMBERS_ENTRY)
            CounterRollup(dependencies).run(days)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(3):
            rebuild(connection, dependencies)
    finally:
        ended.set()
        worker.join()
    # A last rebuild, without concurrent writes, repairs the rest.
    rebuild(connection, dependencies)
    counters = read_all(connection)
    assert (behind(counters), drifted(counters)) == (set(), set())
