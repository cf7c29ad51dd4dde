"""Counts what is asked of DynamoDB: calls, how many of them wait for each other, and read units."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pynamodb.connection import Connection

from chalicelib.store.together import THREAD_NAME

_ALONE = ""


@dataclass
class Cost:
    """What something costs: the names of the calls, in their order, and read units."""

    calls: list[str] = field(default_factory=list)
    read_units: float = 0.0
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
            [*self.threads, *other.threads],
        )


@contextmanager
def counted(connection: Connection) -> Iterator[Cost]:
    """Count what is sent while in it. Read units need an engine that tells them."""
    cost = Cost()
    lock = threading.Lock()

    def note_call(model: Any, **_: Any) -> None:
        name = threading.current_thread().name
        with lock:
            cost.calls.append(model.name)
            cost.threads.append(name if name.startswith(THREAD_NAME) else _ALONE)

    def note_units(model: Any, parsed: dict[str, Any], **_: Any) -> None:
        capacity = parsed.get("ConsumedCapacity", [])
        if model.name != "TransactWriteItems":
            tables = capacity if isinstance(capacity, list) else [capacity]
            with lock:
                cost.read_units += sum(table["CapacityUnits"] for table in tables)

    events = connection.client.meta.events
    events.register("before-call.dynamodb", note_call)
    events.register("after-call.dynamodb", note_units)
    try:
        yield cost
    finally:
        events.unregister("before-call.dynamodb", note_call)
        events.unregister("after-call.dynamodb", note_units)
