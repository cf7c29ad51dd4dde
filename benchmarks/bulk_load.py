"""Write many items in few calls, without conditions: for tests and benchmarks, on empty tables."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.dynamodb.connection import Backoff, RawItem, table_name

_ITEMS_A_CALL = 25


def write_all(connection: Connection, items: Iterable[tuple[type[Model], RawItem]]) -> None:
    """Put every item into the table of its model.

    Raises ``Unavailable`` if DynamoDB keeps leaving items unprocessed.
    """
    remaining = iter(items)
    while chunk := list(islice(remaining, _ITEMS_A_CALL)):
        request: dict[str, Any] = {}
        for model, item in chunk:
            request.setdefault(table_name(model), []).append({"PutRequest": {"Item": item}})
        _write(connection, request)


def _write(connection: Connection, request: dict[str, Any]) -> None:
    backoff = Backoff()
    while True:
        response = connection.dispatch("BatchWriteItem", {"RequestItems": request})
        unprocessed = response.get("UnprocessedItems") or {}
        if not unprocessed:
            return
        backoff.wait(progress=_number_of_items(unprocessed) < _number_of_items(request))
        request = unprocessed


def _number_of_items(request: dict[str, Any]) -> int:
    return sum(map(len, request.values()))
