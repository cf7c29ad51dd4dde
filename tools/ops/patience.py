"""Repeat calls while DynamoDB throttles: commands read whole tables, and may take their time."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from pynamodb.connection import Connection

from chalicelib.core.errors import Unavailable
from chalicelib.dynamodb.connection import RawItem, last_key, translate_errors

T = TypeVar("T")

_ATTEMPTS = 10
_DELAY_SECONDS = 0.5


def patient(call: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Call, and call again while DynamoDB is unavailable. Raises ``Unavailable`` in the end.

    :param call: one read, or one idempotent write.
    :param sleep: waits for a number of seconds.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with translate_errors():
                return call()
        except Unavailable:
            if attempt == _ATTEMPTS - 1:
                raise
            sleep(_DELAY_SECONDS * (attempt + 1))
    raise AssertionError("unreachable")


def pages(
    connection: Connection,
    operation: str,
    request: Mapping[str, Any],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[RawItem]]:
    """Yield the pages of a Scan or a Query, read with strong consistency. One call per MB."""
    page_request = {**request, "ConsistentRead": True}
    while True:
        response = patient(partial(connection.dispatch, operation, dict(page_request)), sleep)
        yield response["Items"]
        last = last_key(response)
        if last is None:
            return
        page_request["ExclusiveStartKey"] = last
