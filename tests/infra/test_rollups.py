"""What is rolled up is proved and mended, also while people work."""

import threading
from collections.abc import Callable

import pytest
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.domain.tallies import PersonDay
from chalicelib.services.rolling_up import roll_up
from chalicelib.services.toolbox import Toolbox
from chalicelib.store import keys
from chalicelib.store.models import TallyModel
from infra.check_invariants import report
from infra.rebuild_tallies import rebuild_all
from infra.rollups import behind, check, drifted, read_all, rebuild
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.rollups import roll_up_all
from tests.support.tables import snapshot
from tests.support.world import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY, ZAGREB

TODAY = keys.tally_bucket(MONDAY_NINE // DAY)


@pytest.fixture
def worked(admin: Api, member: Api, clock: FakeClock, connection: Connection) -> None:
    """Two people, two days, all of it rolled up."""
    for _ in range(2):
        timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
        member.start(time_entry_id=MEMBERS_ENTRY)
        clock.advance(HOUR)
        admin.stop(timer_id)
        clock.advance(DAY)
    roll_up_all(connection)


def tally(scope: str, bucket: str) -> TallyModel:
    return TallyModel(scope=scope, bucket=bucket)


def change(scope: str, bucket: str, counter: str, by: int) -> Callable[[], object]:
    return lambda: tally(scope, bucket).update([Path(counter).add(by)])


DRIFTS: dict[str, Callable[[], object]] = {
    "an organization's day": change("2149", f"day#{TODAY}", "s32", 1),
    "an organization's day that never was": change("2149", "day#2020-02-02", "s00", 7),
    "an organization's month": change("2149", "month#2026-03", "e02", -1),
    "a person's month": change("2149#8779", "month#2026-03", "s02", 5),
    "an organization's day that is gone": lambda: tally("2149", f"day#{TODAY}").delete(),
    "a person's month that is gone": lambda: tally("2149#8784", "month#2026-03").delete(),
}


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS)
@pytest.mark.usefixtures("worked")
def test_a_bucket_that_is_wrong_is_found_and_mended(
    drift: Callable[[], object],
    connection: Connection,
    tools: Toolbox,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(connection, tools, with_repair=False) == 0
    drift()
    assert len(check(connection, tools).wrong) == 1
    assert report(connection, tools, with_repair=False) == 1
    assert "tally 2149" in capsys.readouterr().out
    assert rebuild_all(connection, tools) == 0
    assert "mended 2149" in capsys.readouterr().out
    assert report(connection, tools, with_repair=False) == 0
    assert "everything holds" in capsys.readouterr().out


@pytest.mark.usefixtures("worked")
def test_what_is_right_is_left_alone(connection: Connection, tools: Toolbox) -> None:
    before = snapshot(connection)
    assert rebuild_all(connection, tools) == 0
    assert snapshot(connection) == before


def test_what_no_stream_rolled_up_is_told_and_rolled_up(
    admin: Api, connection: Connection, tools: Toolbox, capsys: pytest.CaptureFixture[str]
) -> None:
    roll_up_all(connection)
    admin.start(time_entry_id=ADMINS_ENTRY)
    assert report(connection, tools, with_repair=False) == 1
    assert "1 tallies are not rolled up: does the stream run?" in capsys.readouterr().out
    assert report(connection, tools, with_repair=True) == 0


@pytest.mark.usefixtures("worked")
def test_a_persons_day_is_made_anew_from_its_timers(connection: Connection, tools: Toolbox) -> None:
    change("2149#8779", TODAY, "s32", 4)()
    # The wrong day spreads, as it would by the stream; and goes with its cause.
    assert roll_up(tools, {PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)}) == set()
    assert rebuild_all(connection, tools) == 0
    everything = read_all(connection)
    assert (behind(everything), drifted(everything)) == (set(), set())
    assert tools.store.tally_states([PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)])[0].tally == {
        "s32": 1,
        "e36": 1,
    }


@pytest.mark.usefixtures("worked")
def test_it_may_run_while_everybody_works(
    admin: Api, member: Api, connection: Connection, tools: Toolbox, clock: FakeClock
) -> None:
    for drift in DRIFTS.values():
        drift()
    ended = threading.Event()
    days = [PersonDay(ZAGREB.id, it, int(clock.instant) // DAY) for it in (ADMIN, MEMBER)]

    def work() -> None:
        while not ended.is_set():
            admin.start(time_entry_id=ADMINS_ENTRY)
            member.start(time_entry_id=MEMBERS_ENTRY)
            roll_up(tools, days)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(3):
            rebuild(connection, tools)
    finally:
        ended.set()
        worker.join()
    # At rest, what a busy moment left is done.
    rebuild(connection, tools)
    everything = read_all(connection)
    assert (behind(everything), drifted(everything)) == (set(), set())
