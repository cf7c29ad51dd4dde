"""A cache of one process, whose values expire."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ExpiringCache(Generic[Key, Value]):
    """Values by key, each until its own time. Many threads can use it.

    :param max_size: maximum number of values. The ones that were put first are dropped first.
    :param clock: returns the present time in seconds since 1970-01-01 UTC.
    """

    def __init__(self, max_size: int, clock: Callable[[], float]) -> None:
        self._max_size = max_size
        self._clock = clock
        self._values: OrderedDict[Key, tuple[Value, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """Return the value of a key; None if there is none, or if it is expired."""
        with self._lock:
            value, expires_at = self._values.get(key, (None, 0.0))
        return value if self._clock() < expires_at else None

    def remove(self, key: Key) -> None:
        """Remove the value of a key, if there is one."""
        with self._lock:
            self._values.pop(key, None)

    def put(self, key: Key, value: Value, expires_at: float) -> None:
        """Set the value of a key until ``expires_at``, in seconds since 1970-01-01 UTC."""
        with self._lock:
            self._values[key] = value, expires_at
            self._values.move_to_end(key)
            while len(self._values) > self._max_size:
                self._values.popitem(last=False)
