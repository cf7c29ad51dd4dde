"""AWS Secrets Manager. Secrets are cached in memory for five minutes, never logged or stored."""

import threading
import time
from collections.abc import Callable

from chalicelib.clients.aws import client, translate_aws_errors

SECRET_CACHE_SECONDS = 300


class Secrets:
    """Reads secrets by name or ARN. ``clock`` returns seconds."""

    def __init__(self, region: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._region = region
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[float, str]] = {}

    def get(self, name: str, *, other_than: str | None = None) -> str:
        """The value of a secret. One call in five minutes.

        ``other_than`` is a value that is no longer valid: the cache does not return it. Raises
        ``Unavailable``.
        """
        with self._lock:
            cached = self._cache.get(name)
            if cached is not None and cached[0] > self._clock() and cached[1] != other_than:
                return cached[1]
            with translate_aws_errors("Secrets Manager"):
                response = client("secretsmanager", self._region).get_secret_value(SecretId=name)
            value: str = response["SecretString"].strip()
            self._cache[name] = (self._clock() + SECRET_CACHE_SECONDS, value)
            return value
