"""A start that arrives after the auto-stop ended the session that it would have stopped."""

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.timers.auto_stop import AutoStop
from tests.support.api import Api, Response
from tests.support.call_counter import counted
from tests.support.clock import DAY, HOUR, FakeClock
from tests.support.fixtures import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, DESIGN
from tests.support.invariants import violations

READ, COMMIT = "BatchGetItem", "TransactWriteItems"
NINE, TEN, FIVE = (f"2026-03-02T{hour}:00:00.000+01:00" for hour in ("09", "10", "17"))


@pytest.fixture
def first(admin: Api, clock: FakeClock, dependencies: Dependencies) -> Response:
    """A timer from nine o'clock, sent 13 hours later; the auto-stop ended it at 21:00."""
    clock.advance(13 * HOUR)
    started = admin.start(time_entry_id=ADMINS_ENTRY, started_at=NINE)
    assert AutoStop(dependencies).run().stopped == 1
    return started


@pytest.mark.parametrize(
    ("work", "calls_of_start", "minutes"),
    [
        ({"time_entry_id": ADMINS_SECOND_ENTRY}, 4, 60),
        ({"service_id": DESIGN}, 4, 60),
        ({"time_entry_id": ADMINS_ENTRY}, 3, 60 + 420),
    ],
)
def test_late_start_supersedes_the_auto_stopped_session(
    admin: Api,
    connection: Connection,
    first: Response,
    work: dict[str, int],
    calls_of_start: int,
    minutes: int,
) -> None:
    with counted(connection) as calls:
        second = admin.start(**work, started_at=TEN)
    assert calls == [READ] * (calls_of_start - 1) + [COMMIT]
    assert (second.status, second.meta) == (201, {"stopped_timer_ids": [first.data["id"]]})
    assert second.attributes["started_at"] == TEN
    shortened = admin.get(f"/timers/{first.data['id']}")
    assert (shortened.attributes["stopped_at"], shortened.data["meta"]) == (
        TEN,
        {"stop_reason": "superseded"},
    )
    stopped = admin.stop(second.data["id"], stopped_at=FIVE)
    assert stopped.attributes["total_time"] == 420
    assert admin.get(f"/time_entries/{ADMINS_ENTRY}").attributes["time"] == minutes
    (revision,) = admin.get(f"/timer_revisions?filter[timer_id]={first.data['id']}").data
    assert revision["attributes"]["after"]["stop_reason"] == "superseded"
    assert violations(connection) == []


@pytest.mark.usefixtures("first")
def test_manually_set_time_covers_the_shortened_session(admin: Api, connection: Connection) -> None:
    admin.edit_entry(ADMINS_ENTRY, time=500)
    assert admin.start(time_entry_id=ADMINS_ENTRY, started_at=TEN).status == 201
    assert admin.get(f"/time_entries/{ADMINS_ENTRY}").attributes["time"] == 500
    assert violations(connection) == []


def test_session_of_an_earlier_day_is_shortened(
    admin: Api, clock: FakeClock, connection: Connection, dependencies: Dependencies
) -> None:
    clock.advance(2 * DAY)
    evening, night = "2026-03-02T20:00:00.000+01:00", "2026-03-03T02:00:00.000+01:00"
    admin.start(time_entry_id=ADMINS_ENTRY, started_at=evening)
    AutoStop(dependencies).run()
    second = admin.start(service_id=DESIGN, started_at=night)
    assert second.status == 201
    assert admin.get(f"/time_entries/{ADMINS_ENTRY}").attributes["time"] == 360
    AutoStop(dependencies).run()
    # The second session was ended by its limit too.
    third = admin.start(service_id=DESIGN, started_at="2026-03-03T02:00:00.000+01:00")
    assert third.meta == {"stopped_timer_ids": [second.data["id"]]}
    assert violations(connection) == []


@pytest.mark.parametrize("attributes", [{}, {"stopped_at": FIVE}])
@pytest.mark.parametrize("is_manual", [True, False])
def test_only_a_running_start_within_an_auto_stopped_session_supersedes_it(
    admin: Api, first: Response, attributes: dict[str, str], is_manual: bool
) -> None:
    if is_manual:
        admin.edit(first.data["id"], stopped_at="2026-03-02T20:59:59.000+01:00")
    response = admin.start(time_entry_id=ADMINS_SECOND_ENTRY, started_at=TEN, **attributes)
    assert response.status == (422 if is_manual or attributes else 201)


@pytest.mark.usefixtures("first")
def test_later_session_keeps_the_auto_stopped_one_as_it_is(
    admin: Api, connection: Connection
) -> None:
    later = "2026-03-02T21:30:00.000+01:00"
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY, started_at=later, stopped_at=later)
    refused = admin.start(time_entry_id=ADMINS_SECOND_ENTRY, started_at=TEN)
    assert (refused.status, refused.error["code"]) == (422, "overlaps_session")
    assert violations(connection) == []


def test_late_stop_of_whatever_runs_corrects_the_auto_stop(
    admin: Api, first: Response, connection: Connection
) -> None:
    document = {"data": {"attributes": {"stopped_at": TEN}}}
    stopped = admin.patch("/timers/stop", document)
    assert (stopped.status, stopped.data["id"]) == (200, first.data["id"])
    assert (stopped.attributes["stopped_at"], stopped.meta) == (TEN, {})
    assert "meta" not in stopped.data
    again = admin.patch("/timers/stop", document)
    assert (again.attributes["stopped_at"], again.meta) == (TEN, {"already_stopped": True})
    assert violations(connection) == []
