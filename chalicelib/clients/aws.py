"""Clients of AWS services, and the translation of their errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws_errors import is_transient
from chalicelib.core.errors import Unavailable
from chalicelib.core.request_time import require_time

_CONFIG = Config(
    connect_timeout=1.0,
    read_timeout=3.0,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=16,
)
_MAX_CALL_SECONDS = 15
"""Three attempts, and up to 1 s and 2 s between them."""

_RETRY_AFTER_SECONDS = 2


@cache
def client(service: str, region: str, endpoint: str | None = None, config: Config = _CONFIG) -> Any:
    """The client of a service: one per process, created at the first use.

    :param endpoint: the URL of the service; None: that of the region.
    """
    return botocore.session.get_session().create_client(
        service, region_name=region, endpoint_url=endpoint, config=config
    )


@contextmanager
def translate_aws_errors(service: str) -> Iterator[None]:
    """Translate transient AWS errors to ``Unavailable``; its detail names the service.

    Other errors are not translated. A call for which the request has no time is ``Unavailable``
    too, and not made.
    """
    require_time(_MAX_CALL_SECONDS)
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if is_transient(error):
            detail = f"{service} is not available at the moment. Try again in a few seconds."
            raise Unavailable(detail, retry_after=_RETRY_AFTER_SECONDS) from error
        raise
