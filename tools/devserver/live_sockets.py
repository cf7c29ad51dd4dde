"""WebSocket connections of the local server, in place of an API Gateway WebSocket API.

Each connection has a thread, which alone reads from and writes to its socket: one that does not
read its messages holds up nobody else.
"""

import logging
import selectors
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address
from queue import SimpleQueue
from typing import Any, Self, cast
from urllib.parse import parse_qsl, urlsplit

from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

log = logging.getLogger("stint")

PATH = "/live"

IDLE_SECONDS = 600
"""API Gateway ends a connection after ten minutes without a message in either direction."""

_SEND_SECONDS = 10
_CLOSE_SECONDS = 2
_MAX_MESSAGE_BYTES = 32 * 1024
_READ_BYTES = 4096

Accept = Callable[[Mapping[str, Any]], Mapping[str, int]]
"""The handler of ``$connect``: takes the event of API Gateway, returns its response."""


def live_url(base_url: str) -> str:
    """The address of the connections of a server with this base URL.

    Empty if its host is a wildcard such as 0.0.0.0: that is no address for clients.
    """
    with suppress(ValueError):
        if ip_address(urlsplit(base_url).hostname or "").is_unspecified:
            return ""
    return base_url.replace("http", "ws", 1) + PATH


def is_websocket_request(method: str, target: str, headers: Mapping[str, str]) -> bool:
    """Whether a request asks for a connection; ``target`` is its path and query string."""
    is_upgrade = headers.get("upgrade", "").lower() == "websocket"
    return method == "GET" and is_upgrade and urlsplit(target).path.rstrip("/") == PATH


class LiveSockets:
    """The open connections. ``accept`` decides about new ones; it is set before the first one.

    ``idle_seconds``: how long a connection may be silent.
    """

    accept: Accept

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._open: dict[str, _Connection] = {}

    def serve(self, sock: socket.socket, target: str, headers: Mapping[str, str]) -> None:
        """Answer a request for a connection, and serve the connection until it ends."""
        id_ = uuid.uuid4().hex
        with _Connection(sock, self._idle_seconds) as connection:
            # Before it is accepted: what is pushed from then on is sent once it is open.
            self._open[id_] = connection
            try:
                connection.run(target, headers, lambda: self._is_accepted(id_, target))
            finally:
                del self._open[id_]

    def send(self, connection_id: str, text: str) -> bool:
        """Queue a text for a connection; return False if there is no such connection."""
        connection = self._open.get(connection_id)
        if connection is None:
            return False
        connection.queue(text)
        return True

    def close(self) -> None:
        """End all connections; wait up to two seconds for clients to agree."""
        connections = list(self._open.values())
        for connection in connections:
            connection.queue(None)
        ends_at = time.monotonic() + _CLOSE_SECONDS
        for connection in connections:
            connection.ended.wait(max(0, ends_at - time.monotonic()))

    def _is_accepted(self, id_: str, target: str) -> bool:
        # As in an event of API Gateway, the last of repeated parameters counts.
        parameters = dict(parse_qsl(urlsplit(target).query))
        event = {
            "requestContext": {"routeKey": "$connect", "connectionId": id_},
            "queryStringParameters": parameters or None,
        }
        try:
            return self.accept(event)["statusCode"] == HTTPStatus.OK
        except Exception:
            log.exception("the handler of a new connection failed")
            return False


class _Connection:
    """One connection, for the thread that serves it; ``queue`` is for other threads."""

    def __init__(self, sock: socket.socket, idle_seconds: float) -> None:
        self._socket = sock
        self._idle_seconds = idle_seconds
        self._protocol = ServerProtocol(max_size=_MAX_MESSAGE_BYTES)
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self.ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._woken.close()
        self._waker.close()
        self.ended.set()

    def queue(self, text: str | None) -> None:
        """Send a text from the connection's thread; None: end the connection."""
        self._texts.put(text)
        # A full buffer wakes the thread, too. It may have ended meanwhile.
        with suppress(OSError):
            self._waker.send(b"\0")

    def run(self, target: str, headers: Mapping[str, str], is_accepted: Callable[[], bool]) -> None:
        """Open the connection, and serve it until either side ends it."""
        self._socket.settimeout(_SEND_SECONDS)
        # The client ended the connection without a word, or does not read what it gets.
        with suppress(OSError):
            self._answer(target, headers, is_accepted)
            if self._protocol.state is State.OPEN:
                self._serve()

    def _answer(
        self, target: str, headers: Mapping[str, str], is_accepted: Callable[[], bool]
    ) -> None:
        # The protocol reads the request itself; http.server has taken it from the socket.
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
        self._protocol.receive_data("\r\n".join([*lines, "", ""]).encode("latin-1"))
        request, *_ = self._protocol.events_received()
        response = self._protocol.accept(cast("Request", request))
        # Of a malformed request, the ticket stays valid.
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS and not is_accepted():
            response = self._protocol.reject(HTTPStatus.FORBIDDEN, "Forbidden\n")
        self._protocol.send_response(response)
        self._send()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while self._protocol.state is not State.CLOSED:
                is_open = self._protocol.state is State.OPEN
                wait = self._idle_seconds if is_open else _CLOSE_SECONDS
                ready = {key.fileobj for key, _ in selector.select(wait)}
                if not ready and not is_open:
                    # The client does not answer that the connection ends.
                    return
                if not ready:
                    self._end()
                if self._socket in ready:
                    self._receive()
                if self._woken in ready:
                    self._woken.recv(_READ_BYTES)
                    self._write_texts()
                self._send()

    def _receive(self) -> None:
        data = self._socket.recv(_READ_BYTES)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        # Messages of clients only keep the connection open.
        self._protocol.events_received()

    def _write_texts(self) -> None:
        while not self._texts.empty():
            text = self._texts.get()
            if text is None:
                self._end()
            elif self._protocol.state is State.OPEN:
                self._protocol.send_text(text.encode())

    def _end(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.GOING_AWAY)

    def _send(self) -> None:
        for data in self._protocol.data_to_send():
            # The protocol asks with an empty text to end the stream.
            if data:
                self._socket.sendall(data)
            else:
                self._socket.shutdown(socket.SHUT_WR)
