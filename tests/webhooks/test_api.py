"""Webhooks over HTTP: changes, secret rotation, test events, replay and the delivery log."""

import json
import logging
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.deliveries.rules import RETRY_DELAYS
from chalicelib.timers.model import Timer
from chalicelib.webhooks.model import (
    MAX_SIGNATURES,
    MAX_WEBHOOKS,
    ROTATION_OVERLAP_SECONDS,
    Webhook,
)
from tests.support.api import JSON_API, Api, Response
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    MEMBERS_ENTRY,
    WEBHOOK,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.receiver import Receiver, status
from tests.support.stream_records import stream_record
from tests.support.table_snapshots import snapshot

URL = "https://hooks.example.com/in"


@pytest.fixture(autouse=True)
def _empty_queues(event_services: EventServices) -> None:
    """Provides empty queues, with the clock of the test."""


def create(api: Api, **attributes: object) -> Response:
    values = {"name": "payroll", "url": URL, **attributes}
    return api.post("/webhooks", {"data": {"type": "webhooks", "attributes": values}})


def change(api: Api, record_id: int | str, **attributes: object) -> Response:
    return api.patch(f"/webhooks/{record_id}", {"data": {"attributes": attributes}})


def run_operation(api: Api, record_id: int | str, operation: str, **attributes: object) -> Response:
    return api.patch(f"/webhooks/{record_id}/{operation}", {"data": {"attributes": attributes}})


def test_webhook_is_created_and_its_secret_is_returned_once(
    admin: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        created = create(admin, events=["timer.stopped", "timer.started", "timer.stopped"])
    assert created.status == 201
    secret = created.meta["secret"]
    assert secret.startswith("whsec_")
    assert created.data == {
        "id": created.data["id"],
        "type": "webhooks",
        "attributes": {
            "name": "payroll",
            "url": URL,
            "events": ["timer.stopped", "timer.started"],
            "state": "active",
            "paused_reason": None,
            "paused_at": None,
            "failing_since": None,
            "secret_rotated_at": None,
            "created_at": "2026-03-02T09:00:00.000+01:00",
            "updated_at": "2026-03-02T09:00:00.000+01:00",
        },
        "relationships": {"organization": {"data": {"type": "organizations", "id": "2149"}}},
    }
    assert created.headers["Location"].endswith(f"/api/v2/webhooks/{created.data['id']}")
    shown = admin.get(f"/webhooks/{created.data['id']}")
    assert (shown.data, shown.meta) == (created.data, {})
    assert secret not in json.dumps(admin.get("/webhooks").document)
    assert secret not in json.dumps(snapshot(connection))
    assert secret not in caplog.text


def test_replayed_create_does_not_return_the_secret(admin: Api, connection: Connection) -> None:
    document = {"data": {"attributes": {"name": "payroll", "url": URL}}}
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "once"}
    first = admin.send("POST", "/webhooks", json.dumps(document).encode(), headers)
    before = snapshot(connection)
    replay = admin.send("POST", "/webhooks", json.dumps(document).encode(), headers)
    assert (replay.status, replay.data, replay.meta) == (201, first.data, {})
    assert snapshot(connection) == before


def test_webhook_without_events_subscribes_to_all_events(admin: Api) -> None:
    assert create(admin).attributes["events"] == [
        "timer.started",
        "timer.stopped",
        "timer.updated",
        "timer.deleted",
        "timer.still_running",
        "time_entry.created",
        "time_entry.updated",
        "time_entry.deleted",
    ]


@pytest.mark.parametrize(
    ("attributes", "pointer"),
    [
        ({"name": None}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"url": None}, "url"),
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://2130706433/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://user:word@hooks.example.com/"}, "url"),
        ({"url": "https://hooks.example.com/" + "x" * 2000}, "url"),
        ({"url": 7}, "url"),
        ({"events": []}, "events"),
        ({"events": "timer.started"}, "events"),
        ({"events": ["timer.started", "timer.paused"]}, "events"),
        ({"events": [None]}, "events"),
        ({"events": [["timer.started"]]}, "events"),
    ],
)
def test_invalid_attribute_is_rejected_and_writes_nothing(
    admin: Api, connection: Connection, attributes: dict[str, Any], pointer: str
) -> None:
    before = snapshot(connection)
    for response in (create(admin, **attributes), change(admin, WEBHOOK, **attributes)):
        assert response.status == 422
        assert response.error["source"] == {"pointer": f"data/attributes/{pointer}"}
    assert snapshot(connection) == before


def test_organization_cannot_exceed_the_maximum_number_of_webhooks(
    admin: Api, event_services: EventServices
) -> None:
    for _ in range(MAX_WEBHOOKS - 1):
        event_services.create_webhook(URL)
    assert create(admin).status == 422


