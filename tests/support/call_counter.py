"""Record the calls to DynamoDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynamodb.connection import Connection


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    """Yield a list that receives the names of the operations sent in this context, in order."""
    calls: list[str] = []

    def record(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events = connection.client.meta.events
    events.register("before-call.dynamodb", record)
    try:
        yield calls
    finally:
        events.unregister("before-call.dynamodb", record)
