"""Fixtures for the concurrency tests."""

import pytest

from tests.support.concurrent_requests import time_entries
from tests.support.fixtures import World, put_all


@pytest.fixture(autouse=True)
def people(world: World) -> None:
    """Create the people of the tests, with two time entries each."""
    assert world.tokens
    put_all(*time_entries())
