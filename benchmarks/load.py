"""Load test: virtual users against the local server on DynamoDB Local, ``make bench-load``.

Prints throughput and latency, then checks the data: each start with a success response exists, no
person has two running timers or an overlap, sums match, and all counters are rolled up. Exits with
1 if a check or a request failed.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pynamodb.connection import Connection

from benchmarks.seed_people import create_workers
from benchmarks.virtual_users import Sent, VirtualUser
from chalicelib.core.dependencies import build_dependencies
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models
from infra.command_line import new_parser, positive_number, whole_number
from tools.devserver.dynamodb_local import dynamodb_local, free_port
from tools.environment import allow_any_credentials
from tools.ops import counter_repair
from tools.ops.check_invariants import report
from tools.ops.snapshot import SnapshotReader
from tools.tables import create_tables

_READY = "Ctrl-C"
_WARM_SECONDS = 3.0
_ROLL_UP_SECONDS = 60
_STARTS = ("start", "switch")


def main(arguments: list[str]) -> int:
    """Create people, run the virtual users, print, check."""
    parser = new_parser("benchmarks.load", "Load test the local server with virtual users.")
    parser.add_argument("--users", type=whole_number, default=50)
    parser.add_argument("--seconds", type=positive_number, default=20.0)
    parser.add_argument(
        "--think", type=positive_number, default=0.3, help="seconds between requests, mean"
    )
    options = parser.parse_args(arguments)
    with dynamodb_local() as endpoint:
        settings = Settings(dynamodb_endpoint=endpoint)
        allow_any_credentials(settings)
        connection = connect(settings, models())
        create_tables()
        workers = create_workers(Database(connection), options.users, int(time.time()))
        with _serving(endpoint) as port:
            # The first seconds of an engine are slow: they are not measured.
            users = [VirtualUser(port, worker, options.think) for worker in workers]
            warm, _ = _run(users, _WARM_SECONDS)
            sent, seconds = _run(users, options.seconds)
            _print(sent, seconds, options.users, options.think)
            return _check(connection, settings, [*warm, *sent])


@contextmanager
def _serving(endpoint: str) -> Iterator[int]:
    """Run the local server in its own process; its log is not shown."""
    port = free_port()
    variables = {"PORT": str(port), "DYNAMODB_ENDPOINT": endpoint, "STINT_DEMO": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "tools.devserver"],
        env={**os.environ, **variables, "STINT_LOG_LEVEL": "WARNING"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            for line in process.stdout or ():
                if _READY in line:
                    break
            yield port
        finally:
            process.terminate()
            process.communicate()


def _run(users: Sequence[VirtualUser], seconds: float) -> tuple[list[Sent], float]:
    began = time.perf_counter()
    ends = began + seconds

    def is_running() -> bool:
        return time.perf_counter() < ends

    with ThreadPoolExecutor(len(users)) as threads:
        futures = [threads.submit(user.run, is_running) for user in users]
        sent = [request for future in futures for request in future.result()]
    return sent, time.perf_counter() - began


def _print(sent: Sequence[Sent], seconds: float, users: int, think: float) -> None:
    by_kind: dict[str, list[Sent]] = defaultdict(list)
    for request in sent:
        by_kind[request.what].append(request)
    by_kind["all"] = list(sent)
    print("| request | responses | per second | p50, ms | p99, ms | max, ms | failed |")
    print(f"| --- |{' ---: |' * 6}")
    for kind, requests in by_kind.items():
        milliseconds = sorted(request.seconds * 1000 for request in requests)
        p99 = milliseconds[min(len(milliseconds) - 1, len(milliseconds) * 99 // 100)]
        cells = (
            f"{len(requests):,}",
            f"{len(requests) / seconds:.0f}",
            *(f"{value:.0f}" for value in (statistics.median(milliseconds), p99, milliseconds[-1])),
            str(sum(request.failed for request in requests)),
        )
        print(f"| {kind} | {' | '.join(cells)} |")
    statuses = Counter(request.status for request in sent)
    status_counts = ", ".join(
        f"{count:,} with status {status}" for status, count in sorted(statuses.items())
    )
    print(
        f"\n{users} virtual users for {seconds:.0f} s, think time {think:g} s on average; "
        f"responses: {status_counts}.\n"
        f"One server process; it, the users and DynamoDB Local share {os.cpu_count()} cores. "
        f"Python {platform.python_version()}."
    )


def _check(connection: Connection, settings: Settings, sent: Sequence[Sent]) -> int:
    dependencies = build_dependencies(Database(connection), settings)
    deadline = time.monotonic() + _ROLL_UP_SECONDS
    while counter_repair.check(connection, dependencies).behind and time.monotonic() < deadline:
        time.sleep(1)
    violations = report(connection, dependencies, with_repair=False)
    timers = sum(
        len(snapshot.timers) for snapshot in SnapshotReader(connection).read_all().values()
    )
    started = sum(request.what in _STARTS and not request.failed for request in sent)
    if timers != started:
        print(f"{started} starts succeeded, but there are {timers} timers")
        violations = 1
    failed = sum(request.failed for request in sent)
    if failed:
        print(f"{failed} requests failed")
    return 1 if violations or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
