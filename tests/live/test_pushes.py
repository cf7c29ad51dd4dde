"""Pushes of the event fan-out: one message to each connection of a person whose time changed."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.clients.websocket_connections import connection_sender
from chalicelib.core.dependencies import Dependencies
from chalicelib.events.fanout import EventFanoutReport, build_event_fanout
from chalicelib.live.model import OPENING_SECONDS
from chalicelib.live.pushes import MAX_SECONDS, LivePushes
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer
from tests.live.live import connection_ids, open_connection
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.event_services import EventServices
from tests.support.failing_calls import failing
from tests.support.fixtures import (
    DESIGN,
    KOLKATA,
    MEMBER,
    MEMBERS_ENTRY,
    STRANGER,
    ZAGREB,
)
from tests.support.stream_records import stream_record

URL = "https://hooks.example.com/"
TIMER = Timer(16, ZAGREB.id, MEMBER, MEMBERS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)
ENTRY = TimeEntry(
    MEMBERS_ENTRY, ZAGREB.id, MEMBER, DESIGN, "2026-03-02", MONDAY_NINE, MONDAY_NINE, MEMBER
)


class Sender:
    """Records messages; fails for some connections, or does not know them."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.unknown: set[str] = set()
        self.errors: dict[str, Exception] = {}

    def send(self, connection_id: str, text: str) -> bool:
        if connection_id in self.errors:
            raise self.errors[connection_id]
        if connection_id in self.unknown:
            return False
        self.sent.append((connection_id, json.loads(text)))
        return True

    def taken(self) -> list[tuple[str, list[str]]]:
        """Return the messages since the last call, by connection."""
        sent, self.sent = self.sent, []
        assert all(message.keys() == {"changed"} for _, message in sent)
        return sorted((connection_id, message["changed"]) for connection_id, message in sent)


@pytest.fixture
def sender(event_services: EventServices) -> Sender:
    created = Sender()
    event_services.send_live_update = created.send
    return created


@pytest.fixture(autouse=True)
def _connections(dependencies: Dependencies, admin: Api, member: Api, stranger: Api) -> None:
    for api, name in ((member, "phone"), (member, "laptop"), (admin, "admin"), (stranger, "far")):
        open_connection(dependencies, api, name)
    dependencies.sleep(OPENING_SECONDS)


def test_change_reaches_connections_of_its_person_only(
    event_services: EventServices, sender: Sender
) -> None:
    report = event_services.fan_out(stream_record(None, TIMER))
    assert sender.taken() == [("laptop", ["timers"]), ("phone", ["timers"])]
    assert (report.pushes, report.pushes_failed, report.failed) == (2, 0, ())
    # The person with this id in another organization is another one.
    far = replace(TIMER, organization_id=KOLKATA.id, person_id=STRANGER)
    event_services.fan_out(stream_record(None, far))
    assert sender.taken() == [("far", ["timers"])]
    event_services.fan_out(stream_record(None, replace(far, organization_id=ZAGREB.id)))
    assert sender.taken() == []


def test_changes_of_a_person_in_a_batch_are_one_message(
    event_services: EventServices, sender: Sender, connection: Connection
) -> None:
    stopped = replace(TIMER, stopped_at=MONDAY_NINE, version=2)
    others = [
        stream_record(None, replace(TIMER, id=1000 + number, person_id=MEMBER + 1000 + number))
        for number in range(20)
    ]
    with counted(connection) as calls:
        event_services.fan_out(
            stream_record(None, TIMER),
            stream_record(TIMER, stopped),
            stream_record(None, ENTRY),
            *others,
        )
    both = ["time_entries", "timers"]
    assert sender.taken() == [("laptop", both), ("phone", both)]
    # The last call reads the connections of all 21 people.
    assert calls[-1] == "BatchGetItem"
    assert calls.count("BatchGetItem") == 2


def test_changes_without_events_are_pushed(event_services: EventServices, sender: Sender) -> None:
    # Webhooks do not receive the number of timers of an entry.
    counted_entry = replace(ENTRY, timer_count=1, version=2)
    report = event_services.fan_out(stream_record(ENTRY, counted_entry))
    assert (report.events, report.pushes) == (0, 2)
    assert sender.taken() == [("laptop", ["time_entries"]), ("phone", ["time_entries"])]
    # Nor changes from before the stack was created again.
    event_services.settings = replace(event_services.settings, events_after=MONDAY_NINE + 1)
    report = event_services.fan_out(stream_record(TIMER, None))
    assert (report.events, report.skipped_records, report.pushes) == (0, 1, 2)


