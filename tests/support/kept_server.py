"""The real local server with a folder that keeps its data, which tests may kill."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.local_server import START_SECONDS, Server, free_port, read_greeting


@dataclass
class KeptServer:
    """A running server: its process, and how to send requests."""

    process: "subprocess.Popen[str]"
    server: Server

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.process.kill()


def plain_environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment without any variable of AWS or stint, and without a home."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "STINT_DATA": str(folder),
        **more,
    }


@contextmanager
def kept_server(folder: Path, **environment: str) -> Iterator[KeptServer]:
    """Start a server on a folder; at the end stop it, unless the test killed it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.devserver"],
        env=plain_environment(folder, PORT=str(port), **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    greeting = read_greeting(process, START_SECONDS * 3)
    assert process.stdout is not None
    # A full pipe would stop the server.
    reader = threading.Thread(target=process.stdout.read, daemon=True)
    reader.start()
    try:
        assert "Ctrl-C" in greeting, greeting
        yield KeptServer(process, Server(port, greeting))
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)
        reader.join()
        process.stdout.close()


def run_module(
    folder: Path, module: str, *arguments: object, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command as people do: it finds the tables by itself."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=plain_environment(folder, **environment),
        capture_output=True,
        text=True,
        timeout=START_SECONDS * 2,
        check=False,
    )
