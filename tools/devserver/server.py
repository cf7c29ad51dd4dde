"""HTTP server with one thread per connection. For development, in place of API Gateway."""

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.core.errors import MalformedDocument, StintError
from infra.stack.gateway_responses import RESPONSES
from tools.devserver.gateway import Gateway, Response
from tools.devserver.live_sockets import LiveSockets, is_websocket_request
from tools.devserver.request_body import read_body

_IDLE_SECONDS = 60
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class LocalServer(ThreadingHTTPServer):
    """Serves a gateway on an address; port 0 selects a free port.

    The constructor binds the port, so that the address is known before ``gateway`` is set.
    """

    gateway: Gateway
    live: LiveSockets | None = None
    """The WebSocket connections; None: there are no live updates."""

    daemon_threads = True
    # Up to 64 clients may connect at the same moment.
    request_queue_size = 64

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, except that of a client that closed its connection early."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The base URL of the server."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stint-local"
    sys_version = ""
    server: LocalServer
    timeout = _IDLE_SECONDS
    # Send headers and body in one write: two writes would wait for the acknowledgement.
    wbufsize = -1

    def _handle(self) -> None:
        try:
            body = read_body(self.headers, self.rfile)
        except StintError as error:
            self._refuse(error)
            return
        # As in an event of API Gateway, the last of repeated headers counts.
        headers = {name.lower(): value for name, value in self.headers.items()}
        live = self.server.live
        if live is not None and is_websocket_request(self.command, self.path, headers):
            # From now on, this connection carries no HTTP.
            self.close_connection = True
            live.serve(self.connection, self.path, headers)
            return
        self._send(self.server.gateway.handle(self.command, self.path, headers, body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle

    def _refuse(self, error: StintError) -> None:
        # The body is not read, so this connection cannot carry another request.
        self.close_connection = True
        self._send(self.server.gateway.refuse(error))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            # RFC 6797, section 7.2: never over plain HTTP.
            if name != "Strict-Transport-Security":
                self.send_header(name, value)
        if response.status not in _WITHOUT_BODY and (self.command != "HEAD" or response.body):
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send an error of http.server itself (method, request line, header) as JSON:API."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            # API Gateway knows no other methods, such as TRACE: no path has them.
            self._refuse(RESPONSES["MISSING_AUTHENTICATION_TOKEN"])
        else:
            detail = explain or message or HTTPStatus(code).description
            self._refuse(MalformedDocument(detail))

    def handle_expect_100(self) -> bool:
        """Ask the client for the body at once: the answer must not wait in the buffer."""
        expected = super().handle_expect_100()
        self.wfile.flush()
        return expected

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: the application logs its requests itself."""
