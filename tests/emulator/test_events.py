"""Check 5: what runs without a request: streams, the queue of deliveries, the schedule."""

import json
import time

import pytest
from standardwebhooks import Webhook as Verifier

from benchmarks.seed_overdue import create_overdue_timers
from tests.emulator.ministack import Emulator
from tests.emulator.stage import GatewayClient, Stage
from tests.support.api import Response
from tests.support.clock import HOUR
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, Fixtures
from tests.support.receiver import Receiver, eventually, status
from tools.ops.counter_repair import behind, read_all

pytestmark = pytest.mark.emulator

SECONDS = 60
"""The longest time to wait. A stream is read every second; a busy machine takes longer."""


@pytest.fixture
def admin(events: Stage, event_records: Fixtures) -> GatewayClient:
    return events.client(event_records.headers(ADMIN))


def create_webhook(admin: GatewayClient, receiver: Receiver) -> Response:
    """Create a webhook for the starts of timers."""
    attributes = {"name": "a receiver", "url": receiver.url, "events": ["timer.started"]}
    document = {"data": {"type": "webhooks", "attributes": attributes}}
    created = admin.post("/webhooks", document)
    assert created.status == 201, created.body
    return created


def deliveries(admin: GatewayClient, webhook: str) -> list[tuple[int, str]]:
    """Return the number and the outcome of the attempts in the log of a webhook, in order."""
    logged = admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook}").data
    attempts = [attempt["attributes"] for attempt in logged]
    return sorted((attempt["attempt"], attempt["outcome"]) for attempt in attempts)


def test_event_is_delivered_signed_and_logged(admin: GatewayClient, receiver: Receiver) -> None:
    webhook = create_webhook(admin, receiver)
    started = admin.start(time_entry_id=ADMINS_ENTRY)
    assert eventually(lambda: bool(receiver.received), SECONDS)
    (request,) = receiver.received
    Verifier(webhook.meta["secret"]).verify(request.body, dict(request.headers))
    event = json.loads(request.body)
    assert (event["type"], event["id"]) == ("timer.started", request.headers["webhook-id"])
    assert started.data["id"] in request.body.decode()
    expected = [(1, "delivered")]
    assert eventually(lambda: deliveries(admin, webhook.data["id"]) == expected, SECONDS)


def test_failed_delivery_is_repeated_by_the_queue(admin: GatewayClient, receiver: Receiver) -> None:
    receiver.responses = [status(500)]
    webhook = create_webhook(admin, receiver)
    admin.start(time_entry_id=ADMINS_ENTRY)
    assert eventually(lambda: len(receiver.received) == 2, SECONDS)
    assert len(set(receiver.ids)) == 1
    expected = [(1, "again"), (2, "delivered")]
    assert eventually(lambda: deliveries(admin, webhook.data["id"]) == expected, SECONDS)


def test_counters_are_rolled_up_by_the_stream(events: Stage, admin: GatewayClient) -> None:
    connection = events.database().connection
    for _ in range(2):
        admin.stop(admin.start(time_entry_id=ADMINS_ENTRY).data["id"])
    assert read_all(connection).counters
    assert eventually(lambda: not behind(read_all(connection)), SECONDS)
    assert read_all(connection).buckets
    assert admin.get("/timers?page[size]=1").meta["total_count"] == 2


def test_schedule_stops_an_overdue_timer(
    emulator: Emulator, events: Stage, admin: GatewayClient
) -> None:
    started_at = int(time.time()) - 13 * HOUR
    connection = events.database().connection
    (timer,) = create_overdue_timers(connection, ZAGREB.id, range(1), started_at, 12 * HOUR)
    assert admin.get(f"/timers/{timer.id}").attributes["stopped_at"] is None
    rules = emulator.client("events").list_rules()["Rules"]
    (rule,) = (rule for rule in rules if rule["Name"] == events.resource("AutoStopAutoStopEvent"))
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(5 minutes)", "ENABLED")
    with emulator.quick_schedules():
        assert eventually(
            lambda: admin.get(f"/timers/{timer.id}").attributes["stopped_at"] is not None, SECONDS
        )
    assert admin.get(f"/timers/{timer.id}").attributes["total_time"] == 12 * 60
