"""Rolling up, whatever happens to the records that ask for it: in the end no bucket is wrong."""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.domain.changes import EntryTallying
from chalicelib.domain.ids import IdSource
from chalicelib.domain.tallies import Bucket, Listed, PersonDay, TallyScope, day_number
from chalicelib.domain.timers import TimeEntry
from chalicelib.events.rollup import roll_up_records
from chalicelib.services.rolling_up import roll_up
from chalicelib.services.toolbox import Toolbox
from chalicelib.store import keys
from chalicelib.store.models import TallyModel
from chalicelib.store.store import Store
from infra.local.streams import Record
from infra.rollups import behind, drifted, read_all
from infra.tables import empty_tables
from tests.properties.bounds import bounded
from tests.support.calls import counted
from tests.support.chaos import Call, Killed, cancelled, intercepted, silent, throttled
from tests.support.clock import DAY, MONDAY_NINE, FakeClock
from tests.support.faults import failing

ORGANIZATION = 2149
MONDAY = MONDAY_NINE // DAY


def work(person_id: int, day: int, quarter: int, by: int = 1, organization: int = 2149) -> Record:
    """A session starts (or, with a negative number, never did); the record that tells of it."""
    name = PersonDay(organization, person_id, day)
    place = {"scope": keys.scoped(organization, person_id), "bucket": keys.tally_bucket(name.day)}
    count(place, {f"s{quarter:02d}": by, f"e{(quarter + 1) % 96:02d}": by})
    return told(**place)


def book(person_id: int, service_id: int, day: str, organization: int = 2149) -> Record:
    """A time entry is booked on a day; the record that tells of it."""
    entry = TimeEntry(1, organization, person_id, service_id, day, 0, 0, person_id)
    tallying = EntryTallying()
    tallying.came(entry)
    (change,) = tallying.changes()
    count(keys.tally(change.name), dict(change.counters))
    return told(**keys.tally(change.name))


def told(**place: str) -> Record:
    """A record that says that something changed."""
    return {
        "eventName": "MODIFY",
        "dynamodb": {
            "Keys": {attribute: {"S": value} for attribute, value in place.items()},
            "SequenceNumber": str(random.getrandbits(60)),
        },
    }


def count(place: dict[str, str], added: dict[str, int]) -> None:
    TallyModel(scope=place["scope"], bucket=place["bucket"]).update(
        actions=[Path(name).add(by) for name, by in added.items()]
    )


def totals(connection: Connection) -> dict[str, int]:
    """All that was started, by days and months of organizations, and by months of people."""
    found = {"day": 0, "month": 0, "person": 0}
    for bucket, counters in read_all(connection).buckets.items():
        kind = "day" if len(bucket.when) == len("2026-03-02") else "month"
        kind = kind if bucket.scope.person_id is None else "person"
        found[kind] += sum(by for name, by in counters.items() if name.startswith("s"))
    return found


def booked(connection: Connection) -> set[int]:
    """All that was booked: by organizations, by people, and by services."""
    found = {"organization": 0, "person": 0, "service": 0}
    for bucket, counters in read_all(connection).buckets.items():
        kind = "organization" if bucket.scope.service_id is None else "service"
        kind = kind if bucket.scope.person_id is None else "person"
        found[kind] += sum(by for name, by in counters.items() if name.startswith("n"))
    return set(found.values())


def assert_right(connection: Connection, started: int, entries: int = 0) -> None:
    everything = read_all(connection)
    assert behind(everything) == set()
    assert drifted(everything) == set()
    assert totals(connection) == {"day": started, "month": started, "person": started}
    assert booked(connection) == {entries}


