"""Tests of the SQS handler ``webhook_delivery``. Lambda imports its module without ``app``."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.deliveries import operations
from chalicelib.deliveries.operations import THREADS
from chalicelib.handlers import composition
from chalicelib.handlers import webhook_delivery as module
from chalicelib.timers.model import Timer
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.event_services import EventServices
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, Fixtures
from tests.support.receiver import Receiver
from tests.support.stream_records import stream_record

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)

LOAD_MODULE = """
import json, sys
import chalicelib.handlers.webhook_delivery as module
heavy = {"app", "chalicelib.http.application", "chalicelib.deliveries.operations"}
heavy |= {"chalicelib.clients.sqs", "chalicelib.clients.http_client", "standardwebhooks"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.webhook_delivery)]))
"""


@pytest.fixture(autouse=True)
def _use_test_dependencies(
    event_services: EventServices, fixtures: Fixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fixtures.tokens
    worker = event_services.webhook_delivery()
    monkeypatch.setattr(composition, "dependencies", lambda: event_services.dependencies)
    monkeypatch.setattr(operations, "build_webhook_delivery", lambda _: worker)
    monkeypatch.setattr(module, "_workers", {})


def event(*bodies: str) -> dict[str, Any]:
    """Return the event that Lambda builds from SQS messages."""
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


def test_handler_module_does_not_import_heavy_modules() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOAD_MODULE], capture_output=True, text=True, check=True
    )
    assert json.loads(process.stdout) == [[], True]


def test_handler_delivers_messages_and_reports_failed_ones(
    event_services: EventServices, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    event_services.create_webhook(receiver.url)
    event_services.fan_out(stream_record(None, RUNNING))
    (body,) = event_services.texts(event_services.settings.deliveries_url)
    with caplog.at_level(logging.INFO, "stint"):
        response = module.webhook_delivery(event(body, "nonsense"), None)
    assert response == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert len(receiver.received) == 1
    log_record = caplog.records[-1]
    assert log_record.getMessage() == "delivery batch"
    assert (log_record.__dict__["delivered"], log_record.__dict__["failed"]) == (1, 1)


def test_batch_size_does_not_exceed_the_thread_count() -> None:
    assert module.BATCH <= THREADS
