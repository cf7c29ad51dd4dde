"""The request benchmark runs, and its stint results stay within the cost limits."""

import re
import subprocess
import sys

import pytest

from tests.support.engine import ENDPOINT

LIMITS = {
    "show, caller not cached": (2, 3.0, 0),
    "show": (1, 1.0, 0),
    "show, unchanged (ETag)": (1, 1.0, 0),
    "list of 120, first 30": (2, 2.5, 0),
    "list of 120, middle 30": (2, 3.5, 0),
    "live updates, ticket": (1, 0.0, 4),
    "background: live updates, connection": (2, 0.0, 2),
    "start": (2, 3.0, 16),
    "background: roll-up": (3, 2.0, 14),
    # The last call, and one unit, read the person's connections.
    "background: fan-out, timers": (3, 2.0, 0),
    "background: fan-out, entries": (3, 2.0, 0),
    "switch": (2, 3.0, 29),
    "stop": (2, 1.0, 17),
    "stop, repeated": (1, 1.0, 0),
}
"""By benchmark row: sequential calls, read units, write units."""

_ROW = re.compile(
    r"^\| (?P<name>[^|]+) \| [\d.]+ / [^|]+ \| (?P<calls>\d+) / [^|]+ \| (?P<reads>[\d.]+) / [^|]+ "
    r"\| (?P<writes>\d+) / [^|]+ \|",
    re.MULTILINE,
)


@pytest.mark.every_engine
@pytest.mark.skipif(ENDPOINT is None, reason="moto reports no read units: needs DynamoDB Local")
def test_request_benchmark_stays_within_the_limits() -> None:
    # Runs in a separate process with its own engine: it connects the models to other tables.
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.requests", "--timers", "120", "--runs", "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = {row["name"]: row for row in _ROW.finditer(result.stdout)}
    assert rows.keys() == LIMITS.keys()
    for name, (calls, reads, writes) in LIMITS.items():
        assert int(rows[name]["calls"]) <= calls, name
        assert float(rows[name]["reads"]) <= reads, name
        assert int(rows[name]["writes"]) <= writes, name