def test_days_roll_up_to_months_and_to_the_organization(
    tools: Toolbox, connection: Connection
) -> None:
    first_of_april = day_number(date(2026, 4, 1))
    records = [work(7, MONDAY, 10), work(8, MONDAY, 10), work(7, first_of_april, 95)]
    assert roll_up_records(tools, {"Records": records}) == {"batchItemFailures": []}
    everybody = TallyScope(Listed.TIMERS, ORGANIZATION)
    seven, eight = (TallyScope(Listed.TIMERS, ORGANIZATION, person_id) for person_id in (7, 8))
    assert read_all(connection).buckets == {
        Bucket(everybody, "2026-03-02"): {"s10": 2, "e11": 2},
        Bucket(everybody, "2026-04-01"): {"s95": 1, "e00": 1},
        Bucket(everybody, "2026-03"): {"s02": 2, "e02": 2},
        Bucket(everybody, "2026-04"): {"s01": 1, "e01": 1},
        Bucket(seven, "2026-03"): {"s02": 1, "e02": 1},
        Bucket(seven, "2026-04"): {"s01": 1, "e01": 1},
        Bucket(eight, "2026-03"): {"s02": 1, "e02": 1},
    }


def test_entries_roll_up_to_months_of_everybody_a_person_and_a_service(
    tools: Toolbox, connection: Connection
) -> None:
    records = [
        book(7, 1294, "2026-03-02"),
        book(7, 1296, "2026-03-02"),
        book(8, 1294, "2026-03-31"),
    ]
    assert roll_up_records(tools, {"Records": records}) == {"batchItemFailures": []}
    scope = partial(TallyScope, Listed.TIME_ENTRIES, ORGANIZATION)
    assert read_all(connection).buckets == {
        Bucket(scope(), "2026-03"): {"n02": 2, "n31": 1},
        Bucket(scope(7), "2026-03"): {"n02": 2},
        Bucket(scope(8), "2026-03"): {"n31": 1},
        Bucket(scope(service_id=1294), "2026-03"): {"n02": 1, "n31": 1},
        Bucket(scope(service_id=1296), "2026-03"): {"n02": 1},
    }


def test_what_is_taken_back_is_taken_off_everywhere(tools: Toolbox, connection: Connection) -> None:
    roll_up_records(tools, {"Records": [work(7, MONDAY, 10)]})
    roll_up_records(tools, {"Records": [work(7, MONDAY, 10, by=-1)]})
    assert_right(connection, started=0)
    assert all(not counters for counters in read_all(connection).buckets.values())


def test_a_batch_of_an_organization_is_one_read_of_each_kind_and_one_write(
    tools: Toolbox, connection: Connection
) -> None:
    records = [work(person, MONDAY, person % 96) for person in range(1, 25)]
    with counted(connection) as calls:
        roll_up_records(tools, {"Records": records * 3})
    assert calls == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
    assert_right(connection, started=24)


def test_a_record_that_comes_again_writes_nothing(tools: Toolbox, connection: Connection) -> None:
    records = [work(7, MONDAY, 10)]
    roll_up_records(tools, {"Records": records})
    with counted(connection) as calls:
        roll_up_records(tools, {"Records": records})
    assert set(calls) == {"BatchGetItem"}
    assert_right(connection, started=1)


def test_what_is_rolled_up_is_not_rolled_up_again(tools: Toolbox, connection: Connection) -> None:
    roll_up_records(tools, {"Records": [work(7, MONDAY, 10)]})
    written = [
        told(scope=scope, bucket=bucket)
        for scope, bucket in [
            ("2149", "day#2026-03-02"),
            ("2149", "month#2026-03"),
            ("2149#7", "month#2026-03"),
            ("2149#rolled#2026-03-02", "person#0000000000000007"),
        ]
    ]
    with counted(connection) as calls:
        assert roll_up_records(tools, {"Records": written}) == {"batchItemFailures": []}
    assert calls == []


@pytest.mark.parametrize(
    "reason", ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"]
)
def test_a_lost_race_is_run_again(tools: Toolbox, connection: Connection, reason: str) -> None:
    records = [work(7, MONDAY, 10)]
    with failing(connection, "TransactWriteItems", reason, times=3):
        assert roll_up_records(tools, {"Records": records}) == {"batchItemFailures": []}
    assert_right(connection, started=1)


