"""Ids: numbers below 2^53, which JavaScript can represent exactly. They increase with time.

The high 41 bits are milliseconds since 2025-01-01 UTC, the low 12 bits are random. Ids increase
strictly within a process, and along a person's timeline, because the caller passes the last id.
Two processes can generate the same id, which is rare: a conditional put then rejects the second,
and the operation generates another one. An id of a deleted record can be generated again too. So
the records that events are about also have a random nonce, which makes their events different.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable

MAX_ID = 2**53 - 1
_EPOCH_MILLISECONDS = 1_735_689_600_000
_RANDOM_BITS = 12
_NONCE_BITS = 32
_DIGITS = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


def parse_id(value: object) -> int | None:
    """Return the id that a string or number represents, or None if it represents none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 < value <= MAX_ID else None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        number = int(value)
        return number if number <= MAX_ID else None
    return None


def now_milliseconds() -> int:
    """Return the present time, in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def new_nonce() -> int:
    """Return a random number that distinguishes a record from a deleted one with the same id."""
    return secrets.randbits(_NONCE_BITS)


class IdGenerator:
    """Generates ids. Thread-safe.

    :param milliseconds: returns the present time in milliseconds since 1970-01-01 UTC.
    :param random_bits: returns a random number of that many bits.
    """

    def __init__(
        self,
        milliseconds: Callable[[], int] = now_milliseconds,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._milliseconds = milliseconds
        self._random_bits = random_bits
        self._last = 0
        self._lock = threading.Lock()

    def generate(self, after: int = 0) -> int:
        """Return a new id, larger than ``after`` and than every earlier id of this generator."""
        elapsed = self._milliseconds() - _EPOCH_MILLISECONDS
        candidate = elapsed << _RANDOM_BITS | self._random_bits(_RANDOM_BITS)
        with self._lock:
            self._last = max(self._last + 1, candidate, after + 1)
            return self._last
