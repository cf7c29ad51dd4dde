"""The manual auto-stop says with its exit code whether anything is left."""

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.dynamodb.keys import RUNNING_SHARDS
from tests.support.api import Api
from tests.support.clock import DAY, FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMINS_ENTRY
from tools.ops.auto_stop import stop_and_purge


@pytest.fixture(autouse=True)
def _overdue_timer(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(DAY)


@pytest.mark.parametrize(
    ("operation", "succeeding", "expected"),
    [
        ("TransactWriteItems", 0, "left         1"),
        ("Query", 0, "complete     False"),
        # The purge reads after the shards of running timers.
        ("Query", RUNNING_SHARDS, "0 purged, 0 left, not all read"),
    ],
)
def test_what_a_busy_database_leaves_is_a_failure(
    dependencies: Dependencies,
    connection: Connection,
    capsys: pytest.CaptureFixture[str],
    operation: str,
    succeeding: int,
    expected: str,
) -> None:
    with failing(connection, operation, "ThrottlingException", after=succeeding):
        assert stop_and_purge(dependencies, dry_run=False) == 1
    assert expected in capsys.readouterr().out
    assert stop_and_purge(dependencies, dry_run=False) == 0
    output = capsys.readouterr().out
    assert "complete     True" in output
    assert "0 purged, 0 left\n" in output


def test_dry_run_succeeds_and_purges_nothing(
    dependencies: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stop_and_purge(dependencies, dry_run=True) == 0
    output = capsys.readouterr().out
    assert f"{dependencies.settings.table_prefix}-* (dry run: nothing was written)" in output
    assert "stopped      1" in output
    assert "purged" not in output
