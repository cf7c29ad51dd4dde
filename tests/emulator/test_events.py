"""Check 5: what runs without a request: streams, the queue of deliveries, the schedule."""

import json
import time

import pytest
from standardwebhooks import Webhook as Verifier

from benchmarks.seed_overdue import create_overdue_timers
from tests.emulator.ministack import Emulator
from tests.emulator.stage import GatewayClient, Stage
from tests.emulator.webhooks import SECONDS, create_webhook, deliveries
from tests.support.clock import HOUR
from tests.support.fixtures import ADMINS_ENTRY, ZAGREB
from tests.support.receiver import Receiver, eventually, status
from tools.ops.counter_repair import behind, read_all

pytestmark = pytest.mark.emulator


def test_event_is_delivered_signed_and_logged(
    events_admin: GatewayClient, receiver: Receiver
) -> None:
    webhook, secret = create_webhook(events_admin, receiver)
    started = events_admin.start(time_entry_id=ADMINS_ENTRY)
    assert eventually(lambda: bool(receiver.received), SECONDS)
    (request,) = receiver.received
    Verifier(secret).verify(request.body, dict(request.headers))
    event = json.loads(request.body)
    assert (event["type"], event["id"]) == ("timer.started", request.headers["webhook-id"])
    assert started.data["id"] in request.body.decode()
    expected = [(1, "delivered")]
    assert eventually(lambda: deliveries(events_admin, webhook) == expected, SECONDS)


def test_failed_delivery_is_repeated_by_the_queue(
    events_admin: GatewayClient, receiver: Receiver
) -> None:
    receiver.responses = [status(500)]
    webhook, _ = create_webhook(events_admin, receiver)
    events_admin.start(time_entry_id=ADMINS_ENTRY)
    assert eventually(lambda: len(receiver.received) == 2, SECONDS)
    assert len(set(receiver.ids)) == 1
    expected = [(1, "again"), (2, "delivered")]
    assert eventually(lambda: deliveries(events_admin, webhook) == expected, SECONDS)


def test_counters_are_rolled_up_by_the_stream(events: Stage, events_admin: GatewayClient) -> None:
    connection = events.database().connection
    for _ in range(2):
        events_admin.stop(events_admin.start(time_entry_id=ADMINS_ENTRY).data["id"])
    assert read_all(connection).counters
    assert eventually(lambda: not behind(read_all(connection)), SECONDS)
    assert read_all(connection).buckets
    assert events_admin.get("/timers?page[size]=1").meta["total_count"] == 2


def test_schedule_stops_an_overdue_timer(
    emulator: Emulator, events: Stage, events_admin: GatewayClient
) -> None:
    started_at = int(time.time()) - 13 * HOUR
    connection = events.database().connection
    (timer,) = create_overdue_timers(connection, ZAGREB.id, range(1), started_at, 12 * HOUR)
    assert events_admin.get(f"/timers/{timer.id}").attributes["stopped_at"] is None
    rules = emulator.client("events").list_rules()["Rules"]
    (rule,) = (rule for rule in rules if rule["Name"] == events.resource("AutoStopAutoStopEvent"))
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    with emulator.quick_schedules():
        assert eventually(
            lambda: events_admin.get(f"/timers/{timer.id}").attributes["stopped_at"] is not None,
            SECONDS,
        )
    assert events_admin.get(f"/timers/{timer.id}").attributes["total_time"] == 12 * 60
