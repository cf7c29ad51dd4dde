"""Regression tests for common problems of time trackers.

docs/how-stint-keeps-time.md describes each behaviour and names its test.
"""

import json
from concurrent.futures import ThreadPoolExecutor

from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.timers.auto_stop import AutoStop
from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.fixtures import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, ZAGREB
from tests.support.table_snapshots import items
from tools.devserver.gateway import Gateway
from tools.ops.invariants import check
from tools.ops.snapshot import SnapshotReader


def has_no_violations(connection: Connection) -> bool:
    return not any(check(snapshot) for snapshot in SnapshotReader(connection).read_all().values())


def test_double_tap_leaves_one_running_timer(admin: Api, connection: Connection) -> None:
    gateway = Gateway(admin._app)
    headers = {name.lower(): value for name, value in admin.headers.items()}
    headers |= {"content-type": JSON_API, "idempotency-key": "one request, sent twice"}
    body = json.dumps({"data": {"attributes": {"time_entry_id": ADMINS_ENTRY}}}).encode()
    with ThreadPoolExecutor(2) as threads:
        responses = list(
            threads.map(lambda _: gateway.handle("POST", "/api/v2/timers", headers, body), range(2))
        )
    assert [response.status for response in responses] == [201, 201]
    assert len(items(connection, "timers")) == 1
    # Without a key, the second request stops the first timer when it starts its own.
    del headers["idempotency-key"]
    with ThreadPoolExecutor(2) as threads:
        list(
            threads.map(lambda _: gateway.handle("POST", "/api/v2/timers", headers, body), range(2))
        )
    running = [timer for timer in items(connection, "timers") if "stopped_at" not in timer]
    assert len(running) == 1
    assert has_no_violations(connection)


def test_retried_stop_keeps_the_stop_time(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    first = admin.stop(timer_id)
    clock.advance(HOUR)
    retry = admin.stop(timer_id)
    assert retry.status == 200
    assert retry.attributes == first.attributes
    assert retry.attributes["total_time"] == 60


def test_offline_client_cannot_undo_a_stop(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.stop(timer_id)
    clock.advance(HOUR)
    # The offline client sends a later stop first, and then the original start again.
    late_stop = admin.stop(timer_id, stopped_at="2026-03-02T11:00:00+01:00")
    assert (late_stop.status, late_stop.attributes["total_time"]) == (200, 60)
    repeated_start = admin.start(time_entry_id=ADMINS_ENTRY, started_at="2026-03-02T09:00:00+01:00")
    assert (repeated_start.status, repeated_start.error["code"]) == (422, "overlaps_session")
    assert has_no_violations(connection)


def test_overdue_timer_stops_at_its_limit_and_can_be_corrected(
    admin: Api, dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(3 * DAY)
    assert AutoStop(dependencies).run().stopped == 1
    response = admin.get(f"/timers/{timer_id}")
    assert response.attributes["total_time"] == ZAGREB.auto_stop_after // MINUTE
    assert response.data["meta"] == {"stop_reason": "auto"}
    # The person can correct the automatic stop to the real stop time.
    corrected = admin.stop(timer_id, stopped_at="2026-03-02T17:30:00+01:00")
    assert corrected.attributes["total_time"] == 510
    assert "meta" not in corrected.data
    assert has_no_violations(connection)


def test_timer_can_be_stopped_after_any_duration(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(40 * DAY)
    response = admin.stop(timer_id)
    assert (response.status, response.attributes["total_time"]) == (200, 40 * 24 * 60)
    assert has_no_violations(connection)


def test_clock_skew_never_produces_negative_times(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(-5 * MINUTE)
    assert admin.stop(first).attributes["total_time"] == 0
    second = admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    third = admin.start(time_entry_id=ADMINS_ENTRY)
    early_stop = admin.stop(third.data["id"], stopped_at="2026-03-01T09:00:00+01:00")
    assert early_stop.attributes["total_time"] == 0
    for timer_id in (first, second.data["id"], third.data["id"]):
        attributes = admin.get(f"/timers/{timer_id}").attributes
        assert attributes["stopped_at"] >= attributes["started_at"]
    assert has_no_violations(connection)
