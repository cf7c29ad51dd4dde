"""Cost of each endpoint, compared with a baseline: ``make bench-requests``.

The baseline is a common Chalice and PynamoDB design. Both process API Gateway events in this
process, on the same DynamoDB Local, with the same history. Measures CPU milliseconds, sequential
database calls and read units (as the engine counts them); computes write units by AWS's rules
(benchmarks/write_units.py) and the price of a million requests (benchmarks/prices.py).
"""

import json
import os
import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalice.app import Chalice

from benchmarks import prices
from benchmarks.contenders import (
    BACKGROUND,
    ENTRY,
    OURS,
    SECOND_ENTRY,
    TOKEN,
    USUAL,
    Contender,
    Stint,
    Usual,
)
from benchmarks.costs import Cost
from benchmarks.lists import ORGANIZATION, history
from chalicelib.core.settings import Settings
from infra.command_line import new_parser, whole_number
from tools.devserver.dynamodb_local import dynamodb_local
from tools.devserver.proxy_events import proxy_event
from tools.environment import allow_any_credentials

_TIMERS = "/api/v2/timers"
_TIMER = "/api/v2/timers/{id}"
_STOP = "/api/v2/timers/{id}/stop"
_HEADERS = {
    "X-Auth-Token": TOKEN,
    "X-Organization-Id": str(ORGANIZATION),
    "Content-Type": "application/vnd.api+json",
}
_FIRST_ERROR_STATUS = 400

MEMORY_GB = 1.0
_PROCESSOR_GB = 1.769
"""Lambda provides one vCPU at this memory size, and a proportional share below it."""

_WAIT_SECONDS = 0.004
"""Assumed duration of a call from Lambda to DynamoDB; it is not measured here."""


@dataclass(slots=True)
class Measured:
    """Measurements of one operation: CPU seconds of each run, and database cost."""

    seconds: list[float] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)
    is_background: bool = False

    @property
    def cpu(self) -> float:
        """Median CPU seconds."""
        return statistics.median(self.seconds)

    @property
    def seconds_billed(self) -> float:
        """Estimated duration on Lambda, with its share of a vCPU."""
        return self.cpu * _PROCESSOR_GB / MEMORY_GB + self.cost.waits * _WAIT_SECONDS

    @property
    def database(self) -> float:
        """DynamoDB cost, in dollars."""
        cost = self.cost
        return cost.read_units * prices.READ_UNITS + cost.write_units * prices.WRITE_UNITS

    @property
    def total(self) -> float:
        """Total cost in dollars, without data transfer and storage."""
        gateway = 0 if self.is_background else prices.GATEWAY_REQUEST
        duration = self.seconds_billed * MEMORY_GB * prices.LAMBDA_GB_SECOND
        return self.database + gateway + prices.LAMBDA_REQUEST + duration


Table = Mapping[str, Mapping[str, Measured]]
"""Measurements, by operation name and contender."""


def measure(endpoint: str, timers: int, runs: int) -> Table:
    """Run both contenders: once to warm up, once to count, then in turns for CPU time."""
    settings = Settings(dynamodb_endpoint=endpoint, live_url="wss://live.example.com/live")
    allow_any_credentials(settings)
    history_timers = history(timers)
    contenders: list[Contender] = [
        Stint(settings, history_timers, int(time.time())),
        Usual(settings, history_timers),
    ]
    table: dict[str, dict[str, Measured]] = defaultdict(lambda: defaultdict(Measured))
    for contender in contenders:
        for _, operation in _operations(contender, timers):
            operation()
        for name, operation in _operations(contender, timers):
            measured = table[name][contender.name]
            measured.is_background = name.startswith(BACKGROUND)
            with contender.counting() as measured.cost:
                operation()
    for number in range(runs):
        for contender in contenders if number % 2 else reversed(contenders):
            for name, operation in _operations(contender, timers):
                began = time.process_time()
                operation()
                table[name][contender.name].seconds.append(time.process_time() - began)
    return table


def _operations(contender: Contender, timers: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield each request and the background runs, to be called once each, in this order."""
    app, path_arguments = contender.app, {"id": str(2 * 10**14 + 5)}
    show = proxy_event("GET", _TIMER, _HEADERS, arguments=path_arguments)
    yield "show, caller not cached", partial(_send, contender.fresh(), show)
    yield "show", partial(_send, app, show)
    headers = _HEADERS | {"If-None-Match": _send(app, show)["headers"].get("ETag", "")}
    poll = proxy_event("GET", _TIMER, headers, arguments=path_arguments)
    yield "show, unchanged (ETag)", partial(_send, app, poll)
    for name, page in (("first", 1), ("middle", timers // 60)):
        query = f"page[number]={page}&page[size]=30"
        event = proxy_event("GET", _TIMERS, _HEADERS, query=query)
        yield f"list of {timers:,}, {name} 30", partial(_send, app, event)
    yield from contender.live_runs().items()
    yield from _changes(contender)


def _changes(contender: Contender) -> Iterator[tuple[str, Callable[[], object]]]:
    app, started = contender.app, list[str]()

    def start(entry_id: int) -> None:
        document = {"data": {"type": "timers", "attributes": {"time_entry_id": entry_id}}}
        response = _send(app, proxy_event("POST", _TIMERS, _HEADERS, document=document))
        started.append(json.loads(response["body"])["data"]["id"])

    def stop() -> None:
        _send(app, proxy_event("PATCH", _STOP, _HEADERS, arguments={"id": started[-1]}))

    yield "start", partial(start, ENTRY)
    for name, run in contender.background_runs().items():
        yield f"{BACKGROUND}{name}", run
    yield "switch", partial(start, SECOND_ENTRY)
    yield "stop", stop
    yield "stop, repeated", stop
    for run in contender.background_runs().values():
        run()


def _send(app: Chalice, event: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = app(event, None)
    if response["statusCode"] >= _FIRST_ERROR_STATUS:
        sys.exit(f"{event['httpMethod']} {event['path']}: {response}")
    return response


def main(arguments: list[str]) -> None:
    """Load, send, print."""
    parser = new_parser("benchmarks.requests", "Measure the cost of each endpoint.")
    parser.add_argument("--timers", type=whole_number, default=1_000)
    parser.add_argument("--runs", type=whole_number, default=30)
    options = parser.parse_args(arguments)
    with dynamodb_local() as endpoint:
        table = measure(endpoint, options.timers, options.runs)
    columns = ("CPU, ms", "calls", "read units", "write units", "DynamoDB, $/M", "total, $/M")
    print(f"| request | {' | '.join(columns)} |")
    print(f"| --- |{' ---: |' * len(columns)}")
    for name, by_contender in table.items():
        cells = [
            " / ".join(
                cell(by_contender[contender]) if contender in by_contender else "-"
                for contender in (OURS, USUAL)
            )
            for cell in _CELLS
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    print(
        f"\nstint / baseline. Medians of {options.runs} runs in turns; Python "
        f"{platform.python_version()}, {os.cpu_count()} cores. Dollars per million requests, list "
        f"prices of {prices.REGION} as of {prices.AS_OF}."
    )


_CELLS: tuple[Callable[[Measured], str], ...] = (
    lambda measured: f"{measured.cpu * 1000:.1f}",
    lambda measured: str(measured.cost.waits),
    lambda measured: f"{measured.cost.read_units:.1f}",
    lambda measured: str(measured.cost.write_units),
    lambda measured: f"{measured.database * prices.MILLION:.2f}",
    lambda measured: f"{measured.total * prices.MILLION:.2f}",
)


if __name__ == "__main__":
    main(sys.argv[1:])
