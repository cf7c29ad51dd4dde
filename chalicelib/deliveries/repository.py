"""The log of deliveries in DynamoDB: what became of each attempt, for as long as it lives."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pynamodb.connection import Connection

from chalicelib.deliveries.rules import Attempt
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name, translated
from chalicelib.dynamodb.tables import AttemptModel
from chalicelib.store.reads import RawItem

MOST_AT_ONCE = 25
"""What DynamoDB takes in a call."""

_FIELDS = tuple(field.name for field in fields(Attempt))


def log_attempts(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Keep attempts: ``MOST_AT_ONCE`` at the most. One call.

    What DynamoDB has no capacity for at the moment is not kept: it is a log.
    """
    puts = [{"PutRequest": {"Item": _item(it).serialize()}} for it in attempts]
    with translated():
        connection.dispatch("BatchWriteItem", {"RequestItems": {table_name(AttemptModel): puts}})


def newest(
    connection: Connection, organization_id: int, webhook_id: int, limit: int
) -> list[Attempt]:
    """The newest attempts, the newest first. One call for each MB."""
    request: dict[str, Any] = {
        "TableName": table_name(AttemptModel),
        "KeyConditionExpression": "webhook_key = :webhook",
        "ExpressionAttributeValues": {":webhook": {"S": keys.scoped(organization_id, webhook_id)}},
        "ScanIndexForward": False,
        "ConsistentRead": True,
    }
    found: list[Attempt] = []
    while True:
        request["Limit"] = limit - len(found)
        with translated():
            answer = connection.dispatch("Query", dict(request))
        found += map(_attempt, answer["Items"])
        if "LastEvaluatedKey" not in answer or len(found) >= limit:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _item(attempt: Attempt) -> AttemptModel:
    values: dict[str, Any] = {name: getattr(attempt, name) for name in _FIELDS}
    return AttemptModel(
        webhook_key=keys.scoped(attempt.organization_id, attempt.webhook_id),
        attempt_key=keys.at(attempt.at, attempt.id),
        **values,
    )


def _attempt(raw: RawItem) -> Attempt:
    item = AttemptModel.from_raw_data(raw)
    return Attempt(**{name: getattr(item, name) for name in _FIELDS})
