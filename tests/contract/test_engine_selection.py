"""What `make test-dynamodb-local` leaves out does not depend on the engine."""

import os
import subprocess
import sys
from collections import Counter

FILES = (
    "tests/core/test_ids.py",
    "tests/http/test_access.py",
    "tests/http/test_cursors.py",
    "tests/timers/test_interleavings.py",
)


def collected(**environment: str) -> Counter[str]:
    """Return how many sets of parameters each test runs with."""
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *FILES],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    nodes = [line for line in result.stdout.splitlines() if "::" in line]
    return Counter(node.partition("[")[0] for node in nodes)


def test_dynamodb_local_runs_every_test_that_uses_the_tables() -> None:
    everything = collected(DYNAMODB_ENDPOINT="")
    selected = collected(DYNAMODB_ENDPOINT="http://127.0.0.1:9")
    left_out = everything.keys() - selected.keys()
    access = "tests/http/test_access.py::test_"
    assert f"{access}every_route_has_a_sample_request" in left_out
    assert f"{access}application_serves_exactly_the_route_table" not in left_out
    assert not [name for name in left_out if "interleavings" in name or "cursors" in name]
    # Routes differ above the storage: three of them stand for the others.
    assert selected[f"{access}admin_can_call_every_route"] == 3
    race = f"{access}access_that_ends_between_read_and_commit_gives_no_access"
    for name in everything:
        if name == race or "interleavings" in name or "cursors" in name:
            assert selected[name] == everything[name], name
