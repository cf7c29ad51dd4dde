"""Counters in DynamoDB: their table, reads for lists, and the roll-up. Decision 0008."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STREAM_NEW_AND_OLD_IMAGE
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.counters.model import Bucket, CounterKey, Counters
from chalicelib.counters.rollup_rules import CounterState, RollUp
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import (
    RawItem,
    batch_get,
    item_key,
    last_key,
    table_name,
    translate_errors,
)
from chalicelib.dynamodb.transactions import raise_cancellation

_OTHER_ATTRIBUTES = frozenset({"version"})


class CounterModel(Model):
    """The counters of one bucket, or of one rolled-up record.

    Each counter is an attribute, such as ``s37``. Not every counter has one. Decision 0008. The
    item of a person's day also lists its sessions: ``timers/repository.py``.
    """

    class Meta:
        bare_name = "counters"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE
        stream_view_type = STREAM_NEW_AND_OLD_IMAGE

    scope = UnicodeAttribute(hash_key=True)
    bucket = UnicodeAttribute(range_key=True)


def read_states(connection: Connection, names: Collection[CounterKey]) -> list[CounterState]:
    """Counters and their rolled-up records, read consistently. Two calls per 100 keys."""
    counter_keys = {name: item_key(CounterModel, **keys.counter(name)) for name in names}
    rolled_up_keys = {name: item_key(CounterModel, **keys.rolled_up(name)) for name in names}
    # The rolled-up records first: counters that are newer only have a larger difference.
    rolled_up = batch_get(connection, rolled_up_keys.values())
    counters = batch_get(connection, counter_keys.values())
    return [
        CounterState(
            name,
            counters=counters_in(counters.get(counter_key, {})),
            rolled_up=counters_in(rolled_up.get(rolled_up_keys[name], {})),
            version=version_in(rolled_up.get(rolled_up_keys[name], {})),
        )
        for name, counter_key in counter_keys.items()
    ]


def roll_up(connection: Connection, writes: RollUp, token: str) -> None:
    """Write a roll-up in one transaction; ``token`` makes it idempotent. One call.

    Raises ``ConcurrentModification`` if a rolled-up record has changed since it was read, and
    ``Unavailable``.
    """
    try:
        with (
            translate_errors(),
            TransactWrite(connection=connection, client_request_token=token) as transaction,
        ):
            for state in writes.counters:
                _update_rolled_up(transaction, state)
            for bucket, added in writes.added.items():
                _add(transaction, bucket, added)
    except TransactWriteError as error:
        raise_cancellation(error)


def read_months(connection: Connection, scope: str, first: str, last: str) -> dict[str, Counters]:
    """The counters of a scope by month (``2026-11``), ``first`` and ``last`` included.

    One call for each MB.
    """
    months: dict[str, Counters] = {}
    request = range_request(scope, keys.bucket_name(first), keys.bucket_name(last))
    while True:
        with translate_errors():
            response = connection.dispatch("Query", dict(request))
        for item in response["Items"]:
            months[item["bucket"]["S"].removeprefix("month#")] = counters_in(item)
        next_key = last_key(response)
        if next_key is None:
            return months
        request["ExclusiveStartKey"] = next_key


def range_request(scope: str, first: str, last: str) -> dict[str, Any]:
    """The Query for the items of a scope whose sort keys are from ``first`` to ``last``."""
    return {
        "TableName": table_name(CounterModel),
        "KeyConditionExpression": "#scope = :scope AND #bucket BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#scope": "scope", "#bucket": "bucket"},
        "ExpressionAttributeValues": {
            ":scope": {"S": scope},
            ":first": {"S": first},
            ":last": {"S": last},
        },
    }


def read_buckets(connection: Connection, scope: str, names: Iterable[str]) -> dict[str, Counters]:
    """The counters of a scope's buckets by name, read consistently. One call per 100 buckets."""
    item_keys = {name: item_key(CounterModel, scope=scope, bucket=name) for name in names}
    items = batch_get(connection, item_keys.values())
    return {name: counters_in(items.get(key, {})) for name, key in item_keys.items()}


def counters_in(item: RawItem) -> dict[str, int]:
    """The counters of an item, without zeros. An item can have attributes that are none."""
    counters = {
        name: int(value["N"])
        for name, value in item.items()
        if "N" in value and name not in _OTHER_ATTRIBUTES
    }
    return {name: count for name, count in counters.items() if count}


def version_in(item: RawItem) -> int:
    """How often an item was written; 0: never."""
    return int(item["version"]["N"]) if "version" in item else 0


def _update_rolled_up(transaction: TransactWrite, state: CounterState) -> None:
    version = Path("version")
    transaction.update(
        model_with_key(keys.rolled_up(state.name)),
        actions=[
            version.set(state.version + 1),
            *(Path(name).set(state.counters.get(name, 0)) for name in state.difference),
        ],
        condition=version == state.version if state.version else version.does_not_exist(),
    )


def _add(transaction: TransactWrite, bucket: Bucket, added: Counters) -> None:
    transaction.update(
        model_with_key(bucket_key(bucket)),
        # The version increases even if the additions cancel out: a rebuild must notice the write.
        actions=[
            Path("version").add(1),
            *(Path(name).add(by) for name, by in sorted(added.items()) if by),
        ],
    )


def bucket_key(bucket: Bucket) -> dict[str, str]:
    """The key of a bucket's item."""
    return keys.bucket(bucket)


def model_with_key(key: Mapping[str, str]) -> CounterModel:
    """An item with a key and nothing else: for an update."""
    return CounterModel(scope=key["scope"], bucket=key["bucket"])
