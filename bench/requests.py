"""What each endpoint costs, beside the usual Chalice and PynamoDB way: ``make bench-requests``.

Both handle API Gateway's own events in this process, on the same DynamoDB Local, over the same
history: the processor's milliseconds, how many calls to the database wait for each other, read
units as the engine counts them, write units as computed by AWS's rules (bench/write_units.py), and
what a million of them cost at list prices (bench/prices.py).
"""

import argparse
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

from bench import prices
from bench.costs import Cost
from bench.lists import ORGANIZATION, history
from bench.sides import BEHIND, ENTRY, OURS, SECOND_ENTRY, TOKEN, USUAL, Side, Stint, Usual
from chalicelib.settings import Settings
from infra.dynamodb_local import dynamodb_local
from infra.environment import allow_any_credentials
from infra.proxy_events import proxy_event

_TIMERS = "/api/v2/timers"
_TIMER = "/api/v2/timers/{id}"
_STOP = "/api/v2/timers/{id}/stop"
_HEADERS = {
    "X-Auth-Token": TOKEN,
    "X-Organization-Id": str(ORGANIZATION),
    "Content-Type": "application/vnd.api+json",
}
_REFUSED = 400

MEMORY_GB = 1.0
_PROCESSOR_GB = 1.769
"""Lambda gives a processor to so much memory, and to less its share."""

_WAIT_SECONDS = 0.004
"""Taken for a call from Lambda to DynamoDB: it is not measured here."""


@dataclass(slots=True)
class Measured:
    """What one of something took: the processor's seconds, each time, and what it asked."""

    seconds: list[float] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)
    behind: bool = False

    @property
    def cpu(self) -> float:
        """The processor's seconds, in the median."""
        return statistics.median(self.seconds)

    @property
    def seconds_billed(self) -> float:
        """How long it runs on Lambda, which gives it a part of a processor."""
        return self.cpu * _PROCESSOR_GB / MEMORY_GB + self.cost.waits * _WAIT_SECONDS

    @property
    def database(self) -> float:
        """What it costs at DynamoDB, in dollars."""
        cost = self.cost
        return cost.read_units * prices.READ_UNITS + cost.write_units * prices.WRITE_UNITS

    @property
    def total(self) -> float:
        """What it costs altogether, without what is sent and stored."""
        gateway = 0 if self.behind else prices.GATEWAY_REQUEST
        running = self.seconds_billed * MEMORY_GB * prices.LAMBDA_GB_SECOND
        return self.database + gateway + prices.LAMBDA_REQUEST + running


Table = Mapping[str, Mapping[str, Measured]]
"""What was measured, by its name and by the side."""


def measure(endpoint: str, timers: int, runs: int) -> Table:
    """Let both sides do everything: once to warm up, once to be counted, then in turns for time."""
    settings = Settings(dynamodb_endpoint=endpoint)
    allow_any_credentials(settings)
    made = history(timers)
    sides: list[Side] = [Stint(settings, made, int(time.time())), Usual(settings, made)]
    table: dict[str, dict[str, Measured]] = defaultdict(lambda: defaultdict(Measured))
    for side in sides:
        for _, act in _everything(side, timers):
            act()
        for name, act in _everything(side, timers):
            measured = table[name][side.name]
            measured.behind = name.startswith(BEHIND)
            with side.counting() as measured.cost:
                act()
    for number in range(runs):
        for side in sides if number % 2 else reversed(sides):
            for name, act in _everything(side, timers):
                began = time.process_time()
                act()
                table[name][side.name].seconds.append(time.process_time() - began)
    return table


def _everything(side: Side, timers: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each request, and what is done behind an act. To be called in this order, each once."""
    app, shown = side.app, {"id": str(2 * 10**14 + 5)}
    show = proxy_event("GET", _TIMER, _HEADERS, arguments=shown)
    yield "show, caller not yet known", partial(_send, side.fresh(), show)
    yield "show", partial(_send, app, show)
    known = _HEADERS | {"If-None-Match": _send(app, show)["headers"].get("ETag", "")}
    poll = proxy_event("GET", _TIMER, known, arguments=shown)
    yield "show, unchanged (ETag)", partial(_send, app, poll)
    for name, page in (("first", 1), ("middle", timers // 60)):
        query = f"page[number]={page}&page[size]=30"
        event = proxy_event("GET", _TIMERS, _HEADERS, query=query)
        yield f"list of {timers:,}, {name} 30", partial(_send, app, event)
    yield from _acts(side)


def _acts(side: Side) -> Iterator[tuple[str, Callable[[], object]]]:
    app, started = side.app, list[str]()

    def start(entry_id: int) -> None:
        document = {"data": {"type": "timers", "attributes": {"time_entry_id": entry_id}}}
        answer = _send(app, proxy_event("POST", _TIMERS, _HEADERS, document=document))
        started.append(json.loads(answer["body"])["data"]["id"])

    def stop() -> None:
        _send(app, proxy_event("PATCH", _STOP, _HEADERS, arguments={"id": started[-1]}))

    yield "start", partial(start, ENTRY)
    for name, run in side.behind().items():
        yield f"{BEHIND}{name}", run
    yield "switch", partial(start, SECOND_ENTRY)
    yield "stop", stop
    yield "stop, again", stop
    for run in side.behind().values():
        run()


def _send(app: Chalice, event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = app(event, None)
    if answer["statusCode"] >= _REFUSED:
        sys.exit(f"{event['httpMethod']} {event['path']}: {answer}")
    return answer


def main(arguments: list[str]) -> None:
    """Load, send, print."""
    parser = argparse.ArgumentParser(description="What each endpoint costs.")
    parser.add_argument("--timers", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=30)
    asked = parser.parse_args(arguments)
    with dynamodb_local() as endpoint:
        table = measure(endpoint, asked.timers, asked.runs)
    columns = ("CPU, ms", "calls", "read units", "write units", "DynamoDB, $/M", "all, $/M")
    print(f"| request | {' | '.join(columns)} |")
    print(f"| --- |{' ---: |' * len(columns)}")
    for name, sides in table.items():
        cells = [
            " / ".join(cell(sides[side]) if side in sides else "-" for side in (OURS, USUAL))
            for cell in _CELLS
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    print(
        f"\nstint / the usual way. Medians of {asked.runs} in turns; Python "
        f"{platform.python_version()}, {os.cpu_count()} cores. Dollars for a million, list prices "
        f"of {prices.REGION} as of {prices.AS_OF}."
    )


_CELLS: tuple[Callable[[Measured], str], ...] = (
    lambda it: f"{it.cpu * 1000:.1f}",
    lambda it: str(it.cost.waits),
    lambda it: f"{it.cost.read_units:.1f}",
    lambda it: str(it.cost.write_units),
    lambda it: f"{it.database * prices.MILLION:.2f}",
    lambda it: f"{it.total * prices.MILLION:.2f}",
)


if __name__ == "__main__":
    main(sys.argv[1:])