def test_entry_of_another_person_changes_for_both(
    event_services: EventServices, sender: Sender, admin: Api
) -> None:
    moved = replace(ENTRY, person_id=int(admin.get("/users").ids[0]), version=2)
    event_services.fan_out(stream_record(ENTRY, moved))
    assert [name for name, _ in sender.taken()] == ["admin", "laptop", "phone"]


def test_gone_connection_is_removed_and_others_stay(
    event_services: EventServices, sender: Sender, dependencies: Dependencies
) -> None:
    sender.unknown = {"laptop"}
    report = event_services.fan_out(stream_record(None, TIMER))
    assert sender.taken() == [("phone", ["timers"])]
    assert (report.pushes, report.pushes_failed) == (1, 0)
    assert connection_ids(dependencies) == ["phone"]


def test_connection_that_is_still_opening_is_not_removed(
    event_services: EventServices,
    sender: Sender,
    dependencies: Dependencies,
    member: Api,
    clock: FakeClock,
) -> None:
    """API Gateway opens a connection after it was stored, and until then says that it is gone."""
    open_connection(dependencies, member, "new")
    sender.unknown = {"new"}
    clock.advance(OPENING_SECONDS - 1)
    event_services.fan_out(stream_record(None, TIMER))
    assert "new" in connection_ids(dependencies)
    clock.advance(1)
    event_services.fan_out(stream_record(None, TIMER))
    assert "new" not in connection_ids(dependencies)


def test_connection_that_ended_by_time_gets_nothing(
    event_services: EventServices, sender: Sender, clock: FakeClock
) -> None:
    clock.advance(2 * HOUR)
    assert event_services.fan_out(stream_record(None, TIMER)).pushes == 0
    assert sender.taken() == []


