"""Many phones at once against the local server on DynamoDB Local: ``make bench-load``.

Prints throughput and waiting times, then proves that everything holds: each start that was answered
is there, nobody has two timers or an overlap, sums agree, and what is counted was rolled up. Ends
with 1 if anything does not, or if any request failed.
"""

import argparse
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

from bench.crowd import hire
from bench.phones import Phone, Sent
from chalicelib.services.toolbox import real_toolbox
from chalicelib.settings import Settings
from chalicelib.store.connection import connect
from chalicelib.store.store import Store
from infra import rollups
from infra.check_invariants import report
from infra.dynamodb_local import dynamodb_local, free_port
from infra.environment import allow_any_credentials
from infra.ledger import Ledger
from infra.tables import create_tables

_READY = "Ctrl-C"
_WARM_SECONDS = 3.0
_SETTLE_SECONDS = 60
_STARTS = ("start", "switch")


def main(arguments: list[str]) -> int:
    """Hire, ring, print, check."""
    parser = argparse.ArgumentParser(description="Many phones against the local server.")
    parser.add_argument("--phones", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--think", type=float, default=0.3, help="seconds between requests, mean")
    asked = parser.parse_args(arguments)
    with dynamodb_local() as endpoint:
        settings = Settings(dynamodb_endpoint=endpoint)
        allow_any_credentials(settings)
        connection = connect(settings)
        create_tables()
        workers = hire(Store(connection), asked.phones, int(time.time()))
        with _serving(endpoint) as port:
            # An engine that just started is slow for some seconds: those are not of interest.
            phones = [Phone(port, worker, asked.think) for worker in workers]
            warm, _ = _ring(phones, _WARM_SECONDS)
            sent, seconds = _ring(phones, asked.seconds)
            _print(sent, seconds, asked.phones, asked.think)
            return _check(connection, settings, [*warm, *sent])


@contextmanager
def _serving(endpoint: str) -> Iterator[int]:
    """The local server, in a process of its own; its log is of no interest here."""
    port = free_port()
    given = {"PORT": str(port), "DYNAMODB_ENDPOINT": endpoint, "STINT_DEMO": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local"],
        env={**os.environ, **given, "STINT_LOG_LEVEL": "WARNING"},
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


def _ring(phones: Sequence[Phone], seconds: float) -> tuple[list[Sent], float]:
    began = time.perf_counter()
    ends = began + seconds

    def goes_on() -> bool:
        return time.perf_counter() < ends

    with ThreadPoolExecutor(len(phones)) as threads:
        running = [threads.submit(phone.run, goes_on) for phone in phones]
        sent = [it for done in running for it in done.result()]
    return sent, time.perf_counter() - began


def _print(sent: Sequence[Sent], seconds: float, phones: int, think: float) -> None:
    by_kind: dict[str, list[Sent]] = defaultdict(list)
    for one in sent:
        by_kind[one.what].append(one)
    by_kind["all"] = list(sent)
    print("| request | answered | a second | p50, ms | p99, ms | longest, ms | failed |")
    print(f"| --- |{' ---: |' * 6}")
    for what, ones in by_kind.items():
        taken = sorted(it.seconds * 1000 for it in ones)
        p99 = taken[min(len(taken) - 1, len(taken) * 99 // 100)]
        cells = (
            f"{len(ones):,}",
            f"{len(ones) / seconds:.0f}",
            *(f"{it:.0f}" for it in (statistics.median(taken), p99, taken[-1])),
            str(sum(it.failed for it in ones)),
        )
        print(f"| {what} | {' | '.join(cells)} |")
    statuses = Counter(it.status for it in sent)
    told = ", ".join(f"{count:,} of {status}" for status, count in sorted(statuses.items()))
    print(
        f"\n{phones} phones for {seconds:.0f} s, a pause of {think:g} s on average; {told}.\n"
        f"One process serves; it, the phones and DynamoDB Local share {os.cpu_count()} cores. "
        f"Python {platform.python_version()}."
    )


def _check(connection: Connection, settings: Settings, sent: Sequence[Sent]) -> int:
    tools = real_toolbox(Store(connection), settings)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while rollups.check(connection, tools).behind and time.monotonic() < deadline:
        time.sleep(1)
    wrong = report(connection, tools, with_repair=False)
    timers = sum(len(books.timers) for books in Ledger(connection).read_all().values())
    started = sum(it.what in _STARTS and not it.failed for it in sent)
    if timers != started:
        print(f"{started} starts were answered, and there are {timers} timers")
        wrong = 1
    failed = sum(it.failed for it in sent)
    if failed:
        print(f"{failed} requests failed")
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
