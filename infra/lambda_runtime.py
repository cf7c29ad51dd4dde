"""Run an unpacked package as Lambda does, with AWS's own runtime client.

The runtime client (awslambdaric) gets events from the runtime API and posts responses to it.
Here the runtime API is a small server on loopback. The client can import only the standard
library, itself and the package: a module that the package lacks is missing here too.
"""

import hashlib
import itertools
import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

_ROOT = Path(__file__).parent.parent
_REQUIREMENTS = _ROOT / "requirements" / "runtime-client.txt"
_API = "/2018-06-01/runtime"
_RESPONSE_SECONDS = 60
_TIMEOUT_MILLISECONDS = 29_000
_REGION = "eu-central-1"
_FUNCTION = f"arn:aws:lambda:{_REGION}:123456789012:function:stint"


class FunctionError(Exception):
    """The function, or its initialisation, failed; holds the runtime client's report."""


def fetch_client() -> Path:
    """Return the folder of the runtime client; install it if it is missing."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    pinned = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = _ROOT / ".cache" / f"lambda-runtime-{version}-{pinned}"
    if not folder.exists():
        unfinished = folder.with_suffix(f".{os.getpid()}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--require-hashes", "--target", str(unfinished)]
        subprocess.run([*command, "-r", str(_REQUIREMENTS)], check=True)  # noqa: S603
        unfinished.rename(folder)
    return folder


@dataclass(frozen=True, slots=True)
class Response:
    """The return value of a function, and how many seconds the caller waited for it."""

    value: Any
    seconds: float


class Function:
    """A running function; :meth:`invoke` passes it one event at a time."""

    def __init__(
        self, server: "_RuntimeApi", process: "subprocess.Popen[str]", began: float
    ) -> None:
        self._server = server
        self._process = process
        self.began = began
        """When its process was started, by ``time.perf_counter``."""

    @property
    def initialised(self) -> float:
        """When it finished its initialisation and requested its first event."""
        return self._server.first_request

    def invoke(self, event: object) -> Response:
        """Return the function's response to an event. Raises :class:`FunctionError`."""
        began = time.perf_counter()
        self._server.events.put(json.dumps(event).encode())
        kind, body = self._wait()
        seconds = time.perf_counter() - began
        if kind != "response":
            raise FunctionError(body.decode())
        return Response(json.loads(body), seconds)

    def _wait(self) -> tuple[str, bytes]:
        deadline = time.monotonic() + _RESPONSE_SECONDS
        while time.monotonic() < deadline:
            try:
                return self._server.responses.get(timeout=0.5)
            except queue.Empty:
                if self._process.poll() is not None:
                    raise FunctionError(
                        f"the process exited with code {self._process.returncode}"
                    ) from None
        raise FunctionError(f"no response within {_RESPONSE_SECONDS} s")


@contextmanager
def running(
    package: Path, environment: Mapping[str, str], log: TextIO, handler: str = "app.app"
) -> Iterator[Function]:
    """Run a function inside this context; its output goes to ``log``."""
    client = fetch_client()
    with _RuntimeApi() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        began = time.perf_counter()
        # Without site-packages, the project's development dependencies cannot be imported.
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-S", "-s", "-m", "awslambdaric", handler],
            cwd=package,
            env={**_environment(package, client, server.address), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Function(server, process, began)
        finally:
            process.terminate()
            process.wait()
            server.shutdown()


def _environment(package: Path, client: Path, address: str) -> dict[str, str]:
    """Return the environment variables that Lambda sets, as far as they matter here."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": _REGION,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_NAME": "stint",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": str(package),
        "PATH": os.environ.get("PATH", ""),
        # The task's folder comes before the runtime's, as in Lambda.
        "PYTHONPATH": f"{package}{os.pathsep}{client}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": ":UTC",
    }


class _RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.responses: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.request_numbers = itertools.count(1)
        self.first_request = 0.0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore it: a terminated function closes the connection while it waits for an event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _RuntimeApi
    # Send headers and body in one write: two writes would wait for the acknowledgement.
    wbufsize = -1

    def do_GET(self) -> None:
        """Handle ``/invocation/next``: wait for an event."""
        self.server.first_request = self.server.first_request or time.perf_counter()
        event = self.server.events.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"request-{next(self.server.request_numbers)}",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + _TIMEOUT_MILLISECONDS),
            "Lambda-Runtime-Invoked-Function-Arn": _FUNCTION,
            "Content-Type": "application/json",
        }
        self._send(200, event, headers)

    def do_POST(self) -> None:
        """Handle ``/invocation/ID/response``, ``/invocation/ID/error`` and ``/init/error``."""
        body = self._body()
        self._send(202, b"")
        self.server.responses.put((self.path.removeprefix(_API).rsplit("/", 1)[-1], body))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""
