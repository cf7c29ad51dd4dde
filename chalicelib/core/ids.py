"""Ids: numbers below 2^53 that grow with time and that JavaScript can hold.

The high 41 bits are milliseconds since 2025-01-01 UTC, the 12 low bits are random. Within a
process ids rise strictly; along a person's timeline they do as well, because the caller passes
the last one. Two processes may draw the same id, once in a blue moon: a conditional put in the
store refuses the second.
"""

import re
import secrets
import threading
from collections.abc import Callable

MAX_ID = 2**53 - 1

_EPOCH_MILLISECONDS = 1_735_689_600_000
_RANDOM_BITS = 12
_DIGITS = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


def parse_id(value: object) -> int | None:
    """The id that a string or number stands for, or None where it stands for none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 < value <= MAX_ID else None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        number = int(value)
        return number if number <= MAX_ID else None
    return None


class IdSource:
    """Draws ids. ``milliseconds`` is the clock: milliseconds since 1970-01-01 UTC."""

    def __init__(
        self,
        milliseconds: Callable[[], int],
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._milliseconds = milliseconds
        self._random_bits = random_bits
        self._last = 0
        self._lock = threading.Lock()

    def draw(self, after: int = 0) -> int:
        """A new id, larger than ``after`` and than every id that this source has drawn."""
        elapsed = self._milliseconds() - _EPOCH_MILLISECONDS
        drawn = elapsed << _RANDOM_BITS | self._random_bits(_RANDOM_BITS)
        with self._lock:
            self._last = max(self._last + 1, drawn, after + 1)
            return self._last
