"""The local replacement for Lambda's stream event sources, on moto and on DynamoDB Local."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from chalicelib.core.write_set import ConcurrentModification
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.database import Database
from tests.support.api import Api
from tests.support.fixtures import ADMINS_ENTRY, MEMBERS_ENTRY
from tests.support.receiver import eventually
from tools.devserver.stream_feed import Feed, Record, Stream, running_feeds


def keys(record: Record) -> tuple[str, str]:
    key = record["dynamodb"]["Keys"]
    return key["scope"]["S"], key["bucket"]["S"]


def wait_for(stream: Stream, count: int) -> list[Record]:
    records: list[Record] = []
    for _ in range(200):
        records += stream.read()
        if len(records) >= count:
            break
        time.sleep(0.02)
    return records


def test_stream_returns_each_written_record_once(
    admin: Api, member: Api, open_stream: Callable[[str], Stream]
) -> None:
    stream = open_stream(table_name(CounterModel))
    admin.start(time_entry_id=ADMINS_ENTRY)
    member.start(time_entry_id=MEMBERS_ENTRY)
    records = wait_for(stream, 2)
    assert {keys(record) for record in records} == {
        ("2149#8779", "2026-03-02"),
        ("2149#8784", "2026-03-02"),
    }
    last = records[-1]["dynamodb"]
    assert last["NewImage"]["s32"] == {"N": "1"}
    assert stream.read() == []


def test_stream_has_no_records_of_a_failed_transaction(
    admin: Api, open_stream: Callable[[str], Stream]
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    stream = open_stream(table_name(CounterModel))
    commit = Database.commit
    conflicts: list[ConcurrentModification] = []

    def commit_twice(database: Database, writes: Iterable[Any], token: str) -> None:
        commit(database, writes, token)
        try:
            commit(database, writes, f"{token[:30]}x")
        except ConcurrentModification as error:
            conflicts.append(error)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Database, "commit", commit_twice)
        assert admin.stop(timer_id).status == 200
    assert len(conflicts) == 1
    records = wait_for(stream, 1)
    assert [record["dynamodb"]["NewImage"].get("e32") for record in records] == [{"N": "1"}]


class FakeStream:
    """A stream with one record per given sequence number."""

    def __init__(self, *numbers: int) -> None:
        self._records: list[Record] = [
            {"eventName": "MODIFY", "dynamodb": {"Keys": {}, "SequenceNumber": str(number)}}
            for number in numbers
        ]

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records

    def processed(self, records: Sequence[dict[str, Any]]) -> None:
        pass


def sequence_numbers(event: dict[str, Any]) -> list[int]:
    return [int(record["dynamodb"]["SequenceNumber"]) for record in event["Records"]]


def test_failed_record_and_the_following_ones_are_retried() -> None:
    received: list[list[int]] = []

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        received.append(sequence_numbers(event))
        failed = [3] if len(received) == 1 else []
        return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in failed]}

    feed = Feed(FakeStream(1, 2, 3, 4), handler)
    assert [feed.run(), feed.run(), feed.run()] == [2, 2, 0]
    assert received == [[1, 2, 3, 4], [3, 4]]


def test_record_that_always_fails_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    def handler(event: dict[str, Any]) -> dict[str, Any]:
        if 2 in sequence_numbers(event):
            raise ValueError("invalid record")
        return {}

    # The handler raises, so the whole batch is retried.
    feed = Feed(FakeStream(2, 5), handler)
    record_counts = [feed.run() for _ in range(5)]
    assert record_counts == [0, 0, 0, 0, 1]
    assert "record skipped after all attempts" in caplog.text


def test_feed_passes_only_matching_records() -> None:
    received: list[int] = []

    def handler(event: dict[str, Any]) -> None:
        received.extend(sequence_numbers(event))

    feed = Feed(
        FakeStream(1, 2, 3), handler, lambda record: record["dynamodb"]["SequenceNumber"] != "2"
    )
    assert feed.run() == 2
    assert received == [1, 3]


def test_feeds_run_until_the_context_ends() -> None:
    received: list[int] = []

    def handler(event: dict[str, Any]) -> None:
        received.extend(sequence_numbers(event))

    with running_feeds([Feed(FakeStream(7), handler)], every_seconds=0.001):
        for _ in range(1_000):
            if received:
                break
            time.sleep(0.001)
    assert received == [7]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs POSIX")
def test_times_do_not_depend_on_the_time_zone_of_the_machine(
    admin: Api, open_stream: Callable[[str], Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    times: list[float] = []

    def handler(event: dict[str, Any]) -> None:
        times.extend(
            record["dynamodb"]["ApproximateCreationDateTime"] for record in event["Records"]
        )

    feed = Feed(open_stream(table_name(CounterModel)), handler)
    try:
        admin.start(time_entry_id=ADMINS_ENTRY)
        assert eventually(lambda: bool(feed.run()))
    finally:
        monkeypatch.undo()
        time.tzset()
    # DynamoDB Local rounds down to the minute.
    assert all(abs(at - time.time()) < 120 for at in times)


def test_handler_gets_times_as_numbers(admin: Api, open_stream: Callable[[str], Stream]) -> None:
    times: list[Any] = []

    def handler(event: dict[str, Any]) -> None:
        times.extend(
            record["dynamodb"]["ApproximateCreationDateTime"] for record in event["Records"]
        )

    feed = Feed(open_stream(table_name(CounterModel)), handler)
    admin.start(time_entry_id=ADMINS_ENTRY)
    for _ in range(200):
        if feed.run():
            break
        time.sleep(0.02)
    assert times
    assert all(isinstance(at, (int, float)) for at in times)