def test_members_and_other_organizations_cannot_access_webhooks(
    admin: Api, member: Api, stranger: Api, connection: Connection
) -> None:
    before = snapshot(connection)
    assert member.get("/webhooks").error["code"] == "access_denied"
    assert create(member).status == 403
    assert stranger.get("/webhooks").ids == []
    assert stranger.get("/webhook_deliveries").ids == []
    for operation in ("rotate_secret", "test", "replay"):
        assert run_operation(member, WEBHOOK, operation).status == 403
        assert run_operation(stranger, WEBHOOK, operation, dead_letters=True).status == 404
    assert change(stranger, WEBHOOK, name="theirs").status == 404
    assert stranger.send("DELETE", f"/webhooks/{WEBHOOK}").status == 404
    assert snapshot(connection) == before
    assert admin.get(f"/webhooks/{WEBHOOK}").status == 200


def test_webhook_can_be_changed_paused_and_resumed(admin: Api, clock: FakeClock) -> None:
    clock.advance(MINUTE)
    changed = change(admin, WEBHOOK, url="https://new.example.com/", events=["timer.started"])
    assert (changed.attributes["url"], changed.attributes["events"]) == (
        "https://new.example.com/",
        ["timer.started"],
    )
    assert changed.attributes["updated_at"] == "2026-03-02T09:01:00.000+01:00"
    paused = change(admin, WEBHOOK, state="paused")
    assert paused.attributes["paused_reason"] == "by_hand"
    assert paused.attributes["paused_at"] == "2026-03-02T09:01:00.000+01:00"
    assert admin.get("/webhooks?filter[state]=paused").ids == [str(WEBHOOK)]
    resumed = change(admin, WEBHOOK, state="active")
    assert (resumed.attributes["paused_reason"], resumed.attributes["paused_at"]) == (None, None)
    assert change(admin, WEBHOOK, state="asleep").status == 422


