"""Monthly AWS cost for 10, 1,000 and 100,000 people: ``make bench-bill``.

This run measures the cost of each request (``benchmarks.requests``); the number of requests is an
assumption, below; prices are AWS's list prices (``benchmarks.prices``). docs/costs.md discusses the
result.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import prices
from benchmarks.contenders import BACKGROUND, LIVE_CONNECT, OURS
from benchmarks.idle import (
    AUTO_STOP_READ_UNITS,
    AUTO_STOP_SECONDS,
    AUTO_STOPS,
    LOGGED_BYTES,
    fixed_costs,
    print_idle_bill,
)
from benchmarks.live import LOAD, Work, print_live_bill
from benchmarks.requests import MEMORY_GB, Measured, measure
from benchmarks.write_units import item_bytes
from chalicelib.dynamodb.items import to_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer
from infra.command_line import new_parser, whole_number
from infra.stack.template import merge_template
from tools.devserver.dynamodb_local import dynamodb_local

PEOPLE = (10, 1_000, 100_000)
DAYS = 21
"""Working days per month."""

A_DAY: Mapping[str, float] = {
    "start": 1,
    "switch": 3,
    "stop": 1,
    "stop, repeated": 0.1,
    # A client without live updates polls while it is visible and shows the running timer.
    "show, unchanged (ETag)": 30,
    # The first request of a minute in a process; later ones find the caller in its cache.
    "show, caller not cached": 10,
    "list, first": 10,
    "list, middle": 1,
}
"""Requests of a person on a working day: four timers, and about fifty reads."""

POLLS = ("show, unchanged (ETag)", "show, caller not cached")
"""Those of them that live updates replace."""

SESSIONS, ENTRIES = 4, 3
"""Per person and working day: timers, and time entries with timers."""

_CHANGES = sum(A_DAY[name] for name in ("start", "switch", "stop"))
_YEAR_DAYS = 252
_ITEM_OVERHEAD_BYTES = 100
_COUNTER_BYTES = 2 * 250
"""A person's counters of a day and their rolled-up record; roll-ups are shared."""

_SENT_BYTES = 2_000
"""A compressed response with headers: an assumption."""

_COLD_SHARE, _COLD_SECONDS = 0.01, 0.35
"""Share of invocations with a cold start, and billed seconds of a cold start.

AWS states a share below 1 %.
"""

_GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Use:
    """Usage of a month: numbers of requests, and of background runs, by name."""

    requests: Mapping[str, float]
    background: Mapping[str, float]


def month_of(table: Mapping[str, Measured], people: int) -> Use:
    """Return the monthly usage of a number of people."""
    days = people * DAYS
    requests = {_measured_name(table, name): count * days for name, count in A_DAY.items()}
    background = {
        name: _CHANGES * days
        for name in table
        if name.startswith(BACKGROUND) and name != LIVE_CONNECT
    }
    return Use(requests, background)


def bill(table: Mapping[str, Measured], people: int) -> dict[str, float]:
    """Return dollars per month, by cost item."""
    usage = month_of(table, people)
    requests = sum(usage.requests.values())
    runs = {**usage.requests, **usage.background}
    invocations = sum(runs.values()) + AUTO_STOPS
    run_seconds = sum(table[name].seconds_billed * count for name, count in runs.items())
    run_seconds += invocations * _COLD_SHARE * _COLD_SECONDS + AUTO_STOPS * AUTO_STOP_SECONDS
    reads = sum(table[name].cost.read_units * count for name, count in runs.items())
    reads += AUTO_STOPS * AUTO_STOP_READ_UNITS
    writes = sum(table[name].cost.write_units * count for name, count in usage.requests.items())
    roll_up_writes = sum(
        table[name].cost.write_units * count for name, count in usage.background.items()
    )
    stored = _stored_bytes(people) / _GIGABYTE
    return {
        "API Gateway: requests": requests * prices.GATEWAY_REQUEST,
        "Lambda: invocations": invocations * prices.LAMBDA_REQUEST,
        "Lambda: duration": run_seconds * MEMORY_GB * prices.LAMBDA_GB_SECOND,
        "DynamoDB: read units": reads * prices.READ_UNITS,
        "DynamoDB: write units, requests": writes * prices.WRITE_UNITS,
        "DynamoDB: write units, roll-up": roll_up_writes * prices.WRITE_UNITS,
        "DynamoDB: data of a year, with backup": stored
        * (prices.STORED_GB_MONTH + prices.BACKUP_GB_MONTH),
        "CloudWatch: logs": invocations * LOGGED_BYTES / _GIGABYTE * prices.LOGGED_GB,
        "data transfer to the internet": requests * _SENT_BYTES / _GIGABYTE * prices.SENT_GB,
        "alarms, secret, queue, keys": fixed_costs(merge_template()),
    }


