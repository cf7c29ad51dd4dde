"""PATCH /time_entries/{id}/stop: contract section 4."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.fixtures import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, MEMBERS_ENTRY
from tests.support.table_snapshots import snapshot

PATH = f"/time_entries/{ADMINS_ENTRY}/stop"


def test_stop_on_an_entry_stops_its_running_timer(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    response = admin.patch(f"{PATH}?include=time_entry")
    assert (response.status, response.data["type"], response.data["id"]) == (
        200,
        "timers",
        timer_id,
    )
    assert response.attributes["total_time"] == 60
    assert response.document["included"][0]["attributes"]["time"] == 60
    assert response.meta == {}


def test_second_stop_returns_the_timer_of_the_first_stop(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    first = admin.patch(PATH)
    before = snapshot(connection)
    clock.advance(HOUR)
    second = admin.patch(PATH)
    assert (second.status, second.data) == (200, first.data)
    assert second.meta == {"already_stopped": True}
    assert snapshot(connection) == before


def test_second_stop_returns_the_same_timer_after_an_insertion(
    admin: Api, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    first = admin.patch(PATH)
    earlier = {"started_at": "2026-03-02T07:00:00+01:00", "stopped_at": "2026-03-02T08:00:00+01:00"}
    inserted = admin.start(time_entry_id=ADMINS_ENTRY, **earlier)
    assert admin.patch(PATH).data == first.data
    assert admin.send("DELETE", f"/timers/{inserted.data['id']}").status == 204
    assert admin.patch(PATH).data == first.data


def test_running_timer_of_another_entry_is_not_stopped(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(MINUTE)
    running = admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    response = admin.patch(PATH)
    assert response.meta == {"already_stopped": True}
    assert response.data["meta"] == {"stop_reason": "superseded"}
    assert admin.get(f"/timers/{running.data['id']}").attributes["stopped_at"] is None


def test_stop_document_must_name_the_entry(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    timer_document = {"data": {"type": "timers", "id": str(ADMINS_ENTRY)}}
    assert admin.patch(PATH, timer_document).error["code"] == "type_conflict"
    other_entry_document = {"data": {"type": "time_entries", "id": "1"}}
    assert admin.patch(PATH, other_entry_document).error["code"] == "id_conflict"
    document = {
        "data": {
            "type": "time-entries",
            "id": ADMINS_ENTRY,
            "attributes": {"stopped_at": "2026-03-02T09:10:00+01:00"},
        }
    }
    assert admin.patch(PATH, document).attributes["total_time"] == 10


@pytest.mark.parametrize("entry_id", ["999", "abc", str(ADMINS_SECOND_ENTRY)])
def test_stop_on_an_entry_without_timers_is_not_found(admin: Api, entry_id: str) -> None:
    response = admin.patch(f"/time_entries/{entry_id}/stop")
    assert (response.status, response.error["code"]) == (404, "record_not_found")


def test_only_an_admin_can_stop_on_the_entry_of_another_person(
    admin: Api, member: Api, other_member: Api, stranger: Api, clock: FakeClock
) -> None:
    member.start(time_entry_id=MEMBERS_ENTRY)
    clock.advance(MINUTE)
    path = f"/time_entries/{MEMBERS_ENTRY}/stop"
    for outsider in (other_member, stranger):
        assert outsider.patch(path).error["code"] == "record_not_found"
    assert admin.patch(path).attributes["total_time"] == 1


def test_stop_on_an_entry_takes_three_dynamodb_calls(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(30)
    with counted(connection) as calls:
        assert admin.patch(PATH).status == 200
    assert calls == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
