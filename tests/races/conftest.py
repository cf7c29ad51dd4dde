"""What every race begins with."""

import pytest
from pynamodb.connection import Connection

from tests.races.crowd import time_entries
from tests.support.expiry import keep_expired
from tests.support.world import World, put_all


@pytest.fixture(autouse=True)
def people(connection: Connection, world: World) -> None:
    """Everybody, with two entries each."""
    assert world.tokens
    keep_expired(connection)
    put_all(*time_entries())
