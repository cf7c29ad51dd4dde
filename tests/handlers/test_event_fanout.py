"""Tests of the DynamoDB Streams handler ``fan_out``. Lambda imports its module without ``app``."""

import json
import logging
import subprocess
import sys

import pytest

from chalicelib.domain.timers import Timer
from chalicelib.handlers import event_fanout as module
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.event_services import Outside
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, World
from tests.support.stream_records import stream_record

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)

LOAD_MODULE = """
import json, sys
import chalicelib.handlers.event_fanout as module
heavy = {"app", "chalicelib.http.application", "chalicelib.events.fanout"}
heavy |= {"chalicelib.clients.sqs", "chalicelib.clients.http_client", "standardwebhooks"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.fan_out)]))
"""


@pytest.fixture(autouse=True)
def _use_test_dependencies(outside: Outside, world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(module, "fan_out_tools", outside.fan_out_tools)


def test_handler_module_does_not_import_heavy_modules() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOAD_MODULE], capture_output=True, text=True, check=True
    )
    assert json.loads(process.stdout) == [[], True]


def test_handler_enqueues_events_and_writes_one_log_line(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    outside.create_webhook("https://hooks.example.com/")
    with caplog.at_level(logging.INFO, "stint"):
        response = module.fan_out({"Records": [stream_record(None, RUNNING)]}, None)
    assert response == {"batchItemFailures": []}
    assert len(outside.queued()) == 1
    (log_record,) = caplog.records
    assert log_record.getMessage() == "event fan-out"
    counts = {
        name: log_record.__dict__[name] for name in ("records", "events", "messages", "failed")
    }
    assert counts == {"records": 1, "events": 1, "messages": 1, "failed": 0}


def test_failed_records_are_reported_by_sequence_number(outside: Outside) -> None:
    outside.create_webhook("https://hooks.example.com/")
    first, second = stream_record(None, RUNNING), stream_record(None, RUNNING)
    with failing(outside.tools.store._connection, "Query", "ThrottlingException"):
        response = module.fan_out({"Records": [first, second]}, None)
    assert response == {
        "batchItemFailures": [
            {"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in (first, second)
        ]
    }


def test_empty_batch_reports_no_failures() -> None:
    assert module.fan_out({"Records": []}, None) == {"batchItemFailures": []}
