"""What a month costs for 10, 1,000 and 100,000 people: ``make bench-bill``.

What each request takes is measured in this run (``bench.requests``); how many there are is assumed,
below; prices are AWS's list prices (``bench.prices``). docs/costs.md says what to make of it.
"""

import argparse
import sys
from collections.abc import Mapping

from bench import prices
from bench.requests import MEMORY_GB, Measured, measure
from bench.sides import BEHIND, OURS
from bench.write_units import item_bytes
from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.store.records import model_of
from infra.dynamodb_local import dynamodb_local
from infra.stack.template import merge_template

PEOPLE = (10, 1_000, 100_000)
DAYS = 21
"""Working days of a month."""

A_DAY: Mapping[str, float] = {
    "start": 1,
    "switch": 3,
    "stop": 1,
    "stop, again": 0.1,
    # A phone that shows what runs asks whenever somebody looks at it.
    "show, unchanged (ETag)": 30,
    # The first of a minute in its process: the others find the caller in its memory.
    "show, caller not yet known": 10,
    "list, first": 10,
    "list, middle": 1,
}
"""What a person does on a working day: four sessions, and some fifty looks."""

SESSIONS, ENTRIES = 4, 3
"""On a working day: of timers, and of time entries on which they run."""

_ACTS = sum(A_DAY[name] for name in ("start", "switch", "stop"))
_YEAR_DAYS = 252
_ITEM_OVERHEAD_BYTES = 100
_TALLY_BYTES = 2 * 250
"""A person's tally of a day and its ledger; what they are rolled up to is shared."""

_LOGGED_BYTES = 1_000
"""An invocation's own line, and Lambda's: taken, not measured."""

_SENT_BYTES = 2_000
"""An answer and its headers, compressed: taken, not measured."""

_COLD_SHARE, _COLD_SECONDS = 0.01, 0.35
"""How many invocations find no process, and what a start is billed: AWS says under 1 % do."""

_SWEEPS, _SWEEP_SECONDS, _SWEEP_READ_UNITS = 12 * 24 * 30, 0.1, 4.5
_QUEUE_POLLS = 5 * 3 * 60 * 24 * 30
"""Lambda asks an empty queue five at a time, each waiting for twenty seconds."""

_GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Use:
    """A month of somebody's: how many requests, and what happens behind them, by its name."""

    requests: Mapping[str, float]
    behind: Mapping[str, float]


def month_of(table: Mapping[str, Measured], people: int) -> Use:
    """The month of so many people."""
    days = people * DAYS
    requests = {_named(table, name): times * days for name, times in A_DAY.items()}
    behind = {name: _ACTS * days for name in table if name.startswith(BEHIND)}
    return Use(requests, behind)


def bill(table: Mapping[str, Measured], people: int) -> dict[str, float]:
    """Dollars a month, by what they are for."""
    use = month_of(table, people)
    requests = sum(use.requests.values())
    everything = {**use.requests, **use.behind}
    invocations = sum(everything.values()) + _SWEEPS
    running = sum(table[name].seconds_billed * times for name, times in everything.items())
    running += invocations * _COLD_SHARE * _COLD_SECONDS + _SWEEPS * _SWEEP_SECONDS
    reads = sum(table[name].cost.read_units * times for name, times in everything.items())
    reads += _SWEEPS * _SWEEP_READ_UNITS
    writes = sum(table[name].cost.write_units * times for name, times in use.requests.items())
    rolled_up = sum(table[name].cost.write_units * times for name, times in use.behind.items())
    stored = _stored_bytes(people) / _GIGABYTE
    return {
        "API Gateway: requests": requests * prices.GATEWAY_REQUEST,
        "Lambda: invocations": invocations * prices.LAMBDA_REQUEST,
        "Lambda: running": running * MEMORY_GB * prices.LAMBDA_GB_SECOND,
        "DynamoDB: read units": reads * prices.READ_UNITS,
        "DynamoDB: write units, requests": writes * prices.WRITE_UNITS,
        "DynamoDB: write units, roll-up": rolled_up * prices.WRITE_UNITS,
        "DynamoDB: a year's data and its backup": stored
        * (prices.STORED_GB_MONTH + prices.BACKUP_GB_MONTH),
        "CloudWatch: logs": invocations * _LOGGED_BYTES / _GIGABYTE * prices.LOGGED_GB,
        "sent to the internet": requests * _SENT_BYTES / _GIGABYTE * prices.SENT_GB,
        "alarms, dashboard, secret, queue": _fixed(),
    }


def main(arguments: list[str]) -> None:
    """Measure, multiply, print."""
    parser = argparse.ArgumentParser(description="What a month costs.")
    parser.add_argument("--runs", type=int, default=10)
    asked = parser.parse_args(arguments)
    with dynamodb_local() as endpoint:
        sides = measure(endpoint, timers=1_000, runs=asked.runs)
    table = {name: measured[OURS] for name, measured in sides.items()}
    bills = [bill(table, people) for people in PEOPLE]
    print(f"| a month, in dollars | {' | '.join(f'{people:,} people' for people in PEOPLE)} |")
    print(f"| --- |{' ---: |' * len(PEOPLE)}")
    for name in bills[0]:
        print(f"| {name} | {' | '.join(f'{it[name]:,.2f}' for it in bills)} |")
    totals = [sum(it.values()) for it in bills]
    print(f"| **altogether** | {' | '.join(f'**{it:,.2f}**' for it in totals)} |")
    each = [total / people for total, people in zip(totals, PEOPLE, strict=True)]
    print(f"| a person | {' | '.join(f'{it:.4f}' for it in each)} |")
    used = month_of(table, 1)
    requests, behind = sum(used.requests.values()), sum(used.behind.values())
    print(f"\nA person's month: {requests:,.0f} requests, and {behind:,.0f} runs behind them.")
    print(f"List prices of {prices.REGION} as of {prices.AS_OF}, without the free tier.")


def _named(table: Mapping[str, Measured], name: str) -> str:
    """A list's name tells of how many: it is found by its place."""
    kind, _, place = name.partition(", ")
    if kind != "list":
        return name
    return next(it for it in table if it.startswith(kind) and f", {place} " in it)


def _stored_bytes(people: int) -> float:
    timer = Timer(2 * 10**14, 2149, 10**14, 10**14, 1_735_812_218, 1_735_855_418, 1_735_815_818)
    entry = TimeEntry(
        10**14, 2149, 10**14, 10**14, "2026-11-24", 1_735_812_218, 1_735_812_218, 10**14
    )
    sessions = SESSIONS * 5 * (item_bytes(model_of(timer).serialize()) + _ITEM_OVERHEAD_BYTES)
    entries = ENTRIES * 4 * (item_bytes(model_of(entry).serialize()) + _ITEM_OVERHEAD_BYTES)
    return people * _YEAR_DAYS * (sessions + entries + _TALLY_BYTES)


def _fixed() -> float:
    kinds = [it.get("Type") for it in merge_template()["Resources"].values()]
    return (
        kinds.count("AWS::CloudWatch::Alarm") * prices.ALARM_MONTH
        + prices.DASHBOARD_MONTH
        + prices.SECRET_MONTH
        + _QUEUE_POLLS * prices.QUEUE_REQUEST
    )


if __name__ == "__main__":
    main(sys.argv[1:])
