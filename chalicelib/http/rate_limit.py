"""A budget of requests for each API token: a token bucket per process. Decision 0028.

Contract sections 7 and 11. It costs no database call. Each Lambda instance counts by itself, so
the budget of a token is that of one instance, times the instances that answer it.
"""

import threading
from collections.abc import Callable, Mapping
from math import ceil

from msgspec import Struct

from chalicelib.core.expiring_cache import ExpiringCache
from chalicelib.core.permissions import Caller

WINDOW_SECONDS = 10
_MAX_BUCKETS = 1_000

_Key = tuple[int, int, int | None]
_Bucket = tuple[float, float]
"""The requests that are left, and the time of the last one."""


class RemainingBudget(Struct, frozen=True):
    """What is left of the budget of an API token, after a request.

    :param retry_after: the seconds until the next request is allowed; None: this one is.
    :param headers: the response headers of the IETF draft "RateLimit header fields for HTTP".
    """

    retry_after: int | None
    headers: Mapping[str, str]


class RequestBudgets:
    """The budgets of all API tokens.

    :param quota: the requests that a token may send at once. They come back within
        ``WINDOW_SECONDS``, one after the other.
    :param clock: returns the present time in seconds since 1970-01-01 UTC.
    """

    def __init__(self, quota: int, clock: Callable[[], float]) -> None:
        self._quota = quota
        self._clock = clock
        self._rate = quota / WINDOW_SECONDS
        # A bucket that is full again need not be stored.
        self._buckets: ExpiringCache[_Key, _Bucket] = ExpiringCache(_MAX_BUCKETS, clock)
        self._lock = threading.Lock()

    def spend(self, caller: Caller) -> RemainingBudget:
        """Count a request of a caller. A request that is over the budget is not counted."""
        key = caller.organization.id, caller.person_id, caller.token_id
        with self._lock:
            now = self._clock()
            left, since = self._buckets.get(key) or (self._quota, now)
            left = min(self._quota, left + max(0, now - since) * self._rate)
            is_allowed = left >= 1
            left -= is_allowed
            seconds_until_full = (self._quota - left) / self._rate
            self._buckets.put(key, (left, now), now + seconds_until_full)
        headers = {
            "RateLimit-Policy": f'"token";q={self._quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"token";r={int(left)};t={ceil(seconds_until_full)}',
        }
        retry_after = None if is_allowed else max(1, ceil((1 - left) / self._rate))
        return RemainingBudget(retry_after, headers)