def main(arguments: list[str]) -> None:
    """Measure, calculate and print."""
    parser = new_parser("benchmarks.bill", "Calculate the monthly AWS cost.")
    parser.add_argument("--runs", type=whole_number, default=10)
    options = parser.parse_args(arguments)
    with dynamodb_local() as endpoint:
        results = measure(endpoint, timers=1_000, runs=options.runs)
    table = {name: measured[OURS] for name, measured in results.items()}
    bills = [bill(table, people) for people in PEOPLE]
    print(f"| dollars per month | {' | '.join(f'{people:,} people' for people in PEOPLE)} |")
    print(f"| --- |{' ---: |' * len(PEOPLE)}")
    for name in bills[0]:
        print(f"| {name} | {' | '.join(f'{costs[name]:,.2f}' for costs in bills)} |")
    totals = [sum(costs.values()) for costs in bills]
    print(f"| **total** | {' | '.join(f'**{total:,.2f}**' for total in totals)} |")
    per_person = [total / people for total, people in zip(totals, PEOPLE, strict=True)]
    print(f"| per person | {' | '.join(f'{cost:.4f}' for cost in per_person)} |")
    usage = month_of(table, 1)
    requests, background = sum(usage.requests.values()), sum(usage.background.values())
    print(
        f"\nPer person and month: {requests:,.0f} requests and {background:,.0f} background runs.\n"
        f"AWS WAF, if it is on: ${requests * 1_000 * prices.WAF_REQUEST:.2f} more for the requests "
        "of 1,000 people.\n"
    )
    lists = {name: table[_measured_name(table, name)] for name in LOAD}
    polls = {name: A_DAY[name] for name in POLLS}
    work = {people: Work(people * DAYS, _CHANGES, polls) for people in PEOPLE}
    print_live_bill(table | lists, work)
    print_idle_bill(merge_template())
    print(f"\nList prices of {prices.REGION} as of {prices.AS_OF}, without the free tier.")


def _measured_name(table: Mapping[str, Measured], name: str) -> str:
    """Return the name in the measurements; a list's name includes the number of timers."""
    kind, _, position = name.partition(", ")
    if kind != "list":
        return name
    return next(
        measured for measured in table if measured.startswith(kind) and f", {position} " in measured
    )


def _stored_bytes(people: int) -> float:
    timer = Timer(2 * 10**14, 2149, 10**14, 10**14, 1_735_812_218, 1_735_855_418, 1_735_815_818)
    entry = TimeEntry(
        10**14, 2149, 10**14, 10**14, "2026-11-24", 1_735_812_218, 1_735_812_218, 10**14
    )
    sessions = SESSIONS * 5 * (item_bytes(to_item(timer).serialize()) + _ITEM_OVERHEAD_BYTES)
    entries = ENTRIES * 4 * (item_bytes(to_item(entry).serialize()) + _ITEM_OVERHEAD_BYTES)
    return people * _YEAR_DAYS * (sessions + entries + _COUNTER_BYTES)


if __name__ == "__main__":
    main(sys.argv[1:])
