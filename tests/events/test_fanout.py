"""Event fan-out: from stream records to messages in the queue."""

import json
import random
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.clients.aws import client
from chalicelib.clients.sqs import MAX_BODY_BYTES
from chalicelib.core.dependencies import Dependencies
from chalicelib.events.fanout import build_event_fanout
from chalicelib.events.model import EventType
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import StopReason, Timer
from chalicelib.webhooks.model import PausedReason, WebhookState
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.event_services import EventServices
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, DESIGN, KOLKATA, STRANGER, ZAGREB, Fixtures
from tests.support.stream_records import stream_record

URL = "https://hooks.example.com/"

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)
STOPPED = replace(RUNNING, stopped_at=MONDAY_NINE, stop_reason=StopReason.AUTO, version=2)
ENTRY = TimeEntry(
    ADMINS_ENTRY, ZAGREB.id, ADMIN, DESIGN, "2026-03-02", MONDAY_NINE, MONDAY_NINE, ADMIN
)


@pytest.fixture(autouse=True)
def _organizations_and_people(fixtures: Fixtures) -> None:
    """Create organizations and people."""


def bodies(event_services: EventServices) -> list[dict[str, Any]]:
    return [json.loads(delivery.body) for delivery in event_services.queued()]


def test_start_and_stop_events_contain_the_api_representation(
    event_services: EventServices,
) -> None:
    webhook = event_services.create_webhook(URL)
    report = event_services.fan_out(stream_record(None, RUNNING), stream_record(RUNNING, STOPPED))
    assert (report.records, report.events, report.messages, report.failed) == (2, 2, 2, ())
    started, stopped = bodies(event_services)
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
    assert [delivery.webhook_id for delivery in event_services.queued()] == [webhook.id] * 2
    assert [delivery.event_id for delivery in event_services.queued()] == [
        started["id"],
        stopped["id"],
    ]


def test_event_resource_equals_the_api_response(
    event_services: EventServices, admin: Api, fixtures: Fixtures
) -> None:
    event_services.create_webhook(URL)
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    timer = fixtures.database.get(Timer, ZAGREB.id, int(timer_id))
    assert timer is not None
    event_services.fan_out(stream_record(None, timer))
    (body,) = bodies(event_services)
    assert body["data"] == admin.get(f"/timers/{timer_id}?include=time_entry").data


def test_entry_event_is_sent_only_for_a_visible_change(event_services: EventServices) -> None:
    webhook = event_services.create_webhook(URL)
    with_note = replace(ENTRY, note="lunch", version=2, updated_at=MONDAY_NINE + 1)
    with_timer = replace(with_note, timer_count=1, version=3, updated_at=MONDAY_NINE + 2)
    event_services.fan_out(
        stream_record(None, ENTRY),
        stream_record(ENTRY, with_note),
        stream_record(with_note, with_timer),
        stream_record(with_timer, None),
    )
    events = [
        json.loads(delivery.body)
        for delivery in event_services.queued()
        if delivery.webhook_id == webhook.id
    ]
    assert [(event["type"], event["version"]) for event in events] == [
        ("time_entry.created", 1),
        ("time_entry.updated", 2),
        ("time_entry.deleted", 4),
    ]
    assert events[1]["data"]["attributes"]["note"] == "lunch"
    assert events[1]["data"]["relationships"]["service"] == {
        "data": {"type": "services", "id": str(DESIGN)}
    }
    assert events[1]["timestamp"] == "2026-03-02T09:00:01.000+01:00"


def test_each_subscribed_webhook_gets_one_message_per_event(event_services: EventServices) -> None:
    all_events = event_services.create_webhook(URL)
    start_events = event_services.create_webhook(URL, EventType.TIMER_STARTED)
    event_services.create_webhook(
        URL, state=WebhookState.PAUSED, paused_reason=PausedReason.BY_HAND, paused_at=1
    )
    event_services.create_webhook(URL, organization_id=KOLKATA.id)
    event_services.fan_out(stream_record(None, RUNNING), stream_record(RUNNING, STOPPED))
    assert [(delivery.event_type, delivery.webhook_id) for delivery in event_services.queued()] == [
        ("timer.started", all_events.id),
        ("timer.started", start_events.id),
        ("timer.stopped", all_events.id),
    ]
    first, second, _ = event_services.queued()
    assert first.event_id == second.event_id