def test_where_the_database_is_away_its_records_come_again_and_others_are_done(
    tools: Toolbox, connection: Connection
) -> None:
    bad, good = work(7, MONDAY, 10, organization=2150), work(7, MONDAY, 11)

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == "TransactWriteItems" and "2150#rolled" in repr(arguments):
                raise throttled(operation)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        answer = roll_up_records(tools, {"Records": [bad, good]})
    number = bad["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": number}]}
    assert {it.organization_id for it in behind(read_all(connection))} == {2150}
    assert roll_up_records(tools, {"Records": [bad]}) == {"batchItemFailures": []}
    assert_right(connection, started=2)


FAULTS: dict[str, tuple[bool, Callable[[str], BaseException]]] = {
    "killed before": (False, lambda _: Killed()),
    "killed behind": (True, lambda _: Killed()),
    "cancelled": (False, lambda _: cancelled("TransactionConflict")),
    "throttled": (False, throttled),
    "written, and silent": (True, lambda _: silent()),
}
"""Whether the call is really made, and what the caller then sees."""


class Stormy:
    """Strikes some calls, as drawn."""

    def __init__(self, strikes: Sequence[str | None]) -> None:
        self._strikes = list(strikes)

    def wrap(self, real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            strike = self._strikes.pop() if self._strikes else None
            if strike is None or (strike == "cancelled" and operation != "TransactWriteItems"):
                return real(operation, arguments)
            really, error = FAULTS[strike]
            if really:
                real(operation, arguments)
            raise error(operation)

        return call


organizations, people = st.sampled_from([2149, 2150]), st.integers(1, 3)
Act = tuple[Callable[..., Record], tuple[Any, ...], int]
acts = st.lists(
    st.tuples(
        st.just(work),
        st.tuples(people, st.sampled_from([MONDAY, MONDAY + 1, MONDAY + 30]), st.integers(0, 95)),
        organizations,
    )
    | st.tuples(
        st.just(book),
        st.tuples(people, st.integers(8, 9), st.sampled_from(["2026-03-02", "2026-04-30"])),
        organizations,
    ),
    min_size=1,
    max_size=12,
)


@given(acts=acts, seed=st.randoms(use_true_random=False), data=st.data())
@bounded(60)
def test_no_bucket_is_wrong_whatever_happens_to_records_and_calls(
    tools: Toolbox,
    connection: Connection,
    acts: list[Act],
    seed: random.Random,
    data: Any,
) -> None:
    empty_tables()
    strikes = data.draw(st.lists(st.none() | st.sampled_from(sorted(FAULTS)), max_size=20))
    records: list[Record] = []
    stormy = Stormy(strikes)
    for act, what, organization in acts:
        record = act(*what, organization=organization)
        # Delivered up to three times, or never: whoever works later that day brings it along.
        records += [record] * seed.randint(0, 3)
        seed.shuffle(records)
        batch, records = records[:3], records[3:]
        with intercepted(connection, stormy.wrap):
            try:
                roll_up_records(tools, {"Records": batch})
            except Killed:
                records += batch
    # Replaying everything is the rebuild.
    assert roll_up(tools, behind(read_all(connection))) == set()
    started = sum(act is work for act, _, _ in acts)
    assert_right(connection, started, len(acts) - started)


def test_consumers_that_meet_add_nothing_twice(connection: Connection) -> None:
    clock = FakeClock()
    tools = Toolbox(Store(connection), IdSource(clock.milliseconds), pause=lambda _: None)
    records = [
        work(person, MONDAY + person % 2, number) for person in range(8) for number in range(6)
    ]
    left: list[list[Record]] = []

    def consume(number: int) -> None:
        mine = records * 2
        random.Random(number).shuffle(mine)  # noqa: S311
        for begin in range(0, len(mine), 7):
            batch = mine[begin : begin + 7]
            failed = roll_up_records(tools, {"Records": batch})["batchItemFailures"]
            if failed:
                left.append(batch)

    threads = [threading.Thread(target=consume, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for batch in left:
        assert roll_up_records(tools, {"Records": batch}) == {"batchItemFailures": []}
    assert_right(connection, started=len(records))
