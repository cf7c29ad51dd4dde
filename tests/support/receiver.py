"""A local webhook receiver with configurable responses: valid, invalid, slow or none."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A received request. Header names are lower-case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """Records requests. ``responses`` are the next responses; after them comes ``otherwise``."""

    url: str = ""
    port: int = 0
    received: list[Received] = field(default_factory=list)
    responses: "list[Answering]" = field(default_factory=list)
    otherwise: "Answering" = field(default_factory=lambda: status(204))
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: Received) -> "Answering":
        """Record a request and return its response."""
        with self._lock:
            self.received.append(request)
            return self.responses.pop(0) if self.responses else self.otherwise

    @property
    def ids(self) -> list[str]:
        """The ids of the received events, in order. Repeated deliveries are repeated here."""
        return [request.headers["webhook-id"] for request in self.received]


Answering = Callable[[Any, Receiver], None]
"""A function that writes a response. Arguments: the output stream and the receiver."""


def status(code: int, body: bytes = b"", **headers: str) -> Answering:
    """Return a function that writes a valid HTTP response."""

    def respond(out: Any, _: Receiver) -> None:
        lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        out.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return respond


def raw(text: bytes) -> Answering:
    """Return a function that writes the given bytes."""
    return lambda out, _: out.write(text)


def hang(_: Any, receiver: Receiver) -> None:
    """Send no response and keep the connection open."""
    receiver.ended.wait(20)


def drip(out: Any, receiver: Receiver) -> None:
    """Send a valid start of a response, then endless single bytes."""
    out.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    with suppress(OSError):
        while not receiver.ended.wait(0.02):
            out.write(b"x")
            out.flush()


def endless(out: Any, receiver: Receiver) -> None:
    """Send a valid response whose body never ends."""
    out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    with suppress(OSError):
        while not receiver.ended.is_set():
            out.write(b"x" * 10_000)
            out.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: these tests break connections deliberately."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        respond = self.server.receiver.take(Received(self.path, headers, body))
        respond(self.wfile, self.server.receiver)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Receiver]:
    """Run a receiver for the duration of this context."""
    receiver = Receiver()
    with _Server((host, 0), _Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        server.receiver = receiver
        receiver.port = server.server_address[1]
        scheme = "http" if tls is None else "https"
        receiver.url = f"{scheme}://{host}:{receiver.port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.ended.set()
            server.shutdown()
            thread.join()


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait until the condition is true; return False after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
