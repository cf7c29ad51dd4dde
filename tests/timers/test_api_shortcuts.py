"""PATCH /time_entries/{id}/start and PATCH /timers/stop: contract section 4."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.fixtures import (
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    FOREIGN_ENTRY,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBERS_ENTRY,
)
from tests.support.invariants import violations
from tests.support.table_snapshots import snapshot


def test_start_on_an_entry_switches(admin: Api, clock: FakeClock, connection: Connection) -> None:
    first = admin.patch(f"/time_entries/{ADMINS_ENTRY}/start")
    assert (first.status, first.attributes["stopped_at"]) == (200, None)
    clock.advance(HOUR)
    second = admin.patch(f"/time_entries/{ADMINS_SECOND_ENTRY}/start?include=time_entry")
    assert second.meta == {"stopped_timer_ids": [first.data["id"]]}
    assert second.document["included"][0]["id"] == str(ADMINS_SECOND_ENTRY)
    assert violations(connection) == []


def test_start_on_an_entry_takes_a_start_time(admin: Api, clock: FakeClock) -> None:
    clock.advance(HOUR)
    attributes = {"started_at": "2026-03-02T09:30:00+01:00"}
    document = {"data": {"type": "time_entries", "attributes": attributes}}
    started = admin.patch(f"/time_entries/{ADMINS_ENTRY}/start", document)
    assert started.attributes["started_at"] == "2026-03-02T09:30:00.000+01:00"


def test_session_that_is_over_on_an_entry_never_runs(
    admin: Api, clock: FakeClock, connection: Connection
) -> None:
    running = admin.start(time_entry_id=ADMINS_SECOND_ENTRY).data["id"]
    clock.advance(HOUR)
    attributes = {
        "started_at": "2026-03-02T08:00:00+01:00",
        "stopped_at": "2026-03-02T08:00:20+01:00",
    }
    document = {"data": {"type": "time_entries", "attributes": attributes}}
    over = admin.patch(f"/time_entries/{ADMINS_ENTRY}/start", document)
    assert (over.status, over.meta) == (200, {})
    assert over.attributes["stopped_at"] == "2026-03-02T08:00:20.000+01:00"
    assert admin.get("/timers?filter[stopped_at]=null").ids == [running]
    del attributes["started_at"]
    refused = admin.patch(f"/time_entries/{ADMINS_ENTRY}/start", document)
    assert (refused.status, refused.error["source"]) == (
        422,
        {"pointer": "data/attributes/started_at"},
    )
    assert violations(connection) == []


def test_start_on_an_entry_is_for_its_person(admin: Api, member: Api) -> None:
    started = admin.patch(f"/time_entries/{MEMBERS_ENTRY}/start")
    assert started.attributes["person_id"] == MEMBER
    assert admin.get("/timers?filter[stopped_at]=null").ids == [started.data["id"]]
    for entry_id in (OTHER_MEMBERS_ENTRY, FOREIGN_ENTRY, 999):
        assert member.patch(f"/time_entries/{entry_id}/start").status == 404


def test_start_on_a_changed_entry_is_refused_with_if_match(
    admin: Api, connection: Connection
) -> None:
    tag = admin.get(f"/time_entries/{ADMINS_ENTRY}").headers["ETag"]
    admin.edit_entry(ADMINS_ENTRY, note="Sketches")
    before = snapshot(connection)
    path = f"/time_entries/{ADMINS_ENTRY}/start"
    assert admin.send("PATCH", path, headers={"If-Match": tag}).status == 412
    assert snapshot(connection) == before


def test_stop_without_an_id_stops_what_runs(
    admin: Api, member: Api, clock: FakeClock, connection: Connection
) -> None:
    others = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(90 * MINUTE)
    admin.get("/organizations")
    with counted(connection) as calls:
        stopped = admin.patch("/timers/stop")
    assert calls == ["BatchGetItem", "TransactWriteItems"]
    assert (stopped.data["id"], stopped.attributes["total_time"]) == (timer_id, 90)
    assert admin.get(f"/timers/{timer_id}").data == stopped.data
    assert member.get(f"/timers/{others}").attributes["stopped_at"] is None
    clock.advance(HOUR)
    again = admin.patch("/timers/stop")
    assert (again.data, again.meta) == (stopped.data, {"already_stopped": True})
    assert violations(connection) == []


def test_stop_without_an_id_takes_a_stop_time(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    attributes = {"stopped_at": "2026-03-02T11:00:00+01:00"}
    stopped = admin.patch("/timers/stop", {"data": {"type": "timers", "attributes": attributes}})
    assert (stopped.attributes["total_time"], stopped.meta) == (60, {"adjusted": ["stopped_at"]})


def test_stop_without_an_id_needs_a_timer(admin: Api) -> None:
    assert admin.patch("/timers/stop").status == 404


@pytest.mark.parametrize("path", ["/timers", "/timers/stop"])
def test_if_match_has_no_meaning_without_a_record(admin: Api, path: str) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    method, body = ("POST", b'{"data": {"attributes": {"time_entry_id": 364}}}')
    if path != "/timers":
        method, body = "PATCH", b""
    headers = {"If-Match": '"9-0"', "Content-Type": "application/vnd.api+json"}
    assert admin.send(method, path, body, headers).status in (200, 201)
