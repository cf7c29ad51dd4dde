"""Conversion of records to items and back, and the sort order of keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens
from chalicelib.core.idempotency import IdempotencyRecord
from chalicelib.core.ids import MAX_ID
from chalicelib.core.timestamps import MAX_TIMESTAMP
from chalicelib.deliveries.model import DeliveryAttempt, DeliveryStatus
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.items import declared_entities, from_item, to_item
from chalicelib.dynamodb.pynamodb_adapter import table_schema
from chalicelib.events.model import EventType
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person, Role, UniqueConstraint
from chalicelib.services.model import Service
from chalicelib.time_entries.model import Revision, RevisionAction, TimeEntry, TrackMethod
from chalicelib.timers.model import PersonState, StopReason, Timer
from chalicelib.timers.repository import TimerModel
from chalicelib.webhooks.model import PausedReason, Webhook, WebhookState

FULL: list[Any] = [
    Timer(7, 2149, 8779, 364, 1000, 2000, 1500, StopReason.AUTO, 3),
    Timer(8, 2149, 8779, 364, 1000, 2000),
    TimeEntry(
        364,
        2149,
        8779,
        1294,
        "2026-03-02",
        created_at=1,
        updated_at=2,
        creator_id=8784,
        billable=False,
        billable_minutes=5,
        note="ünïcode",
        track_method=TrackMethod.BOTH,
        tracked_seconds=90,
        adjusted_seconds=-30,
        timer_count=2,
        running_timer_id=7,
        latest_timer_id=7,
        timer_started_at=10,
        timer_stopped_at=20,
        version=4,
        deleted_at=30,
    ),
    Revision(5, 2149, 364, 8779, RevisionAction.UPDATED, 7, {"time": 4, "note": None}, {"time": 5}),
    Organization(2149, "Adriatic", "Europe/Zagreb", 3600),
    Person(8779, 2149, "Ana", "Horvat", "ana@x.example", Role.ADMIN, 5, "CEO", "an", "http://x", 9),
    Service(1294, 2149, "Design", False, False, 3, 11, 12),
    Credential("d" * 64, 2149, 8779, Role.MEMBER, "phone", 99),
    Webhook(
        77,
        2149,
        "payroll",
        "https://hooks.example.com/stint",
        (EventType.TIMER_STOPPED, EventType.TIMER_STARTED),
        created_at=1,
        updated_at=2,
        state=WebhookState.PAUSED,
        paused_reason=PausedReason.FAILING,
        paused_at=3,
        secret_number=4,
        oldest_secret_number=3,
        rotated_at=5,
        failing_since=6,
        version=7,
    ),
    PersonTokens(8779, 2149, 3, (ApiToken(5, 2149, 8779, "téléphone", "d" * 64, 1, 99),)),
    UniqueConstraint("email:ana@x.example", 2149, 8779),
    DeliveryAttempt(
        5, 2149, 77, "e1", "timer.started", 2, 9, DeliveryStatus.GIVEN_UP, 500, "down", "{}", 99
    ),
]


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
def test_record_equals_itself_after_conversion_to_an_item_and_back(record: Any) -> None:
    item = to_item(record)
    assert from_item(type(record), item.serialize()) == record


def test_every_record_class_has_an_example() -> None:
    with_reader = {PersonState, IdempotencyRecord}  # Their attributes are not their fields.
    # tests/support/example_resource declares an entity of its own, where a test imports it.
    declared = {
        entity for entity in declared_entities() if not entity.__module__.startswith("tests.")
    }
    assert {type(record) for record in FULL} == declared - with_reader


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
def test_every_field_is_an_attribute_of_the_model(record: Any) -> None:
    attributes = to_item(record).get_attributes()
    assert {field.name for field in fields(record)} <= attributes.keys()


def test_only_running_timers_are_in_the_running_index() -> None:
    stopped, running = (to_item(record).serialize() for record in FULL[:2])
    assert "running_shard" not in stopped
    assert "auto_stop_key" not in stopped
    assert running["auto_stop_key"] == {"S": "0000002000#0000000000000008"}
    assert running["stopped_key"] == {"S": "9999999999#0000000000000008"}


def test_running_timers_are_distributed_over_all_shards() -> None:
    assert {keys.shard(timer_id) for timer_id in range(100)} == {
        str(shard) for shard in range(keys.RUNNING_SHARDS)
    }


timestamps = st.integers(0, MAX_TIMESTAMP)
ids = st.integers(1, MAX_ID)


@given(st.tuples(timestamps, ids), st.tuples(timestamps, ids))
def test_sort_keys_sort_like_numbers(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (keys.timestamp_key(*one) < keys.timestamp_key(*other)) == (one < other)


@given(timestamps, ids)
def test_running_timer_sorts_after_every_stopped_timer(timestamp: int, timer_id: int) -> None:
    assert (
        keys.timestamp_prefix(timestamp)
        < keys.timestamp_key(timestamp, timer_id)
        < keys.timestamp_prefix(timestamp + 1)
    )
    assert keys.timestamp_key(timestamp, MAX_ID) < keys.timestamp_key(None, 1)


def test_counter_bucket_is_the_date_of_the_day() -> None:
    assert keys.day_bucket_name(0) == "1970-01-01"
    assert keys.day_bucket_name(20_781) == "2026-11-24"


def test_timers_table_declares_the_expected_indexes() -> None:
    schema = table_schema(TimerModel)
    names = [index["index_name"] for index in schema["global_secondary_indexes"]]
    assert sorted(names) == [
        "by_organization_started",
        "by_organization_stopped",
        "by_person",
        "by_time_entry",
        "running",
    ]
    assert all(
        index["projection"] == {"ProjectionType": "ALL"}
        for index in schema["global_secondary_indexes"]
    )
