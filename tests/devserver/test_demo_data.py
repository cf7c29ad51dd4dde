"""Demo data is consistent and is loaded only once."""

from pynamodb.connection import Connection

from chalicelib.dynamodb.database import Database
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.table_snapshots import items, snapshot
from tools.devserver.demo_data import LONG_ID, load_demo_data


def test_demo_entries_person_states_and_counters_match_the_timers(
    database: Database, connection: Connection
) -> None:
    assert load_demo_data(database, MONDAY_NINE)
    timers = {timer["id"]: timer for timer in items(connection, "timers")}
    assert sorted(timers) == [9, 10, 11, 16, 17]
    assert timers[16]["started_at"] == MONDAY_NINE - HOUR
    running = {
        state["person_key"]: state["timer_id"]
        for state in items(connection, "person_state")
        if "timer_id" in state
    }
    assert running == {"2149#8779": 10, "2149#8784": 11, "2149#8796": 16}
    entries = {entry["id"]: entry for entry in items(connection, "time_entries")}
    assert (entries[364]["tracked_seconds"], entries[364]["timer_count"]) == (HOUR, 2)
    records = [item for item in items(connection, "counters") if item["scope"] == "2149#8779"]
    counters = {
        name: count for record in records for name, count in record.items() if name[1:].isdecimal()
    }
    assert sum(count for name, count in counters.items() if name[0] == "s") == 2
    assert sum(count for name, count in counters.items() if name[0] == "e") == 1


def test_a_person_has_an_id_that_does_not_fit_32_bits(
    database: Database, connection: Connection
) -> None:
    assert len(str(LONG_ID)) == 15
    load_demo_data(database, MONDAY_NINE)
    timers = {timer["id"]: timer["person_id"] for timer in items(connection, "timers")}
    assert timers[17] == LONG_ID


def test_demo_data_is_loaded_only_once(database: Database, connection: Connection) -> None:
    load_demo_data(database, MONDAY_NINE)
    before = snapshot(connection)
    assert not load_demo_data(database, MONDAY_NINE + HOUR)
    assert snapshot(connection) == before
