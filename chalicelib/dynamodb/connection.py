"""The connection that all models share, its errors, and reads of items by key.

Reads are consistent BatchGetItem calls across tables. TransactGetItems would cost twice as much,
and concurrent writes would cancel it. It is not needed: the conditions of the transaction that
follows check again what was read.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from chalicelib.core.aws_errors import is_transient
from chalicelib.core.errors import QueryTooBroad, Unavailable
from chalicelib.core.request_time import require_time
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.pynamodb_adapter import key_attributes, share_connection

# API Gateway's timeout is 29 s. A call that exceeds these timeouts is sent once more. A request
# starts no call that may end too late: core/request_time.py.
_CONNECT_TIMEOUT_SECONDS = 1.0
_READ_TIMEOUT_SECONDS = 3.0
_RETRIES = 1
MAX_CALL_SECONDS = (1 + _RETRIES) * (_CONNECT_TIMEOUT_SECONDS + _READ_TIMEOUT_SECONDS)
_POOL_SIZE = 32
_MAX_ITEMS_PER_CALL = 100
RETRY_AFTER_SECONDS = 2

MAX_ANSWERS_WITHOUT_PROGRESS = 6
"""How often in succession DynamoDB may process nothing of a batch, before the call fails."""

MAX_BATCH_WAIT_SECONDS = 2.0
"""How long a batch call (100 keys) waits in total. A request makes several of them in 29 s."""

_FIRST_WAIT_SECONDS = 0.05

RawItem = dict[str, dict[str, Any]]
"""An item as DynamoDB returns it: typed values by attribute name."""


def connect(
    settings: Settings,
    models: Iterable[type[Model]],
    read_timeout_seconds: float = _READ_TIMEOUT_SECONDS,
) -> Connection:
    """Create a connection and its client, and let all these models use it.

    Lambda has its full CPU while it initializes a function: the client is created then. Models are
    classes, so a process has one connection: the latest.
    """
    connection = Connection(
        region=settings.region,
        host=settings.dynamodb_endpoint,
        connect_timeout_seconds=_CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=read_timeout_seconds,
        max_retry_attempts=_RETRIES,
        max_pool_connections=_POOL_SIZE,
    )
    for model in models:
        meta = _meta(model)
        meta.table_name = f"{settings.table_prefix}-{meta.bare_name}"
        share_connection(model, connection)
    _ = connection.client
    return connection


def table_name(model: type[Model]) -> str:
    """The full name of the table of a connected model."""
    name: str = _meta(model).table_name
    return name


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate transient errors of PynamoDB and botocore to :class:`Unavailable`.

    Other errors are bugs or wrong settings; they are not translated. A call for which the request
    has no time is :class:`Unavailable` too, and not made.
    """
    require_time(MAX_CALL_SECONDS)
    try:
        yield
    except (PynamoDBException, ClientError, BotoCoreError) as error:
        cause = error.cause if isinstance(error, PynamoDBException) else error
        if is_transient(cause):
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from error
        raise


def _meta(model: type[Model]) -> Any:
    return model.Meta


class ItemKey(Struct, frozen=True):
    """The key of an item: its table, and the key attributes by name. All of them are text."""

    table: str
    key: tuple[tuple[str, str], ...]


def item_key(model: type[Model], **key: str) -> ItemKey:
    """The key of an item of a connected model."""
    return ItemKey(table_name(model), tuple(sorted(key.items())))


def item_key_of(item: Model) -> ItemKey:
    """The key of an item of a connected model."""
    names = (attribute.attr_name for attribute in key_attributes(type(item)))
    return item_key(type(item), **{name: getattr(item, name) for name in names})


class Backoff:
    """The waits of one batch call, while DynamoDB leaves a part of it unprocessed.

    DynamoDB does so when a partition is throttled, or the answer is too large. The rest is
    requested again after an exponential wait with full jitter.

    :param sleep: waits for a number of seconds.
    :param jitter: returns a random number, at least 0 and less than 1.
    """

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._sleep = sleep
        self._jitter = jitter
        self._without_progress = 0
        self._waited = 0.0

    def wait(self, *, progress: bool) -> None:
        """Wait before the next call. ``progress``: the last call processed a part of the batch.

        Raises :class:`Unavailable` after too many answers without progress, or too long a wait.
        """
        self._without_progress = 0 if progress else self._without_progress + 1
        seconds = _FIRST_WAIT_SECONDS * 2**self._without_progress * self._jitter()
        self._waited += seconds
        if (
            self._without_progress >= MAX_ANSWERS_WITHOUT_PROGRESS
            or self._waited > MAX_BATCH_WAIT_SECONDS
        ):
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS)
        self._sleep(seconds)


def last_key(response: Mapping[str, Any]) -> Any:
    """The key after which the next page of a Query or a Scan begins; None: this is the last page.

    An empty key is no key: DynamoDB-compatible servers send one at the end of a list.
    """
    return response.get("LastEvaluatedKey") or None


def batch_get(
    connection: Connection,
    item_keys: Iterable[ItemKey],
    new_backoff: Callable[[], Backoff] = Backoff,
) -> dict[ItemKey, RawItem]:
    """Read items by key, consistently; items that do not exist are missing. One call per 100.

    Keys that DynamoDB leaves unprocessed are requested again, with the waits of ``new_backoff``.
    Raises :class:`Unavailable`.
    """
    unique_keys = list(dict.fromkeys(item_keys))
    items: dict[ItemKey, RawItem] = {}
    for begin in range(0, len(unique_keys), _MAX_ITEMS_PER_CALL):
        chunk = unique_keys[begin : begin + _MAX_ITEMS_PER_CALL]
        items |= _get_chunk(connection, chunk, new_backoff())
    return items


def query_all(
    connection: Connection, request: Mapping[str, Any], max_pages: int, narrowing_parameter: str
) -> list[RawItem]:
    """Read all items of a Query: at most ``max_pages`` pages of 1 MB. One call per page.

    Raises :class:`QueryTooBroad` with ``narrowing_parameter`` if there are more pages.
    """
    page_request = dict(request)
    items: list[RawItem] = []
    for _ in range(max_pages):
        with translate_errors():
            response = connection.dispatch("Query", dict(page_request))
        items += response["Items"]
        last = last_key(response)
        if last is None:
            return items
        page_request["ExclusiveStartKey"] = last
    raise QueryTooBroad(narrowing_parameter)


def _get_chunk(
    connection: Connection, item_keys: Sequence[ItemKey], backoff: Backoff
) -> dict[ItemKey, RawItem]:
    key_names = {
        requested.table: tuple(name for name, _ in requested.key) for requested in item_keys
    }
    request: dict[str, Any] = {}
    for requested in item_keys:
        table = request.setdefault(requested.table, {"Keys": [], "ConsistentRead": True})
        table["Keys"].append({name: {"S": value} for name, value in requested.key})
    items: dict[ItemKey, RawItem] = {}
    while True:
        with translate_errors():
            response = connection.dispatch("BatchGetItem", {"RequestItems": request})
        for table, raw_items in response["Responses"].items():
            for raw in raw_items:
                key = tuple((name, raw[name]["S"]) for name in key_names[table])
                items[ItemKey(table, key)] = raw
        unprocessed = response.get("UnprocessedKeys") or {}
        if not unprocessed:
            return items
        backoff.wait(progress=_number_of_keys(unprocessed) < _number_of_keys(request))
        request = unprocessed


def _number_of_keys(request: Mapping[str, Any]) -> int:
    return sum(len(table["Keys"]) for table in request.values())
