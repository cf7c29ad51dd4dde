"""Counts what is asked of DynamoDB: calls, how many of them wait for each other, and units."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from pynamodb.connection import Connection

from bench.write_units import Table, Write, table_of, units, writes_in
from chalicelib.store.together import THREAD_NAME

_ALONE = ""
_BEFORE = "bench.before"
_ASKED = "bench.asked"
_READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})


@dataclass
class Cost:
    """What something costs: the names of the calls, in their order, and units.

    Read units are the engine's, of which moto tells none; write units are computed
    (bench/write_units.py).
    """

    calls: list[str] = field(default_factory=list)
    read_units: float = 0.0
    write_units: int = 0
    threads: list[str] = field(default_factory=list)
    """Who made each call: a thread of ``together``, or nobody in particular."""

    @property
    def waits(self) -> int:
        """How many calls wait for each other: of those made together, the longest row counts."""
        waits = 0
        beside: Counter[str] = Counter()
        for thread in [*self.threads, _ALONE]:
            if thread == _ALONE:
                waits += 1 + max(beside.values(), default=0)
                beside.clear()
            else:
                beside[thread] += 1
        return waits - 1

    def __add__(self, other: "Cost") -> "Cost":
        """One after the other."""
        return Cost(
            self.calls + other.calls,
            self.read_units + other.read_units,
            self.write_units + other.write_units,
            [*self.threads, *other.threads],
        )


@contextmanager
def counted(*connections: Connection) -> Iterator[Cost]:
    """Count what is sent, by any of the connections, while in it."""
    cost = Cost()
    with ExitStack() as stack:
        for connection in connections:
            stack.enter_context(_counting(connection, cost))
        yield cost


@contextmanager
def _counting(connection: Connection, cost: Cost) -> Iterator[None]:
    looker = _Looker(connection.client)
    lock = threading.Lock()

    def look_before(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context[_BEFORE] = looker.before(model.name, params)
        context[_ASKED] = params

    def note_call(model: Any, **_: Any) -> None:
        name = threading.current_thread().name
        with lock:
            cost.calls.append(model.name)
            cost.threads.append(name if name.startswith(THREAD_NAME) else _ALONE)

    def note_units(model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        capacity = parsed.get("ConsumedCapacity", [])
        written = looker.write_units(context[_BEFORE])
        with lock:
            cost.write_units += written
            if model.name in _READS:
                tables = capacity if isinstance(capacity, list) else [capacity]
                cost.read_units += sum(table["CapacityUnits"] for table in tables)
                if model.name == "BatchGetItem":
                    cost.read_units += _absent_units(context[_ASKED], parsed)

    handlers: dict[str, Callable[..., None]] = {
        "before-parameter-build.dynamodb": look_before,
        "before-call.dynamodb": note_call,
        "after-call.dynamodb": note_units,
    }
    events = connection.client.meta.events
    for name, handler in handlers.items():
        events.register(name, handler)
    try:
        yield
    finally:
        for name, handler in handlers.items():
            events.unregister(name, handler)


def _absent_units(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """What AWS takes for items that are not there; DynamoDB Local forgets them in a batch."""
    units = 0.0
    for name, request in asked["RequestItems"].items():
        left = answer.get("UnprocessedKeys", {}).get(name, {"Keys": ()})["Keys"]
        found = answer.get("Responses", {}).get(name, ())
        absent = len(request["Keys"]) - len(found) - len(left)
        units += absent * (1.0 if request.get("ConsistentRead") else 0.5)
    return units


class _Looker:
    """Looks at items before and after they are written, by a client that nobody counts."""

    def __init__(self, client: Any) -> None:
        self._client = _looking_client(client.meta.endpoint_url, client.meta.region_name)
        self._tables: dict[str, Table] = {}

    def before(self, operation: str, parameters: Mapping[str, Any]) -> list[tuple[Write, Any]]:
        """What an operation is about to write, with each item as it is."""
        for name in _tables_in(operation, parameters):
            if name not in self._tables:
                described = self._client.describe_table(TableName=name)["Table"]
                self._tables[name] = table_of(described)
        return [(it, self._item(it)) for it in writes_in(operation, parameters, self._tables)]

    def write_units(self, written: Sequence[tuple[Write, Any]]) -> int:
        """What it took."""
        return sum(
            units(self._tables[it.table], before, self._item(it), transacted=it.transacted)
            for it, before in written
        )

    def _item(self, write: Write) -> Any:
        found = self._client.get_item(TableName=write.table, Key=write.key, ConsistentRead=True)
        return found.get("Item")


@cache
def _looking_client(endpoint: str, region: str) -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb", region_name=region, endpoint_url=endpoint
    )


def _tables_in(operation: str, parameters: Mapping[str, Any]) -> set[str]:
    match operation:
        case "TransactWriteItems":
            return {one["TableName"] for it in parameters["TransactItems"] for one in it.values()}
        case "BatchWriteItem":
            return set(parameters["RequestItems"])
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return {parameters["TableName"]}
        case _:
            return set()
