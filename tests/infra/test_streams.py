"""The local stand-in for Lambda's stream sources, on both engines."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.store.connection import table_name
from chalicelib.store.models import TallyModel
from chalicelib.store.store import Store
from chalicelib.store.transactions import Commit, LostRace
from infra.local.streams import Feed, Record, Stream, pumping
from tests.support.api import Api
from tests.support.world import ADMINS_ENTRY, MEMBERS_ENTRY


def keys(record: Record) -> tuple[str, str]:
    found = record["dynamodb"]["Keys"]
    return found["scope"]["S"], found["bucket"]["S"]


def wait_for(stream: Stream, count: int) -> list[Record]:
    records: list[Record] = []
    for _ in range(200):
        records += stream.read()
        if len(records) >= count:
            break
        time.sleep(0.02)
    return records


def test_a_stream_tells_what_was_written_and_nothing_twice(
    admin: Api, member: Api, open_stream: Callable[[str], Stream]
) -> None:
    stream = open_stream(table_name(TallyModel))
    admin.start(time_entry_id=ADMINS_ENTRY)
    member.start(time_entry_id=MEMBERS_ENTRY)
    records = wait_for(stream, 2)
    assert {keys(it) for it in records} == {
        ("2149#8779", "2026-03-02"),
        ("2149#8784", "2026-03-02"),
    }
    last = records[-1]["dynamodb"]
    assert last["NewImage"]["s32"] == {"N": "1"}
    assert stream.read() == []


def test_what_a_failed_transaction_wrote_is_not_told(
    admin: Api, open_stream: Callable[[str], Stream]
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    stream = open_stream(table_name(TallyModel))
    commit = Store.commit
    refused: list[LostRace] = []

    def commit_twice(store: Store, writes: Commit, token: str) -> None:
        commit(store, writes, token)
        try:
            commit(store, writes, f"{token[:30]}x")
        except LostRace as error:
            refused.append(error)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "commit", commit_twice)
        assert admin.stop(timer_id).status == 200
    assert len(refused) == 1
    records = wait_for(stream, 1)
    assert [it["dynamodb"]["NewImage"].get("e32") for it in records] == [{"N": "1"}]


class Listed:
    """A stream that says what it is told to say."""

    def __init__(self, *numbers: int) -> None:
        self._records: list[Record] = [
            {"eventName": "MODIFY", "dynamodb": {"Keys": {}, "SequenceNumber": str(number)}}
            for number in numbers
        ]

    def read(self) -> list[Record]:
        records, self._records = self._records, []
        return records


def numbers(event: dict[str, Any]) -> list[int]:
    return [int(it["dynamodb"]["SequenceNumber"]) for it in event["Records"]]


def test_a_failed_record_and_those_behind_it_come_again() -> None:
    seen: list[list[int]] = []

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        seen.append(numbers(event))
        failed = [3] if len(seen) == 1 else []
        return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in failed]}

    feed = Feed(Listed(1, 2, 3, 4), handler)
    assert [feed.run(), feed.run(), feed.run()] == [2, 2, 0]
    assert seen == [[1, 2, 3, 4], [3, 4]]


def test_a_record_that_always_fails_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    def handler(event: dict[str, Any]) -> dict[str, Any]:
        if 2 in numbers(event):
            raise ValueError("spoilt")
        return {}

    # The handler fails as a whole: what comes before the spoilt record waits with it.
    feed = Feed(Listed(2, 5), handler)
    taken = [feed.run() for _ in range(5)]
    assert taken == [0, 0, 0, 0, 1]
    assert "record given up" in caplog.text


def test_a_feed_hands_on_only_what_is_wanted() -> None:
    seen: list[int] = []

    def handler(event: dict[str, Any]) -> None:
        seen.extend(numbers(event))

    feed = Feed(Listed(1, 2, 3), handler, lambda it: it["dynamodb"]["SequenceNumber"] != "2")
    assert feed.run() == 2
    assert seen == [1, 3]


def test_pumping_runs_until_it_ends() -> None:
    seen: list[int] = []

    def handler(event: dict[str, Any]) -> None:
        seen.extend(numbers(event))

    with pumping([Feed(Listed(7), handler)], every_seconds=0.001):
        for _ in range(1_000):
            if seen:
                break
            time.sleep(0.001)
    assert seen == [7]
