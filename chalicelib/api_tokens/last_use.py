"""Records on which date a token was last used. Contract section 11.

At most one write a day for each token, at the same time as the rest of the request: no request
waits longer for it, and none fails because of it.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context

from chalicelib.api_tokens.model import Credential
from chalicelib.api_tokens.repository import set_last_used_on
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.expiring_cache import ExpiringCache
from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import SECONDS_PER_DAY, local_date

log = logging.getLogger("stint")

_MAX_REMEMBERED = 1_000
_RETRY_SECONDS = 60
"""After a failed write, the process tries again after this time."""


class LastUse:
    """Records the last use of tokens. The process remembers what it has written."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._now = dependencies.now
        self._written: ExpiringCache[str, str] = ExpiringCache(_MAX_REMEMBERED, dependencies.clock)

    @contextmanager
    def recording(self, caller: Caller) -> Iterator[None]:
        """Record that the caller's token is used today, while the block runs. At most one call."""
        credential, today = caller.credential, local_date(self._now(), caller.zone)
        if credential is None or self._is_written(credential, today):
            yield
        else:
            # First, so that other threads do not write it too.
            self._written.put(credential.digest, today, self._now() + _RETRY_SECONDS)
            with ThreadPoolExecutor(1) as threads:
                threads.submit(copy_context().run, self._record, credential.digest, today)
                yield

    def _is_written(self, credential: Credential, today: str) -> bool:
        stored, written = credential.last_used_on, self._written.get(credential.digest)
        return (stored is not None and stored >= today) or written == today

    def _record(self, digest: str, today: str) -> None:
        try:
            set_last_used_on(digest, today)
        except Exception as error:
            # It must not fail the request.
            log.warning("last use of a token is not recorded", exc_info=error)
        else:
            self._written.put(digest, today, self._now() + SECONDS_PER_DAY)
