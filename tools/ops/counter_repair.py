"""Check rolled-up counters against the records that were rolled up, and repair them.

Safe while the API is in use. A bucket of an organization or of a person's month is the sum of
the rolled-up records below it: each transaction that adds to the bucket also writes those
records and raises the bucket's version. So a bucket with the same version before and after its
records are read can be compared with them, and can be written on condition of that version.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.operand import Path

from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.model import (
    Bucket,
    CounterKey,
    Counters,
    EntryMonth,
    Listed,
    PersonDay,
    add,
    day_number,
    day_totals,
    difference,
)
from chalicelib.counters.repository import (
    CounterModel,
    bucket_key,
    counters_in,
    model_with_key,
    read_states,
    version_in,
)
from chalicelib.counters.rollup import CounterRollup
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, batch_get, item_key, last_key, table_name
from tools.ops.patience import patient
from tools.ops.snapshot import scan

_READS = 8


@dataclass(slots=True)
class RollUps:
    """Everything in the counters' table, by kind; consistent only if nothing changes meanwhile."""

    counters: dict[CounterKey, Counters] = field(default_factory=dict)
    rolled_up: dict[CounterKey, Counters] = field(default_factory=dict)
    buckets: dict[Bucket, Counters] = field(default_factory=dict)


def read_all(connection: Connection) -> RollUps:
    """Read the whole table."""
    rollups = RollUps()
    for raw in scan(connection, CounterModel):
        scope, bucket = raw["scope"]["S"], raw["bucket"]["S"]
        if (name := keys.counter_key_in(scope, bucket)) is not None:
            rollups.counters[name] = counters_in(raw)
        elif (name := keys.rolled_up_key_in(scope, bucket)) is not None:
            rollups.rolled_up[name] = counters_in(raw)
        elif (rolled_up_bucket := keys.bucket_in(scope, bucket)) is not None:
            rollups.buckets[rolled_up_bucket] = counters_in(raw)
    return rollups


def behind(rollups: RollUps) -> set[CounterKey]:
    """Return the counters whose current values are not rolled up."""
    return {
        name
        for name in rollups.counters.keys() | rollups.rolled_up.keys()
        if difference(rollups.counters.get(name, {}), rollups.rolled_up.get(name, {}))
    }


def drifted(rollups: RollUps) -> set[Bucket]:
    """Return the buckets that differ from the sums of their rolled-up records."""
    expected: dict[Bucket, dict[str, int]] = defaultdict(dict)
    for name, counters in rollups.rolled_up.items():
        for bucket, added in name.bucket_deltas(counters):
            add(expected[bucket], added)
    return {
        bucket
        for bucket in rollups.buckets.keys() | expected.keys()
        if difference(rollups.buckets.get(bucket, {}), expected.get(bucket, {}))
    }


def still_behind(dependencies: Dependencies, names: Collection[CounterKey]) -> list[CounterKey]:
    """Return the counters that stay behind for longer than the stream normally takes."""
    waiting = sorted(names, key=repr)
    for _ in range(_READS):
        waiting = [
            state.name
            for state in read_states(dependencies.database.connection, waiting)
            if state.difference
        ]
        if not waiting:
            break
        dependencies.sleep(0.5)
    return waiting