def test_webhook_paused_by_a_failure_can_be_resumed_manually(
    admin: Api, event_services: EventServices, receiver: Receiver
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    receiver.responses = [status(410)]
    start_and_publish(admin, event_services)
    event_services.deliver()
    shown = admin.get(f"/webhooks/{webhook.id}").attributes
    assert (shown["state"], shown["paused_reason"]) == ("paused", "gone")
    change(admin, webhook.id, state="active")
    assert run_operation(admin, webhook.id, "replay", dead_letters=True).meta == {"events": 1}
    event_services.deliver()
    assert receiver.ids[0] == receiver.ids[1]


def test_deleted_webhook_is_not_found(admin: Api) -> None:
    assert admin.send("DELETE", f"/webhooks/{WEBHOOK}").status == 204
    assert admin.get(f"/webhooks/{WEBHOOK}").status == 404
    assert admin.send("DELETE", f"/webhooks/{WEBHOOK}").status == 404


def test_both_secrets_sign_for_a_day_after_a_rotation(
    admin: Api, event_services: EventServices, clock: FakeClock
) -> None:
    created = create(admin)
    webhook_id = int(created.data["id"])
    rotated = run_operation(admin, webhook_id, "rotate_secret")
    assert rotated.status == 200
    assert rotated.meta["secret"] != created.meta["secret"]
    assert rotated.attributes["secret_rotated_at"] == "2026-03-02T09:00:00.000+01:00"
    webhook = _stored_webhook(event_services, webhook_id)
    numbers = webhook.signing_secret_numbers(event_services.dependencies.now())
    secrets = [event_services.secret(webhook, number) for number in numbers]
    assert secrets == [rotated.meta["secret"], created.meta["secret"]]
    clock.advance(ROTATION_OVERLAP_SECONDS)
    assert webhook.signing_secret_numbers(event_services.dependencies.now()) == (2,)


def test_rotation_can_end_the_older_secrets_at_once(
    admin: Api, event_services: EventServices
) -> None:
    for _ in range(MAX_SIGNATURES - 1):
        assert run_operation(admin, WEBHOOK, "rotate_secret").status == 200
    refused = run_operation(admin, WEBHOOK, "rotate_secret")
    assert (refused.status, refused.error["source"]) == (
        422,
        {"pointer": "data/attributes/at_once"},
    )
    assert run_operation(admin, WEBHOOK, "rotate_secret", at_once=True).status == 200
    webhook = _stored_webhook(event_services, WEBHOOK)
    assert webhook.signing_secret_numbers(event_services.dependencies.now()) == (
        MAX_SIGNATURES + 1,
    )


def _stored_webhook(event_services: EventServices, webhook_id: int) -> Webhook:
    key = (ZAGREB.id, webhook_id)
    return event_services.dependencies.database.get_many_across_organizations(Webhook, [key])[key]


def test_test_event_is_delivered_and_logged(
    admin: Api, event_services: EventServices, receiver: Receiver
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    tested = run_operation(admin, webhook.id, "test")
    assert (tested.status, tested.data["id"]) == (200, str(webhook.id))
    event_services.deliver()
    (request,) = receiver.received
    body = json.loads(request.body)
    assert (body["id"], body["type"]) == (tested.meta["event_id"], "webhook.test")
    assert body["data"] == tested.data
    (delivery,) = admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}").data
    assert delivery == {
        "id": delivery["id"],
        "type": "webhook_deliveries",
        "attributes": {
            "event_id": body["id"],
            "event_type": "webhook.test",
            "attempt": 1,
            "outcome": "delivered",
            "status": 204,
            "failure": None,
            "created_at": "2026-03-02T09:00:00.000+01:00",
        },
        "relationships": {"webhook": {"data": {"type": "webhooks", "id": str(webhook.id)}}},
    }


def test_repeated_test_with_a_key_sends_one_event(
    admin: Api, event_services: EventServices, receiver: Receiver
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    first, repeated = (
        admin.send("PATCH", f"/webhooks/{webhook.id}/test", headers={"Idempotency-Key": "test"})
        for _ in range(2)
    )
    assert first.meta["event_id"] == repeated.meta["event_id"]
    assert repeated.headers["Idempotency-Replayed"] == "true"
    event_services.deliver()
    assert len(receiver.received) == 1


def test_failed_test_event_is_not_retried(
    admin: Api, event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    change(admin, webhook.id, state="paused")
    receiver.otherwise = status(500)
    run_operation(admin, webhook.id, "test")
    event_services.deliver()
    clock.advance(HOUR)
    event_services.deliver()
    (delivery,) = admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}").data
    shown = delivery["attributes"]
    assert (shown["outcome"], shown["status"], shown["failure"]) == (
        "dropped",
        500,
        "The receiver responded with status 500.",
    )
    assert (event_services.queued(), event_services.dead()) == ([], [])


def start_and_publish(
    api: Api, event_services: EventServices, entry: int = ADMINS_ENTRY, **more: object
) -> int:
    """Start a timer and fan out its event. Returns the id of the timer."""
    timer_id = int(api.start(time_entry_id=entry, **more).data["id"])
    event_services.fan_out(
        stream_record(None, event_services.dependencies.database.get(Timer, ZAGREB.id, timer_id))
    )
    return timer_id


def test_delivery_log_lists_each_attempt_newest_first(
    admin: Api, event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    receiver.responses = [status(503)]
    start_and_publish(admin, event_services)
    event_services.deliver()
    clock.advance(RETRY_DELAYS[0])
    event_services.deliver()
    log_path = f"/webhook_deliveries?filter[webhook_id]={webhook.id}&sort=-created_at"
    attempts = [entry["attributes"] for entry in admin.get(log_path).data]
    assert [(entry["attempt"], entry["outcome"], entry["status"]) for entry in attempts] == [
        (2, "delivered", 204),
        (1, "again", 503),
    ]
    assert len({entry["event_id"] for entry in attempts}) == 1
    assert len(admin.get(f"{log_path}&filter[outcome]=again").data) == 1
    assert len(admin.get("/webhook_deliveries").data) == 2
    included = admin.get(f"{log_path}&include=webhook").document["included"]
    assert [record["id"] for record in included] == [str(webhook.id)]


def test_delivery_log_takes_one_query_per_webhook(
    admin: Api, event_services: EventServices, connection: Connection
) -> None:
    webhook = event_services.create_webhook(URL)
    admin.get("/webhooks")
    with counted(connection) as calls:
        admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}")
    assert calls == ["Query"]
    with counted(connection) as calls:
        admin.get("/webhook_deliveries")
    assert calls == ["Query", "Query", "Query"]


def test_replay_of_dead_letters_skips_delivered_events(
    admin: Api, event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    start_and_publish(admin, event_services)
    event_services.deliver()
    clock.advance(MINUTE)
    receiver.responses = [status(410)]
    start_and_publish(admin, event_services, ADMINS_SECOND_ENTRY)
    event_services.deliver()
    change(admin, webhook.id, state="active")
    clock.advance(MINUTE)
    assert run_operation(admin, webhook.id, "replay", dead_letters=True).meta == {"events": 1}
    event_services.deliver()
    assert receiver.ids[2] == receiver.ids[1] != receiver.ids[0]
    # The dead letter is now delivered.
    assert run_operation(admin, webhook.id, "replay", dead_letters=True).meta == {"events": 0}


def test_replay_of_a_period_sends_the_same_event_ids(
    admin: Api, member: Api, event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    database = event_services.dependencies.database
    timer_id = start_and_publish(admin, event_services)
    clock.advance(MINUTE)
    running = database.get(Timer, ZAGREB.id, timer_id)
    admin.stop(str(timer_id))
    stopped = database.get(Timer, ZAGREB.id, timer_id)
    event_services.fan_out(stream_record(running, stopped))
    clock.advance(HOUR)
    start_and_publish(member, event_services, MEMBERS_ENTRY)
    event_services.deliver()
    first_bodies = {
        request.headers["webhook-id"]: json.loads(request.body) for request in receiver.received
    }
    assert len(first_bodies) == 3
    receiver.received.clear()
    period = {"after": "2026-03-02T09:00:00+01:00", "before": "2026-03-02T09:01:01+01:00"}
    assert run_operation(admin, webhook.id, "replay", **period).meta == {"events": 3}
    event_services.deliver()
    replayed_bodies = {
        request.headers["webhook-id"]: json.loads(request.body) for request in receiver.received
    }
    # The replayed start shows the timer as it was at the start.
    assert {id_: body for id_, body in replayed_bodies.items() if id_ in first_bodies} == {
        id_: body for id_, body in first_bodies.items() if body["data"]["id"] == str(timer_id)
    }
    (entry,) = [body for id_, body in replayed_bodies.items() if id_ not in first_bodies]
    assert (entry["type"], entry["data"]["id"]) == ("time_entry.updated", str(ADMINS_ENTRY))


def test_replay_sends_the_present_state_of_an_edited_timer(
    admin: Api, event_services: EventServices, fixtures: Fixtures
) -> None:
    webhook = event_services.create_webhook(URL)
    start = MONDAY_NINE - HOUR
    timer = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, start, start + 12 * HOUR, version=2)
    put_all(replace(timer, reminded_at=MONDAY_NINE - MINUTE))
    assert fixtures.tokens
    period = {"after": "2026-03-02T08:00:00+01:00", "before": "2026-03-02T09:00:00+01:00"}
    assert run_operation(admin, webhook.id, "replay", **period).meta == {"events": 4}
    assert [message.event_type for message in event_services.queued()] == [
        "time_entry.created",
        "timer.started",
        "timer.updated",
        "timer.still_running",
    ]


def test_replay_sends_only_subscribed_events(admin: Api, event_services: EventServices) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    period = {"after": "2026-03-02T08:00:00+01:00", "before": "2026-03-02T10:00:00+01:00"}
    assert run_operation(admin, WEBHOOK, "replay", **period).meta == {"events": 0}
    change(admin, WEBHOOK, events=["timer.started"])
    assert run_operation(admin, WEBHOOK, "replay", **period).meta == {"events": 1}
    assert [message.event_type for message in event_services.queued()] == ["timer.started"]


@pytest.mark.parametrize(
    ("attributes", "pointer"),
    [
        ({}, "after"),
        ({"before": "2026-03-02T10:00:00+01:00"}, "after"),
        ({"after": "2026-03-02T10:00:00+01:00"}, "before"),
        (
            {"after": "2026-03-02T10:00:00+01:00", "before": "2026-03-02T10:00:00+01:00"},
            "before",
        ),
        ({"after": "yesterday", "before": "2026-03-02T10:00:00+01:00"}, "after"),
        ({"dead_letters": "yes"}, "dead_letters"),
    ],
)
def test_replay_without_a_valid_selection_is_rejected(
    admin: Api, event_services: EventServices, attributes: dict[str, Any], pointer: str
) -> None:
    response = run_operation(admin, WEBHOOK, "replay", **attributes)
    assert response.status == 422
    assert response.error["source"] == {"pointer": f"data/attributes/{pointer}"}
    assert event_services.queued() == []


def test_replay_of_too_many_events_is_rejected(
    admin: Api, event_services: EventServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.webhooks.operations.MAX_REPLAYED", 1)
    change(admin, WEBHOOK, events=["timer.started"])
    for entry in (ADMINS_ENTRY, ADMINS_SECOND_ENTRY):
        admin.start(time_entry_id=entry)
    period = {"after": "2026-03-02T08:00:00+01:00", "before": "2026-03-02T10:00:00+01:00"}
    response = run_operation(admin, WEBHOOK, "replay", **period)
    assert (response.status, event_services.queued()) == (422, [])
    assert response.error["source"] == {"pointer": "data/attributes/before"}


def test_replay_to_a_paused_webhook_is_rejected(admin: Api, event_services: EventServices) -> None:
    change(admin, WEBHOOK, state="paused")
    response = run_operation(admin, WEBHOOK, "replay", dead_letters=True)
    assert (response.status, event_services.queued()) == (422, [])


def test_delivery_log_is_scoped_to_the_organization(
    admin: Api, stranger: Api, event_services: EventServices, receiver: Receiver
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    run_operation(admin, webhook.id, "test")
    event_services.deliver()
    assert stranger.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}").data == []
    assert len(admin.get("/webhook_deliveries").data) == 1