def test_webhook_receives_events_of_its_own_organization_only(
    event_services: EventServices,
) -> None:
    own_webhook = event_services.create_webhook(URL)
    other_webhook = event_services.create_webhook(URL, organization_id=KOLKATA.id)
    other_timer = replace(RUNNING, organization_id=KOLKATA.id, person_id=STRANGER)
    event_services.fan_out(stream_record(None, RUNNING), stream_record(None, other_timer))
    events = {
        delivery.webhook_id: json.loads(delivery.body) for delivery in event_services.queued()
    }
    assert events[own_webhook.id]["organization_id"] == ZAGREB.id
    assert events[other_webhook.id]["organization_id"] == KOLKATA.id
    assert events[other_webhook.id]["timestamp"].endswith("+05:30")


def test_new_webhook_receives_the_next_event(event_services: EventServices) -> None:
    event_services.fan_out(stream_record(None, RUNNING))
    assert event_services.queued() == []
    event_services.create_webhook(URL)
    event_services.fan_out(stream_record(RUNNING, STOPPED))
    assert len(event_services.queued()) == 1


def test_webhook_receives_no_event_from_before_it_existed(event_services: EventServices) -> None:
    first = event_services.create_webhook(URL, created_at=MONDAY_NINE)
    second = event_services.create_webhook(URL, created_at=MONDAY_NINE + 1)
    changes = [stream_record(RUNNING, STOPPED, MONDAY_NINE + seconds) for seconds in (-1, 0, 1)]
    report = event_services.fan_out(*changes)
    assert [delivery.webhook_id for delivery in event_services.queued()] == [
        first.id,
        first.id,
        second.id,
    ]
    assert (report.events, report.messages, report.skipped_messages) == (3, 3, 3)


def test_webhook_that_was_resumed_receives_what_it_would_have_received(
    event_services: EventServices,
) -> None:
    event_services.create_webhook(URL, created_at=MONDAY_NINE, updated_at=MONDAY_NINE + HOUR)
    report = event_services.fan_out(stream_record(None, RUNNING, MONDAY_NINE + 1))
    assert (report.messages, report.skipped_messages) == (1, 0)


def test_backdated_start_is_received(event_services: EventServices) -> None:
    """A phone that was offline sends the start later: the time of the change counts."""
    event_services.create_webhook(URL, created_at=MONDAY_NINE)
    assert RUNNING.started_at < MONDAY_NINE
    assert event_services.fan_out(stream_record(None, RUNNING, MONDAY_NINE + 1)).messages == 1


def test_new_stack_on_retained_tables_does_not_send_events_again(
    event_services: EventServices,
) -> None:
    event_services.create_webhook(URL, created_at=1)
    event_services.settings = replace(event_services.settings, events_after=MONDAY_NINE)
    event_services.intercom_person = "user_id"
    # Not even an unreadable record of the earlier stack is moved to the failure queue again.
    invalid = _record_with_invalid_id()
    invalid["dynamodb"]["ApproximateCreationDateTime"] = MONDAY_NINE - 0.5
    report = event_services.fan_out(
        stream_record(None, RUNNING, MONDAY_NINE - 1),
        invalid,
        stream_record(RUNNING, STOPPED, MONDAY_NINE),
    )
    # One message for the webhook, and one for Intercom.
    assert [delivery.event_type for delivery in event_services.queued()] == ["timer.stopped"] * 2
    assert (report.records, report.events, report.messages) == (3, 1, 2)
    assert (report.skipped_records, report.unreadable, report.failed) == (2, 0, ())


def test_setting_reaches_the_event_fanout(dependencies: Dependencies) -> None:
    settings = replace(dependencies.settings, events_after=MONDAY_NINE)
    fanout = build_event_fanout(replace(dependencies, settings=settings))
    assert fanout.events_after == MONDAY_NINE


