"""PATCH and PUT /timers/{id}/stop: contract section 4."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.fixtures import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, MEMBERS_ENTRY
from tests.support.table_snapshots import items, snapshot


@pytest.fixture
def running(admin: Api) -> str:
    """The id of the admin's running timer, which started at 09:00."""
    return str(admin.start(time_entry_id=ADMINS_ENTRY).data["id"])


def test_stop_ends_the_session_now(admin: Api, running: str, clock: FakeClock) -> None:
    clock.advance(90 * MINUTE + 30)
    response = admin.stop(running)
    assert response.status == 200
    assert response.attributes["stopped_at"] == "2026-03-02T10:30:30.000+01:00"
    assert response.attributes["total_time"] == 91
    assert "meta" not in response.data
    assert response.meta == {}
    assert admin.get(f"/timers/{running}").data == response.data


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/plain"),
        (b"", JSON_API),
        (b"{}", JSON_API),
        (b' {"data": null}', JSON_API),
        (b'{"data": {}}', JSON_API),
        (b'{"data": {"type": "timers", "attributes": {"stopped_at": null}}}', JSON_API),
    ],
)
def test_stop_accepts_an_empty_body(
    admin: Api, running: str, clock: FakeClock, body: bytes, content_type: str
) -> None:
    clock.advance(MINUTE)
    response = admin.send("PATCH", f"/timers/{running}/stop", body, {"Content-Type": content_type})
    assert (response.status, response.attributes["total_time"]) == (200, 1)


def test_repeated_manual_stop_changes_nothing(
    admin: Api, running: str, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(HOUR)
    first = admin.stop(running)
    before = snapshot(connection)
    clock.advance(HOUR)
    for attributes in (
        {},
        {"stopped_at": "2026-03-02T09:30:00+01:00"},
        {"stopped_at": "2026-03-09T09:30:00+01:00"},
    ):
        second = admin.stop(running, **attributes)
        assert second.status == 200
        assert second.data == first.data
        assert second.meta == {"already_stopped": True}
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    ("stopped_at", "shown", "minutes", "is_adjusted"),
    [
        ("2026-03-02T09:30:00+01:00", "2026-03-02T09:30:00.000+01:00", 30, False),
        ("2026-03-02T08:00:00+01:00", "2026-03-02T09:00:00.000+01:00", 0, True),
        ("2026-03-02T10:03:00+01:00", "2026-03-02T10:00:00.000+01:00", 60, True),
        ("2031-03-02T10:02:00+01:00", "2026-03-02T10:00:00.000+01:00", 60, True),
    ],
)
def test_stop_accepts_a_stop_time(
    admin: Api,
    running: str,
    clock: FakeClock,
    stopped_at: str,
    shown: str,
    minutes: int,
    is_adjusted: bool,
) -> None:
    clock.advance(HOUR)
    response = admin.stop(running, stopped_at=stopped_at)
    assert response.meta == ({"adjusted": ["stopped_at"]} if is_adjusted else {})
    assert (response.attributes["stopped_at"], response.attributes["total_time"]) == (
        shown,
        minutes,
    )


@pytest.mark.parametrize("stopped_at", ["soon", 12, "2026-03-02"])
def test_invalid_stop_time_is_rejected(
    admin: Api, running: str, connection: Connection, stopped_at: object
) -> None:
    before = snapshot(connection)
    response = admin.stop(running, stopped_at=stopped_at)
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/stopped_at"}
    assert snapshot(connection) == before


def test_clock_skew_cannot_make_a_session_negative(
    admin: Api, running: str, clock: FakeClock
) -> None:
    clock.advance(-MINUTE)
    response = admin.stop(running)
    assert response.attributes["stopped_at"] == response.attributes["started_at"]
    assert response.attributes["total_time"] == 0


def test_manual_stop_is_not_cut_at_the_auto_stop_limit(
    admin: Api, running: str, clock: FakeClock
) -> None:
    clock.advance(3 * DAY)
    assert admin.stop(running).attributes["total_time"] == 3 * 24 * 60


