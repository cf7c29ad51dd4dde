"""What live updates cost a month, and what other ways would: part of ``make bench-bill``.

The bill of ``benchmarks.bill`` has the fan-out's part: it reads the connections at each change.
Here is what devices add: connections, messages, and the lists that they load after a message.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks import prices
from benchmarks.contenders import LIVE_CONNECT, LIVE_TICKET
from benchmarks.idle import LOGGED_BYTES
from benchmarks.requests import MEMORY_GB, Measured

MINUTES = 8 * 60 + 30
"""Connected minutes of a person on a working day: a laptop all day, a phone while it is visible."""

CONNECTIONS = 4 + 10
"""Per person and working day: of the laptop one each two hours, of the phone one each time."""

KEEP_ALIVE_MINUTES = 5
"""A device sends a text this often: at least; a longer wait costs less."""

DEVICES = 2
"""Connected devices of a person while something changes: the worst case."""

STREAMS = 2
"""A change is in the streams of timers and of time entries: a message to each device for each."""

LOAD = {"list, first": 2}
"""Requests with which a device loads what changed: after both messages of a change, and when it
connects. The pocket client loads the running timer and the last sessions."""

CHECK = {"show, unchanged (ETag)": 2 * 6}
"""Requests on a working day that find what a lost message did not say: both lists every ten minutes
while the page is visible, for one hour."""

PUSH_SECONDS = 0.02
"""Billed seconds of the event fan-out for a message to API Gateway: an assumption."""

ACCESS_LOG_BYTES = 400
"""A line of the WebSocket API's access log: an assumption. Connections and keep-alives have one."""

POLL_SECONDS = (5, 60)
"""Clients without live updates that ask this often, for comparison."""

_GIGABYTE = 1e9
_MINUTE = 60

Table = Mapping[str, Measured]
"""Measurements by request. Lists have their names in :data:`LOAD`."""


@dataclass(frozen=True, slots=True)
class Work:
    """What people do.

    :param days: working days in a month, of all people together.
    :param changes: changes of a person on a working day.
    :param polls: requests of a person on a working day that live updates replace, by name.
    """

    days: float
    changes: float
    polls: Mapping[str, float]


def live_bill(table: Table, work: Work) -> dict[str, float]:
    """Return dollars per month, by cost item."""
    days = work.days
    connections, keep_alives = CONNECTIONS * days, MINUTES / KEEP_ALIVE_MINUTES * days
    pushed = work.changes * DEVICES * STREAMS * days
    loads = work.changes * DEVICES * days + connections
    loading = {name: count * loads for name, count in LOAD.items()}
    checking = {name: count * days for name, count in CHECK.items()}
    runs = {LIVE_TICKET: connections, LIVE_CONNECT: connections, **loading, **checking}
    invocations = sum(runs.values())
    seconds = sum(table[name].seconds_billed * count for name, count in runs.items())
    seconds += pushed * PUSH_SECONDS
    logged = invocations * LOGGED_BYTES + (2 * connections + keep_alives) * ACCESS_LOG_BYTES
    # Whether a connection is billed as a message is not documented: it counts here.
    messages = pushed + keep_alives + connections
    replaced = sum(_request(table[name]) * count for name, count in work.polls.items())
    return {
        "API Gateway: connection minutes": MINUTES * days * prices.SOCKET_MINUTE,
        "API Gateway: messages": messages * prices.SOCKET_MESSAGE,
        "API Gateway: tickets and lists": (invocations - connections) * prices.GATEWAY_REQUEST,
        "Lambda: invocations": invocations * prices.LAMBDA_REQUEST,
        "Lambda: duration": seconds * MEMORY_GB * prices.LAMBDA_GB_SECOND,
        "DynamoDB: tickets, connections and lists": sum(
            table[name].database * count for name, count in runs.items()
        ),
        "CloudWatch: logs": logged / _GIGABYTE * prices.LOGGED_GB,
        "less: the polls that they replace": -replaced * days,
    }


def alternatives(table: Table, work: Work) -> dict[str, float]:
    """Return dollars per month of ways to learn of changes, without loading what changed."""
    delivered = work.changes * DEVICES * STREAMS
    # Both others also count what is published, the connection and the subscription to a channel,
    # and run a function that authorizes: AppSync for both, IoT Core for the connection.
    operations = work.changes * STREAMS + delivered + 2 * CONNECTIONS
    authorization = CONNECTIONS * table[LIVE_CONNECT].total
    messages = delivered + MINUTES / KEEP_ALIVE_MINUTES + CONNECTIONS
    poll = _request(table["show, unchanged (ETag)"])
    waiting = MINUTES * _MINUTE * MEMORY_GB * prices.LAMBDA_GB_SECOND
    by_day = {
        "API Gateway WebSockets": MINUTES * prices.SOCKET_MINUTE
        + messages * prices.SOCKET_MESSAGE
        + CONNECTIONS * _request(table[LIVE_TICKET])
        + authorization,
        "AppSync Events": MINUTES * prices.EVENT_MINUTE
        + operations * prices.EVENT_OPERATION
        + 2 * authorization,
        "IoT Core": MINUTES * prices.IOT_MINUTE + operations * prices.IOT_MESSAGE + authorization,
        "a function that waits (SSE, long polling)": waiting,
        **{
            f"polling every {seconds} s": MINUTES * _MINUTE / seconds * poll
            for seconds in POLL_SECONDS
        },
    }
    return {name: dollars * work.days for name, dollars in by_day.items()}


def print_live_bill(table: Table, work: Mapping[int, Work]) -> None:
    """Print both, by numbers of people."""
    bills = [live_bill(table, each) for each in work.values()]
    _print_header("dollars per month, live updates", work)
    for name in bills[0]:
        _print_row(name, (costs[name] for costs in bills))
    totals = (sum(costs.values()) for costs in bills)
    print(f"| **total** | {' | '.join(f'**{total:,.2f}**' for total in totals)} |\n")
    others = [alternatives(table, each) for each in work.values()]
    _print_header("dollars per month, to learn of changes", work)
    for name in others[0]:
        _print_row(name, (costs[name] for costs in others))
    changes = next(iter(work.values())).changes
    print(
        f"\nPer person and working day: {MINUTES} connected minutes, {CONNECTIONS} connections, "
        f"{MINUTES / KEEP_ALIVE_MINUTES:.0f} keep-alives, {changes * DEVICES * STREAMS:.0f} "
        f"messages, {changes * DEVICES + CONNECTIONS:.0f} loads.\n"
    )


def _request(measured: Measured) -> float:
    """Return the dollars of a request, with its log line."""
    return measured.total + LOGGED_BYTES / _GIGABYTE * prices.LOGGED_GB


def _print_header(title: str, people: Iterable[int]) -> None:
    columns = [f"{number:,} people" for number in people]
    print(f"| {title} | {' | '.join(columns)} |")
    print(f"| --- |{' ---: |' * len(columns)}")


def _print_row(name: str, dollars: Iterable[float]) -> None:
    print(f"| {name} | {' | '.join(f'{amount:,.2f}' for amount in dollars)} |")
