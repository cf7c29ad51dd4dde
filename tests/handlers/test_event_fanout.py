"""Tests of the stream handler ``event_fanout``. Lambda imports its module without ``app``."""

import json
import logging
import subprocess
import sys

import pytest

from chalicelib.events import fanout
from chalicelib.handlers import composition
from chalicelib.handlers import event_fanout as module
from chalicelib.timers.model import Timer
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.event_services import EventServices
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, Fixtures
from tests.support.stream_records import stream_record

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)

LOAD_MODULE = """
import json, sys
import chalicelib.handlers.event_fanout as module
heavy = {"app", "chalicelib.http.application", "chalicelib.events.fanout"}
heavy |= {"chalicelib.clients.sqs", "chalicelib.clients.http_client", "standardwebhooks"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.event_fanout)]))
"""


@pytest.fixture(autouse=True)
def _use_test_dependencies(
    event_services: EventServices, fixtures: Fixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fixtures.tokens
    monkeypatch.setattr(composition, "dependencies", lambda: event_services.dependencies)
    monkeypatch.setattr(fanout, "build_event_fanout", lambda _: event_services.event_fanout())


def test_handler_module_does_not_import_heavy_modules() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOAD_MODULE], capture_output=True, text=True, check=True
    )
    assert json.loads(process.stdout) == [[], True]


def test_handler_enqueues_events_and_writes_one_log_line(
    event_services: EventServices, caplog: pytest.LogCaptureFixture
) -> None:
    event_services.create_webhook("https://hooks.example.com/")
    with caplog.at_level(logging.INFO, "stint"):
        response = module.event_fanout({"Records": [stream_record(None, RUNNING)]}, None)
    assert response == {"batchItemFailures": []}
    assert len(event_services.queued()) == 1
    (log_record,) = caplog.records
    assert log_record.getMessage() == "event fan-out"
    counts = {
        name: log_record.__dict__[name]
        for name in ("records", "events", "messages", "skipped_records", "skipped_messages")
    }
    assert counts == {
        "records": 1,
        "events": 1,
        "messages": 1,
        "skipped_records": 0,
        "skipped_messages": 0,
    }
    assert log_record.__dict__["failed"] == 0


def test_failed_records_are_reported_by_sequence_number(event_services: EventServices) -> None:
    event_services.create_webhook("https://hooks.example.com/")
    first, second = stream_record(None, RUNNING), stream_record(None, RUNNING)
    with failing(event_services.dependencies.database.connection, "Query", "ThrottlingException"):
        response = module.event_fanout({"Records": [first, second]}, None)
    assert response == {
        "batchItemFailures": [
            {"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in (first, second)
        ]
    }


def test_empty_batch_reports_no_failures() -> None:
    assert module.event_fanout({"Records": []}, None) == {"batchItemFailures": []}
