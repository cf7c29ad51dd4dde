"""Archived services, and services without time tracking, start nothing: contract section 3."""

import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import CALLER_CACHE_SECONDS
from chalicelib.dynamodb.database import Database
from tests.support.api import JSON_API, Api, Response
from tests.support.clock import MINUTE, FakeClock
from tests.support.closed_services import listed
from tests.support.fixtures import (
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    ARCHIVED,
    CLOSED,
    DESIGN,
    DEVELOPMENT,
    ZAGREB,
    put_all,
)
from tests.support.table_snapshots import snapshot


def archive(api: Api, service_id: int) -> Response:
    return api.patch(f"/services/{service_id}/archive")


def disable(api: Api, service_id: int) -> Response:
    return change(api, service_id, time_tracking_enabled=False)


def restore(api: Api, service_id: int) -> Response:
    return api.patch(f"/services/{service_id}/restore")


def enable(api: Api, service_id: int) -> Response:
    return change(api, service_id, time_tracking_enabled=True)


def change(api: Api, service_id: int, **attributes: object) -> Response:
    return api.patch(f"/services/{service_id}", {"data": {"attributes": attributes}})


def is_refused(response: Response) -> bool:
    if response.status == 201:
        return False
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/service"}
    return True


each_change = pytest.mark.parametrize("close", [archive, disable])


@each_change
def test_old_entry_of_a_closed_service_starts_nothing(
    admin: Api, connection: Connection, clock: FakeClock, close: Callable[[Api, int], Response]
) -> None:
    assert close(admin, DESIGN).status == 200
    clock.advance(CALLER_CACHE_SECONDS)
    before = snapshot(connection)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY, service_id=DEVELOPMENT))
    assert is_refused(admin.start(service_id=DESIGN))
    over = {"started_at": "2026-03-02T08:00:00+01:00", "stopped_at": "2026-03-02T08:10:00+01:00"}
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY, **over))
    assert snapshot(connection) == before
    assert not is_refused(admin.start(time_entry_id=ADMINS_SECOND_ENTRY))


@each_change
def test_change_is_in_force_within_60_seconds(
    admin: Api, clock: FakeClock, close: Callable[[Api, int], Response]
) -> None:
    # This process remembers the caller, and with it the organization.
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    close(admin, DESIGN)
    clock.advance(CALLER_CACHE_SECONDS)
    admin.stop(timer_id)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))


@pytest.mark.parametrize(("close", "reopen"), [(archive, restore), (disable, enable)])
def test_reopened_service_starts_timers_within_60_seconds(
    admin: Api,
    clock: FakeClock,
    close: Callable[[Api, int], Response],
    reopen: Callable[[Api, int], Response],
) -> None:
    close(admin, DESIGN)
    clock.advance(CALLER_CACHE_SECONDS)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))
    reopen(admin, DESIGN)
    assert not is_refused(admin.start(service_id=DESIGN))
    clock.advance(CALLER_CACHE_SECONDS)
    assert not is_refused(admin.start(time_entry_id=ADMINS_ENTRY))


def test_organization_lists_its_closed_services(admin: Api, database: Database) -> None:
    assert listed(database) == (ARCHIVED, CLOSED)
    archive(admin, DESIGN)
    assert listed(database) == (DESIGN, ARCHIVED, CLOSED)
    # An archived service without time tracking stays closed until both are undone.
    disable(admin, DESIGN)
    restore(admin, DESIGN)
    assert listed(database) == (DESIGN, ARCHIVED, CLOSED)
    for service_id in (DESIGN, CLOSED):
        enable(admin, service_id)
    assert listed(database) == (ARCHIVED,)
    restore(admin, ARCHIVED)
    assert listed(database) == ()
    disable(admin, DEVELOPMENT)
    assert listed(database) == (DEVELOPMENT,)


def test_created_service_without_time_tracking_is_listed(admin: Api, database: Database) -> None:
    ids = [
        int(admin.post("/services", {"data": {"attributes": {"name": "New", **values}}}).data["id"])
        for values in ({}, {"time_tracking_enabled": True}, {"time_tracking_enabled": False})
    ]
    assert listed(database) == (ARCHIVED, CLOSED, ids[2])


