"""The DynamoDB protocol on a loopback port, so that commands reach the embedded tables.

The requests go through the same lock as those of the server itself, and are kept like them.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import BotocoreStubber

_LOOPBACK = "127.0.0.1"
_TARGET = re.compile(r"DynamoDB_20120810\.(\w+)")
_MAX_BODY_BYTES = 16 * 1024 * 1024
"""As in DynamoDB."""

# No CreateTable and the like: the server creates its tables. No PartiQL: its writes are not kept.
_OPERATIONS = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "DescribeTable",
        "DescribeTimeToLive",
        "GetItem",
        "ListTables",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)


@contextmanager
def dynamodb_port(region: str) -> Iterator[str]:
    """Serve the embedded tables of a region on a free port; yield the endpoint.

    Needs an open :func:`tools.devserver.embedded.embedded_dynamodb`.
    """
    server = _Server(region)
    thread = threading.Thread(target=server.serve_forever, name="dynamodb", daemon=True)
    thread.start()
    try:
        yield f"http://{_LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, region: str) -> None:
        super().__init__((_LOOPBACK, 0), _Handler)
        self.aws_url = f"https://dynamodb.{region}.amazonaws.com/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stint-local"
    sys_version = ""
    server: _Server
    wbufsize = -1

    def do_POST(self) -> None:
        """Process a request of the protocol."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
            self.close_connection = True
            self._refuse("SerializationException", "Content-Length: at most 16 MB.")
            return
        body = self.rfile.read(int(length))
        operation = _TARGET.fullmatch(self.headers.get("X-Amz-Target", ""))
        # A page in a browser must not reach the tables by a name that leads to loopback.
        if self.headers.get("Host", "").rpartition(":")[0] not in (_LOOPBACK, "localhost"):
            self._refuse("AccessDeniedException", f"Use http://{_LOOPBACK}.")
        elif operation is None or operation[1] not in _OPERATIONS:
            known = ", ".join(sorted(_OPERATIONS))
            self._refuse("UnknownOperationException", f"The local server accepts: {known}.")
        else:
            self._process(body)

    def _process(self, body: bytes) -> None:
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value
        request = AWSPreparedRequest("POST", self.server.aws_url, headers, body, False)
        try:
            status, answered, content = BotocoreStubber().process_request(request)  # type: ignore[misc]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._refuse("SerializationException", f"Not a request of DynamoDB: {error!r}.")
            return
        self._send(status, answered, content.encode() if isinstance(content, str) else content)

    def _refuse(self, code: str, message: str) -> None:
        content = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
        self._send(400, {}, json.dumps(content).encode())

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower().startswith("x-amz"):
                self.send_header(name, value)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: the commands print what they do."""
