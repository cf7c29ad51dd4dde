"""Secrets (AWS Secrets Manager), remembered for some minutes. Never logged, never stored."""

import threading
import time
from collections.abc import Callable

from chalicelib.clients.aws import client, translated

REMEMBERED_SECONDS = 300


class Secrets:
    """Secrets by their names or ARNs. ``clock`` gives seconds."""

    def __init__(self, region: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._region = region
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str]] = {}

    def get(self, name: str, *, other_than: str | None = None) -> str:
        """A secret's text. One call, once in five minutes.

        ``other_than`` is a value that turned out to be no longer good: it does not come from
        memory. Raises ``Unavailable``.
        """
        with self._lock:
            known = self._known.get(name)
            if known is not None and known[0] > self._clock() and known[1] != other_than:
                return known[1]
            with translated("Secrets Manager"):
                answer = client("secretsmanager", self._region).get_secret_value(SecretId=name)
            value: str = answer["SecretString"].strip()
            self._known[name] = (self._clock() + REMEMBERED_SECONDS, value)
            return value