class RollupRepairer:
    """Compares single buckets with their rolled-up records, and repairs them."""

    def __init__(self, connection: Connection, sleep: Callable[[float], None]) -> None:
        self._connection = connection
        self._sleep = sleep

    def compare(self, bucket: Bucket, *, repair: bool) -> str | None:
        """Return the error in a bucket, or None; with ``repair``, also repair it.

        A bucket that changes at every read is read a few times and then counts as correct.
        """
        for _ in range(_READS):
            before = self._read(bucket)
            stored, expected = counters_in(before), self._sum(bucket)
            if version_in(self._read(bucket)) == version_in(before):
                if not difference(stored, expected):
                    return None
                if not repair or self._write(bucket, version_in(before), stored, expected):
                    key = bucket_key(bucket)
                    where = f"{key['scope']} {key['bucket']}"
                    return f"{where}: {stored}, not {expected}"
            self._sleep(0.2)
        return None

    def _read(self, bucket: Bucket) -> RawItem:
        key = item_key(CounterModel, **bucket_key(bucket))
        return batch_get(self._connection, [key]).get(key, {})

    def _sum(self, bucket: Bucket) -> dict[str, int]:
        """Return the sum of the rolled-up records below a bucket.

        For an organization's month of timers: the sum of its days. For a service's or an
        organization's month of sums: that of its people. Those are repaired before.
        """
        scope = bucket.scope
        if scope.listed is Listed.SUMS:
            if scope.person_id is not None:
                return self._sum_of_person_and_service(bucket)
            return self._sum_of_people(bucket)
        if scope.listed is Listed.TIMERS and _is_month(bucket.when):
            if scope.person_id is not None:
                return self._sum_of_person(scope.organization_id, scope.person_id, bucket.when)
            return self._sum_of_days(bucket)
        return _part_of(bucket, self._rolled_up_records(scope.organization_id, bucket.when))

    def _sum_of_person_and_service(self, bucket: Bucket) -> dict[str, int]:
        """The days of a month, and one more on each side: a date may differ from the UTC day."""
        scope, month = bucket.scope, bucket.when
        owner = scope.organization_id, scope.person_id or 0
        days = list(_days_of(month))
        names: list[CounterKey] = [EntryMonth(*owner, scope.service_id or 0, month)]
        names += [PersonDay(*owner, day) for day in range(days[0] - 1, days[-1] + 2)]
        items_by_name = {name: item_key(CounterModel, **keys.rolled_up(name)) for name in names}
        items = batch_get(self._connection, items_by_name.values())
        return _part_of(
            bucket, ((name, counters_in(items.get(key, {}))) for name, key in items_by_name.items())
        )

    def _sum_of_people(self, bucket: Bucket) -> dict[str, int]:
        scope = keys.person_sums_scope(bucket.scope.organization_id, bucket.when)
        total: dict[str, int] = {}
        for item in self._items(scope):
            below = keys.bucket_in(scope, item["bucket"]["S"])
            if below is not None and bucket.scope.service_id in (None, below.scope.service_id):
                add(total, counters_in(item))
        return total

    def _rolled_up_records(
        self, organization_id: int, when: str
    ) -> Iterable[tuple[CounterKey, Counters]]:
        for item in self._items(keys.rolled_up_scope(organization_id, when)):
            name = keys.rolled_up_key_in(item["scope"]["S"], item["bucket"]["S"])
            if name is not None:
                yield name, counters_in(item)

    def _items(self, scope: str) -> Iterable[RawItem]:
        request: dict[str, Any] = {
            "TableName": table_name(CounterModel),
            "KeyConditionExpression": "#scope = :scope",
            "ExpressionAttributeNames": {"#scope": "scope"},
            "ExpressionAttributeValues": {":scope": {"S": scope}},
            "ConsistentRead": True,
        }
        while True:
            response = self._connection.dispatch("Query", dict(request))
            yield from response["Items"]
            last = last_key(response)
            if last is None:
                return
            request["ExclusiveStartKey"] = last

    def _sum_of_person(self, organization_id: int, person_id: int, month: str) -> dict[str, int]:
        def key_of_day(day: int) -> dict[str, str]:
            return keys.rolled_up(PersonDay(organization_id, person_id, day))

        return self._sum_by_day(month, key_of_day)

    def _sum_of_days(self, bucket: Bucket) -> dict[str, int]:
        def key_of_day(day: int) -> dict[str, str]:
            return bucket_key(Bucket(bucket.scope, keys.day_bucket_name(day)))

        return self._sum_by_day(bucket.when, key_of_day)

    def _sum_by_day(
        self, month: str, key_of_day: Callable[[int], dict[str, str]]
    ) -> dict[str, int]:
        days = {day: item_key(CounterModel, **key_of_day(day)) for day in _days_of(month)}
        items = batch_get(self._connection, days.values())
        total: dict[str, int] = {}
        for day, key in days.items():
            add(total, day_totals(day, counters_in(items.get(key, {}))))
        return total

    def _write(self, bucket: Bucket, version: int, stored: Counters, expected: Counters) -> bool:
        """Write the differing counters if the bucket is unchanged; return whether it was."""
        version_path = Path("version")
        try:
            write = partial(
                model_with_key(bucket_key(bucket)).update,
                actions=[
                    version_path.set(version + 1),
                    *(
                        Path(name).set(expected.get(name, 0))
                        for name in difference(stored, expected)
                    ),
                ],
                condition=version_path == version if version else version_path.does_not_exist(),
            )
            patient(write, self._sleep)
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
        return True


@dataclass(frozen=True, slots=True)
class Findings:
    """Counters that are not rolled up, and descriptions of wrong (or repaired) buckets."""

    behind: list[CounterKey]
    wrong: list[str]


def check(connection: Connection, dependencies: Dependencies) -> Findings:
    """Return the wrong roll-ups; also works while the API is in use."""
    rollups = read_all(connection)
    repairer = RollupRepairer(connection, dependencies.sleep)
    results = (
        repairer.compare(bucket, repair=False) for bucket in sorted(drifted(rollups), key=repr)
    )
    return Findings(
        still_behind(dependencies, behind(rollups)),
        [result for result in results if result is not None],
    )


def rebuild(connection: Connection, dependencies: Dependencies) -> Findings:
    """Roll up all counters, and repair the buckets that differ from their sums.

    Returns the repaired buckets and the counters that it could not roll up. Days are repaired
    before months, because months are sums of days, and people before the sums of all.
    """
    rollup = CounterRollup(dependencies)
    failed = rollup.run(behind(read_all(connection))) | rollup.spoilt
    repairer = RollupRepairer(connection, dependencies.sleep)
    repaired: list[str] = []
    for are_sums in (False, True):
        buckets = drifted(read_all(connection))
        suspects = sorted(
            (bucket for bucket in buckets if _is_sum_of_buckets(bucket) is are_sums), key=repr
        )
        results = (repairer.compare(bucket, repair=True) for bucket in suspects)
        repaired += [result for result in results if result is not None]
    return Findings(sorted(failed, key=repr), repaired)


def _is_sum_of_buckets(bucket: Bucket) -> bool:
    """Whether a bucket is compared with other buckets, and not with rolled-up records."""
    scope = bucket.scope
    if scope.listed is Listed.SUMS:
        return scope.person_id is None
    return scope.listed is Listed.TIMERS and _is_month(bucket.when) and scope.person_id is None


def _part_of(bucket: Bucket, records: Iterable[tuple[CounterKey, Counters]]) -> dict[str, int]:
    """What rolled-up records add to a bucket."""
    total: dict[str, int] = {}
    for name, counters in records:
        for below, added in name.bucket_deltas(counters):
            if below == bucket:
                add(total, added)
    return total


def _is_month(when: str) -> bool:
    return len(when) == len("2026-11")


def _days_of(month: str) -> Iterable[int]:
    day = date.fromisoformat(f"{month}-01")
    while day.isoformat().startswith(month):
        yield day_number(day)
        day += timedelta(days=1)
