"""Send requests: idempotency keys, ``Client-Time``, retries.

Every request passes here, also those of the generated functions.
"""

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from stint_client.errors import ConnectionFailed
from stint_client.responses import is_transient, raise_for_errors, retry_after

_log = logging.getLogger("stint_client")

_READS = {"GET", "HEAD", "OPTIONS"}
_WRONG_REQUEST = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# A key belongs to a person, and this request has none: a repeat would find the code used.
_WITHOUT_KEY = "/pairings/redeem"


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait before a repeat.

    :param reason: what went wrong, in a few words.
    :param seconds: the length of the wait.
    """

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Retries:
    """How long to try.

    :param attempts: the maximum of attempts, the first one included. 1: no retries.
    :param patience: seconds after the first attempt began. No wait goes beyond them.
    :param first_wait: seconds before the second attempt. Each further wait is twice as long.
    :param longest_wait: the maximum of seconds of such a wait. ``Retry-After`` can be longer.
    :param notify: called before each wait.
    :param sleep: waits for a number of seconds.
    :param clock: seconds of a clock that never goes back.
    :param jitter: a random number from 0 to 1.
    """

    attempts: int = 6
    patience: float = 60
    first_wait: float = 0.5
    longest_wait: float = 10
    notify: Callable[[Wait], None] | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def wait(self, attempt: int, retry_after: float | None) -> float:
        """Return the seconds to wait after an attempt, counted from 1.

        The jitter keeps clients that failed together from returning together.
        """
        backoff = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        if retry_after is None:
            return backoff * (1 + self.jitter()) / 2
        return max(retry_after, backoff / 2) + self.jitter() * self.first_wait


class RetryingClient(httpx.Client):
    """Sends each request until it has a final response, and raises errors as ``StintError``.

    :param retries: how long to try.
    :param options: those of ``httpx.Client``.
    """

    def __init__(self, retries: Retries, **options: Any) -> None:
        super().__init__(**options)
        self._retries = retries

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request. A repeat has the same body and the same ``Idempotency-Key``.

        :raises StintError: if there is no response, or if it is an error.
        """
        is_write = request.method not in _READS
        if is_write and not request.url.path.endswith(_WITHOUT_KEY):
            request.headers.setdefault("Idempotency-Key", str(uuid4()))
        may_be_sent_twice = not is_write or "Idempotency-Key" in request.headers
        deadline = self._retries.clock() + self._retries.patience
        was_sent = False
        attempt = 0
        while True:
            attempt += 1
            if is_write:
                request.headers["Client-Time"] = _now()
            try:
                response = super().send(request, **options)
            except _WRONG_REQUEST as error:
                raise _failure(request, _describe(error), is_unknown=False) from error
            except httpx.RequestError as error:
                was_sent = was_sent or not isinstance(error, _NEVER_SENT)
                reason = _describe(error)
                if (was_sent and not may_be_sent_twice) or not self._wait(
                    request, reason, attempt, None, deadline
                ):
                    raise _failure(request, reason, is_unknown=is_write and was_sent) from error
            else:
                reason = f"status {response.status_code}"
                if not is_transient(response) or not self._wait(
                    request, reason, attempt, retry_after(response), deadline
                ):
                    raise_for_errors(response)
                    return response

    def _wait(
        self,
        request: httpx.Request,
        reason: str,
        attempt: int,
        seconds: float | None,
        deadline: float,
    ) -> bool:
        """Wait before the next attempt. Return False, at once, if there is to be none."""
        wait = self._retries.wait(attempt, seconds)
        if attempt >= self._retries.attempts or self._retries.clock() + wait > deadline:
            return False
        _log.info("%s %s: %s; again in %.1f s", request.method, request.url.path, reason, wait)
        if self._retries.notify:
            self._retries.notify(Wait(reason, wait))
        self._retries.sleep(wait)
        return True


def _failure(request: httpx.Request, reason: str, *, is_unknown: bool) -> ConnectionFailed:
    address = request.url.copy_with(path="/", query=None, fragment=None, userinfo=b"")
    return ConnectionFailed(
        f"No response from {str(address).rstrip('/')}: {reason}",
        request.headers.get("Idempotency-Key"),
        is_outcome_unknown=is_unknown,
    )


def _describe(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    # Without the number of the operating system's error.
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).lower() or "the connection was lost"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
