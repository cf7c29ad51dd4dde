"""A small server that answers what a test says, and remembers what it was sent."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEDIA_TYPE = "application/vnd.api+json; charset=utf-8"


PAGE_META = {"page_size": 200, "max_page_size": 200}


@dataclass
class Answer:
    """An answer; a status of 0 resets the connection after the request was read."""

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = MEDIA_TYPE
    missing_bytes: int = 0
    """The connection ends so many bytes before the end of the body."""


RESET = Answer(0)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer:
    """Gives its answers in order; the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[Request] = []
        self.url = ""

    def next_answer(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]

    def header(self, name: str) -> list[str | None]:
        """Return a header of each request."""
        return [request.headers.get(name) for request in self.requests]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: ScriptedServer

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # Header names in lower case, as HTTP compares them.
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.script.next_answer(Request(self.command, self.path, headers, body))
        if answer.status == 0:
            linger = struct.pack("ii", 1, 0)  # close with a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
            return
        text = b"" if answer.document is None else json.dumps(answer.document).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(text) + answer.missing_bytes))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)
        if answer.missing_bytes:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the interface of http.server

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that the script has reset is no error."""


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    script = ScriptedServer()
    handler = type("Handler", (_Handler,), {"script": script})
    server = _Server(("127.0.0.1", 0), handler)
    script.url = f"http://127.0.0.1:{server.server_port}/api/v2"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def error(status: int, code: str, detail: str = "What to do.", **headers: str) -> Answer:
    """Return an error answer. ``Retry_After="1"`` is a header."""
    document = {
        "errors": [
            {"status": str(status), "code": code, "title": "T", "detail": detail, "source": {}}
        ]
    }
    return Answer(status, document, {k.replace("_", "-"): v for k, v in headers.items()})


def timer(timer_id: str = "245995407616875") -> dict[str, Any]:
    """Return a document with a running timer."""
    return {
        "data": {
            "id": timer_id,
            "type": "timers",
            "attributes": {
                "person_id": 912345678901234,
                "started_at": "2026-11-26T09:30:00.000+01:00",
                "stopped_at": None,
                "total_time": 0,
            },
            "relationships": {
                "organization": {"data": {"type": "organizations", "id": "2149"}},
                "time_entry": {"meta": {"included": False}},
            },
        },
        "meta": {},
    }
