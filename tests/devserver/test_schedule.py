"""The local server runs the scheduled work of the deployed stack."""

import threading
import time

from pynamodb.connection import Connection

from benchmarks.seed_overdue import create_overdue_timers
from chalicelib.core.dependencies import Dependencies
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.table_snapshots import items
from tools.devserver.schedule import running_schedule


def test_auto_stop_runs_periodically_until_the_context_ends(
    dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    create_overdue_timers(connection, 2149, range(3), MONDAY_NINE, HOUR)
    clock.advance(2 * HOUR)
    with running_schedule(dependencies, every_seconds=0.01):
        until = time.monotonic() + 20
        while not all("stopped_at" in timer for timer in items(connection, "timers")):
            assert time.monotonic() < until, "overdue timers were not stopped"
            time.sleep(0.01)
    assert "schedule" not in {thread.name for thread in threading.enumerate()}
