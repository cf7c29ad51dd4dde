"""How long a request may take: API Gateway ends it after 29 seconds. Decision 0009.

The time counts from the arrival of the request, so it includes authentication, and the reads of
included records. Scheduled runs and commands have no such limit: outside :func:`limited_time`,
there is always time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct

from chalicelib.core.errors import Unavailable

MAX_REQUEST_SECONDS = 28
"""One second less than API Gateway's timeout, for everything but calls."""

_RETRY_AFTER_SECONDS = 2


class _RequestTime(Struct, frozen=True):
    clock: Callable[[], float]
    received_at: float


_current: ContextVar[_RequestTime | None] = ContextVar("request_time", default=None)


@contextmanager
def limited_time(clock: Callable[[], float]) -> Iterator[None]:
    """Limit the time of a request that arrives now.

    :param clock: returns the present time in seconds since 1970-01-01 UTC.
    """
    token = _current.set(_RequestTime(clock, clock()))
    try:
        yield
    finally:
        _current.reset(token)


def retries_end_at(budget_seconds: float, now: float) -> float:
    """The timestamp after which nothing is tried again.

    :param budget_seconds: how long after the arrival of the request; without one, after ``now``.
    """
    current = _current.get()
    return budget_seconds + (now if current is None else current.received_at)


def require_time(seconds: float) -> None:
    """Refuse a call that the request has no time for. Raises ``Unavailable``.

    :param seconds: how long the call takes at most.
    """
    current = _current.get()
    if current is None:
        return
    if current.clock() + seconds > current.received_at + MAX_REQUEST_SECONDS:
        raise Unavailable(retry_after=_RETRY_AFTER_SECONDS)
