"""Webhooks over HTTP: made, changed, paused, rotated, tried, replayed; and their log."""

import json
import logging
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.deliveries import WAITS
from chalicelib.domain.webhooks import (
    MOST_SIGNATURES,
    MOST_WEBHOOKS,
    ROTATION_OVERLAP,
    Webhook,
)
from tests.support.api import JSON_API, Answer, Api
from tests.support.calls import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.outside import Outside
from tests.support.receiver import Receiver, status
from tests.support.stream_records import stream_record
from tests.support.tables import snapshot
from tests.support.world import (
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    MEMBERS_ENTRY,
    WEBHOOK,
    ZAGREB,
)

URL = "https://hooks.example.com/in"


@pytest.fixture(autouse=True)
def _outside(outside: Outside) -> None:
    """Queues, empty, at the test's time."""


def create(api: Api, **attributes: object) -> Answer:
    given = {"name": "payroll", "url": URL, **attributes}
    return api.post("/webhooks", {"data": {"type": "webhooks", "attributes": given}})


def change(api: Api, record_id: int | str, **attributes: object) -> Answer:
    return api.patch(f"/webhooks/{record_id}", {"data": {"attributes": attributes}})


def act(api: Api, record_id: int | str, verb: str, **attributes: object) -> Answer:
    return api.patch(f"/webhooks/{record_id}/{verb}", {"data": {"attributes": attributes}})


