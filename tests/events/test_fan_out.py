"""The streams' handler, as AWS loads it: its module alone, without ``app``."""

import json
import logging
import subprocess
import sys

import pytest

from chalicelib.domain.timers import Timer
from chalicelib.events import fan_out as module
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.faults import failing
from tests.support.outside import Outside
from tests.support.stream_records import stream_record
from tests.support.world import ADMIN, ADMINS_ENTRY, ZAGREB, World

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE - HOUR, MONDAY_NINE + 11 * HOUR)

LOAD = """
import json, sys
import chalicelib.events.fan_out as module
heavy = {"app", "chalicelib.http.application", "chalicelib.services.fanning_out"}
heavy |= {"chalicelib.outbound.queues", "chalicelib.outbound.posting", "standardwebhooks"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.fan_out)]))
"""


@pytest.fixture(autouse=True)
def _wired(outside: Outside, world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(module, "fan_out_tools", outside.fan_out_tools)


def test_its_module_is_loaded_alone() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == [[], True]


def test_it_puts_events_on_the_queue_and_says_so_in_one_line(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    outside.create_webhook("https://hooks.example.com/")
    with caplog.at_level(logging.INFO, "stint"):
        answer = module.fan_out({"Records": [stream_record(None, RUNNING)]}, None)
    assert answer == {"batchItemFailures": []}
    assert len(outside.queued()) == 1
    (line,) = caplog.records
    assert line.getMessage() == "fan_out"
    told = {name: line.__dict__[name] for name in ("records", "events", "messages", "failed")}
    assert told == {"records": 1, "events": 1, "messages": 1, "failed": 0}


def test_what_failed_is_named_by_its_sequence_number(outside: Outside) -> None:
    outside.create_webhook("https://hooks.example.com/")
    first, second = stream_record(None, RUNNING), stream_record(None, RUNNING)
    with failing(outside.tools.store._connection, "Query", "ThrottlingException"):
        answer = module.fan_out({"Records": [first, second]}, None)
    assert answer == {
        "batchItemFailures": [
            {"itemIdentifier": it["dynamodb"]["SequenceNumber"]} for it in (first, second)
        ]
    }


def test_an_empty_batch_is_nothing() -> None:
    assert module.fan_out({"Records": []}, None) == {"batchItemFailures": []}
