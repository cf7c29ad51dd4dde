"""What tallies are rolled up to: proved against what was rolled up, and mended, while traffic runs.

A bucket of an organization or of a person's month is the sum of the ledgers below it: whatever adds
to the one moves the others in the same transaction, and raises the bucket's version. So a bucket
whose version is the same before and after its ledgers are read can be compared with them, and be
written anew if it is still that version.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.operand import Path

from chalicelib.domain.tallies import (
    Counters,
    PersonDay,
    add,
    day_number,
    day_totals,
    difference,
    month_of,
)
from chalicelib.services.rolling_up import roll_up
from chalicelib.services.toolbox import Toolbox
from chalicelib.store import keys
from chalicelib.store.models import TallyModel
from chalicelib.store.reads import RawItem, Ref, read, ref
from chalicelib.store.tallies import counters_in, version_in
from infra.ledger import scan

_LOOKS = 8


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """A key of the tallies that others are rolled up to."""

    scope: str
    name: str


@dataclass(slots=True)
class RollUps:
    """Everything in the tallies, by what it is; of one moment only where nobody works meanwhile."""

    days: dict[PersonDay, Counters] = field(default_factory=dict)
    ledgers: dict[PersonDay, Counters] = field(default_factory=dict)
    buckets: dict[Bucket, Counters] = field(default_factory=dict)


def read_all(connection: Connection) -> RollUps:
    """Read the whole table."""
    found = RollUps()
    for raw in scan(connection, TallyModel):
        scope, bucket = raw["scope"]["S"], raw["bucket"]["S"]
        if (name := keys.person_day(scope, bucket)) is not None:
            found.days[name] = counters_in(raw)
        elif (name := keys.rolled_up_day(scope, bucket)) is not None:
            found.ledgers[name] = counters_in(raw)
        else:
            found.buckets[Bucket(scope, bucket)] = counters_in(raw)
    return found


def behind(found: RollUps) -> set[PersonDay]:
    """The days of people that are not rolled up as they are."""
    return {
        name
        for name in found.days.keys() | found.ledgers.keys()
        if difference(found.days.get(name, {}), found.ledgers.get(name, {}))
    }


def drifted(found: RollUps) -> set[Bucket]:
    """The buckets that are not the sums of their ledgers."""
    expected: dict[Bucket, dict[str, int]] = defaultdict(dict)
    for name, counters in found.ledgers.items():
        for bucket, added in _shares(name, counters):
            add(expected[bucket], added)
    return {
        bucket
        for bucket in found.buckets.keys() | expected.keys()
        if difference(found.buckets.get(bucket, {}), expected.get(bucket, {}))
    }


def still_behind(tools: Toolbox, names: Collection[PersonDay]) -> list[PersonDay]:
    """Those of some days that are behind for longer than their stream takes."""
    waiting = sorted(names)
    for _ in range(_LOOKS):
        waiting = [it.name for it in tools.store.tallied_days(waiting) if it.difference]
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
                    return f"{bucket.scope} {bucket.name}: {held}, not {expected}"
            self._pause(0.2)
        return None

    def _read(self, bucket: Bucket) -> RawItem:
        item = ref(TallyModel, scope=bucket.scope, bucket=bucket.name)
        return read(self._connection, [item]).get(item, {})

    def _sum(self, bucket: Bucket) -> dict[str, int]:
        organization_id, _, person_id = bucket.scope.partition("#")
        kind, _, when = bucket.name.partition("#")
        if kind == "day":
            return self._sum_of_ledgers(f"{organization_id}#rolled#{when}")
        if person_id:
            return self._sum_of_person(int(organization_id), int(person_id), when)
        return self._sum_of_days(organization_id, when)

    def _sum_of_ledgers(self, scope: str) -> dict[str, int]:
        request: dict[str, Any] = {
            "TableName": TallyModel.Meta.table_name,  # type: ignore[attr-defined]
            "KeyConditionExpression": "#scope = :scope",
            "ExpressionAttributeNames": {"#scope": "scope"},
            "ExpressionAttributeValues": {":scope": {"S": scope}},
            "ConsistentRead": True,
        }
        total: dict[str, int] = {}
        while True:
            answer = self._connection.dispatch("Query", dict(request))
            for item in answer["Items"]:
                add(total, counters_in(item))
            if "LastEvaluatedKey" not in answer:
                return total
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _sum_of_person(self, organization_id: int, person_id: int, month: str) -> dict[str, int]:
        def ledger(day: int) -> Ref:
            return ref(TallyModel, **keys.rolled_up(PersonDay(organization_id, person_id, day)))

        return self._sum_by_day(month, ledger)

    def _sum_of_days(self, organization_id: str, month: str) -> dict[str, int]:
        def organization_day(day: int) -> Ref:
            return ref(TallyModel, scope=organization_id, bucket=keys.organization_day(day))

        return self._sum_by_day(month, organization_day)

    def _sum_by_day(self, month: str, place: Callable[[int], Ref]) -> dict[str, int]:
        days = {day: place(day) for day in _days_of(month)}
        found = read(self._connection, days.values())
        total: dict[str, int] = {}
        for day, item in days.items():
            add(total, day_totals(day, counters_in(found.get(item, {}))))
        return total

    def _write(self, bucket: Bucket, version: int, held: Counters, expected: Counters) -> bool:
        """Write what differs, if the bucket still is as it was; whether it was."""
        path = Path("version")
        try:
            TallyModel(scope=bucket.scope, bucket=bucket.name).update(
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
    """Days that are not rolled up, in words, and buckets that are wrong, in words."""

    behind: list[PersonDay]
    wrong: list[str]


def check(connection: Connection, tools: Toolbox) -> Findings:
    """What does not hold of what is rolled up, also while traffic runs."""
    found = read_all(connection)
    mender = Mender(connection, tools.pause)
    compared = (mender.compare(bucket, mend=False) for bucket in sorted(drifted(found)))
    return Findings(still_behind(tools, behind(found)), [it for it in compared if it is not None])


def rebuild(connection: Connection, tools: Toolbox) -> Findings:
    """Roll everything up, and write anew what is not the sum of what was rolled up.

    Says what it mended, and which days it could not roll up. Days come before the months that are
    the sums of them.
    """
    found = read_all(connection)
    failed = roll_up(tools, behind(found))
    mender = Mender(connection, tools.pause)
    mended: list[str] = []
    for kind in ("day#", "month#"):
        suspects = sorted(it for it in drifted(read_all(connection)) if it.name.startswith(kind))
        results = (mender.compare(bucket, mend=True) for bucket in suspects)
        mended += [it for it in results if it is not None]
    return Findings(sorted(failed), mended)


def _shares(name: PersonDay, counters: Counters) -> Iterable[tuple[Bucket, Mapping[str, int]]]:
    organization = str(name.organization_id)
    month = keys.tally_month(month_of(name.day))
    of_day = day_totals(name.day, counters)
    yield Bucket(organization, keys.organization_day(name.day)), counters
    yield Bucket(organization, month), of_day
    yield Bucket(keys.scoped(name.organization_id, name.person_id), month), of_day


def _days_of(month: str) -> Iterable[int]:
    day = date.fromisoformat(f"{month}-01")
    while day.isoformat().startswith(month):
        yield day_number(day)
        day += timedelta(days=1)