def test_a_webhook_is_made_and_its_secret_told_once(
    admin: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = create(admin, events=["timer.stopped", "timer.started", "timer.stopped"])
    assert made.status == 201
    secret = made.meta["secret"]
    assert secret.startswith("whsec_")
    assert made.data == {
        "id": made.data["id"],
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
    assert made.headers["Location"].endswith(f"/api/v2/webhooks/{made.data['id']}")
    shown = admin.get(f"/webhooks/{made.data['id']}")
    assert (shown.data, shown.meta) == (made.data, {})
    assert secret not in json.dumps(admin.get("/webhooks").document)
    assert secret not in json.dumps(snapshot(connection))
    assert secret not in caplog.text


def test_a_repeat_does_not_tell_the_secret_again(admin: Api, connection: Connection) -> None:
    document = {"data": {"attributes": {"name": "payroll", "url": URL}}}
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "once"}
    first = admin.send("POST", "/webhooks", json.dumps(document).encode(), headers)
    before = snapshot(connection)
    again = admin.send("POST", "/webhooks", json.dumps(document).encode(), headers)
    assert (again.status, again.data, again.meta) == (201, first.data, {})
    assert snapshot(connection) == before


def test_without_a_choice_it_hears_of_everything(admin: Api) -> None:
    assert create(admin).attributes["events"] == [
        "timer.started",
        "timer.stopped",
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
def test_bad_values_are_told_and_change_nothing(
    admin: Api, connection: Connection, attributes: dict[str, Any], pointer: str
) -> None:
    before = snapshot(connection)
    for answer in (create(admin, **attributes), change(admin, WEBHOOK, **attributes)):
        assert answer.status == 422
        assert answer.error["source"] == {"pointer": f"data/attributes/{pointer}"}
    assert snapshot(connection) == before


def test_an_organization_has_so_many_and_no_more(admin: Api, outside: Outside) -> None:
    for _ in range(MOST_WEBHOOKS - 1):
        outside.create_webhook(URL)
    assert create(admin).status == 422


def test_members_and_other_organizations_see_none(
    admin: Api, member: Api, stranger: Api, connection: Connection
) -> None:
    before = snapshot(connection)
    assert member.get("/webhooks").error["code"] == "access_denied"
    assert create(member).status == 403
    assert stranger.get("/webhooks").ids == []
    assert stranger.get("/webhook_deliveries").ids == []
    for verb in ("rotate_secret", "test", "replay"):
        assert act(member, WEBHOOK, verb).status == 403
        assert act(stranger, WEBHOOK, verb, dead_letters=True).status == 404
    assert change(stranger, WEBHOOK, name="theirs").status == 404
    assert stranger.send("DELETE", f"/webhooks/{WEBHOOK}").status == 404
    assert snapshot(connection) == before
    assert admin.get(f"/webhooks/{WEBHOOK}").status == 200


def test_it_is_changed_paused_and_resumed(admin: Api, clock: FakeClock) -> None:
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


def test_one_that_was_paused_for_failing_is_resumed_by_hand(
    admin: Api, outside: Outside, receiver: Receiver
) -> None:
    webhook = outside.create_webhook(receiver.url)
    receiver.answers = [status(410)]
    start_and_tell(admin, outside)
    outside.deliver()
    shown = admin.get(f"/webhooks/{webhook.id}").attributes
    assert (shown["state"], shown["paused_reason"]) == ("paused", "gone")
    change(admin, webhook.id, state="active")
    assert act(admin, webhook.id, "replay", dead_letters=True).meta == {"events": 1}
    outside.deliver()
    assert receiver.ids[0] == receiver.ids[1]


def test_a_deleted_one_is_gone(admin: Api) -> None:
    assert admin.send("DELETE", f"/webhooks/{WEBHOOK}").status == 204
    assert admin.get(f"/webhooks/{WEBHOOK}").status == 404
    assert admin.send("DELETE", f"/webhooks/{WEBHOOK}").status == 404


def test_a_rotation_tells_another_secret_and_both_sign_for_a_day(
    admin: Api, outside: Outside, clock: FakeClock
) -> None:
    made = create(admin)
    webhook_id = int(made.data["id"])
    rotated = act(admin, webhook_id, "rotate_secret")
    assert rotated.status == 200
    assert rotated.meta["secret"] != made.meta["secret"]
    assert rotated.attributes["secret_rotated_at"] == "2026-03-02T09:00:00.000+01:00"
    webhook = _stored(outside, webhook_id)
    numbers = webhook.signing_numbers(outside.tools.now())
    secrets = [outside.secret(webhook, number) for number in numbers]
    assert secrets == [rotated.meta["secret"], made.meta["secret"]]
    clock.advance(ROTATION_OVERLAP)
    assert webhook.signing_numbers(outside.tools.now()) == (2,)


def test_a_rotation_may_end_the_others_at_once(admin: Api, outside: Outside) -> None:
    for _ in range(MOST_SIGNATURES - 1):
        assert act(admin, WEBHOOK, "rotate_secret").status == 200
    refused = act(admin, WEBHOOK, "rotate_secret")
    assert (refused.status, refused.error["source"]) == (
        422,
        {"pointer": "data/attributes/at_once"},
    )
    assert act(admin, WEBHOOK, "rotate_secret", at_once=True).status == 200
    webhook = _stored(outside, WEBHOOK)
    assert webhook.signing_numbers(outside.tools.now()) == (MOST_SIGNATURES + 1,)


def _stored(outside: Outside, webhook_id: int) -> Webhook:
    name = (ZAGREB.id, webhook_id)
    return outside.tools.store.everywhere(Webhook, [name])[name]


def test_it_is_tried_and_the_log_says_what_came_of_it(
    admin: Api, outside: Outside, receiver: Receiver
) -> None:
    webhook = outside.create_webhook(receiver.url)
    tried = act(admin, webhook.id, "test")
    assert (tried.status, tried.data["id"]) == (200, str(webhook.id))
    outside.deliver()
    (request,) = receiver.received
    body = json.loads(request.body)
    assert (body["id"], body["type"]) == (tried.meta["event_id"], "webhook.test")
    assert body["data"] == tried.data
    (logged,) = admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}").data
    assert logged == {
        "id": logged["id"],
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


def test_a_test_that_fails_is_not_repeated(
    admin: Api, outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = outside.create_webhook(receiver.url)
    change(admin, webhook.id, state="paused")
    receiver.otherwise = status(500)
    act(admin, webhook.id, "test")
    outside.deliver()
    clock.advance(HOUR)
    outside.deliver()
    (logged,) = admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}").data
    shown = logged["attributes"]
    assert (shown["outcome"], shown["status"], shown["failure"]) == (
        "dropped",
        500,
        "answered 500",
    )
    assert (outside.queued(), outside.dead()) == ([], [])


def start_and_tell(api: Api, outside: Outside, entry: int = ADMINS_ENTRY, **more: object) -> int:
    """Start a timer, and tell of it; its id."""
    timer_id = int(api.start(time_entry_id=entry, **more).data["id"])
    outside.fan_out(stream_record(None, outside.tools.store.timer(ZAGREB.id, timer_id)))
    return timer_id


def test_the_log_tells_each_attempt_the_newest_first(
    admin: Api, outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = outside.create_webhook(receiver.url)
    receiver.answers = [status(503)]
    start_and_tell(admin, outside)
    outside.deliver()
    clock.advance(WAITS[0])
    outside.deliver()
    log = f"/webhook_deliveries?filter[webhook_id]={webhook.id}&sort=-created_at"
    shown = [it["attributes"] for it in admin.get(log).data]
    assert [(it["attempt"], it["outcome"], it["status"]) for it in shown] == [
        (2, "delivered", 204),
        (1, "again", 503),
    ]
    assert len({it["event_id"] for it in shown}) == 1
    assert len(admin.get(f"{log}&filter[outcome]=again").data) == 1
    assert len(admin.get("/webhook_deliveries").data) == 2
    included = admin.get(f"{log}&include=webhook").document["included"]
    assert [it["id"] for it in included] == [str(webhook.id)]


def test_the_log_costs_a_call_for_each_webhook(
    admin: Api, outside: Outside, connection: Connection
) -> None:
    webhook = outside.create_webhook(URL)
    admin.get("/webhooks")
    with counted(connection) as calls:
        admin.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}")
    assert calls == ["Query"]
    with counted(connection) as calls:
        admin.get("/webhook_deliveries")
    assert calls == ["Query", "Query", "Query"]


def test_dead_letters_are_replayed_once_and_not_what_arrived(
    admin: Api, outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = outside.create_webhook(receiver.url)
    start_and_tell(admin, outside)
    outside.deliver()
    clock.advance(MINUTE)
    receiver.answers = [status(410)]
    start_and_tell(admin, outside, ADMINS_SECOND_ENTRY)
    outside.deliver()
    change(admin, webhook.id, state="active")
    clock.advance(MINUTE)
    assert act(admin, webhook.id, "replay", dead_letters=True).meta == {"events": 1}
    outside.deliver()
    assert receiver.ids[2] == receiver.ids[1] != receiver.ids[0]
    # Now it has arrived.
    assert act(admin, webhook.id, "replay", dead_letters=True).meta == {"events": 0}


def test_a_stretch_of_time_is_replayed_with_the_same_ids(
    admin: Api, member: Api, outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    webhook = outside.create_webhook(receiver.url)
    store = outside.tools.store
    timer_id = start_and_tell(admin, outside)
    clock.advance(MINUTE)
    running = store.timer(ZAGREB.id, timer_id)
    admin.stop(str(timer_id))
    stopped = store.timer(ZAGREB.id, timer_id)
    outside.fan_out(stream_record(running, stopped))
    clock.advance(HOUR)
    start_and_tell(member, outside, MEMBERS_ENTRY)
    outside.deliver()
    told = {it.headers["webhook-id"]: json.loads(it.body) for it in receiver.received}
    assert len(told) == 3
    receiver.received.clear()
    asked = {"after": "2026-03-02T09:00:00+01:00", "before": "2026-03-02T09:01:01+01:00"}
    assert act(admin, webhook.id, "replay", **asked).meta == {"events": 3}
    outside.deliver()
    again = {it.headers["webhook-id"]: json.loads(it.body) for it in receiver.received}
    # A start is told as it was then.
    assert {id_: body for id_, body in again.items() if id_ in told} == {
        id_: body for id_, body in told.items() if body["data"]["id"] == str(timer_id)
    }
    (entry,) = [body for id_, body in again.items() if id_ not in told]
    assert (entry["type"], entry["data"]["id"]) == ("time_entry.updated", str(ADMINS_ENTRY))


def test_a_replay_sends_only_what_is_wanted(admin: Api, outside: Outside) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    asked = {"after": "2026-03-02T08:00:00+01:00", "before": "2026-03-02T10:00:00+01:00"}
    assert act(admin, WEBHOOK, "replay", **asked).meta == {"events": 0}
    change(admin, WEBHOOK, events=["timer.started"])
    assert act(admin, WEBHOOK, "replay", **asked).meta == {"events": 1}
    assert [it.event_type for it in outside.queued()] == ["timer.started"]


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
def test_a_replay_says_of_what(
    admin: Api, outside: Outside, attributes: dict[str, Any], pointer: str
) -> None:
    answer = act(admin, WEBHOOK, "replay", **attributes)
    assert answer.status == 422
    assert answer.error["source"] == {"pointer": f"data/attributes/{pointer}"}
    assert outside.queued() == []


def test_too_much_is_not_replayed_at_once(
    admin: Api, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.services.webhooks.MOST_REPLAYED", 1)
    change(admin, WEBHOOK, events=["timer.started"])
    for entry in (ADMINS_ENTRY, ADMINS_SECOND_ENTRY):
        admin.start(time_entry_id=entry)
    asked = {"after": "2026-03-02T08:00:00+01:00", "before": "2026-03-02T10:00:00+01:00"}
    answer = act(admin, WEBHOOK, "replay", **asked)
    assert (answer.status, outside.queued()) == (422, [])
    assert answer.error["source"] == {"pointer": "data/attributes/before"}


def test_nothing_is_replayed_to_a_paused_one(admin: Api, outside: Outside) -> None:
    change(admin, WEBHOOK, state="paused")
    answer = act(admin, WEBHOOK, "replay", dead_letters=True)
    assert (answer.status, outside.queued()) == (422, [])


def test_the_log_is_of_the_organization_alone(
    admin: Api, stranger: Api, outside: Outside, receiver: Receiver
) -> None:
    webhook = outside.create_webhook(receiver.url)
    act(admin, webhook.id, "test")
    outside.deliver()
    assert stranger.get(f"/webhook_deliveries?filter[webhook_id]={webhook.id}").data == []
    assert len(admin.get("/webhook_deliveries").data) == 1
