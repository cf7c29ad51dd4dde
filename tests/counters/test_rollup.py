"""Counter roll-up: every bucket is correct in the end, after any redelivery and any fault."""

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

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.ids import IdGenerator
from chalicelib.counters.model import (
    Bucket,
    CounterScope,
    EntryCounterDeltas,
    Listed,
    PersonDay,
    day_number,
)
from chalicelib.counters.repository import CounterModel
from chalicelib.counters.rollup import CounterRollup
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.database import Database
from chalicelib.handlers.counter_rollup import roll_up_records
from chalicelib.time_entries.model import TimeEntry
from tests.properties.bounds import bounded
from tests.support.call_counter import counted
from tests.support.clock import DAY, MONDAY_NINE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fault_injection import Call, Killed, cancelled, intercepted, silent, throttled
from tests.support.tables import empty_tables
from tools.devserver.stream_feed import Record
from tools.ops.counter_repair import behind, drifted, read_all

ORGANIZATION = 2149
MONDAY = MONDAY_NINE // DAY


def count_session(
    person_id: int, day: int, quarter: int, by: int = 1, organization: int = 2149
) -> Record:
    """Count a session start, or remove one with a negative ``by``. Return the stream record."""
    person_day = PersonDay(organization, person_id, day)
    item_key = {
        "scope": keys.scoped(organization, person_id),
        "bucket": keys.day_bucket_name(person_day.day),
    }
    add_to_counters(item_key, {f"s{quarter:02d}": by, f"e{(quarter + 1) % 96:02d}": by})
    return changed_record(**item_key)


def count_entry(person_id: int, service_id: int, day: str, organization: int = 2149) -> Record:
    """Count a time entry on a day. Return the stream record."""
    entry = TimeEntry(1, organization, person_id, service_id, day, 0, 0, person_id)
    counters = EntryCounterDeltas()
    counters.added(entry)
    (change,) = counters.collected()
    add_to_counters(keys.counter(change.name), dict(change.counters))
    return changed_record(**keys.counter(change.name))


def changed_record(**item_key: str) -> Record:
    """Build the stream record of a changed item."""
    return {
        "eventName": "MODIFY",
        "dynamodb": {
            "Keys": {attribute: {"S": value} for attribute, value in item_key.items()},
            "SequenceNumber": str(random.getrandbits(60)),
        },
    }


def add_to_counters(item_key: dict[str, str], deltas: dict[str, int]) -> None:
    CounterModel(scope=item_key["scope"], bucket=item_key["bucket"]).update(
        actions=[Path(name).add(by) for name, by in deltas.items()]
    )


def session_totals(connection: Connection) -> dict[str, int]:
    """Session starts, summed by organization days, organization months and person months."""
    sums = {"day": 0, "month": 0, "person": 0}
    for bucket, counters in read_all(connection).buckets.items():
        kind = "day" if len(bucket.when) == len("2026-03-02") else "month"
        kind = kind if bucket.scope.person_id is None else "person"
        sums[kind] += sum(by for name, by in counters.items() if name.startswith("s"))
    return sums


def entry_totals(connection: Connection) -> set[int]:
    """Time entries, summed by organizations, people and services."""
    sums = {"organization": 0, "person": 0, "service": 0}
    for bucket, counters in read_all(connection).buckets.items():
        kind = "organization" if bucket.scope.service_id is None else "service"
        kind = kind if bucket.scope.person_id is None else "person"
        sums[kind] += sum(by for name, by in counters.items() if name.startswith("n"))
    return set(sums.values())


def assert_consistent(connection: Connection, started: int, entries: int = 0) -> None:
    snapshot = read_all(connection)
    assert behind(snapshot) == set()
    assert drifted(snapshot) == set()
    assert session_totals(connection) == {"day": started, "month": started, "person": started}
    assert entry_totals(connection) == {entries}


def test_day_counters_roll_up_to_months_and_to_the_organization(
    dependencies: Dependencies, connection: Connection
) -> None:
    first_of_april = day_number(date(2026, 4, 1))
    records = [
        count_session(7, MONDAY, 10),
        count_session(8, MONDAY, 10),
        count_session(7, first_of_april, 95),
    ]
    assert roll_up_records(dependencies, {"Records": records}) == {"batchItemFailures": []}
    organization = CounterScope(Listed.TIMERS, ORGANIZATION)
    first_person, second_person = (
        CounterScope(Listed.TIMERS, ORGANIZATION, person_id) for person_id in (7, 8)
    )
    assert read_all(connection).buckets == {
        Bucket(organization, "2026-03-02"): {"s10": 2, "e11": 2},
        Bucket(organization, "2026-04-01"): {"s95": 1, "e00": 1},
        Bucket(organization, "2026-03"): {"s02": 2, "e02": 2},
        Bucket(organization, "2026-04"): {"s01": 1, "e01": 1},
        Bucket(first_person, "2026-03"): {"s02": 1, "e02": 1},
        Bucket(first_person, "2026-04"): {"s01": 1, "e01": 1},
        Bucket(second_person, "2026-03"): {"s02": 1, "e02": 1},
    }


