"""Run the real local server in a separate process, on a free port."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

START_SECONDS = 60
_STOP_SECONDS = 60
"""A webhook delivery in progress ends before the server stops."""


@dataclass
class Server:
    port: int
    greeting: str

    @property
    def endpoint(self) -> str:
        """Where commands reach the tables."""
        (address,) = re.findall(r"DYNAMODB_ENDPOINT=(\S+)", self.greeting)
        return str(address)

    def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[int, dict[str, str], Any]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as http:
            http.request(method, path, body, headers)
            response = http.getresponse()
            text = response.read()
            is_json = bool(text) and "json" in response.headers["Content-Type"]
            return response.status, dict(response.headers), json.loads(text) if is_json else None


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read_greeting(process: "subprocess.Popen[str]", seconds: float) -> str:
    """Return what a server prints until it serves. It is killed if that takes longer."""
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    assert process.stdout is not None
    greeting = ""
    for line in process.stdout:
        greeting += line
        if "Ctrl-C" in line:
            break
    killer.cancel()
    return greeting


@contextmanager
def serving(port: int, **environment: str) -> Iterator[Server]:
    """Start the server, wait for its greeting, and at the end stop it with SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.devserver"],
        env={"STINT_DATA": "none", **os.environ, "PORT": str(port), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    greeting = read_greeting(process, START_SECONDS)
    assert "Ctrl-C" in greeting, greeting
    try:
        yield Server(port, greeting)
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=_STOP_SECONDS)
    assert process.returncode == 0
    assert "Stopped." in rest
    assert "Traceback" not in rest, rest
