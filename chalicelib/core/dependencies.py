"""What every verb needs and none may reach for by itself: the store, the time, ids, patience."""

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import field

from chalicelib.core.ids import IdSource
from chalicelib.core.settings import Settings
from chalicelib.dataclass import dataclass
from chalicelib.dynamodb.database import Store


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Wired once, in ``app.py`` or in a test.

    ``clock`` gives seconds since 1970-01-01 UTC; ``pause`` waits for that many seconds;
    ``request_token`` draws the 32 characters by which a transaction is recognised when it is sent
    twice; ``jitter`` draws from 0 up to 1. ``settings`` say where the few verbs find what lies
    outside beside the database (``services/outside.py``).
    """

    store: Store
    ids: IdSource
    clock: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    request_token: Callable[[], str] = lambda: secrets.token_hex(16)
    jitter: Callable[[], float] = random.random
    settings: Settings = field(default_factory=Settings)

    def now(self) -> int:
        """The present instant, in whole seconds."""
        return int(self.clock())


def real_toolbox(store: Store, settings: Settings | None = None) -> Toolbox:
    """The real clock, real ids, real patience."""
    ids = IdSource(lambda: time.time_ns() // 1_000_000)
    return Toolbox(store, ids, settings=settings or Settings())