ERRORS = (
    ReadTimeoutError(endpoint_url="https://live.stint.test"),
    ClientError({"Error": {"Code": "LimitExceededException"}}, "PostToConnection"),
    ClientError({"Error": {"Code": "ForbiddenException"}}, "PostToConnection"),
    RuntimeError("a bug"),
)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_failed_push_changes_nothing_about_webhooks(
    event_services: EventServices,
    sender: Sender,
    dependencies: Dependencies,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    event_services.create_webhook(URL, created_at=MONDAY_NINE)
    sender.errors = {"laptop": error}
    with caplog.at_level(logging.WARNING, "stint"):
        report = event_services.fan_out(stream_record(None, TIMER))
    assert (report.messages, report.failed, report.unreadable) == (1, (), 0)
    assert (report.pushes, report.pushes_failed) == (1, 1)
    assert len(event_services.queued()) == 1
    assert [record.message for record in caplog.records] == ["a live update was not pushed"]
    # It may be open all the same.
    assert connection_ids(dependencies) == ["laptop", "phone"]


@pytest.mark.parametrize("error", ["ThrottlingException", "AccessDeniedException"])
@pytest.mark.parametrize("operation", ["BatchGetItem", "UpdateItem"])
def test_failed_call_of_the_database_changes_nothing_about_webhooks(
    event_services: EventServices,
    sender: Sender,
    connection: Connection,
    operation: str,
    error: str,
) -> None:
    event_services.create_webhook(URL, created_at=MONDAY_NINE)
    sender.unknown = {"laptop"}
    # The first read is that of the organization.
    with failing(connection, operation, error, after=int(operation == "BatchGetItem")):
        report = event_services.fan_out(stream_record(None, TIMER))
    assert (report.messages, report.failed, len(event_services.queued())) == (1, (), 1)
    # Without the read nothing is sent; a connection that is not removed now is removed later.
    sent_and_failed = (0, 1) if operation == "BatchGetItem" else (1, 0)
    assert (report.pushes, report.pushes_failed) == sent_and_failed


def test_messages_to_webhooks_are_sent_before(
    event_services: EventServices, sender: Sender
) -> None:
    event_services.create_webhook(URL, created_at=MONDAY_NINE)
    queued: list[int] = []

    def send(connection_id: str, text: str) -> bool:
        queued.append(len(event_services.queued()))
        return sender.send(connection_id, text)

    event_services.send_live_update = send
    event_services.fan_out(stream_record(None, TIMER))
    assert queued == [1, 1]


def test_pushes_of_a_batch_end_after_some_seconds(
    event_services: EventServices,
    sender: Sender,
    dependencies: Dependencies,
    clock: FakeClock,
    member: Api,
) -> None:
    for number in range(10):
        open_connection(dependencies, member, f"c{number}")

    def send(connection_id: str, text: str) -> bool:
        clock.advance(MAX_SECONDS)
        return sender.send(connection_id, text)

    event_services.send_live_update = send
    report = event_services.fan_out(stream_record(None, TIMER))
    # No more than the threads began before the end.
    assert 1 <= report.pushes <= 8
    assert report.pushes + report.pushes_failed == 12


@contextmanager
def slow(connection: Connection, operation: str, clock: FakeClock) -> Iterator[None]:
    """Each call of an operation takes the time of a batch."""

    def wait(**_: Any) -> None:
        clock.advance(MAX_SECONDS)

    events, name = connection.client.meta.events, f"before-call.dynamodb.{operation}"
    events.register(name, wait)
    try:
        yield
    finally:
        events.unregister(name, wait)


def test_removals_of_a_batch_end_in_time_and_the_next_one_continues(
    event_services: EventServices,
    sender: Sender,
    dependencies: Dependencies,
    connection: Connection,
    clock: FakeClock,
    admin: Api,
) -> None:
    admin_id = int(admin.get("/users").ids[0])
    moved = stream_record(ENTRY, replace(ENTRY, person_id=admin_id, version=2))
    sender.unknown = {"admin", "laptop", "phone"}

    def stored() -> list[list[str]]:
        return [connection_ids(dependencies, person_id) for person_id in (admin_id, MEMBER)]

    with slow(connection, "UpdateItem", clock), counted(connection) as calls:
        event_services.fan_out(moved)
        assert calls.count("UpdateItem") == 1
        assert stored().count([]) == 1
        event_services.fan_out(moved)
    assert stored() == [[], []]


def test_nothing_is_sent_after_a_slow_read(
    event_services: EventServices, sender: Sender, connection: Connection, clock: FakeClock
) -> None:
    with slow(connection, "BatchGetItem", clock):
        report = event_services.fan_out(stream_record(None, TIMER))
    assert sender.taken() == []
    assert (report.pushes, report.pushes_failed) == (0, 2)


def test_invalid_record_is_moved_and_others_are_pushed(
    event_services: EventServices, sender: Sender
) -> None:
    invalid = stream_record(None, TIMER)
    invalid["dynamodb"]["NewImage"]["person_id"] = {"N": "nobody"}
    report = event_services.fan_out(invalid, stream_record(None, ENTRY))
    assert (report.unreadable, report.failed) == (1, ())
    assert sender.taken() == [("laptop", ["time_entries"]), ("phone", ["time_entries"])]


def test_no_sender_is_opened_without_connections(dependencies: Dependencies) -> None:
    def open_sender() -> Any:
        raise AssertionError

    pushes = LivePushes(dependencies, open_sender)
    assert pushes.push({(ZAGREB.id, 1): {"timers"}}).failed == 0
    assert pushes.push({}).failed == 0


def test_stage_without_live_updates_reads_no_connections(
    dependencies: Dependencies, connection: Connection
) -> None:
    settings = replace(dependencies.settings, live_url="")
    fanout = build_event_fanout(replace(dependencies, settings=settings))
    assert fanout.live_pushes is None
    with counted(connection) as calls:
        report: EventFanoutReport = fanout.run([stream_record(None, TIMER)])
    assert (calls.count("BatchGetItem"), report.pushes, report.pushes_failed) == (1, 0, 0)


@contextmanager
def management_api(statuses: Mapping[str, int]) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """An HTTP server in place of API Gateway: yields its ``ws://`` address and its requests."""
    received: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert "/execute-api/aws4_request" in self.headers["Authorization"]
            received.append((self.path, body))
            status = statuses.get(self.path.rpartition("/")[2], 200)
            self.send_response(status)
            if status == 410:
                self.send_header("x-amzn-ErrorType", "GoneException")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.server_address[1]}/live", received
        finally:
            server.shutdown()
            thread.join()


def test_api_gateway_gets_signed_requests(settings: Any) -> None:
    with management_api({"gone": 410, "broken": 500}) as (live_url, received):
        send = connection_sender(live_url, settings.region)
        assert send("dE_sdaXGoAMCEYQ=", '{"changed":["timers"]}')
        assert not send("gone", "{}")
        with pytest.raises(ClientError):
            send("broken", "{}")
    assert received == [
        ("/live/@connections/dE_sdaXGoAMCEYQ%3D", b'{"changed":["timers"]}'),
        ("/live/@connections/gone", b"{}"),
        # One attempt each.
        ("/live/@connections/broken", b"{}"),
    ]
