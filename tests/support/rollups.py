"""Roll up counters in tests that do not use streams."""

from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.ids import IdGenerator
from chalicelib.counters.rollup import CounterRollup
from chalicelib.dynamodb.database import Database
from tests.support.clock import FakeClock
from tools.ops.counter_repair import behind, read_all


def roll_up_all(connection: Connection) -> None:
    """Roll up all counters, as the stream handler does."""
    clock = FakeClock()
    dependencies = Dependencies(
        Database(connection), IdGenerator(clock.milliseconds), clock, clock.advance
    )
    assert CounterRollup(dependencies).run(behind(read_all(connection))) == set()
