"""Demo data: consistent, and loaded once."""

from pynamodb.connection import Connection

from chalicelib.store.store import Store
from infra.demo import load_demo_data
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.tables import items, snapshot


def test_entries_slots_and_tallies_agree_with_the_timers(
    store: Store, connection: Connection
) -> None:
    assert load_demo_data(store, MONDAY_NINE)
    timers = {it["id"]: it for it in items(connection, "timers")}
    assert sorted(timers) == [9, 10, 11, 16]
    assert timers[16]["started_at"] == MONDAY_NINE - HOUR
    slots = {it["person_key"]: it["timer_id"] for it in items(connection, "slots")}
    assert slots == {"2149#8779": 10, "2149#8784": 11, "2149#8796": 16}
    entries = {it["id"]: it for it in items(connection, "time_entries")}
    assert (entries[364]["tracked_seconds"], entries[364]["timer_count"]) == (HOUR, 2)
    tallied = [it for it in items(connection, "tallies") if it["scope"] == "2149#8779"]
    counted = {name: n for it in tallied for name, n in it.items() if name[1:].isdecimal()}
    assert sum(n for name, n in counted.items() if name[0] == "s") == 2
    assert sum(n for name, n in counted.items() if name[0] == "e") == 1


def test_it_is_loaded_once(store: Store, connection: Connection) -> None:
    load_demo_data(store, MONDAY_NINE)
    before = snapshot(connection)
    assert not load_demo_data(store, MONDAY_NINE + HOUR)
    assert snapshot(connection) == before