def test_entry_counters_roll_up_to_months_of_all_people_and_services(
    dependencies: Dependencies, connection: Connection
) -> None:
    records = [
        count_entry(7, 1294, "2026-03-02"),
        count_entry(7, 1296, "2026-03-02"),
        count_entry(8, 1294, "2026-03-31"),
    ]
    assert roll_up_records(dependencies, {"Records": records}) == {"batchItemFailures": []}
    scope = partial(CounterScope, Listed.TIME_ENTRIES, ORGANIZATION)
    sums = partial(CounterScope, Listed.SUMS, ORGANIZATION)
    assert read_all(connection).buckets == {
        Bucket(scope(), "2026-03"): {"n02": 2, "n31": 1},
        Bucket(scope(7), "2026-03"): {"n02": 2},
        Bucket(scope(8), "2026-03"): {"n31": 1},
        Bucket(scope(service_id=1294), "2026-03"): {"n02": 1, "n31": 1},
        Bucket(scope(service_id=1296), "2026-03"): {"n02": 1},
        Bucket(sums(), "2026-03"): {"c02": 2, "c31": 1},
        Bucket(sums(service_id=1294), "2026-03"): {"c02": 1, "c31": 1},
        Bucket(sums(service_id=1296), "2026-03"): {"c02": 1},
        Bucket(sums(7, 1294), "2026-03"): {"c02": 1},
        Bucket(sums(7, 1296), "2026-03"): {"c02": 1},
        Bucket(sums(8, 1294), "2026-03"): {"c31": 1},
    }


def test_sessions_that_a_day_lists_are_not_counted(
    dependencies: Dependencies, connection: Connection
) -> None:
    record = count_session(7, MONDAY, 10)
    CounterModel(scope="2149#7", bucket="2026-03-02").update(
        actions=[Path("t364").set([1, 2]), Path("t12").set([1]), Path("version").add(3)]
    )
    assert roll_up_records(dependencies, {"Records": [record]}) == {"batchItemFailures": []}
    assert_consistent(connection, started=1)
    assert read_all(connection).buckets[
        Bucket(CounterScope(Listed.TIMERS, ORGANIZATION), "2026-03-02")
    ] == {"s10": 1, "e11": 1}
    # A change of the listed sessions alone changes no bucket.
    CounterModel(scope="2149#7", bucket="2026-03-02").update(actions=[Path("t12").set([1, 5])])
    with counted(connection) as calls:
        roll_up_records(dependencies, {"Records": [record]})
    assert set(calls) == {"BatchGetItem"}


def test_removed_session_is_subtracted_from_every_bucket(
    dependencies: Dependencies, connection: Connection
) -> None:
    roll_up_records(dependencies, {"Records": [count_session(7, MONDAY, 10)]})
    roll_up_records(dependencies, {"Records": [count_session(7, MONDAY, 10, by=-1)]})
    assert_consistent(connection, started=0)
    assert all(not counters for counters in read_all(connection).buckets.values())


def test_batch_takes_two_reads_and_one_write_per_organization(
    dependencies: Dependencies, connection: Connection
) -> None:
    records = [count_session(person, MONDAY, person % 96) for person in range(1, 25)]
    with counted(connection) as calls:
        roll_up_records(dependencies, {"Records": records * 3})
    assert calls == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
    assert_consistent(connection, started=24)


def test_redelivered_record_writes_nothing(
    dependencies: Dependencies, connection: Connection
) -> None:
    records = [count_session(7, MONDAY, 10)]
    roll_up_records(dependencies, {"Records": records})
    with counted(connection) as calls:
        roll_up_records(dependencies, {"Records": records})
    assert set(calls) == {"BatchGetItem"}
    assert_consistent(connection, started=1)


def test_rolled_up_buckets_are_not_rolled_up_again(
    dependencies: Dependencies, connection: Connection
) -> None:
    roll_up_records(dependencies, {"Records": [count_session(7, MONDAY, 10)]})
    rollups = [
        changed_record(scope=scope, bucket=bucket)
        for scope, bucket in [
            ("2149", "day#2026-03-02"),
            ("2149", "month#2026-03"),
            ("2149#7", "month#2026-03"),
            ("2149#rolled#2026-03-02", "person#0000000000000007"),
        ]
    ]
    with counted(connection) as calls:
        assert roll_up_records(dependencies, {"Records": rollups}) == {"batchItemFailures": []}
    assert calls == []


