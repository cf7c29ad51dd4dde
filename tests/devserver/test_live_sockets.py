"""Live updates of the local server, with real WebSocket clients."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.support.api import JSON_API
from tests.support.local_server import Server, free_port, serving
from tests.support.receiver import eventually
from tools.devserver.live_sockets import LiveSockets, live_url
from tools.devserver.server import LocalServer

ADMIN = "demo-admin"
MEMBER = "demo-member"
BOTH = {"timers", "time_entries"}
SECONDS = 20.0
"""A change arrives in less than a second, on a machine that is not busy."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    port = free_port()
    with serving(port, STINT_TABLE_PREFIX=f"stint-live-{port}") as started:
        # The demo data is a change, too.
        with connect(ticket_url(started, ADMIN)) as connection:
            while changed(connection, 0.5):
                pass
        yield started


def send(server: Server, method: str, path: str, token: str, **attributes: object) -> Any:
    headers = {"X-Auth-Token": token, "X-Organization-Id": "2149", "Content-Type": JSON_API}
    body = None
    if method != "GET":
        body = json.dumps({"data": {"attributes": attributes}}).encode()
    status, _, document = server.send(method, f"/api/v2{path}", headers, body)
    assert status in (200, 201), document
    return document


def ticket_url(server: Server, token: str) -> str:
    url: str = send(server, "POST", "/live_tickets", token)["meta"]["url"]
    return url


def start(server: Server, token: str) -> str:
    (service, *_) = send(server, "GET", "/services", token)["data"]
    timer_id: str = send(server, "POST", "/timers", token, service_id=service["id"])["data"]["id"]
    return timer_id


def changed(connection: ClientConnection, seconds: float = SECONDS) -> set[str]:
    """Return the types in the messages that come in time."""
    types: set[str] = set()
    ends_at = time.monotonic() + seconds
    while (left := ends_at - time.monotonic()) > 0 and types != BOTH:
        try:
            types.update(json.loads(connection.recv(left))["changed"])
        except TimeoutError:
            break
    return types


