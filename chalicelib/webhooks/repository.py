"""Webhooks in DynamoDB, as those who deliver to them mark them."""

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.dynamodb.connection import translated
from chalicelib.dynamodb.items import place_of
from chalicelib.dynamodb.tables import WebhookModel
from chalicelib.webhooks.model import PausedReason, Webhook, WebhookState


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
    item = place_of(Webhook, webhook.organization_id, webhook.id)
    try:
        with translated():
            item.update(actions=actions, condition=condition)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