def test_duplicate_and_reordered_records_produce_the_same_event_ids(
    event_services: EventServices,
) -> None:
    event_services.create_webhook(URL)
    entries = [replace(ENTRY, note=str(number), version=number) for number in range(1, 9)]
    records = [
        stream_record(None, RUNNING),
        stream_record(RUNNING, STOPPED),
        *(stream_record(*pair) for pair in zip([None, *entries], entries, strict=False)),
    ]
    event_ids = {
        event_id for record in records for event_id in _sent_event_ids(event_services, record)
    }
    assert len(event_ids) == len(records)
    shuffled = records * 2
    random.Random(7).shuffle(shuffled)  # noqa: S311
    # A Lambda batch never contains the same sequence number twice.
    for record in shuffled:
        event_services.fan_out(record)
    sent_ids = [delivery.event_id for delivery in event_services.queued()]
    assert set(sent_ids) == event_ids
    assert all(sent_ids.count(event_id) == 3 for event_id in event_ids)


def _sent_event_ids(event_services: EventServices, record: dict[str, Any]) -> list[str]:
    before = len(event_services.queued())
    event_services.fan_out(record)
    return [delivery.event_id for delivery in event_services.queued()[before:]]


def _record_without_attribute() -> dict[str, Any]:
    record = stream_record(None, RUNNING)
    del record["dynamodb"]["NewImage"]["started_at"]
    return record


def _record_with_invalid_id() -> dict[str, Any]:
    record = stream_record(None, RUNNING)
    record["dynamodb"]["NewImage"]["id"] = {"N": "sixteen"}
    return record


def _record_of_another_table() -> dict[str, Any]:
    record = stream_record(None, RUNNING)
    return {**record, "eventSourceARN": record["eventSourceARN"].replace("timers", "person_state")}


def _record_of_unknown_organization() -> dict[str, Any]:
    return stream_record(None, replace(RUNNING, organization_id=9))


@pytest.mark.parametrize(
    "create_record",
    [
        _record_without_attribute,
        _record_with_invalid_id,
        _record_of_another_table,
        _record_of_unknown_organization,
    ],
)
def test_unreadable_record_is_moved_to_the_failed_records_queue(
    event_services: EventServices, create_record: Any
) -> None:
    event_services.create_webhook(URL)
    unreadable = create_record()
    report = event_services.fan_out(
        stream_record(None, RUNNING), unreadable, stream_record(RUNNING, STOPPED)
    )
    assert (report.unreadable, report.messages, report.failed) == (1, 2, ())
    (stored,) = event_services.texts(event_services.settings.failed_records_url)
    assert json.loads(stored) == unreadable


def test_oversized_unreadable_record_is_reduced_to_its_keys(event_services: EventServices) -> None:
    event_services.create_webhook(URL)
    unreadable = stream_record(None, replace(ENTRY, note="x" * MAX_BODY_BYTES))
    del unreadable["dynamodb"]["NewImage"]["created_at"]
    event_services.fan_out(unreadable)
    (stored,) = event_services.texts(event_services.settings.failed_records_url)
    assert json.loads(stored)["dynamodb"]["Keys"] == unreadable["dynamodb"]["Keys"]


def test_oversized_event_contains_only_the_resource_identifier(
    event_services: EventServices,
) -> None:
    event_services.create_webhook(URL)
    entries = [replace(ENTRY, id=number, note='"' * 150_000) for number in range(1, 4)]
    report = event_services.fan_out(*(stream_record(None, entry) for entry in entries))
    assert report.messages == 3
    assert [body["data"] for body in bodies(event_services)] == [
        {"id": str(entry.id), "type": "time_entries", "meta": {"truncated": True}}
        for entry in entries
    ]


def test_many_large_events_are_split_into_several_calls(event_services: EventServices) -> None:
    event_services.create_webhook(URL)
    entries = [replace(ENTRY, id=number, note="x" * 90_000) for number in range(1, 30)]
    report = event_services.fan_out(*(stream_record(None, entry) for entry in entries))
    assert (report.messages, report.failed) == (29, ())


def test_records_are_retried_when_the_database_is_unavailable(
    event_services: EventServices, connection: Connection
) -> None:
    event_services.create_webhook(URL)
    record = stream_record(None, RUNNING)
    number = record["dynamodb"]["SequenceNumber"]
    for operation in ("BatchGetItem", "Query"):
        with failing(connection, operation, "ThrottlingException"):
            assert event_services.fan_out(record).failed == (number,)
    assert event_services.queued() == []
    assert event_services.fan_out(record).failed == ()
    assert len(event_services.queued()) == 1


