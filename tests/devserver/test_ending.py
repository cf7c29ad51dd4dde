"""``make run`` ends in order: no traceback, whenever and however often Ctrl-C is pressed."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.kept_server import kept_server, plain_environment, run_module
from tests.support.local_server import START_SECONDS, free_port
from tools.data_folder import DataFolder
from tools.devserver.store import Store


@pytest.mark.parametrize(
    ("line", "more"),
    [("Starting over.", {"FRESH": "1"}), ("Press Ctrl-C to stop.", {}), ("Stopping ...", {})],
)
def test_interrupt_at_any_moment_ends_the_server(
    tmp_path: Path, line: str, more: dict[str, str]
) -> None:
    """The last case presses Ctrl-C again while the server stops."""
    Store(DataFolder(tmp_path).database).close()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tools.devserver"],
        env=plain_environment(tmp_path, PORT=str(free_port()), **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    killer = threading.Timer(START_SECONDS, process.kill)
    killer.start()
    output = ""
    for each in process.stdout:
        output += each
        if line in each or (line == "Stopping ..." and "Ctrl-C" in each):
            process.send_signal(signal.SIGINT)
    process.wait()
    killer.cancel()
    process.stdout.close()
    assert process.returncode == 0, output
    assert output.endswith("Stopped.\n")
    assert "Traceback" not in output


def test_database_without_streams_is_refused(tmp_path: Path) -> None:
    """Such as that of another local server, whose address the greeting shows."""
    with kept_server(tmp_path / "data", STINT_DEMO="0") as running:
        result = run_module(
            tmp_path,
            "tools.devserver",
            DYNAMODB_ENDPOINT=running.server.endpoint,
            PORT=str(free_port()),
        )
    assert result.returncode == 1
    assert f"No table streams at {running.server.endpoint}. " in result.stderr
    assert "must be a server with DynamoDB Streams" in result.stderr
    assert "Traceback" not in result.stderr
