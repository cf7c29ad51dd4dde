"""A roll-up takes what fits into one transaction, and leaves the rest to the next one."""

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.model import CounterKind, PersonDay, day_sum_name
from chalicelib.counters.repository import CounterModel
from chalicelib.counters.rollup import CounterRollup
from chalicelib.counters.rollup_rules import MAX_CHANGES, MAX_ITEMS, CounterState, decide_roll_up
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name
from tests.support.clock import DAY, MONDAY_NINE
from tools.ops.counter_repair import behind, drifted, read_all

TODAY = PersonDay(2149, 8779, MONDAY_NINE // DAY)


def on_services(count: int) -> dict[str, int]:
    """Return the counters of a day with a minute on each of many services, and 96 quarter-hours."""
    sums = {day_sum_name(CounterKind.SECONDS, 0, 1_000 + number): 60 for number in range(count)}
    return {**sums, **{f"s{number:02d}": 1 for number in range(96)}}


@pytest.mark.parametrize("services", [1, 60, 500])
def test_day_on_many_services_takes_several_transactions(services: int) -> None:
    counters, rolled_up = on_services(services), dict[str, int]()
    for _ in range(100):
        decided = decide_roll_up([CounterState(TODAY, counters, rolled_up, 0)])
        if decided is None:
            break
        assert len(decided.counters) + len(decided.added) <= MAX_ITEMS
        (state,) = decided.counters
        assert len(state.difference) <= MAX_CHANGES
        rolled_up = dict(state.counters)
        assert decided.is_complete == (rolled_up == counters)
    assert rolled_up == counters


def test_second_counter_waits_if_the_first_fills_the_transaction() -> None:
    other = PersonDay(2149, 8780, TODAY.day)
    states = [CounterState(name, on_services(60), {}, 0) for name in (TODAY, other)]
    decided = decide_roll_up(states)
    assert decided is not None
    assert not decided.is_complete
    assert len(decided.counters) + len(decided.added) <= MAX_ITEMS


def test_roll_up_of_a_day_on_many_services_is_complete(
    dependencies: Dependencies, connection: Connection
) -> None:
    key = keys.counter(TODAY)
    item = CounterModel(scope=key["scope"], bucket=key["bucket"]).serialize()
    counters = {name: {"N": str(count)} for name, count in on_services(150).items()}
    connection.dispatch(
        "PutItem", {"TableName": table_name(CounterModel), "Item": {**item, **counters}}
    )
    assert CounterRollup(dependencies).run([TODAY]) == set()
    stored = read_all(connection)
    assert (behind(stored), drifted(stored)) == (set(), set())
