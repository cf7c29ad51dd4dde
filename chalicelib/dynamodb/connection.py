"""The one connection that all models share, and the door where drivers' errors are translated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.tables import MODELS

# API Gateway gives up after 29 s. A call that has not connected or answered in this time is sent
# once more, so that a request, whose writes are repeated as well, ends before that.
_CONNECT_TIMEOUT_SECONDS = 1.0
_READ_TIMEOUT_SECONDS = 3.0
_RETRIES = 1
_POOL_SIZE = 32
_SERVER_FAULT = 500
RETRY_AFTER_SECONDS = 2

PASSING = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""What DynamoDB says when the same request may well succeed a moment later."""


def connect(settings: Settings, read_timeout_seconds: float = _READ_TIMEOUT_SECONDS) -> Connection:
    """A connection to which every model is bound, its client built at once.

    Built while a Lambda initialises, where the CPU is not rationed. Models are classes, so a
    process has one connection: the last one wins.
    """
    shared = Connection(
        region=settings.region,
        host=settings.dynamodb_endpoint,
        connect_timeout_seconds=_CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=read_timeout_seconds,
        max_retry_attempts=_RETRIES,
        max_pool_connections=_POOL_SIZE,
    )
    known: set[str] = set()
    for model in MODELS:
        _bind(model, settings.table_prefix, shared, known)
    _ = shared.client
    return shared


def table_name(model: type[Model]) -> str:
    """The full name of a bound model's table."""
    name: str = _meta(model).table_name
    return name


@contextmanager
def translated() -> Iterator[None]:
    """What the database's driver raises, as the domain's errors.

    Throttled, away or silent becomes :class:`Unavailable`. Anything else is a fault of ours and
    passes as it is.
    """
    try:
        yield
    except (PynamoDBException, ClientError, BotoCoreError) as error:
        if is_passing(error):
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from error
        raise


def is_passing(error: Exception) -> bool:
    """Whether the database throttles, is away, or did not answer in time."""
    cause = error.cause if isinstance(error, PynamoDBException) else error
    if isinstance(cause, ClientError):
        answer = cause.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_FAULT or answer.get("Error", {}).get("Code") in PASSING
    # Not any BotoCoreError: missing credentials or wrong parameters are faults of ours.
    return isinstance(cause, (BotocoreConnectionError, HTTPClientError))


def _bind(model: type[Model], prefix: str, shared: Connection, known: set[str]) -> None:
    meta = _meta(model)
    meta.table_name = f"{prefix}-{meta.bare_name}"
    # PynamoDB makes a client for each model and offers no way to share one: this is the way.
    model._connection = None
    table = model._get_connection()
    if meta.table_name not in known:
        known.add(meta.table_name)
        shared.add_meta_table(table.get_meta_table())
    table.connection = shared


def _meta(model: type[Model]) -> Any:
    return model.Meta
