"""What tallies are rolled up to: proved against what was rolled up, and mended, while traffic runs.

A bucket of an organization or of a person's month is the sum of the ledgers below it: whatever adds
to the one moves the others in the same transaction, and raises the bucket's version. So a bucket
whose version is the same before and after its ledgers are read can be compared with them, and be
written anew if it is still that version.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.operand import Path

from chalicelib.domain.tallies import (
    Bucket,
    Counters,
    Listed,
    PersonDay,
    TallyName,
    add,
    day_number,
    day_totals,
    difference,
)
from chalicelib.services.rolling_up import roll_up
from chalicelib.services.toolbox import Toolbox
from chalicelib.store import keys
from chalicelib.store.connection import table_name
from chalicelib.store.models import TallyModel
from chalicelib.store.reads import RawItem, read, ref
from chalicelib.store.tallies import bucket_key, counters_in, model_at, version_in
from infra.ledger import scan

_LOOKS = 8


@dataclass(slots=True)
class RollUps:
    """Everything in the tallies, by what it is; of one moment only where nobody works meanwhile."""

    tallies: dict[TallyName, Counters] = field(default_factory=dict)
    ledgers: dict[TallyName, Counters] = field(default_factory=dict)
    buckets: dict[Bucket, Counters] = field(default_factory=dict)


def read_all(connection: Connection) -> RollUps:
    """Read the whole table."""
    found = RollUps()
    for raw in scan(connection, TallyModel):
        scope, bucket = raw["scope"]["S"], raw["bucket"]["S"]
        if (name := keys.tally_named(scope, bucket)) is not None:
            found.tallies[name] = counters_in(raw)
        elif (name := keys.ledger_named(scope, bucket)) is not None:
            found.ledgers[name] = counters_in(raw)
        elif (above := keys.bucket_named(scope, bucket)) is not None:
            found.buckets[above] = counters_in(raw)
    return found


def behind(found: RollUps) -> set[TallyName]:
    """The tallies that are not rolled up as they are."""
    return {
        name
        for name in found.tallies.keys() | found.ledgers.keys()
        if difference(found.tallies.get(name, {}), found.ledgers.get(name, {}))
    }


def drifted(found: RollUps) -> set[Bucket]:
    """The buckets that are not the sums of their ledgers."""
    expected: dict[Bucket, dict[str, int]] = defaultdict(dict)
    for name, counters in found.ledgers.items():
        for bucket, added in name.shares(counters):
            add(expected[bucket], added)
    return {
        bucket
        for bucket in found.buckets.keys() | expected.keys()
        if difference(found.buckets.get(bucket, {}), expected.get(bucket, {}))
    }


def still_behind(tools: Toolbox, names: Collection[TallyName]) -> list[TallyName]:
    """Those of some tallies that are behind for longer than their stream takes."""
    waiting = sorted(names, key=repr)
    for _ in range(_LOOKS):
        waiting = [it.name for it in tools.store.tally_states(waiting) if it.difference]
        if not waiting:
            break
        tools.pause(0.5)
    return waiting


class Mender:
    """Compares single buckets with their ledgers, and mends them."""

    def __init__(self, connection: Connection, pause: Callable[[float], None]) -> None:
        self._connection = connection
        self._pause = pause

    def compare(self, bucket: Bucket, *, mend: bool) -> str | None:
        """What is wrong with a bucket, or None; with ``mend`` it is written anew as well.

        A bucket that changes all the time is looked at a few times; None if no look was still.
        """
        for _ in range(_LOOKS):
            before = self._read(bucket)
            held, expected = counters_in(before), self._sum(bucket)
            if version_in(self._read(bucket)) == version_in(before):
                if not difference(held, expected):
                    return None
                if not mend or self._write(bucket, version_in(before), held, expected):
                    scope = keys.tally_scope(bucket.scope)
                    return f"{scope} {bucket.when}: {held}, not {expected}"
            self._pause(0.2)
        return None

    def _read(self, bucket: Bucket) -> RawItem:
        item = ref(TallyModel, **bucket_key(bucket))
        return read(self._connection, [item]).get(item, {})

    def _sum(self, bucket: Bucket) -> dict[str, int]:
        """What the ledgers below a bucket add up to; for an organization's month of timers, its
        days, which are right by then."""
        scope = bucket.scope
        if scope.listed is Listed.TIMERS and _is_month(bucket.when):
            if scope.person_id is not None:
                return self._sum_of_person(scope.organization_id, scope.person_id, bucket.when)
            return self._sum_of_days(bucket)
        total: dict[str, int] = {}
        for name, counters in self._ledgers(scope.organization_id, bucket.when):
            for above, added in name.shares(counters):
                if above == bucket:
                    add(total, added)
        return total

    def _ledgers(self, organization_id: int, when: str) -> Iterable[tuple[TallyName, Counters]]:
        request: dict[str, Any] = {
            "TableName": table_name(TallyModel),
            "KeyConditionExpression": "#scope = :scope",
            "ExpressionAttributeNames": {"#scope": "scope"},
            "ExpressionAttributeValues": {":scope": {"S": keys.ledgers(organization_id, when)}},
            "ConsistentRead": True,
        }
        while True:
            answer = self._connection.dispatch("Query", dict(request))
            for item in answer["Items"]:
                name = keys.ledger_named(item["scope"]["S"], item["bucket"]["S"])
                if name is not None:
                    yield name, counters_in(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _sum_of_person(self, organization_id: int, person_id: int, month: str) -> dict[str, int]:
        def ledger(day: int) -> dict[str, str]:
            return keys.ledger(PersonDay(organization_id, person_id, day))

        return self._sum_by_day(month, ledger)

    def _sum_of_days(self, bucket: Bucket) -> dict[str, int]:
        def day_bucket(day: int) -> dict[str, str]:
            return bucket_key(Bucket(bucket.scope, keys.tally_bucket(day)))

        return self._sum_by_day(bucket.when, day_bucket)

    def _sum_by_day(self, month: str, place: Callable[[int], dict[str, str]]) -> dict[str, int]:
        days = {day: ref(TallyModel, **place(day)) for day in _days_of(month)}
        found = read(self._connection, days.values())
        total: dict[str, int] = {}
        for day, item in days.items():
            add(total, day_totals(day, counters_in(found.get(item, {}))))
        return total

    def _write(self, bucket: Bucket, version: int, held: Counters, expected: Counters) -> bool:
        """Write what differs, if the bucket still is as it was; whether it was."""
        path = Path("version")
        try:
            model_at(bucket_key(bucket)).update(
                actions=[
                    path.set(version + 1),
                    *(Path(it).set(expected.get(it, 0)) for it in difference(held, expected)),
                ],
                condition=path == version if version else path.does_not_exist(),
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
        return True


@dataclass(frozen=True, slots=True)
class Findings:
    """Tallies that are not rolled up, and buckets that are, or were, wrong, in words."""

    behind: list[TallyName]
    wrong: list[str]


def check(connection: Connection, tools: Toolbox) -> Findings:
    """What does not hold of what is rolled up, also while traffic runs."""
    found = read_all(connection)
    mender = Mender(connection, tools.pause)
    compared = (mender.compare(bucket, mend=False) for bucket in sorted(drifted(found), key=repr))
    return Findings(still_behind(tools, behind(found)), [it for it in compared if it is not None])


def rebuild(connection: Connection, tools: Toolbox) -> Findings:
    """Roll everything up, and write anew what is not the sum of what was rolled up.

    Says what it mended, and what it could not roll up. Days come before the months that are the
    sums of them.
    """
    failed = roll_up(tools, behind(read_all(connection)))
    mender = Mender(connection, tools.pause)
    mended: list[str] = []
    for months in (False, True):
        found = drifted(read_all(connection))
        suspects = sorted((it for it in found if _is_month(it.when) is months), key=repr)
        results = (mender.compare(bucket, mend=True) for bucket in suspects)
        mended += [it for it in results if it is not None]
    return Findings(sorted(failed, key=repr), mended)


def _is_month(when: str) -> bool:
    return len(when) == len("2026-11")


def _days_of(month: str) -> Iterable[int]:
    day = date.fromisoformat(f"{month}-01")
    while day.isoformat().startswith(month):
        yield day_number(day)
        day += timedelta(days=1)
