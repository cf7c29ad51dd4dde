"""Webhooks in DynamoDB: found by their organization, and marked by those who deliver to them."""

from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.webhooks import PausedReason, Webhook, WebhookState
from chalicelib.store import keys
from chalicelib.store.connection import table_name, translated
from chalicelib.store.models import WebhookModel
from chalicelib.store.records import WEBHOOK, read_noun


def of_organization(connection: Connection, organization_id: int) -> list[Webhook]:
    """An organization's webhooks, read consistently. One call for each MB."""
    found: list[Webhook] = []
    request: dict[str, Any] = {
        "TableName": table_name(WebhookModel),
        "ConsistentRead": True,
        "KeyConditionExpression": "#organization = :organization AND begins_with(#record, :kind)",
        "ExpressionAttributeNames": {
            "#organization": WebhookModel.organization_key.attr_name,
            "#record": WebhookModel.record_key.attr_name,
        },
        "ExpressionAttributeValues": {
            ":organization": {"S": str(organization_id)},
            ":kind": {"S": keys.directory_kind(WEBHOOK)},
        },
    }
    while True:
        with translated():
            answer = connection.dispatch("Query", dict(request))
        found += [read_noun(Webhook, item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def mark_failing(webhook: Webhook, since: int | None) -> None:
    """Say since when it fails, or None: no longer. One call.

    Only where that is still as it was read: of many deliveries at once, one is enough.
    """
    failing = WebhookModel.failing_since
    known = webhook.failing_since
    unchanged = failing.does_not_exist() if known is None else failing == known
    _update(
        webhook,
        [failing.remove() if since is None else failing.set(since)],
        WebhookModel.id.exists() & unchanged,
    )


def pause(webhook: Webhook, reason: PausedReason, now: int) -> None:
    """Pause it, unless it has changed since it was read: somebody may have mended it. One call."""
    _update(
        webhook,
        [
            WebhookModel.state.set(WebhookState.PAUSED),
            WebhookModel.paused_reason.set(reason),
            WebhookModel.paused_at.set(now),
            WebhookModel.updated_at.set(now),
            WebhookModel.version.add(1),
        ],
        WebhookModel.version == webhook.version,
    )


def _update(webhook: Webhook, actions: list[Action], condition: Condition) -> None:
    item = WebhookModel(
        organization_key=str(webhook.organization_id),
        record_key=keys.directory(WEBHOOK, webhook.id),
    )
    try:
        with translated():
            item.update(actions=actions, condition=condition)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