def upgrade_request(url: str) -> bytes:
    """Return the request of a client that opens a connection."""
    address = urlsplit(url)
    lines = (
        f"GET {address.path}?{address.query} HTTP/1.1",
        f"Host: {address.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.every_engine
def test_start_and_stop_reach_every_connection_of_the_person_in_time(server: Server) -> None:
    assert f"ws://127.0.0.1:{server.port}/live" in server.greeting
    with ExitStack() as stack:
        phone, laptop, other = (
            stack.enter_context(connect(ticket_url(server, token)))
            for token in (MEMBER, MEMBER, ADMIN)
        )
        # The changes of the demo data may still be on their way.
        while sum(len(changed(socket, 1)) for socket in (phone, laptop, other)) > 0:
            pass
        timer_id = start(server, MEMBER)
        assert changed(phone) == changed(laptop) == BOTH
        send(server, "PATCH", f"/timers/{timer_id}/stop", MEMBER)
        assert changed(phone) == changed(laptop) == BOTH
        assert changed(other, 0.2) == set()


def test_wrong_and_used_tickets_are_refused(server: Server) -> None:
    url = ticket_url(server, MEMBER)
    assert urlsplit(url).netloc == f"127.0.0.1:{server.port}"
    with connect(url, origin=Origin("https://app.example.com")):
        pass
    for refused in (url, f"{url}x", url.partition("?")[0]):
        with pytest.raises(InvalidStatus) as raised, connect(refused):
            pass
        assert raised.value.response.status_code == 403


def test_request_without_upgrade_is_an_unknown_path(server: Server) -> None:
    status, _, document = server.send("GET", "/live?ticket=x", {})
    assert (status, document["errors"][0]["code"]) == (404, "route_not_found")


def test_server_stops_while_connections_are_open() -> None:
    port = free_port()
    with ExitStack() as stack:
        with serving(port, STINT_TABLE_PREFIX=f"stint-live-{port}") as server:
            connections = [
                stack.enter_context(connect(ticket_url(server, MEMBER))) for _ in range(5)
            ]
            started_at = time.monotonic()
        assert time.monotonic() - started_at < 10
        for connection in connections:
            # Messages about the demo data may come before the end.
            assert all(connection)
            assert connection.close_code == 1001


class InProcess:
    """A local server in this process that accepts every connection."""

    def __init__(self, server: LocalServer, live: LiveSockets) -> None:
        self.live = live
        self.url = server.url.replace("http", "ws") + "/live"
        self.ids: list[str] = []

    def accept(self, event: Mapping[str, Any]) -> Mapping[str, int]:
        self.ids.append(event["requestContext"]["connectionId"])
        return {"statusCode": 200}


@contextmanager
def in_process(idle_seconds: float = 600) -> Iterator[InProcess]:
    with LocalServer("127.0.0.1", 0) as server:
        live = server.live = LiveSockets(idle_seconds)
        opened = InProcess(server, live)
        live.accept = opened.accept
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield opened
        finally:
            live.close()
            server.shutdown()
            thread.join()


def test_address_for_all_interfaces_is_none_for_clients() -> None:
    assert live_url("http://0.0.0.0:8000") == live_url("http://[::]:8000") == ""
    assert live_url("http://127.0.0.1:8000") == "ws://127.0.0.1:8000/live"
    assert live_url("https://time.example.com") == "wss://time.example.com/live"


def test_text_reaches_its_connection_only() -> None:
    with in_process() as server, connect(server.url) as one, connect(server.url) as two:
        first, second = server.ids
        assert server.live.send(second, "for the second")
        assert server.live.send(first, "for the first")
        assert (one.recv(5), two.recv(5)) == ("for the first", "for the second")


def test_client_that_reads_nothing_delays_no_other() -> None:
    with in_process() as server:
        address = urlsplit(server.url)
        with closing(socket.create_connection((str(address.hostname), address.port or 0))) as dead:
            dead.sendall(upgrade_request(server.url))
            with connect(server.url) as alive:
                first, second = server.ids
                # More than all buffers between here and that client can hold.
                for _ in range(50):
                    assert server.live.send(first, "x" * 1_000_000)
                assert server.live.send(second, "for the second")
                assert alive.recv(5) == "for the second"


def test_connection_that_ended_is_unknown() -> None:
    with in_process() as server:
        with connect(server.url) as one:
            one.send("ping")
            (id_,) = server.ids
            assert server.live.send(id_, "still open")
            assert one.recv(5) == "still open"
        assert eventually(lambda: not server.live.send(id_, "too late"))
        assert not server.live.send("unknown", "nothing")


def test_text_during_the_acceptance_is_not_lost() -> None:
    with in_process() as server:

        def accept(event: Mapping[str, Any]) -> Mapping[str, int]:
            assert server.live.send(event["requestContext"]["connectionId"], "early")
            return {"statusCode": 200}

        server.live.accept = accept
        with connect(server.url) as one:
            assert one.recv(5) == "early"


def test_silent_connection_ends() -> None:
    with in_process(idle_seconds=0.2) as server, connect(server.url) as one:
        with pytest.raises(ConnectionClosed) as raised:
            one.recv(5)
        assert raised.value.rcvd is not None
        assert raised.value.rcvd.code == 1001


def test_failure_of_the_handler_refuses_the_connection() -> None:
    def fail(_: Mapping[str, Any]) -> Mapping[str, int]:
        raise RuntimeError

    with in_process() as server:
        server.live.accept = fail
        with pytest.raises(InvalidStatus), connect(server.url):
            pass


def test_malformed_request_does_not_use_the_ticket() -> None:
    with in_process() as server:
        address = urlsplit(server.url)
        with closing(socket.create_connection((str(address.hostname), address.port or 0))) as sock:
            sock.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.1 4")
        assert server.ids == []
