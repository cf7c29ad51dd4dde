"""What every race begins with."""

import pytest

from tests.races.crowd import time_entries
from tests.support.world import World, put_all


@pytest.fixture(autouse=True)
def people(world: World) -> None:
    """Everybody, with two entries each."""
    assert world.tokens
    put_all(*time_entries())
