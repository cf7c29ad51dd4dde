"""From records of the streams to messages on the queue."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.events import EventType
from chalicelib.domain.timers import StopReason, TimeEntry, Timer
from chalicelib.domain.webhooks import PausedReason, WebhookState
from chalicelib.outbound.clients import client
from chalicelib.outbound.queues import MAX_BODY_BYTES
from tests.support.api import Api
from tests.support.calls import counted
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.faults import failing
from tests.support.outside import Outside
from tests.support.stream_records import stream_record
from tests.support.world import ADMIN, ADMINS_ENTRY, DESIGN, KOLKATA, STRANGER, ZAGREB, World

URL = "https://hooks.example.com/"

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)
STOPPED = replace(RUNNING, stopped_at=MONDAY_NINE, stop_reason=StopReason.AUTO, version=2)
ENTRY = TimeEntry(
    ADMINS_ENTRY, ZAGREB.id, ADMIN, DESIGN, "2026-03-02", MONDAY_NINE, MONDAY_NINE, ADMIN
)


@pytest.fixture(autouse=True)
def _world(world: World) -> None:
    """There are organizations and people."""


def bodies(outside: Outside) -> list[dict[str, Any]]:
    return [json.loads(delivery.body) for delivery in outside.queued()]


def test_a_start_and_a_stop_are_told_as_the_api_shows_them(outside: Outside) -> None:
    webhook = outside.create_webhook(URL)
    report = outside.fan_out(stream_record(None, RUNNING), stream_record(RUNNING, STOPPED))
    assert (report.records, report.events, report.messages, report.failed) == (2, 2, 2, ())
    started, stopped = bodies(outside)
    assert stopped == {
        "id": stopped["id"],
        "type": "timer.stopped",
        "timestamp": "2026-03-02T09:00:00.000+01:00",
        "organization_id": 2149,
        "person_id": 8779,
        "version": 2,
        "data": {
            "id": "16",
            "type": "timers",
            "attributes": {
                "person_id": 8779,
                "started_at": "2026-03-02T08:00:00.000+01:00",
                "stopped_at": "2026-03-02T09:00:00.000+01:00",
                "total_time": 60,
            },
            "relationships": {
                "organization": {"data": {"type": "organizations", "id": "2149"}},
                "time_entry": {"data": {"type": "time_entries", "id": "364"}},
            },
            "meta": {"stop_reason": "auto"},
        },
    }
    assert started["type"] == "timer.started"
    assert started["data"]["attributes"]["stopped_at"] is None
    assert [it.webhook_id for it in outside.queued()] == [webhook.id] * 2
    assert [it.event_id for it in outside.queued()] == [started["id"], stopped["id"]]


def test_the_resource_is_what_the_api_answers(outside: Outside, admin: Api, world: World) -> None:
    outside.create_webhook(URL)
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    timer = world.store.timer(ZAGREB.id, int(timer_id))
    assert timer is not None
    outside.fan_out(stream_record(None, timer))
    (body,) = bodies(outside)
    assert body["data"] == admin.get(f"/timers/{timer_id}?include=time_entry").data


def test_an_entry_is_told_where_an_outsider_sees_a_change(outside: Outside) -> None:
    webhook = outside.create_webhook(URL)
    noted = replace(ENTRY, note="lunch", version=2, updated_at=MONDAY_NINE + 1)
    counted_up = replace(noted, timer_count=1, version=3, updated_at=MONDAY_NINE + 2)
    outside.fan_out(
        stream_record(None, ENTRY),
        stream_record(ENTRY, noted),
        stream_record(noted, counted_up),
        stream_record(counted_up, None),
    )
    told = [json.loads(it.body) for it in outside.queued() if it.webhook_id == webhook.id]
    assert [(it["type"], it["version"]) for it in told] == [
        ("time_entry.created", 1),
        ("time_entry.updated", 2),
        ("time_entry.deleted", 4),
    ]
    assert told[1]["data"]["attributes"]["note"] == "lunch"
    assert told[1]["data"]["relationships"]["service"] == {
        "data": {"type": "services", "id": str(DESIGN)}
    }
    assert told[1]["timestamp"] == "2026-03-02T09:00:01.000+01:00"


def test_one_message_goes_to_each_who_wants_it(outside: Outside) -> None:
    both = outside.create_webhook(URL)
    starts = outside.create_webhook(URL, EventType.TIMER_STARTED)
    outside.create_webhook(
        URL, state=WebhookState.PAUSED, paused_reason=PausedReason.BY_HAND, paused_at=1
    )
    outside.create_webhook(URL, organization_id=KOLKATA.id)
    outside.fan_out(stream_record(None, RUNNING), stream_record(RUNNING, STOPPED))
    assert [(it.event_type, it.webhook_id) for it in outside.queued()] == [
        ("timer.started", both.id),
        ("timer.started", starts.id),
        ("timer.stopped", both.id),
    ]
    first, second, _ = outside.queued()
    assert first.event_id == second.event_id


def test_organizations_hear_of_their_own_alone(outside: Outside) -> None:
    ours = outside.create_webhook(URL)
    theirs = outside.create_webhook(URL, organization_id=KOLKATA.id)
    foreign = replace(RUNNING, organization_id=KOLKATA.id, person_id=STRANGER)
    outside.fan_out(stream_record(None, RUNNING), stream_record(None, foreign))
    told = {it.webhook_id: json.loads(it.body) for it in outside.queued()}
    assert told[ours.id]["organization_id"] == ZAGREB.id
    assert told[theirs.id]["organization_id"] == KOLKATA.id
    assert told[theirs.id]["timestamp"].endswith("+05:30")


def test_a_webhook_hears_of_what_happens_right_after_it_was_created(outside: Outside) -> None:
    outside.fan_out(stream_record(None, RUNNING))
    assert outside.queued() == []
    outside.create_webhook(URL)
    outside.fan_out(stream_record(RUNNING, STOPPED))
    assert len(outside.queued()) == 1


def test_records_that_come_twice_and_shuffled_are_the_same_events(outside: Outside) -> None:
    outside.create_webhook(URL)
    entries = [replace(ENTRY, note=str(number), version=number) for number in range(1, 9)]
    records = [
        stream_record(None, RUNNING),
        stream_record(RUNNING, STOPPED),
        *(stream_record(*pair) for pair in zip([None, *entries], entries, strict=False)),
    ]
    once = {event for record in records for event in _ids(outside, record)}
    assert len(once) == len(records)
    twice = records * 2
    random.Random(7).shuffle(twice)  # noqa: S311
    # Lambda never gives one batch the same number twice.
    for record in twice:
        outside.fan_out(record)
    seen = [it.event_id for it in outside.queued()]
    assert set(seen) == once
    assert all(seen.count(event) == 3 for event in once)


def _ids(outside: Outside, record: dict[str, Any]) -> list[str]:
    before = len(outside.queued())
    outside.fan_out(record)
    return [it.event_id for it in outside.queued()[before:]]


def _without_image() -> dict[str, Any]:
    record = stream_record(None, RUNNING)
    del record["dynamodb"]["NewImage"]["started_at"]
    return record


def _with_nonsense() -> dict[str, Any]:
    record = stream_record(None, RUNNING)
    record["dynamodb"]["NewImage"]["id"] = {"N": "sixteen"}
    return record


def _of_another_table() -> dict[str, Any]:
    record = stream_record(None, RUNNING)
    return {**record, "eventSourceARN": record["eventSourceARN"].replace("timers", "slots")}


def _of_nobody() -> dict[str, Any]:
    return stream_record(None, replace(RUNNING, organization_id=9))


@pytest.mark.parametrize("bad", [_without_image, _with_nonsense, _of_another_table, _of_nobody])
def test_a_record_that_nobody_can_read_is_put_aside_whole(outside: Outside, bad: Any) -> None:
    outside.create_webhook(URL)
    spoilt = bad()
    report = outside.fan_out(stream_record(None, RUNNING), spoilt, stream_record(RUNNING, STOPPED))
    assert (report.unreadable, report.messages, report.failed) == (1, 2, ())
    (kept,) = outside.texts(outside.settings.failed_records_url)
    assert json.loads(kept) == spoilt


def test_a_record_that_is_too_large_to_keep_is_kept_by_its_keys(outside: Outside) -> None:
    outside.create_webhook(URL)
    spoilt = stream_record(None, replace(ENTRY, note="x" * MAX_BODY_BYTES))
    del spoilt["dynamodb"]["NewImage"]["created_at"]
    outside.fan_out(spoilt)
    (kept,) = outside.texts(outside.settings.failed_records_url)
    assert json.loads(kept)["dynamodb"]["Keys"] == spoilt["dynamodb"]["Keys"]


def test_what_is_too_large_for_the_queue_only_names_its_resource(outside: Outside) -> None:
    outside.create_webhook(URL)
    large = [replace(ENTRY, id=number, note='"' * 150_000) for number in range(1, 4)]
    report = outside.fan_out(*(stream_record(None, it) for it in large))
    assert report.messages == 3
    assert [it["data"] for it in bodies(outside)] == [
        {"id": str(it.id), "type": "time_entries", "meta": {"truncated": True}} for it in large
    ]


def test_many_large_events_fit_the_calls(outside: Outside) -> None:
    outside.create_webhook(URL)
    large = [replace(ENTRY, id=number, note="x" * 90_000) for number in range(1, 30)]
    report = outside.fan_out(*(stream_record(None, it) for it in large))
    assert (report.messages, report.failed) == (29, ())


def test_while_the_database_is_away_records_come_again(
    outside: Outside, connection: Connection
) -> None:
    outside.create_webhook(URL)
    record = stream_record(None, RUNNING)
    number = record["dynamodb"]["SequenceNumber"]
    for operation in ("BatchGetItem", "Query"):
        with failing(connection, operation, "ThrottlingException"):
            assert outside.fan_out(record).failed == (number,)
    assert outside.queued() == []
    assert outside.fan_out(record).failed == ()
    assert len(outside.queued()) == 1


def test_while_the_queue_is_away_records_come_again(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.create_webhook(URL)
    good, spoilt = stream_record(None, RUNNING), _without_image()
    numbers = tuple(it["dynamodb"]["SequenceNumber"] for it in (good, spoilt))
    sqs = client("sqs", outside.settings.region)
    with monkeypatch.context() as patched:
        patched.setattr(sqs, "_make_api_call", _away)
        assert outside.fan_out(good, spoilt).failed == numbers
    with monkeypatch.context() as patched:
        patched.setattr(sqs, "_make_api_call", _refusing)
        assert outside.fan_out(good, spoilt).failed == numbers


def _away(operation: str, arguments: Any) -> Any:
    from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415

    assert operation == "SendMessageBatch", arguments
    raise EndpointConnectionError(endpoint_url="https://sqs.test")


def _refusing(operation: str, arguments: Any) -> Any:
    assert operation == "SendMessageBatch"
    return {"Failed": [{"Id": it["Id"], "SenderFault": False} for it in arguments["Entries"]]}


def test_a_batch_costs_two_calls_an_organization_at_the_most(
    outside: Outside, connection: Connection
) -> None:
    outside.create_webhook(URL)
    records = [stream_record(None, replace(RUNNING, id=number)) for number in range(1, 101)]
    with counted(connection) as calls:
        outside.fan_out(*records)
    assert calls == ["BatchGetItem", "Query"]
    with counted(connection) as calls:
        outside.fan_out(stream_record(STOPPED, replace(STOPPED, version=3)))
    assert calls == []


def test_intercom_hears_of_timers_where_it_is_configured(outside: Outside) -> None:
    outside.fan_out(stream_record(None, RUNNING))
    assert outside.queued() == []
    outside.intercom_person = "user_id"
    outside.fan_out(
        stream_record(None, RUNNING),
        stream_record(RUNNING, STOPPED),
        stream_record(None, ENTRY),
    )
    started, stopped = outside.queued()
    assert started.webhook_id is stopped.webhook_id is None
    assert json.loads(started.body) == {
        "event_name": "timer-started",
        "created_at": MONDAY_NINE - HOUR,
        "user_id": "8779",
        "metadata": {
            "event_id": started.event_id,
            "organization_id": 2149,
            "timer_id": 16,
            "time_entry_id": 364,
            "version": 1,
            "started_at": MONDAY_NINE - HOUR,
        },
    }
    told = json.loads(stopped.body)
    assert (told["event_name"], told["created_at"]) == ("timer-stopped", MONDAY_NINE)
    assert told["metadata"]["stop_reason"] == "auto"
    assert told["metadata"]["total_time"] == 60
    assert len(told["metadata"]) <= 10
    assert not any(isinstance(value, (dict, list)) for value in told["metadata"].values())


def test_intercom_may_know_people_by_their_address(
    outside: Outside, connection: Connection
) -> None:
    outside.intercom_person = "email"
    with counted(connection) as calls:
        outside.fan_out(
            stream_record(None, RUNNING),
            stream_record(None, replace(RUNNING, id=17, person_id=1)),
        )
    assert calls == ["BatchGetItem", "BatchGetItem", "Query"]
    # Who has left the directory has no address.
    (told,) = bodies(outside)
    assert told["email"] == "8779@example.com"
    assert "user_id" not in told
