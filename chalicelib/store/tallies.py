"""Tallies in DynamoDB: read for lists, rolled up behind acts. docs/decisions/0008-tallies.md."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path
from pynamodb.transactions import TransactWrite

from chalicelib.domain.tallies import Counters, DayState, PersonDay, RollUp
from chalicelib.store import keys
from chalicelib.store.connection import table_name, translated
from chalicelib.store.models import TallyModel
from chalicelib.store.reads import RawItem, Ref, read, ref
from chalicelib.store.transactions import refuse

_NO_COUNTERS = frozenset({"scope", "bucket", "version"})


def read_days(connection: Connection, names: Collection[PersonDay]) -> list[DayState]:
    """People's days and what was rolled up of them, read consistently. Two calls per 100."""
    places = {name: (tally_ref(name), ref(TallyModel, **keys.rolled_up(name))) for name in names}
    # The ledgers first: a tally that is newer than its ledger has all the more to be rolled up.
    ledgers = read(connection, [ledger for _, ledger in places.values()])
    tallies = read(connection, [tally for tally, _ in places.values()])
    return [
        DayState(
            name,
            tally=counters_in(tallies.get(tally, {})),
            rolled_up=counters_in(ledgers.get(ledger, {})),
            version=version_in(ledgers.get(ledger, {})),
        )
        for name, (tally, ledger) in places.items()
    ]


def roll_up(connection: Connection, decided: RollUp, token: str) -> None:
    """Write it, all or nothing; ``token`` makes that idempotent. One call.

    Raises ``LostRace`` where a ledger is no longer as it was read, ``Unavailable``.
    """
    try:
        with (
            translated(),
            TransactWrite(connection=connection, client_request_token=token) as transaction,
        ):
            for state in decided.days:
                _advance(transaction, state)
            for place, added in _additions(decided):
                _add(transaction, place, added)
    except TransactWriteError as error:
        refuse(error)


def months(connection: Connection, scope: str, first: str, last: str) -> dict[str, Counters]:
    """The months of a scope from one to another, by their names. One call for each MB."""
    found: dict[str, Counters] = {}
    request: dict[str, Any] = {
        "TableName": table_name(TallyModel),
        "KeyConditionExpression": "#scope = :scope AND #bucket BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#scope": "scope", "#bucket": "bucket"},
        "ExpressionAttributeValues": {
            ":scope": {"S": scope},
            ":first": {"S": keys.tally_month(first)},
            ":last": {"S": keys.tally_month(last)},
        },
    }
    while True:
        with translated():
            answer = connection.dispatch("Query", dict(request))
        for item in answer["Items"]:
            found[item["bucket"]["S"].removeprefix(keys.tally_month(""))] = counters_in(item)
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def buckets(connection: Connection, scope: str, names: Iterable[str]) -> dict[str, Counters]:
    """Some buckets of a scope, by their names, read consistently. One call per 100."""
    wanted = {name: ref(TallyModel, scope=scope, bucket=name) for name in names}
    found = read(connection, wanted.values())
    return {name: counters_in(found.get(item, {})) for name, item in wanted.items()}


def tally_ref(name: PersonDay) -> Ref:
    """Names a person's tally of a day."""
    return ref(
        TallyModel,
        scope=keys.scoped(name.organization_id, name.person_id),
        bucket=keys.tally_bucket(name.day),
    )


def counters_in(item: RawItem) -> dict[str, int]:
    """The counters of an item, without zeros."""
    counted = {name: int(it["N"]) for name, it in item.items() if name not in _NO_COUNTERS}
    return {name: count for name, count in counted.items() if count}


def version_in(item: RawItem) -> int:
    """How often an item was rolled up into; 0 where it is not there."""
    return int(item["version"]["N"]) if "version" in item else 0


def _advance(transaction: TransactWrite, state: DayState) -> None:
    version = Path("version")
    transaction.update(
        _tally(keys.rolled_up(state.name)),
        actions=[
            version.set(state.version + 1),
            *(Path(name).set(state.tally.get(name, 0)) for name in state.difference),
        ],
        condition=version == state.version if state.version else version.does_not_exist(),
    )


def _additions(decided: RollUp) -> Iterable[tuple[Mapping[str, str], Counters]]:
    organization_id = decided.organization_id
    for (person_id, month), added in decided.person_months.items():
        scope = keys.scoped(organization_id, person_id)
        yield {"scope": scope, "bucket": keys.tally_month(month)}, added
    for day, added in decided.organization_days.items():
        yield {"scope": str(organization_id), "bucket": keys.organization_day(day)}, added
    for month, added in decided.organization_months.items():
        yield {"scope": str(organization_id), "bucket": keys.tally_month(month)}, added


def _add(transaction: TransactWrite, place: Mapping[str, str], added: Counters) -> None:
    transaction.update(
        _tally(place),
        # The version rises even where one change cancels out another: who sums up sees it.
        actions=[
            Path("version").add(1),
            *(Path(name).add(by) for name, by in sorted(added.items()) if by),
        ],
    )


def _tally(place: Mapping[str, str]) -> TallyModel:
    return TallyModel(scope=place["scope"], bucket=place["bucket"])
