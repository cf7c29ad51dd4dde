"""Methods, headers and bodies over a socket: the local server treats them as API Gateway does."""

import gzip
import json
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from email.message import Message
from io import BytesIO

import pytest
from chalice.app import Chalice

from chalicelib.core.errors import PayloadTooLarge
from tests.contract import source
from tests.support.api import JSON_API, Api
from tools.devserver.gateway import Gateway
from tools.devserver.request_body import MAX_BODY_BYTES, read_body
from tools.devserver.server import LocalServer

TIMEOUT_SECONDS = 20
TIMERS = "/api/v2/timers"
Send = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def server(app: Chalice) -> Iterator[LocalServer]:
    server = LocalServer("127.0.0.1", 0)
    server.gateway = Gateway(app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def send(server: LocalServer) -> Send:
    """Send a raw request; return the status, the headers and the body of the response."""

    def send(
        method: str, target: str, headers: list[tuple[str, str]], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        address = server.server_address[:2]
        with closing(socket.create_connection(address, TIMEOUT_SECONDS)) as connection:  # type: ignore[arg-type]
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            with connection.makefile("rb") as stream:
                response = stream.read()
        head, _, content = response.partition(b"\r\n\r\n")
        status, *rest = head.decode().split("\r\n")
        return int(status.split()[1]), dict(line.split(": ", 1) for line in rest), content

    return send


def of(api: Api, **more: str) -> list[tuple[str, str]]:
    headers = {**api.headers, "Content-Type": JSON_API}
    return [*headers.items(), *((name.replace("_", "-"), value) for name, value in more.items())]


def sized(body: bytes) -> str:
    return str(len(body))


def chunked(body: bytes, size: int = 7) -> bytes:
    chunks = [body[begin : begin + size] for begin in range(0, len(body), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n"


def code(content: bytes) -> str:
    (error,) = json.loads(content)["errors"]
    return str(error["code"])


START = json.dumps(source.START_ON_TIME_ENTRY).encode()


@pytest.mark.parametrize("trailer", [b"", b"Checksum: 1\r\n"])
def test_chunked_body_is_read(send: Send, admin: Api, trailer: bytes) -> None:
    body = chunked(START) + trailer + b"\r\n"
    assert send("POST", TIMERS, of(admin, Transfer_Encoding="chunked"), body)[0] == 201


@pytest.mark.parametrize(
    "body",
    [
        b"x\r\n\r\n",
        b"-1\r\n\r\n",
        b"5\r\nabc",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"0\r\nno end",
        b"",
        b"1" * 5_000,
    ],
)
def test_broken_chunks_are_400(server: LocalServer, admin: Api, body: bytes) -> None:
    headers = of(admin, Transfer_Encoding="chunked")
    status, content = half_closed(server, headers, body)
    assert (status, code(content)) == (400, "malformed_document")


def half_closed(
    server: LocalServer, headers: list[tuple[str, str]], body: bytes
) -> tuple[int, bytes]:
    """Send a request and no more bytes after it."""
    address = server.server_address[:2]
    with closing(socket.create_connection(address, TIMEOUT_SECONDS)) as connection:  # type: ignore[arg-type]
        lines = [f"POST {TIMERS} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            head, _, content = stream.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), content


def test_shorter_body_than_announced_is_400(server: LocalServer, admin: Api) -> None:
    status, content = half_closed(server, of(admin, Content_Length=str(len(START) + 1)), START)
    assert (status, code(content)) == (400, "malformed_document")


@pytest.mark.parametrize(
    "headers",
    [
        {"Transfer_Encoding": "gzip, chunked"},
        {"Transfer_Encoding": "chunked", "Content_Length": "5"},
        {"Content_Length": "five"},
        {"Content_Length": "+5"},
    ],
)
def test_ambiguous_length_is_400(send: Send, admin: Api, headers: Mapping[str, str]) -> None:
    status, sent, content = send("POST", TIMERS, of(admin, **headers), b"0\r\n\r\n")
    assert (status, sent["Connection"], code(content)) == (400, "close", "malformed_document")


def test_two_lengths_are_400(send: Send, admin: Api) -> None:
    headers = [*of(admin, Content_Length="1"), ("Content-Length", sized(START))]
    assert send("POST", TIMERS, headers, START)[0] == 400


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("identity", bytes),
        ("gzip", lambda body: gzip.compress(body[:20]) + gzip.compress(body[20:])),
    ],
)
def test_compressed_body_is_decompressed(
    send: Send, admin: Api, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    body = compress(START)
    headers = of(admin, Content_Encoding=coding, Content_Length=sized(body))
    assert send("POST", TIMERS, headers, body)[0] == 201


def test_compressed_body_can_be_chunked(send: Send, admin: Api) -> None:
    headers = of(admin, Content_Encoding="gzip", Transfer_Encoding="chunked")
    assert send("POST", TIMERS, headers, chunked(gzip.compress(START)) + b"\r\n")[0] == 201


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", START),
        ("gzip, gzip", gzip.compress(START, mtime=0)),
        ("gzip", START),
        ("gzip", gzip.compress(START, mtime=0)[:-5]),
        ("gzip", gzip.compress(START, mtime=0) + b"more"),
        ("deflate", gzip.compress(START, mtime=0)),
    ],
)
def test_body_with_another_coding_is_415(send: Send, admin: Api, coding: str, body: bytes) -> None:
    headers = of(admin, Content_Encoding=coding, Content_Length=sized(body))
    status, _, content = send("POST", TIMERS, headers, body)
    assert (status, code(content)) == (415, "unsupported_media_type")


def test_coding_without_a_body_is_ignored(send: Send, admin: Api) -> None:
    assert send("GET", TIMERS, of(admin, Content_Encoding="gzip"))[0] == 200


def test_body_above_10_mib_is_413(send: Send, admin: Api) -> None:
    bomb = gzip.compress(bytes(2 * MAX_BODY_BYTES), 1)
    several = gzip.compress(bytes(MAX_BODY_BYTES), 1) * 2
    for headers, body in (
        ({"Content_Length": str(MAX_BODY_BYTES + 1)}, b""),
        ({"Transfer_Encoding": "chunked"}, b"a00001\r\n"),
        ({"Transfer_Encoding": "chunked"}, b"ffffffff\r\n"),
        ({"Content_Encoding": "gzip", "Content_Length": sized(bomb)}, bomb),
        ({"Content_Encoding": "gzip", "Content_Length": sized(several)}, several),
    ):
        status, _, content = send("POST", TIMERS, of(admin, **headers), body)
        assert (status, code(content)) == (413, "payload_too_large")


def test_decompression_uses_bounded_memory() -> None:
    """A body of 100 KB can be 100 MB when it is decompressed."""
    headers, bomb = Message(), gzip.compress(bytes(10 * MAX_BODY_BYTES), 1)
    headers["Content-Encoding"], headers["Content-Length"] = "gzip", sized(bomb)
    tracemalloc.start()
    with pytest.raises(PayloadTooLarge):
        read_body(headers, BytesIO(bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_BODY_BYTES


def test_large_body_is_requested_before_it_is_sent(server: LocalServer, admin: Api) -> None:
    headers = of(admin, Expect="100-continue", Content_Length=sized(START))
    lines = [f"POST {TIMERS} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    address = server.server_address[:2]
    with closing(socket.create_connection(address, TIMEOUT_SECONDS)) as connection:  # type: ignore[arg-type]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(START)
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get"])
@pytest.mark.parametrize("path", [TIMERS, "/nowhere"])
def test_method_that_api_gateway_does_not_know_is_404(
    send: Send, admin: Api, method: str, path: str
) -> None:
    status, headers, content = send(method, path, of(admin))
    assert (status, code(content)) == (404, "route_not_found")
    assert headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("HEAD", 200), ("OPTIONS", 204)])
def test_other_methods_reach_the_path(send: Send, admin: Api, method: str, status: int) -> None:
    sent_status, headers, content = send(method, TIMERS, of(admin))
    assert sent_status == status
    assert headers.get("Allow") == ("GET, HEAD, OPTIONS, POST" if status == 405 else None)
    assert bool(content) == (method == "PUT")


def test_last_of_repeated_headers_counts(send: Send, admin: Api) -> None:
    token = admin.headers["X-Auth-Token"]
    headers = [("X-Organization-Id", admin.headers["X-Organization-Id"])]
    right_last = [*headers, ("X-Auth-Token", "wrong"), ("x-auth-token", token)]
    assert send("GET", TIMERS, right_last)[0] == 200
    assert send("GET", TIMERS, [*right_last, ("X-Auth-Token", "wrong")])[0] == 401
