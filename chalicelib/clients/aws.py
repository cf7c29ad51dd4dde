"""Clients of AWS's services, and the door where their errors are translated."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError

from chalicelib.core.errors import Unavailable

_CONFIG = Config(
    connect_timeout=1.0,
    read_timeout=3.0,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=16,
)
_SERVER_FAULT = 500
_RETRY_AFTER_SECONDS = 2
_THROTTLED = frozenset(
    {"KmsThrottled", "RequestThrottled", "Throttling", "ThrottlingException", "OverLimit"}
)


@cache
def client(service: str, region: str) -> Any:
    """The client of a service: one a process, made when it is first needed."""
    return botocore.session.get_session().create_client(service, region_name=region, config=_CONFIG)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Throttled, away or silent becomes ``Unavailable``; anything else passes as it is."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if _is_passing(error):
            detail = f"{what} is not available at the moment. Try again in a few seconds."
            raise Unavailable(detail, retry_after=_RETRY_AFTER_SECONDS) from error
        raise


def _is_passing(error: Exception) -> bool:
    if isinstance(error, ClientError):
        answer = error.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_FAULT or answer.get("Error", {}).get("Code") in _THROTTLED
    return isinstance(error, (BotocoreConnectionError, HTTPClientError))
