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
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from uuid import uuid4

import httpx

from stint_client.errors import ConnectionFailed
from stint_client.responses import MEDIA_TYPE, read_errors

_log = logging.getLogger("stint_client")

_READS = {"GET", "HEAD", "OPTIONS"}
_TRANSIENT = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_WRONG_REQUEST = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, *_WRONG_REQUEST)
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


class RetryingTransport(httpx.BaseTransport):
    """Send each request until it has a final response.

    Raises ``ConnectionFailed`` if there is none.
    """

    def __init__(self, inner: httpx.BaseTransport, retries: Retries) -> None:
        self._inner = inner
        self._retries = retries

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. A repeat has the same body and the same ``Idempotency-Key``."""
        request.read()
        is_write = request.method not in _READS
        if is_write and not request.url.path.endswith(_WITHOUT_KEY):
            request.headers.setdefault("Idempotency-Key", str(uuid4()))
        deadline = self._retries.clock() + self._retries.patience
        was_sent = False
        for attempt in range(1, self._retries.attempts + 1):
            if is_write:
                request.headers["Client-Time"] = _now()
            try:
                response = self._inner.handle_request(request)
                response.read()
            except httpx.RequestError as error:
                was_sent = was_sent or not isinstance(error, _NEVER_SENT)
                may_repeat = not isinstance(error, _WRONG_REQUEST) and (
                    not was_sent or not is_write or "Idempotency-Key" in request.headers
                )
                reason = _describe(error)
                if not (may_repeat and self._wait(request, reason, attempt, None, deadline)):
                    raise _failure(request, reason, is_unknown=is_write and was_sent) from error
            else:
                if not _is_transient(response):
                    return response
                reason = f"status {response.status_code}"
                seconds = retry_after(response)
                if not self._wait(request, reason, attempt, seconds, deadline):
                    return response
                was_sent = was_sent or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

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


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of ``Retry-After``, a number or a date; None if it is absent or wrong."""
    text = response.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _is_transient(response: httpx.Response) -> bool:
    """Whether a repeat may succeed.

    A 409 ``conflict`` with ``Retry-After`` is a race that was lost. Without it, the record itself
    is in the way, and a repeat would be refused again.
    """
    if response.status_code in _TRANSIENT:
        return True
    if response.status_code != HTTPStatus.CONFLICT or "Retry-After" not in response.headers:
        return False
    if not response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        return False
    return read_errors(response)[0].code == "conflict"


def _failure(request: httpx.Request, reason: str, *, is_unknown: bool) -> ConnectionFailed:
    address = request.url.copy_with(path="/", query=None, fragment=None, userinfo=b"")
    return ConnectionFailed(
        f"No response from {str(address).rstrip('/')}: {reason}",
        request.headers.get("Idempotency-Key"),
        is_outcome_unknown=is_unknown,
    )


def _describe(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no response in time"
    # Without the number of the operating system's error.
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).lower() or "the connection was lost"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