def test_records_are_retried_when_the_queue_is_unavailable(
    event_services: EventServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_services.create_webhook(URL)
    valid, unreadable = stream_record(None, RUNNING), _record_without_attribute()
    numbers = tuple(record["dynamodb"]["SequenceNumber"] for record in (valid, unreadable))
    sqs = client("sqs", event_services.settings.region)
    with monkeypatch.context() as patched:
        patched.setattr(sqs, "_make_api_call", _unreachable)
        assert event_services.fan_out(valid, unreadable).failed == numbers
    with monkeypatch.context() as patched:
        patched.setattr(sqs, "_make_api_call", _all_entries_failed)
        assert event_services.fan_out(valid, unreadable).failed == numbers


def _unreachable(operation: str, arguments: Any) -> Any:
    from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415

    assert operation == "SendMessageBatch", arguments
    raise EndpointConnectionError(endpoint_url="https://sqs.test")


def _all_entries_failed(operation: str, arguments: Any) -> Any:
    assert operation == "SendMessageBatch"
    return {"Failed": [{"Id": entry["Id"], "SenderFault": False} for entry in arguments["Entries"]]}


def test_batch_takes_at_most_two_calls_per_organization(
    event_services: EventServices, connection: Connection
) -> None:
    event_services.create_webhook(URL)
    records = [stream_record(None, replace(RUNNING, id=number)) for number in range(1, 101)]
    with counted(connection) as calls:
        event_services.fan_out(*records)
    assert calls == ["BatchGetItem", "Query"]
    with counted(connection) as calls:
        event_services.fan_out(stream_record(STOPPED, replace(STOPPED, version=3)))
    assert calls == []


def test_intercom_receives_timer_events_when_configured(event_services: EventServices) -> None:
    event_services.fan_out(stream_record(None, RUNNING))
    assert event_services.queued() == []
    event_services.intercom_person = "user_id"
    event_services.fan_out(
        stream_record(None, RUNNING),
        stream_record(RUNNING, STOPPED),
        stream_record(None, ENTRY),
    )
    started, stopped = event_services.queued()
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
    stop_event = json.loads(stopped.body)
    assert (stop_event["event_name"], stop_event["created_at"]) == ("timer-stopped", MONDAY_NINE)
    assert stop_event["metadata"]["stop_reason"] == "auto"
    assert stop_event["metadata"]["total_time"] == 60
    assert len(stop_event["metadata"]) <= 10
    assert not any(isinstance(value, (dict, list)) for value in stop_event["metadata"].values())


def test_intercom_receives_changes_deletions_and_reminders(event_services: EventServices) -> None:
    event_services.intercom_person = "user_id"
    reminded = replace(RUNNING, remind_at=MONDAY_NINE, reminded_at=MONDAY_NINE + 60)
    later = replace(STOPPED, started_at=MONDAY_NINE - 60, version=3)
    event_services.fan_out(
        stream_record(replace(RUNNING, remind_at=MONDAY_NINE), reminded),
        stream_record(STOPPED, later),
        stream_record(later, None),
    )
    events = bodies(event_services)
    assert [(event["event_name"], event["created_at"]) for event in events] == [
        ("timer-still-running", MONDAY_NINE + 60),
        ("timer-updated", MONDAY_NINE),
        ("timer-deleted", MONDAY_NINE),
    ]
    assert "stopped_at" not in events[0]["metadata"]
    assert [event["metadata"].get("total_time") for event in events] == [None, 1, 1]
    assert [event["metadata"]["version"] for event in events] == [1, 3, 4]
    assert all(len(event["metadata"]) <= 10 for event in events)


def test_intercom_can_identify_people_by_email(
    event_services: EventServices, connection: Connection
) -> None:
    event_services.intercom_person = "email"
    with counted(connection) as calls:
        event_services.fan_out(
            stream_record(None, RUNNING),
            stream_record(None, replace(RUNNING, id=17, person_id=1)),
        )
    assert calls == ["BatchGetItem", "BatchGetItem", "Query"]
    # A person who left the organization has no email address, so there is no message.
    (event,) = bodies(event_services)
    assert event["email"] == "8779@example.com"
    assert "user_id" not in event