@pytest.mark.parametrize(
    "reason", ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"]
)
def test_concurrent_modification_is_retried(
    dependencies: Dependencies, connection: Connection, reason: str
) -> None:
    records = [count_session(7, MONDAY, 10)]
    with failing(connection, "TransactWriteItems", reason, times=3):
        assert roll_up_records(dependencies, {"Records": records}) == {"batchItemFailures": []}
    assert_consistent(connection, started=1)


def test_only_records_of_the_failing_organization_are_retried(
    dependencies: Dependencies, connection: Connection
) -> None:
    failing_record, other_record = (
        count_session(7, MONDAY, 10, organization=2150),
        count_session(7, MONDAY, 11),
    )

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == "TransactWriteItems" and "2150#rolled" in repr(arguments):
                raise throttled(operation)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        response = roll_up_records(dependencies, {"Records": [failing_record, other_record]})
    number = failing_record["dynamodb"]["SequenceNumber"]
    assert response == {"batchItemFailures": [{"itemIdentifier": number}]}
    assert {outdated.organization_id for outdated in behind(read_all(connection))} == {2150}
    assert roll_up_records(dependencies, {"Records": [failing_record]}) == {"batchItemFailures": []}
    assert_consistent(connection, started=2)


FAULTS: dict[str, tuple[bool, Callable[[str], BaseException]]] = {
    "killed before the call": (False, lambda _: Killed()),
    "killed after the call": (True, lambda _: Killed()),
    "cancelled": (False, lambda _: cancelled("TransactionConflict")),
    "throttled": (False, throttled),
    "written without a response": (True, lambda _: silent()),
}
"""By name: if the call is really made, and the error that the caller gets."""


class FaultInjector:
    """Injects a generated sequence of faults into calls."""

    def __init__(self, faults: Sequence[str | None]) -> None:
        self._faults = list(faults)

    def wrap(self, real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            fault = self._faults.pop() if self._faults else None
            if fault is None or (fault == "cancelled" and operation != "TransactWriteItems"):
                return real(operation, arguments)
            is_sent, error = FAULTS[fault]
            if is_sent:
                real(operation, arguments)
            raise error(operation)

        return call


organizations, people = st.sampled_from([2149, 2150]), st.integers(1, 3)
Operation = tuple[Callable[..., Record], tuple[Any, ...], int]
operations = st.lists(
    st.tuples(
        st.just(count_session),
        st.tuples(people, st.sampled_from([MONDAY, MONDAY + 1, MONDAY + 30]), st.integers(0, 95)),
        organizations,
    )
    | st.tuples(
        st.just(count_entry),
        st.tuples(people, st.integers(8, 9), st.sampled_from(["2026-03-02", "2026-04-30"])),
        organizations,
    ),
    min_size=1,
    max_size=12,
)


@given(operations=operations, seed=st.randoms(use_true_random=False), data=st.data())
@bounded(60)
def test_buckets_are_correct_after_any_redelivery_and_fault(
    dependencies: Dependencies,
    connection: Connection,
    operations: list[Operation],
    seed: random.Random,
    data: Any,
) -> None:
    empty_tables()
    faults = data.draw(st.lists(st.none() | st.sampled_from(sorted(FAULTS)), max_size=20))
    records: list[Record] = []
    fault_injector = FaultInjector(faults)
    for operation, arguments, organization in operations:
        record = operation(*arguments, organization=organization)
        # Delivered up to three times or never. A later record of the same day includes the change.
        records += [record] * seed.randint(0, 3)
        seed.shuffle(records)
        batch, records = records[:3], records[3:]
        with intercepted(connection, fault_injector.wrap):
            try:
                roll_up_records(dependencies, {"Records": batch})
            except Killed:
                records += batch
    # A replay of all outdated buckets rebuilds them.
    assert CounterRollup(dependencies).run(behind(read_all(connection))) == set()
    session_count = sum(operation is count_session for operation, _, _ in operations)
    assert_consistent(connection, session_count, len(operations) - session_count)


def test_concurrent_consumers_count_nothing_twice(connection: Connection) -> None:
    clock = FakeClock()
    dependencies = Dependencies(
        Database(connection), IdGenerator(clock.milliseconds), sleep=lambda _: None
    )
    records = [
        count_session(person, MONDAY + person % 2, number)
        for person in range(8)
        for number in range(6)
    ]
    failed_batches: list[list[Record]] = []

    def consume(number: int) -> None:
        shuffled = records * 2
        random.Random(number).shuffle(shuffled)  # noqa: S311
        for start in range(0, len(shuffled), 7):
            batch = shuffled[start : start + 7]
            failed = roll_up_records(dependencies, {"Records": batch})["batchItemFailures"]
            if failed:
                failed_batches.append(batch)

    threads = [threading.Thread(target=consume, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for batch in failed_batches:
        assert roll_up_records(dependencies, {"Records": batch}) == {"batchItemFailures": []}
    assert_consistent(connection, started=len(records))
