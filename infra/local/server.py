"""HTTP on a socket, one thread a connection. For development; API Gateway does this on AWS."""

import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chalicelib.domain.errors import MalformedDocument, PayloadTooLarge
from infra.local.gateway import Answer, Gateway
from infra.local.pages import Pages

# What API Gateway takes at the most.
_MAX_BODY_BYTES = 10 * 1024 * 1024
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)
_IDLE_SECONDS = 60
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class LocalServer(ThreadingHTTPServer):
    """Serves a gateway, and pages beside it, on an address; port 0 picks a free one.

    Binds at once, so that the gateway can be told the address before it is put in.
    """

    gateway: Gateway
    pages: tuple[Pages, ...] = ()

    daemon_threads = True
    # Sixty-four phones may ring at once.
    request_queue_size = 64

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stint-local"
    sys_version = ""
    server: LocalServer
    timeout = _IDLE_SECONDS
    # Headers and body leave in one write: two would wait for each other's acknowledgement.
    wbufsize = -1

    def _handle(self) -> None:
        gateway = self.server.gateway
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not _LENGTH.fullmatch(length):
            self._refuse(gateway.refuse(MalformedDocument("send a body with its Content-Length")))
        elif int(length) > _MAX_BODY_BYTES:
            self._refuse(gateway.refuse(PayloadTooLarge()))
        else:
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            page = self._page(headers)
            self._send(page or gateway.handle(self.command, self.path, headers, body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle

    def _page(self, headers: dict[str, str]) -> Answer | None:
        found = (it.answer(self.command, self.path, headers) for it in self.server.pages)
        return next((answer for answer in found if answer is not None), None)

    def _refuse(self, answer: Answer) -> None:
        # The body stays unread, so this connection cannot carry another request.
        self.close_connection = True
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in _BODILESS:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses, in JSON:API: a method, a line, a header."""
        gateway = self.server.gateway
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._refuse(gateway.refuse_method(self.path))
        else:
            detail = explain or message or HTTPStatus(code).description
            self._refuse(gateway.refuse(MalformedDocument(detail)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the application logs its requests itself."""
