"""Counts what is sent to DynamoDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynamodb.connection import Connection


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    """The names of the operations sent while in it, in their order."""
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events = connection.client.meta.events
    events.register("before-call.dynamodb", note)
    try:
        yield calls
    finally:
        events.unregister("before-call.dynamodb", note)
