"""Counts DynamoDB calls, the sequential ones among them, and capacity units."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from pynamodb.connection import Connection

from benchmarks.write_units import Table, Write, table_of, units, writes_in
from chalicelib.dynamodb.parallel_calls import THREAD_NAME

_MAIN = ""
_BEFORE = "bench.before"
_PARAMETERS = "bench.parameters"
_READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})


@dataclass
class Cost:
    """The cost of an operation: the names of the calls, in order, and capacity units.

    Read units are the engine's; moto reports none. Write units are computed
    (``benchmarks/write_units.py``).
    """

    calls: list[str] = field(default_factory=list)
    read_units: float = 0.0
    write_units: int = 0
    threads: list[str] = field(default_factory=list)
    """The thread of each call: a thread of ``run_concurrently``, or empty for any other."""

    @property
    def waits(self) -> int:
        """The number of sequential calls.

        Of calls that run concurrently, only the longest sequence counts.
        """
        waits = 0
        concurrent: Counter[str] = Counter()
        for thread in [*self.threads, _MAIN]:
            if thread == _MAIN:
                waits += 1 + max(concurrent.values(), default=0)
                concurrent.clear()
            else:
                concurrent[thread] += 1
        return waits - 1

    def __add__(self, other: "Cost") -> "Cost":
        """Return the cost of two operations in sequence."""
        return Cost(
            self.calls + other.calls,
            self.read_units + other.read_units,
            self.write_units + other.write_units,
            [*self.threads, *other.threads],
        )


@contextmanager
def counted(*connections: Connection) -> Iterator[Cost]:
    """Count the calls of all the connections inside the context."""
    cost = Cost()
    with ExitStack() as stack:
        for connection in connections:
            stack.enter_context(_counting(connection, cost))
        yield cost


@contextmanager
def _counting(connection: Connection, cost: Cost) -> Iterator[None]:
    reader = _ItemReader(connection.client)
    lock = threading.Lock()

    def read_items(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context[_BEFORE] = reader.before(model.name, params)
        context[_PARAMETERS] = params

    def count_call(model: Any, **_: Any) -> None:
        name = threading.current_thread().name
        with lock:
            cost.calls.append(model.name)
            cost.threads.append(name if name.startswith(THREAD_NAME) else _MAIN)

    def count_units(model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        capacity = parsed.get("ConsumedCapacity", [])
        written = reader.write_units(context[_BEFORE])
        with lock:
            cost.write_units += written
            if model.name in _READS:
                tables = capacity if isinstance(capacity, list) else [capacity]
                cost.read_units += sum(table["CapacityUnits"] for table in tables)
                if model.name == "BatchGetItem":
                    cost.read_units += _missing_item_units(context[_PARAMETERS], parsed)

    handlers: dict[str, Callable[..., None]] = {
        "before-parameter-build.dynamodb": read_items,
        "before-call.dynamodb": count_call,
        "after-call.dynamodb": count_units,
    }
    events = connection.client.meta.events
    for name, handler in handlers.items():
        events.register(name, handler)
    try:
        yield
    finally:
        for name, handler in handlers.items():
            events.unregister(name, handler)


def _missing_item_units(parameters: Mapping[str, Any], response: Mapping[str, Any]) -> float:
    """Return the read units of missing items in a batch.

    AWS charges for them; DynamoDB Local does not count them.
    """
    units = 0.0
    for name, request in parameters["RequestItems"].items():
        unprocessed = response.get("UnprocessedKeys", {}).get(name, {"Keys": ()})["Keys"]
        items = response.get("Responses", {}).get(name, ())
        missing = len(request["Keys"]) - len(items) - len(unprocessed)
        units += missing * (1.0 if request.get("ConsistentRead") else 0.5)
    return units


class _ItemReader:
    """Reads items before and after a write, with a client that is not counted."""

    def __init__(self, client: Any) -> None:
        self._client = _uncounted_client(client.meta.endpoint_url, client.meta.region_name)
        self._tables: dict[str, Table] = {}

    def before(self, operation: str, parameters: Mapping[str, Any]) -> list[tuple[Write, Any]]:
        """Return the writes of an operation, each with its item before the write."""
        for name in _tables_in(operation, parameters):
            if name not in self._tables:
                described = self._client.describe_table(TableName=name)["Table"]
                self._tables[name] = table_of(described)
        return [
            (write, self._item(write)) for write in writes_in(operation, parameters, self._tables)
        ]

    def write_units(self, written: Sequence[tuple[Write, Any]]) -> int:
        """Return the write units of these writes."""
        return sum(
            units(self._tables[write.table], before, self._item(write), transacted=write.transacted)
            for write, before in written
        )

    def _item(self, write: Write) -> Any:
        response = self._client.get_item(TableName=write.table, Key=write.key, ConsistentRead=True)
        return response.get("Item")


@cache
def _uncounted_client(endpoint: str, region: str) -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb", region_name=region, endpoint_url=endpoint
    )


def _tables_in(operation: str, parameters: Mapping[str, Any]) -> set[str]:
    match operation:
        case "TransactWriteItems":
            return {
                action["TableName"]
                for item in parameters["TransactItems"]
                for action in item.values()
            }
        case "BatchWriteItem":
            return set(parameters["RequestItems"])
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return {parameters["TableName"]}
        case _:
            return set()
