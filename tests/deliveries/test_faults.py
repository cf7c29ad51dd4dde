"""Event fan-out and webhook delivery lose no event when the process is killed at any call."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.clients.aws import client
from chalicelib.clients.http_client import WebhookClient
from chalicelib.clients.sqs import MAX_DELAY_SECONDS
from chalicelib.deliveries.model import WebhookResponse
from chalicelib.timers.model import Timer
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.event_services import EventServices
from tests.support.fault_injection import Killed
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, Fixtures
from tests.support.receiver import Receiver, status
from tests.support.stream_records import stream_record

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)
STOPPED = replace(RUNNING, stopped_at=MONDAY_NINE, version=2)
# Seconds. Longer than the visibility timeout of the queue, and than any retry delay in the tests.
LATER = MAX_DELAY_SECONDS


@dataclass
class KilledProcess:
    """A process that is killed at the network call number ``position``, counted from 0.

    It is killed before that call, or after it if ``kill_after_call``. A killed process makes no
    more calls.
    """

    position: int
    kill_after_call: bool
    calls: list[str] = field(default_factory=list)
    is_dead: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def run(self, name: str, call: Any) -> Any:
        with self._lock:
            if self.is_dead:
                raise Killed
            number = len(self.calls)
            self.calls.append(name)
            is_killed = number == self.position
            self.is_dead = is_killed
        if is_killed:
            if self.kill_after_call:
                call()
            raise Killed
        return call()


@contextmanager
def killing(
    event_services: EventServices, connection: Connection, process: KilledProcess
) -> Iterator[None]:
    """Send all network calls through ``process``."""
    region = event_services.settings.region
    with ExitStack() as stack:
        clients = [connection.client, client("sqs", region), client("secretsmanager", region)]
        for aws_client in clients:
            wrapped = _wrap(process, aws_client)
            stack.enter_context(patch.object(aws_client, "_make_api_call", wrapped))
        post = WebhookClient.post

        def wrapped_post(
            client: WebhookClient, url: str, body: bytes, headers: Mapping[str, str]
        ) -> WebhookResponse:
            response: WebhookResponse = process.run(
                "Post", lambda: post(client, url, body, headers)
            )
            return response

        stack.enter_context(patch.object(WebhookClient, "post", wrapped_post))
        yield


def _wrap(process: KilledProcess, aws_client: Any) -> Any:
    real = aws_client._make_api_call

    def call(operation: str, arguments: Any) -> Any:
        return process.run(operation, lambda: real(operation, arguments))

    return call


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    """Create the organizations and people."""


@pytest.mark.parametrize(
    "kill_after_call", [False, True], ids=["before the call", "after the call"]
)
def test_delivery_killed_at_any_call_loses_no_event(
    event_services: EventServices,
    connection: Connection,
    receiver: Receiver,
    clock: FakeClock,
    kill_after_call: bool,
) -> None:
    event_services.create_webhook(receiver.url)
    calls: set[str] = set()
    for position in range(100):
        records = [stream_record(None, RUNNING), stream_record(RUNNING, STOPPED)]
        event_services.fan_out(*records)
        expected = {delivery.event_id for delivery in event_services.queued()}
        # The first attempts fail and mark the webhook as failing. A success removes the mark.
        receiver.received.clear()
        receiver.responses = [status(500), status(500)]
        process = KilledProcess(position, kill_after_call)
        with killing(event_services, connection, process), suppress(Killed):
            event_services.deliver()
        calls.update(process.calls)
        for _ in range(4):
            clock.advance(LATER)
            event_services.deliver()
        assert event_services.queued() == event_services.dead() == [], f"killed at {position}"
        assert set(receiver.ids) == expected, f"killed at {position}"
        if not process.is_dead:
            break
    else:
        raise AssertionError("the process was killed at every position")
    assert calls == {
        "ReceiveMessage",
        "BatchGetItem",
        "GetSecretValue",
        "Post",
        "SendMessageBatch",
        "UpdateItem",
        "BatchWriteItem",
        "DeleteMessage",
    }


@pytest.mark.parametrize(
    "kill_after_call", [False, True], ids=["before the call", "after the call"]
)
def test_fan_out_killed_at_any_call_loses_no_event(
    event_services: EventServices, connection: Connection, receiver: Receiver, kill_after_call: bool
) -> None:
    event_services.create_webhook(receiver.url)
    invalid_record = stream_record(None, RUNNING)
    del invalid_record["dynamodb"]["NewImage"]["started_at"]
    calls: list[str] = []
    for position in range(100):
        records = [stream_record(None, RUNNING), invalid_record, stream_record(RUNNING, STOPPED)]
        process = KilledProcess(position, kill_after_call)
        with killing(event_services, connection, process), suppress(Killed):
            event_services.fan_out(*records)
        calls = process.calls
        # The stream delivers the same records again.
        if process.is_dead:
            event_services.fan_out(*records)
        before = len(receiver.received)
        event_services.deliver()
        assert len(set(receiver.ids[before:])) == 2, f"killed at {position}"
        assert event_services.texts(event_services.settings.failed_records_url), (
            f"killed at {position}"
        )
        if not process.is_dead:
            break
    assert calls == ["BatchGetItem", "Query", "SendMessageBatch", "SendMessageBatch"]


def test_duplicate_and_unordered_records_are_delivered_at_least_once(
    event_services: EventServices, receiver: Receiver, clock: FakeClock
) -> None:
    event_services.create_webhook(receiver.url)
    timers = [replace(RUNNING, id=number) for number in range(1, 16)]
    stops = [replace(timer, stopped_at=MONDAY_NINE, version=2) for timer in timers]
    records = [stream_record(None, timer) for timer in timers]
    records += [stream_record(*pair) for pair in zip(timers, stops, strict=True)]
    # Each record at least twice, in a mixed order.
    for record in [*records[::2], *records[::-1], *records[1::2]]:
        event_services.fan_out(record)
    receiver.responses = [status(500), status(429, Retry_After="60"), status(503)] * 5
    expected = {delivery.event_id for delivery in event_services.queued()}
    for _ in range(6):
        event_services.deliver()
        clock.advance(LATER)
    assert set(receiver.ids) == expected
    assert len(expected) == len(records)
    assert event_services.queued() == []
