"""Write many items in few calls, without conditions: for tests and benchmarks, on empty tables."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.core.errors import Unavailable
from chalicelib.dynamodb.connection import RETRY_AFTER_SECONDS, RawItem, table_name

_ITEMS_A_CALL = 25
_ATTEMPTS = 10


def write_all(connection: Connection, items: Iterable[tuple[type[Model], RawItem]]) -> None:
    """Put every item into the table of its model.

    Raises ``Unavailable`` when DynamoDB leaves items unprocessed after several attempts.
    """
    remaining = iter(items)
    while chunk := list(islice(remaining, _ITEMS_A_CALL)):
        request: dict[str, Any] = {}
        for model, item in chunk:
            request.setdefault(table_name(model), []).append({"PutRequest": {"Item": item}})
        _write(connection, request)


def _write(connection: Connection, request: dict[str, Any]) -> None:
    for _ in range(_ATTEMPTS):
        response = connection.dispatch("BatchWriteItem", {"RequestItems": request})
        request = response.get("UnprocessedItems") or {}
        if not request:
            return
    raise Unavailable(retry_after=RETRY_AFTER_SECONDS)
