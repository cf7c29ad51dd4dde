"""Tallies in DynamoDB: read for lists, rolled up behind acts. docs/decisions/0008-tallies.md."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path
from pynamodb.transactions import TransactWrite

from chalicelib.counters.model import Bucket, Counters, RollUp, TallyName, TallyState
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name, translated
from chalicelib.dynamodb.tables import TallyModel
from chalicelib.dynamodb.transactions import refuse
from chalicelib.store.reads import RawItem, read, ref

_NO_COUNTERS = frozenset({"scope", "bucket", "version"})


def read_states(connection: Connection, names: Collection[TallyName]) -> list[TallyState]:
    """Tallies and what was rolled up of them, read consistently. Two calls per 100."""
    places = {
        name: (ref(TallyModel, **keys.tally(name)), ref(TallyModel, **keys.ledger(name)))
        for name in names
    }
    # The ledgers first: a tally that is newer than its ledger has all the more to be rolled up.
    ledgers = read(connection, [ledger for _, ledger in places.values()])
    tallies = read(connection, [tally for tally, _ in places.values()])
    return [
        TallyState(
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
            for state in decided.tallies:
                _advance(transaction, state)
            for bucket, added in decided.added.items():
                _add(transaction, bucket, added)
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
            ":first": {"S": keys.tally_when(first)},
            ":last": {"S": keys.tally_when(last)},
        },
    }
    while True:
        with translated():
            answer = connection.dispatch("Query", dict(request))
        for item in answer["Items"]:
            found[item["bucket"]["S"].removeprefix("month#")] = counters_in(item)
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def buckets(connection: Connection, scope: str, names: Iterable[str]) -> dict[str, Counters]:
    """Some buckets of a scope, by their names, read consistently. One call per 100."""
    wanted = {name: ref(TallyModel, scope=scope, bucket=name) for name in names}
    found = read(connection, wanted.values())
    return {name: counters_in(found.get(item, {})) for name, item in wanted.items()}


def counters_in(item: RawItem) -> dict[str, int]:
    """The counters of an item, without zeros."""
    counted = {name: int(it["N"]) for name, it in item.items() if name not in _NO_COUNTERS}
    return {name: count for name, count in counted.items() if count}


def version_in(item: RawItem) -> int:
    """How often an item was rolled up into; 0 where it is not there."""
    return int(item["version"]["N"]) if "version" in item else 0


def _advance(transaction: TransactWrite, state: TallyState) -> None:
    version = Path("version")
    transaction.update(
        model_at(keys.ledger(state.name)),
        actions=[
            version.set(state.version + 1),
            *(Path(name).set(state.tally.get(name, 0)) for name in state.difference),
        ],
        condition=version == state.version if state.version else version.does_not_exist(),
    )


def _add(transaction: TransactWrite, bucket: Bucket, added: Counters) -> None:
    transaction.update(
        model_at(bucket_key(bucket)),
        # The version rises even where one change cancels out another: who sums up sees it.
        actions=[
            Path("version").add(1),
            *(Path(name).add(by) for name, by in sorted(added.items()) if by),
        ],
    )


def bucket_key(bucket: Bucket) -> dict[str, str]:
    """Where a bucket is kept."""
    return {"scope": keys.tally_scope(bucket.scope), "bucket": keys.tally_when(bucket.when)}


def model_at(place: Mapping[str, str]) -> TallyModel:
    """The item at a place, to be changed."""
    return TallyModel(scope=place["scope"], bucket=place["bucket"])
