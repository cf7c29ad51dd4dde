"""The scheduled handler, as AWS loads it: its module alone, without ``app``."""

import json
import logging
import subprocess
import sys
from dataclasses import dataclass

import pytest
from pynamodb.connection import Connection

from bench.forgotten import forget_timers
from chalicelib.events import sweep as module
from chalicelib.services.toolbox import Toolbox
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock

EVENT = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-03-02T08:00:00Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:events:eu-central-1:123456789012:rule/sweep"],
    "detail": {},
}

LOAD = """
import json, sys
import chalicelib.events.sweep as module
heavy = {"app", "chalicelib.http.application", "chalicelib.services.sweeping"}
print(json.dumps([sorted(heavy & set(sys.modules)), callable(module.sweep)]))
"""


@dataclass
class Context:
    remaining: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


@pytest.fixture
def forgotten(
    tools: Toolbox, connection: Connection, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> int:
    forget_timers(connection, 2149, range(5), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    monkeypatch.setattr(module, "toolbox", lambda: tools)
    return 5


def test_its_module_is_loaded_alone() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == [[], True]


def test_it_sweeps_and_clears_and_reports_in_a_log_line_each(
    forgotten: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "stint"):
        answer = module.sweep(EVENT, Context())
    assert answer == {
        "found": forgotten,
        "stopped": forgotten,
        "lost": 0,
        "failed": 0,
        "left": 0,
        "complete": True,
        "lag_seconds": 0,
        "clearing": {"cleared": 0, "failed": 0, "left": 0},
    }
    line, other = caplog.records
    assert (line.getMessage(), other.getMessage()) == ("sweep", "clearing")
    cleared = answer.pop("clearing")
    assert {name: line.__dict__[name] for name in answer} == answer
    assert {name: other.__dict__[name] for name in cleared} == cleared


def test_it_begins_nothing_when_its_time_is_nearly_over(forgotten: int) -> None:
    assert forgotten
    answer = module.sweep(EVENT, Context(remaining=module.SPARE_MILLISECONDS))
    assert (answer["stopped"], answer["complete"]) == (0, False)


def test_it_runs_every_five_minutes() -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "import app; print(*[(it.name, it.schedule_expression.to_string(), it.handler_string)"
            " for it in app.app.event_sources if it.name == 'sweep'])",
        ],
        env={"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = ("sweep", "rate(5 minutes)", "chalicelib.events.sweep.sweep")
    assert result.stdout.strip() == str(expected)
