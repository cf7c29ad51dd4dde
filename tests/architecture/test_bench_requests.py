"""The bench of requests runs, and stint keeps to its ceilings in it, beside the usual way."""

import re
import subprocess
import sys

import pytest

from tests.support.engine import ENDPOINT

CEILINGS = {
    "show, caller not yet known": (2, 3.0, 0),
    "show": (1, 1.0, 0),
    "show, unchanged (ETag)": (1, 1.0, 0),
    "list of 120, first 30": (2, 2.0, 0),
    "list of 120, middle 30": (2, 3.0, 0),
    "start": (2, 2.0, 16),
    "behind an act: roll-up": (3, 2.0, 8),
    "behind an act: fan-out, timers": (2, 1.0, 0),
    "behind an act: fan-out, entries": (2, 1.0, 0),
    "switch": (2, 2.0, 29),
    "stop": (2, 1.0, 17),
    "stop, again": (1, 1.0, 0),
}
"""Calls that wait for each other, read units, write units."""

_ROW = re.compile(
    r"^\| (?P<name>[^|]+) \| [\d.]+ / [^|]+ \| (?P<calls>\d+) / [^|]+ \| (?P<reads>[\d.]+) / [^|]+ "
    r"\| (?P<writes>\d+) / [^|]+ \|",
    re.MULTILINE,
)


@pytest.mark.skipif(ENDPOINT is None, reason="moto tells no read units: needs DynamoDB Local")
def test_the_bench_is_within_the_ceilings() -> None:
    # In a process of its own, on an engine of its own: it binds the models to other tables.
    done = subprocess.run(
        [sys.executable, "-m", "bench.requests", "--timers", "120", "--runs", "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = {row["name"]: row for row in _ROW.finditer(done.stdout)}
    assert rows.keys() == CEILINGS.keys()
    for name, (calls, reads, writes) in CEILINGS.items():
        assert int(rows[name]["calls"]) <= calls, name
        assert float(rows[name]["reads"]) <= reads, name
        assert int(rows[name]["writes"]) <= writes, name
