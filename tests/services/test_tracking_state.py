"""Archived services, and services without time tracking, start nothing: contract section 3."""

import json
from collections.abc import Callable

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.services.tracking_state import SERVICE_CACHE_SECONDS, ServiceStates
from tests.support.api import JSON_API, Api, Response
from tests.support.call_counter import counted
from tests.support.clock import MINUTE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import (
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    ARCHIVED,
    CLOSED,
    DESIGN,
    DEVELOPMENT,
    FOREIGN_SERVICE,
    ZAGREB,
    Fixtures,
)
from tests.support.table_snapshots import snapshot

READ, COMMIT = "BatchGetItem", "TransactWriteItems"


def archive(api: Api, service_id: int) -> Response:
    return api.patch(f"/services/{service_id}/archive")


def disable(api: Api, service_id: int) -> Response:
    document = {"data": {"attributes": {"time_tracking_enabled": False}}}
    return api.patch(f"/services/{service_id}", document)


def is_refused(response: Response) -> bool:
    if response.status == 201:
        return False
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/service"}
    return True


each_change = pytest.mark.parametrize("change", [archive, disable])


@each_change
def test_old_entry_of_a_closed_service_starts_nothing(
    admin: Api, connection: Connection, change: Callable[[Api, int], Response]
) -> None:
    assert change(admin, DESIGN).status == 200
    before = snapshot(connection)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY, service_id=DEVELOPMENT))
    assert is_refused(admin.start(service_id=DESIGN))
    assert snapshot(connection) == before
    assert not is_refused(admin.start(time_entry_id=ADMINS_SECOND_ENTRY))


@each_change
def test_change_is_in_force_within_60_seconds(
    admin: Api, clock: FakeClock, change: Callable[[Api, int], Response]
) -> None:
    # This process remembers that the service takes time.
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    change(admin, DESIGN)
    clock.advance(SERVICE_CACHE_SECONDS)
    admin.stop(timer_id)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))


def test_remembered_service_is_read_again_after_60_seconds(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    for seconds, expected in ((59, [READ, COMMIT]), (1, [READ, READ, COMMIT])):
        clock.advance(seconds)
        admin.get("/timers/1")
        with counted(connection) as calls:
            admin.start(time_entry_id=ADMINS_ENTRY)
        assert calls == expected


def test_restored_service_starts_timers_at_once(admin: Api) -> None:
    archive(admin, DESIGN)
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))
    admin.patch(f"/services/{DESIGN}/restore")
    assert not is_refused(admin.start(time_entry_id=ADMINS_ENTRY))


def test_running_timer_goes_on_and_can_be_stopped(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    archive(admin, DESIGN)
    clock.advance(5 * MINUTE)
    assert admin.get(f"/timers/{timer_id}").attributes["stopped_at"] is None
    assert is_refused(admin.start(time_entry_id=ADMINS_ENTRY))
    assert admin.get(f"/timers/{timer_id}").attributes["stopped_at"] is None
    stopped = admin.stop(timer_id)
    assert (stopped.status, stopped.attributes["total_time"]) == (200, 5)


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


def test_failed_read_of_the_service_writes_nothing(admin: Api, connection: Connection) -> None:
    admin.get("/timers/1")
    before = snapshot(connection)
    with failing(connection, "BatchGetItem", "ThrottlingException", after=1):
        assert admin.start(time_entry_id=ADMINS_ENTRY).status == 503
    assert snapshot(connection) == before
    assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201


@pytest.mark.parametrize(
    ("service_id", "takes_time"),
    [(DESIGN, True), (ARCHIVED, False), (CLOSED, False), (FOREIGN_SERVICE, False), (999, False)],
)
def test_only_services_that_take_time_are_remembered(
    dependencies: Dependencies,
    connection: Connection,
    fixtures: Fixtures,
    service_id: int,
    takes_time: bool,
) -> None:
    assert fixtures.tokens
    states = ServiceStates(dependencies)
    with counted(connection) as calls:
        assert states.takes_time(ZAGREB.id, service_id) is takes_time
        assert states.takes_time(ZAGREB.id, service_id) is takes_time
    assert calls == [READ] * (1 if takes_time else 2)
