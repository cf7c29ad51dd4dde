"""Conversion of records to items and back, and the sort order of keys."""

from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.ids import MAX_ID
from chalicelib.core.timestamps import LAST_INSTANT
from chalicelib.domain.directory import (
    ApiToken,
    Claim,
    Organization,
    Person,
    Role,
    Service,
    Token,
    TokenList,
)
from chalicelib.domain.timers import StopReason, TimeEntry, Timer, TrackMethod
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.items import Record, model_of, read_noun
from chalicelib.dynamodb.tables import TimerModel
from chalicelib.events.rules import EventType
from chalicelib.time_entries.rules import Act, Revision
from chalicelib.webhooks.model import PausedReason, Webhook, WebhookState

FULL: list[Record] = [
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
    Revision(5, 2149, 364, 8779, Act.UPDATED, 7, {"time": 4, "note": None}, {"time": 5}),
    Organization(2149, "Adriatic", "Europe/Zagreb", 3600),
    Person(8779, 2149, "Ana", "Horvat", "ana@x.example", Role.ADMIN, 5, "CEO", "an", "http://x", 9),
    Service(1294, 2149, "Design", False, False, 3, 11, 12),
    Token("d" * 64, 2149, 8779, Role.MEMBER, "phone", 99),
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
    TokenList(8779, 2149, 3, (ApiToken(5, 2149, 8779, "téléphone", "d" * 64, 1, 99),)),
    Claim("email:ana@x.example", 2149, 8779),
]


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
def test_record_equals_itself_after_conversion_to_an_item_and_back(record: Any) -> None:
    item = model_of(record)
    assert read_noun(type(record), item.serialize()) == record


def test_every_record_class_has_an_example() -> None:
    assert {type(record) for record in FULL} == set(get_args(Record))


@pytest.mark.parametrize("record", FULL, ids=lambda record: type(record).__name__)
def test_every_field_is_an_attribute_of_the_model(record: Any) -> None:
    attributes = model_of(record).get_attributes()
    assert {field.name for field in fields(record)} <= attributes.keys()


def test_only_running_timers_are_in_the_running_index() -> None:
    stopped, running = (model_of(record).serialize() for record in FULL[:2])
    assert "running_shard" not in stopped
    assert "auto_stop_key" not in stopped
    assert running["auto_stop_key"] == {"S": "0000002000#0000000000000008"}
    assert running["stopped_key"] == {"S": "9999999999#0000000000000008"}


def test_running_timers_are_distributed_over_all_shards() -> None:
    assert {keys.shard(timer_id) for timer_id in range(100)} == {
        str(shard) for shard in range(keys.RUNNING_SHARDS)
    }


timestamps = st.integers(0, LAST_INSTANT)
ids = st.integers(1, MAX_ID)


@given(st.tuples(timestamps, ids), st.tuples(timestamps, ids))
def test_sort_keys_sort_like_numbers(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (keys.at(*one) < keys.at(*other)) == (one < other)


@given(timestamps, ids)
def test_running_timer_sorts_after_every_stopped_timer(timestamp: int, timer_id: int) -> None:
    assert keys.begin(timestamp) < keys.at(timestamp, timer_id) < keys.begin(timestamp + 1)
    assert keys.at(timestamp, MAX_ID) < keys.at(None, 1)


def test_counter_bucket_is_the_date_of_the_day() -> None:
    assert keys.tally_bucket(0) == "1970-01-01"
    assert keys.tally_bucket(20_781) == "2026-11-24"


def test_timers_table_declares_the_expected_indexes() -> None:
    schema = TimerModel._get_schema()
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
