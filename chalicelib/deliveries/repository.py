"""Delivery attempts in DynamoDB. They expire after two weeks."""

from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.models import Model

from chalicelib.deliveries.model import DeliveryAttempt, DeliveryStatus
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import Backoff, last_key, table_name, translate_errors
from chalicelib.dynamodb.items import (
    EnumAttribute,
    IntegerAttribute,
    ItemType,
    TTLSecondsAttribute,
    declare,
    from_item,
    to_item,
)

MAX_BATCH_SIZE = 25
"""The maximum number of items of a BatchWriteItem call."""


class DeliveryAttemptModel(Model):
    """A :class:`~chalicelib.deliveries.model.DeliveryAttempt`."""

    class Meta:
        bare_name = "deliveries"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    webhook_key = UnicodeAttribute(hash_key=True)
    attempt_key = UnicodeAttribute(range_key=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    webhook_id = IntegerAttribute()
    event_id = UnicodeAttribute()
    event_type = UnicodeAttribute()
    attempt = IntegerAttribute()
    at = IntegerAttribute()
    # The attributes of the items have other names, from before the fields were renamed.
    status = EnumAttribute(DeliveryStatus)
    response_status = IntegerAttribute(null=True)
    failure = UnicodeAttribute(null=True)
    body = UnicodeAttribute(null=True)
    expires_at = TTLSecondsAttribute()


def _attempt_attributes(attempt: DeliveryAttempt) -> Mapping[str, Any]:
    return {
        "webhook_key": keys.scoped(attempt.organization_id, attempt.webhook_id),
        "attempt_key": keys.timestamp_key(attempt.at, attempt.id),
    }


def _no_key(organization_id: int, attempt_id: int) -> Mapping[str, str]:
    """No key by id: attempts are read by webhook. :func:`_attempt_attributes` returns the key."""
    del organization_id, attempt_id
    return {}


declare(ItemType(DeliveryAttempt, DeliveryAttemptModel, _no_key, derived=_attempt_attributes))


def log_attempts(
    connection: Connection, attempts: Sequence[DeliveryAttempt], backoff: Backoff
) -> None:
    """Store at most ``MAX_BATCH_SIZE`` attempts. One call.

    What DynamoDB leaves unprocessed is sent again, with the waits of ``backoff``: an admin replays
    dead letters from here. Raises ``Unavailable``.
    """
    table = table_name(DeliveryAttemptModel)
    puts = [{"PutRequest": {"Item": to_item(attempt).serialize()}} for attempt in attempts]
    while True:
        with translate_errors():
            response = connection.dispatch("BatchWriteItem", {"RequestItems": {table: puts}})
        unprocessed = (response.get("UnprocessedItems") or {}).get(table, ())
        if not unprocessed:
            return
        backoff.wait(progress=len(unprocessed) < len(puts))
        puts = unprocessed


def latest_attempts(
    connection: Connection, organization_id: int, webhook_id: int, limit: int
) -> list[DeliveryAttempt]:
    """Read the latest ``limit`` attempts of a webhook, the latest first. One call per MB."""
    request: dict[str, Any] = {
        "TableName": table_name(DeliveryAttemptModel),
        "KeyConditionExpression": "webhook_key = :webhook",
        "ExpressionAttributeValues": {":webhook": {"S": keys.scoped(organization_id, webhook_id)}},
        "ScanIndexForward": False,
        "ConsistentRead": True,
    }
    attempts: list[DeliveryAttempt] = []
    while True:
        request["Limit"] = limit - len(attempts)
        with translate_errors():
            response = connection.dispatch("Query", dict(request))
        attempts += (from_item(DeliveryAttempt, item) for item in response["Items"])
        last = last_key(response)
        if last is None or len(attempts) >= limit:
            return attempts
        request["ExclusiveStartKey"] = last
