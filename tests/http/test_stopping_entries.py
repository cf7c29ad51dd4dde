"""PATCH /time_entries/{id}/stop: contract section 4."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api
from tests.support.calls import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.tables import snapshot
from tests.support.world import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, MEMBERS_ENTRY

PATH = f"/time_entries/{ADMINS_ENTRY}/stop"


def test_what_runs_on_the_entry_is_stopped(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    answer = admin.patch(f"{PATH}?include=time_entry")
    assert (answer.status, answer.data["type"], answer.data["id"]) == (200, "timers", timer_id)
    assert answer.attributes["total_time"] == 60
    assert answer.document["included"][0]["attributes"]["time"] == 60
    assert answer.meta == {}


def test_a_second_stop_answers_the_timer_that_the_first_stopped(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    first = admin.patch(PATH)
    before = snapshot(connection)
    clock.advance(HOUR)
    again = admin.patch(PATH)
    assert (again.status, again.data) == (200, first.data)
    assert again.meta == {"already_stopped": True}
    assert snapshot(connection) == before


def test_what_runs_on_another_entry_goes_on(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(MINUTE)
    running = admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    answer = admin.patch(PATH)
    assert answer.meta == {"already_stopped": True}
    assert answer.data["meta"] == {"stop_reason": "superseded"}
    assert admin.get(f"/timers/{running.data['id']}").attributes["stopped_at"] is None


def test_the_document_is_about_the_entry(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    about_a_timer = {"data": {"type": "timers", "id": str(ADMINS_ENTRY)}}
    assert admin.patch(PATH, about_a_timer).error["code"] == "type_conflict"
    another = {"data": {"type": "time_entries", "id": "1"}}
    assert admin.patch(PATH, another).error["code"] == "id_conflict"
    document = {
        "data": {
            "type": "time-entries",
            "id": ADMINS_ENTRY,
            "attributes": {"stopped_at": "2026-03-02T09:10:00+01:00"},
        }
    }
    assert admin.patch(PATH, document).attributes["total_time"] == 10


@pytest.mark.parametrize("entry_id", ["999", "abc", str(ADMINS_SECOND_ENTRY)])
def test_without_any_timer_there_is_nothing_to_stop(admin: Api, entry_id: str) -> None:
    answer = admin.patch(f"/time_entries/{entry_id}/stop")
    assert (answer.status, answer.error["code"]) == (404, "record_not_found")


def test_nobody_stops_on_somebody_elses_entry(
    admin: Api, member: Api, other_member: Api, stranger: Api, clock: FakeClock
) -> None:
    member.start(time_entry_id=MEMBERS_ENTRY)
    clock.advance(MINUTE)
    path = f"/time_entries/{MEMBERS_ENTRY}/stop"
    for outsider in (other_member, stranger):
        assert outsider.patch(path).error["code"] == "record_not_found"
    assert admin.patch(path).attributes["total_time"] == 1


def test_it_takes_three_calls(admin: Api, connection: Connection, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(30)
    with counted(connection) as calls:
        assert admin.patch(PATH).status == 200
    assert calls == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
