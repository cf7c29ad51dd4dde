"""Roll up counters in tests that do not use streams."""

from pynamodb.connection import Connection

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.ids import IdSource
from chalicelib.counters.rollup import roll_up
from chalicelib.dynamodb.database import Store
from tests.support.clock import FakeClock
from tools.ops.counter_repair import behind, read_all


def roll_up_all(connection: Connection) -> None:
    """Roll up all counters, as the stream handler does."""
    clock = FakeClock()
    tools = Toolbox(Store(connection), IdSource(clock.milliseconds), clock, clock.advance)
    assert roll_up(tools, behind(read_all(connection))) == set()