def test_change_without_effect_on_time_tracking_does_not_write_the_organization(
    admin: Api, connection: Connection
) -> None:
    before = snapshot(connection)["directory"]
    change(admin, DESIGN, name="Drawing", billable=False)
    archive(admin, ARCHIVED)
    archive(admin, CLOSED)
    organizations = [
        [item for item in items if item["record_key"]["S"].startswith("organization#")]
        for items in (before, snapshot(connection)["directory"])
    ]
    assert organizations[0] == organizations[1]


def test_list_of_closed_services_is_not_shown_and_not_part_of_the_version(
    admin: Api, clock: FakeClock
) -> None:
    path = f"/organizations/{ZAGREB.id}"
    shown = admin.get(path)
    archive(admin, DESIGN)
    after = admin.get(path)
    assert (after.document, after.headers["ETag"]) == (shown.document, shown.headers["ETag"])
    assert set(shown.attributes) == {
        "name",
        "time_zone",
        "auto_stop_after",
        "auto_stop_at_time",
        "remind_after",
        "closed_until",
        "closed_effective_at",
    }
    headers = {"Content-Type": JSON_API, "If-Match": shown.headers["ETag"], "Idempotency-Key": "k"}
    body = json.dumps({"data": {"attributes": {"name": "Studio"}}}).encode()
    saved = admin.send("PATCH", path, body, headers)
    assert (saved.status, saved.attributes["name"]) == (200, "Studio")
    replay = admin.send("PATCH", path, body, headers)
    assert (replay.status, replay.document) == (200, saved.document)
    stale = admin.send("PATCH", path, body, {**headers, "Idempotency-Key": "another"})
    assert stale.status == 412
    # The change of the name kept the list.
    clock.advance(CALLER_CACHE_SECONDS)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))


def test_organization_without_a_list_gets_one_with_the_first_closed_service(
    admin: Api, database: Database
) -> None:
    """As version 0.2.0 stored organizations."""
    put_all(replace(ZAGREB, closed_service_ids=()))
    restore(admin, ARCHIVED)
    assert listed(database) == ()
    archive(admin, ARCHIVED)
    assert listed(database) == (ARCHIVED,)


def test_running_timer_goes_on_and_can_be_stopped(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    archive(admin, DESIGN)
    clock.advance(5 * MINUTE)
    assert admin.get(f"/timers/{timer_id}").attributes["stopped_at"] is None
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))
    assert admin.get(f"/timers/{timer_id}").attributes["stopped_at"] is None
    stopped = admin.stop(timer_id)
    assert (stopped.status, stopped.attributes["total_time"]) == (200, 5)


def test_session_of_an_archived_service_can_be_edited(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    archive(admin, DESIGN)
    clock.advance(5 * MINUTE)
    admin.stop(timer_id)
    edited = admin.edit(timer_id, started_at="2026-03-02T08:55:00+01:00")
    assert (edited.status, edited.attributes["total_time"]) == (200, 10)


def test_running_timer_of_an_archived_service_can_be_switched(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    archive(admin, DESIGN)
    clock.advance(5 * MINUTE)
    response = admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    assert response.meta == {"stopped_timer_ids": [timer_id]}


def test_repeated_start_returns_the_first_response_after_the_service_is_archived(
    admin: Api, clock: FakeClock
) -> None:
    document = {"data": {"attributes": {"time_entry_id": ADMINS_ENTRY}}}
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "tap"}
    body = json.dumps(document).encode()
    first = admin.send("POST", "/timers", body, headers)
    archive(admin, DESIGN)
    clock.advance(5 * MINUTE)
    replay = admin.send("POST", "/timers", body, headers)
    assert (replay.status, replay.document) == (201, first.document)


def test_10_000_closed_services_fit_into_the_organization(
    admin: Api, database: Database, clock: FakeClock
) -> None:
    ids = tuple(range(2**53 - 10_000, 2**53))
    put_all(replace(ZAGREB, closed_service_ids=ids))
    archive(admin, DESIGN)
    assert listed(database) == (DESIGN, *ids)
    clock.advance(CALLER_CACHE_SECONDS)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))
