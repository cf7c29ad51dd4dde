"""The queue's handler, as AWS loads it: its module alone, without ``app``."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.domain.timers import Timer
from chalicelib.events import delivery as module
from chalicelib.services.delivering import THREADS
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.outside import Outside
from tests.support.receiver import Receiver
from tests.support.stream_records import stream_record
from tests.support.world import ADMIN, ADMINS_ENTRY, ZAGREB, World

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)

LOAD = """
import json, sys
import chalicelib.events.delivery as module
heavy = {"app", "chalicelib.http.application", "chalicelib.services.delivering"}
heavy |= {"chalicelib.outbound.queues", "chalicelib.outbound.posting", "standardwebhooks"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.delivery)]))
"""


@pytest.fixture(autouse=True)
def _wired(outside: Outside, world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(module, "delivery_tools", outside.delivery_tools)


def event(*bodies: str) -> dict[str, Any]:
    """What Lambda makes of messages of a queue."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "handle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:deliveries",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_its_module_is_loaded_alone() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == [[], True]


def test_it_delivers_and_names_what_is_to_come_again(
    outside: Outside, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    outside.create_webhook(receiver.url)
    outside.fan_out(stream_record(None, RUNNING))
    (text,) = outside.texts(outside.settings.deliveries_url)
    with caplog.at_level(logging.INFO, "stint"):
        answer = module.delivery(event(text, "nonsense"), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert len(receiver.received) == 1
    line = caplog.records[-1]
    assert line.getMessage() == "deliveries"
    assert (line.__dict__["delivered"], line.__dict__["failed"]) == (1, 1)


def test_a_batch_is_delivered_all_at_once() -> None:
    assert module.BATCH <= THREADS
