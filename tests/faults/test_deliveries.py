"""Who fans out or delivers is killed at each of its calls, and begins again: nothing is lost."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.deliveries import Answer
from chalicelib.domain.timers import Timer
from chalicelib.outbound.clients import client
from chalicelib.outbound.posting import Poster
from chalicelib.outbound.queues import LONGEST_DELAY
from tests.support.chaos import Killed
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.outside import Outside
from tests.support.receiver import Receiver, status
from tests.support.stream_records import stream_record
from tests.support.world import ADMIN, ADMINS_ENTRY, ZAGREB, World

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)
STOPPED = replace(RUNNING, stopped_at=MONDAY_NINE, version=2)
# More than a killed worker's messages stay hidden for, and than anything here waits.
LATER = LONGEST_DELAY


@dataclass
class Mortal:
    """Lives until a call, counted from 0 over everything that leaves the process.

    It dies before that call, or after it, when what was asked for has happened; and a dead process
    makes no call any more.
    """

    position: int
    afterwards: bool
    calls: list[str] = field(default_factory=list)
    is_dead: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def through(self, name: str, call: Any) -> Any:
        with self._lock:
            if self.is_dead:
                raise Killed
            number = len(self.calls)
            self.calls.append(name)
            dies = number == self.position
            self.is_dead = dies
        if dies:
            if self.afterwards:
                call()
            raise Killed
        return call()


@contextmanager
def mortal(outside: Outside, connection: Connection, life: Mortal) -> Iterator[None]:
    region = outside.settings.region
    with ExitStack() as stack:
        clients = [connection.client, client("sqs", region), client("secretsmanager", region)]
        for it in clients:
            stack.enter_context(patch.object(it, "_make_api_call", _through(life, it)))
        post = Poster.post

        def posting(poster: Poster, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
            answer: Answer = life.through("Post", lambda: post(poster, url, body, headers))
            return answer

        stack.enter_context(patch.object(Poster, "post", posting))
        yield


def _through(life: Mortal, wrapped: Any) -> Any:
    real = wrapped._make_api_call

    def call(operation: str, arguments: Any) -> Any:
        return life.through(operation, lambda: real(operation, arguments))

    return call


@pytest.fixture(autouse=True)
def _world(world: World) -> None:
    """There are organizations and people."""


@pytest.mark.parametrize("afterwards", [False, True], ids=["before", "after"])
def test_a_worker_killed_at_any_call_loses_nothing(
    outside: Outside,
    connection: Connection,
    receiver: Receiver,
    clock: FakeClock,
    afterwards: bool,
) -> None:
    outside.create_webhook(receiver.url)
    walked: set[str] = set()
    for position in range(100):
        records = [stream_record(None, RUNNING), stream_record(RUNNING, STOPPED)]
        outside.fan_out(*records)
        expected = {it.event_id for it in outside.queued()}
        # The first is to come again, and marks the webhook; what succeeds takes the mark away.
        receiver.received.clear()
        receiver.answers = [status(500)]
        life = Mortal(position, afterwards)
        with mortal(outside, connection, life), suppress(Killed):
            outside.deliver()
        walked.update(life.calls)
        for _ in range(4):
            clock.advance(LATER)
            outside.deliver()
        assert outside.queued() == outside.dead() == [], f"killed at {position}"
        assert set(receiver.ids) == expected, f"killed at {position}"
        if not life.is_dead:
            break
    else:
        raise AssertionError("it never lived")
    assert walked == {
        "ReceiveMessage",
        "BatchGetItem",
        "GetSecretValue",
        "Post",
        "SendMessageBatch",
        "UpdateItem",
        "BatchWriteItem",
        "DeleteMessage",
    }


@pytest.mark.parametrize("afterwards", [False, True], ids=["before", "after"])
def test_a_fan_out_killed_at_any_call_loses_nothing(
    outside: Outside, connection: Connection, receiver: Receiver, afterwards: bool
) -> None:
    outside.create_webhook(receiver.url)
    bad = stream_record(None, RUNNING)
    del bad["dynamodb"]["NewImage"]["started_at"]
    walked: list[str] = []
    for position in range(100):
        records = [stream_record(None, RUNNING), bad, stream_record(RUNNING, STOPPED)]
        life = Mortal(position, afterwards)
        with mortal(outside, connection, life), suppress(Killed):
            outside.fan_out(*records)
        walked = life.calls
        # The stream gives the same records again.
        if life.is_dead:
            outside.fan_out(*records)
        before = len(receiver.received)
        outside.deliver()
        assert len(set(receiver.ids[before:])) == 2, f"killed at {position}"
        assert outside.texts(outside.settings.failed_records_url), f"killed at {position}"
        if not life.is_dead:
            break
    assert walked == ["BatchGetItem", "Query", "SendMessageBatch", "SendMessageBatch"]


def test_everything_twice_and_shuffled_arrives_at_least_once(
    outside: Outside, receiver: Receiver, clock: FakeClock
) -> None:
    outside.create_webhook(receiver.url)
    timers = [replace(RUNNING, id=number) for number in range(1, 16)]
    stops = [replace(it, stopped_at=MONDAY_NINE, version=2) for it in timers]
    records = [stream_record(None, it) for it in timers]
    records += [stream_record(*pair) for pair in zip(timers, stops, strict=True)]
    # An order that nobody would think of, twice.
    for record in [*records[::2], *records[::-1], *records[1::2]]:
        outside.fan_out(record)
    receiver.answers = [status(500), status(429, Retry_After="60"), status(503)] * 5
    expected = {it.event_id for it in outside.queued()}
    for _ in range(6):
        outside.deliver()
        clock.advance(LATER)
    assert set(receiver.ids) == expected
    assert len(expected) == len(records)
    assert outside.queued() == []
