"""Tests of the scheduled handler ``auto_stop``. Lambda imports its module without ``app``."""

import json
import logging
import subprocess
import sys
from dataclasses import dataclass

import pytest
from pynamodb.connection import Connection

from benchmarks.seed_overdue import create_overdue_timers
from chalicelib.core.dependencies import Dependencies
from chalicelib.handlers import auto_stop as module
from chalicelib.handlers import composition
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock

EVENT = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-03-02T08:00:00Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:events:eu-central-1:123456789012:rule/auto_stop"],
    "detail": {},
}

LOAD_MODULE = """
import json, sys
import chalicelib.handlers.auto_stop as module
heavy = {"app", "chalicelib.http.application", "chalicelib.timers.auto_stop"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.auto_stop)]))
"""


@dataclass
class Context:
    remaining: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


@pytest.fixture
def overdue(
    dependencies: Dependencies,
    connection: Connection,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> int:
    create_overdue_timers(connection, 2149, range(5), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    monkeypatch.setattr(composition, "dependencies", lambda: dependencies)
    return 5


def test_handler_module_does_not_import_heavy_modules() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOAD_MODULE], capture_output=True, text=True, check=True
    )
    assert json.loads(process.stdout) == [[], True]


def test_handler_stops_and_purges_and_logs_one_line_for_each(
    overdue: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "stint"):
        response = module.auto_stop(EVENT, Context())
    assert response == {
        "found": overdue,
        "stopped": overdue,
        "reminded": 0,
        "lost": 0,
        "failed": 0,
        "left": 0,
        "complete": True,
        "lag_seconds": 0,
        "purge": {"purged": 0, "failed": 0, "left": 0, "complete": True},
    }
    auto_stop_record, purge_record = caplog.records
    assert (auto_stop_record.getMessage(), purge_record.getMessage()) == (
        "auto-stop run",
        "purge of deleted time entries",
    )
    purge = response.pop("purge")
    assert {name: auto_stop_record.__dict__[name] for name in response} == response
    assert {name: purge_record.__dict__[name] for name in purge} == purge


@pytest.mark.parametrize(
    ("overdue_seconds", "level"),
    [(module.LATE_SECONDS - 60, logging.INFO), (module.LATE_SECONDS, logging.ERROR)],
)
def test_late_run_is_an_error(
    overdue_seconds: int,
    level: int,
    overdue: int,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # The alarm FunctionFailures counts lines of level ERROR. No LogLevel suppresses them.
    clock.advance(overdue_seconds - HOUR)
    with caplog.at_level(logging.INFO, "stint"):
        response = module.auto_stop(EVENT, Context(remaining=module.SPARE_MILLISECONDS))
    assert (response["stopped"], response["lag_seconds"]) == (0, overdue_seconds)
    assert overdue
    assert caplog.records[0].levelno == level


def test_handler_stops_no_timer_when_its_time_is_nearly_over(overdue: int) -> None:
    assert overdue
    response = module.auto_stop(EVENT, Context(remaining=module.SPARE_MILLISECONDS))
    assert (response["stopped"], response["complete"]) == (0, False)


def test_handler_runs_every_five_minutes() -> None:
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            "import app; print(*[(source.name, source.schedule_expression.to_string(),"
            " source.handler_string)"
            " for source in app.app.event_sources if source.name == 'auto_stop'])",
        ],
        env={"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = ("auto_stop", "rate(5 minutes)", "chalicelib.handlers.auto_stop.auto_stop")
    assert process.stdout.strip() == str(expected)