def test_earlier_manual_stop_replaces_an_automatic_stop(
    admin: Api, running: str, clock: FakeClock, connection: Connection
) -> None:
    clock.advance(HOUR)
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    response = admin.stop(running, stopped_at="2026-03-02T09:10:00+01:00")
    assert response.attributes["total_time"] == 10
    assert response.meta == {}
    assert "meta" not in response.data
    entries = {entry["id"]: entry for entry in items(connection, "time_entries")}
    assert entries[ADMINS_ENTRY]["tracked_seconds"] == 600
    # The stop is now manual, so a later request does not change it.
    second = admin.stop(running, stopped_at="2026-03-02T09:05:00+01:00")
    assert second.meta == {"already_stopped": True}
    assert second.attributes["total_time"] == 10


def test_later_manual_stop_does_not_replace_an_automatic_stop(
    admin: Api, running: str, clock: FakeClock
) -> None:
    clock.advance(HOUR)
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    clock.advance(HOUR)
    response = admin.stop(running, stopped_at="2026-03-02T10:30:00+01:00")
    assert response.meta == {"already_stopped": True}
    assert response.data["meta"] == {"stop_reason": "superseded"}
    assert response.attributes["total_time"] == 60


def test_corrected_stop_does_not_free_time_before_a_later_session(
    admin: Api, running: str, clock: FakeClock
) -> None:
    clock.advance(2 * DAY)
    second = admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    admin.stop(second.data["id"])
    admin.stop(running, stopped_at="2026-03-02T10:00:00+01:00")
    # The second session is unchanged, so no timer can start before its end.
    response = admin.start(time_entry_id=ADMINS_ENTRY, started_at="2026-03-02T11:00:00+01:00")
    assert response.error["meta"] == {
        "conflicting_timer_id": second.data["id"],
        "earliest_started_at": "2026-03-04T09:00:00.000+01:00",
    }


def test_ten_sessions_of_90_seconds_total_15_minutes(admin: Api, clock: FakeClock) -> None:
    for _ in range(10):
        started = admin.start(time_entry_id=ADMINS_ENTRY)
        clock.advance(90)
        assert admin.stop(started.data["id"]).attributes["total_time"] == 2
    response = admin.get(f"/timers/{started.data['id']}?include=time_entry")
    assert response.document["included"][0]["attributes"]["time"] == 15


def test_stop_document_must_name_this_timer(
    admin: Api, running: str, connection: Connection
) -> None:
    before = snapshot(connection)
    path = f"/timers/{running}/stop"
    other_id = admin.patch(path, {"data": {"type": "timers", "id": "17"}})
    assert (other_id.status, other_id.error["code"]) == (409, "id_conflict")
    assert other_id.error["source"] == {"pointer": "data/id"}
    other_type = admin.patch(path, {"data": {"type": "time_entries", "id": running}})
    assert (other_type.status, other_type.error["code"]) == (409, "type_conflict")
    assert snapshot(connection) == before
    assert admin.patch(path, {"data": {"type": "timers", "id": int(running)}}).status == 200


@pytest.mark.parametrize("timer_id", ["0", "-1", "abc", "999", "9" * 30, "1e3", "%31"])
def test_unknown_timer_id_is_not_found(admin: Api, timer_id: str) -> None:
    for response in (admin.get(f"/timers/{timer_id}"), admin.patch(f"/timers/{timer_id}/stop")):
        assert (response.status, response.error["code"]) == (404, "record_not_found")


def test_only_an_admin_can_stop_the_timer_of_another_person(
    admin: Api, member: Api, other_member: Api, stranger: Api, connection: Connection
) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    before = snapshot(connection)
    for outsider in (other_member, stranger):
        assert outsider.stop(timer_id).error["code"] == "record_not_found"
        assert outsider.get(f"/timers/{timer_id}").error["code"] == "record_not_found"
    assert snapshot(connection) == before
    assert admin.stop(timer_id).status == 200


def test_stop_supports_include(admin: Api, running: str, clock: FakeClock) -> None:
    clock.advance(HOUR)
    response = admin.send("PUT", f"/timers/{running}/stop?include=time_entry,organization")
    entry, organization = sorted(
        response.document["included"], key=lambda record: str(record["type"])
    )[::-1]
    assert entry["attributes"]["time"] == 60
    assert entry["attributes"]["timer_stopped_at"] == "2026-03-02T10:00:00.000+01:00"
    assert organization["attributes"] == {
        "name": "Adriatic Studio",
        "time_zone": "Europe/Zagreb",
        "auto_stop_after": 43200,
        "auto_stop_at_time": None,
        "remind_after": None,
        "closed_until": None,
        "closed_effective_at": None,
    }
