"""Rate of the auto-stop: ``make bench-auto-stop``; TIMERS=100000 is the full count.

Loads overdue timers into DynamoDB Local, each of its own person, then runs the auto-stop in steps
of a Lambda's time limit, checks that each timer was stopped once, at its limit, and prints the
rate.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pynamodb.connection import Connection

from benchmarks.seed_overdue import create_overdue_timers
from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.settings import read_settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from chalicelib.timers.auto_stop import AutoStop, AutoStopReport
from infra.command_line import new_parser, positive_number, whole_number
from tools.ops.invariants import check
from tools.ops.snapshot import SnapshotReader
from tools.tables import create_tables

_ORGANIZATION = 2149
_LIMIT = 3600
_LOADERS = 4


def main(arguments: list[str]) -> None:
    """Load, stop, check, print."""
    parser = new_parser("benchmarks.auto_stop", "Stop many overdue timers on DynamoDB Local.")
    parser.add_argument("--timers", type=whole_number, default=2_000)
    parser.add_argument(
        "--step", type=positive_number, default=50.0, help="maximum seconds per run"
    )
    options = parser.parse_args(arguments)
    settings = read_settings(os.environ)
    if settings.dynamodb_endpoint is None:
        sys.exit("This benchmark needs DynamoDB Local: make bench-auto-stop")
    connection = connect(settings, models())
    create_tables()
    _load(connection, options.timers)
    runs = _stop_all(build_dependencies(Database(connection)), options.step)
    stopped = sum(report.stopped for report, _ in runs)
    seconds = sum(duration for _, duration in runs)
    _verify(connection, options.timers, stopped)
    print(
        f"{stopped} timers stopped in {len(runs)} runs of at most {options.step:g} s, each once and"
    )
    print(f"at its limit; all invariants hold: {stopped / seconds:.0f} per second on this machine")


def _load(connection: Connection, count: int) -> None:
    started_at = int(time.time()) - 2 * _LIMIT
    size = -(-count // _LOADERS)
    parts = [range(first, min(first + size, count)) for first in range(0, count, size)]
    with ThreadPoolExecutor(_LOADERS) as threads:
        create = partial(
            create_overdue_timers, connection, _ORGANIZATION, started_at=started_at, limit=_LIMIT
        )
        for part in [threads.submit(create, numbers) for numbers in parts]:
            part.result()
    print(f"{count} timers loaded, each an hour past its limit", flush=True)


def _stop_all(dependencies: Dependencies, step: float) -> list[tuple[AutoStopReport, float]]:
    runs = []
    while True:
        began = time.perf_counter()
        ends = began + step
        report = AutoStop(dependencies).run(lambda ends=ends: time.perf_counter() < ends)  # type: ignore[misc]
        runs.append((report, time.perf_counter() - began))
        print(f"run {len(runs)}: {report}", flush=True)
        if report.complete and not report.left:
            return runs
        if not report.stopped:
            sys.exit("a run stopped no timer")


def _verify(connection: Connection, count: int, stopped: int) -> None:
    snapshots = SnapshotReader(connection).read_all()
    timers = [timer for snapshot in snapshots.values() for timer in snapshot.timers]
    if stopped != count or len(timers) != count:
        sys.exit(f"{stopped} of {count} stopped")
    if any(timer.stopped_at != timer.auto_stop_at or timer.version != 2 for timer in timers):  # noqa: PLR2004
        sys.exit("a timer was stopped twice, or at another time than its limit")
    if any(check(snapshot) for snapshot in snapshots.values()):
        sys.exit("an invariant is violated")


if __name__ == "__main__":
    main(sys.argv[1:])
