"""Dependencies of the operations: database, clock, ids, settings.

An operations class gets them in its constructor and uses no global state.
"""

import random
import secrets
import time
from collections.abc import Callable
from functools import partial

from msgspec import Struct, field

from chalicelib.core.ids import IdGenerator
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.database import Database


class Dependencies(Struct, frozen=True):
    """Dependencies, built once in ``app.py``, in a handler or in a test.

    :param database: reads and writes records.
    :param ids: generates ids.
    :param clock: returns the present time in seconds since 1970-01-01 UTC.
    :param sleep: waits for a number of seconds.
    :param request_token: returns 32 characters that identify a transaction if it is sent again.
    :param jitter: returns a random number, at least 0 and less than 1.
    :param settings: the settings of the stage.
    """

    database: Database
    ids: IdGenerator
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    request_token: Callable[[], str] = partial(secrets.token_hex, 16)
    jitter: Callable[[], float] = random.random
    settings: Settings = field(default_factory=Settings)

    def now(self) -> int:
        """Return the present timestamp, in whole seconds."""
        return int(self.clock())


def build_dependencies(database: Database, settings: Settings | None = None) -> Dependencies:
    """Build dependencies with the real clock, random numbers and waiting."""
    return Dependencies(database, IdGenerator(), settings=settings or Settings())
