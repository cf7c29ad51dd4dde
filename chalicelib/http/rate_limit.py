"""Budgets of requests: a token bucket per process for each API token, or each address.

Contract sections 7 and 11, decision 0028. They cost no database call. Each Lambda instance counts
by itself, so a budget is that of one instance, times the instances that answer.
"""

import threading
from collections.abc import Callable, Hashable, Mapping
from math import ceil

from msgspec import Struct

from chalicelib.core.expiring_cache import ExpiringCache

WINDOW_SECONDS = 10
_MAX_BUCKETS = 1_000

_Bucket = tuple[float, float]
"""The requests that are left, and the time of the last one."""


class RemainingBudget(Struct, frozen=True):
    """What is left of a budget, after a request.

    :param retry_after: the seconds until the next request is allowed; None: this one is.
    :param headers: the response headers of the IETF draft "RateLimit header fields for HTTP".
    """

    retry_after: int | None
    headers: Mapping[str, str]


class RequestBudgets:
    """The budgets of all API tokens, or of all addresses.

    :param quota: the requests that one of them may send at once. They come back within
        ``window_seconds``, one after the other.
    :param clock: returns the present time in seconds since 1970-01-01 UTC.
    :param policy: the name of the budgets in the response headers.
    """

    def __init__(
        self,
        quota: int,
        clock: Callable[[], float],
        *,
        policy: str = "token",
        window_seconds: int = WINDOW_SECONDS,
    ) -> None:
        self._quota = quota
        self._clock = clock
        self._policy = policy
        self._window_seconds = window_seconds
        self._rate = quota / window_seconds
        # A bucket that is full again need not be stored.
        self._buckets: ExpiringCache[Hashable, _Bucket] = ExpiringCache(_MAX_BUCKETS, clock)
        self._lock = threading.Lock()

    def spend(self, key: Hashable) -> RemainingBudget:
        """Count a request, by its token or address. One that is over the budget is not counted."""
        with self._lock:
            now = self._clock()
            left, since = self._buckets.get(key) or (self._quota, now)
            left = min(self._quota, left + max(0, now - since) * self._rate)
            is_allowed = left >= 1
            left -= is_allowed
            seconds_until_full = (self._quota - left) / self._rate
            self._buckets.put(key, (left, now), now + seconds_until_full)
        headers = {
            "RateLimit-Policy": f'"{self._policy}";q={self._quota};w={self._window_seconds}',
            "RateLimit": f'"{self._policy}";r={int(left)};t={ceil(seconds_until_full)}',
        }
        retry_after = None if is_allowed else max(1, ceil((1 - left) / self._rate))
        return RemainingBudget(retry_after, headers)
