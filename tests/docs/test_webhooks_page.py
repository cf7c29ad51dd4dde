"""docs/webhooks.md: its receiver example works, and its facts match the code."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from chalicelib.clients.http_client import WebhookClient
from chalicelib.clients.webhook_signatures import signed_headers
from chalicelib.deliveries.rules import RETRY_DELAYS
from chalicelib.events.model import EventType
from infra.stack.template import ROOT
from tests.support.receiver import eventually

PAGE = ROOT / "docs" / "webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type": "timer.started", "data": {"id": "16"}}'


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path / "receiver.py"
    path.write_text(code)
    return path


def test_receiver_example_has_at_most_ten_lines(script: Path) -> None:
    lines = [line for line in script.read_text().splitlines() if line.strip()]
    assert sum(not line.startswith(("import", "from")) for line in lines) <= 10


def test_receiver_example_accepts_only_signed_events(script: Path) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    client, url = WebhookClient(local=True), f"http://127.0.0.1:{port}/"

    def post(body: str, signed_body: str) -> int | None:
        headers = signed_headers("evt_1", signed_body, [SECRET], int(time.time()))
        return client.post(url, body.encode(), headers).status

    try:
        assert eventually(lambda: post(BODY, BODY) == 204)
        assert post(BODY.replace("16", "17"), BODY) is None
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
    assert set(output.splitlines()) == {"timer.started 16"}


def test_page_names_every_event_type() -> None:
    page = PAGE.read_text()
    assert [
        event_type.value for event_type in EventType if f"`{event_type.value}`" not in page
    ] == []


def test_page_lists_the_retry_delays() -> None:
    assert RETRY_DELAYS == (5, 60, 300, 1800, 3600, 7200, 14_400, 28_800)
    page = " ".join(PAGE.read_text().split())
    assert "after 5 seconds, 1, 5 and 30 minutes, 1, 2, 4 and 8 hours" in page
