"""Writes many items in few calls, unconditionally: for tests and benches, on empty tables."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.domain.errors import Unavailable
from chalicelib.store.connection import RETRY_AFTER_SECONDS, table_name
from chalicelib.store.reads import RawItem

_ITEMS_A_CALL = 25
_ATTEMPTS = 10


def write_all(connection: Connection, items: Iterable[tuple[type[Model], RawItem]]) -> None:
    """Put every item, in the table of its model."""
    rest = iter(items)
    while chunk := list(islice(rest, _ITEMS_A_CALL)):
        request: dict[str, Any] = {}
        for model, item in chunk:
            request.setdefault(table_name(model), []).append({"PutRequest": {"Item": item}})
        _write(connection, request)


def _write(connection: Connection, request: dict[str, Any]) -> None:
    for _ in range(_ATTEMPTS):
        answer = connection.dispatch("BatchWriteItem", {"RequestItems": request})
        request = answer.get("UnprocessedItems") or {}
        if not request:
            return
    raise Unavailable(retry_after=RETRY_AFTER_SECONDS)
