"""A stage that version 0.2.0 wrote."""

from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection

from tests.ops.version_0_2_0.stage import NOW, old_stage
from tests.support.clock import MINUTE, FakeClock
from tests.support.fixtures import Fixtures


@pytest.fixture
def stage(connection: Connection, fixtures: Fixtures, clock: FakeClock) -> Iterator[None]:
    """What version 0.2.0 stored, under this version. A minute has passed since."""
    assert fixtures.tokens
    clock.timestamp = NOW + MINUTE
    with old_stage(connection):
        yield
