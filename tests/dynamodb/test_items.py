"""Conversion of records to items and back, and the sort order of keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from chalicelib.core.idempotency import IdempotencyRecord
from chalicelib.core.ids import MAX_ID
from chalicelib.core.timestamps import MAX_TIMESTAMP
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.items import declared_entities, from_item, to_item
from chalicelib.dynamodb.pynamodb_adapter import table_schema
from chalicelib.timers.days import DaySessions
from chalicelib.timers.model import PersonState, StopReason, Timer
from chalicelib.timers.repository import TimerModel
from tests.support.samples import records

STORED = [record for record in records() if type(record) in declared_entities()]


@pytest.mark.parametrize("record", STORED, ids=lambda record: type(record).__name__)
def test_record_equals_itself_after_conversion_to_an_item_and_back(record: Any) -> None:
    item = to_item(record)
    assert from_item(type(record), item.serialize()) == record


def test_every_record_class_has_an_example() -> None:
    # Their attributes are not their fields.
    with_reader = {PersonState, IdempotencyRecord, DaySessions}
    # tests/support/example_resource declares an entity of its own, where a test imports it.
    declared = {
        entity for entity in declared_entities() if not entity.__module__.startswith("tests.")
    }
    assert {type(record) for record in STORED} == declared - with_reader


@pytest.mark.parametrize("record", STORED, ids=lambda record: type(record).__name__)
def test_every_field_is_an_attribute_of_the_model(record: Any) -> None:
    attributes = to_item(record).get_attributes()
    assert {field.name for field in fields(record)} <= attributes.keys()


def test_only_running_timers_are_in_the_running_index() -> None:
    running_timer = Timer(8, 2149, 8779, 364, 1000, 2000)
    stopped_timer = replace(running_timer, stopped_at=1500, stop_reason=StopReason.AUTO)
    stopped, running = (to_item(timer).serialize() for timer in (stopped_timer, running_timer))
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
