"""Webhooks in DynamoDB, and the updates of the delivery worker."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.dynamodb.connection import translate_errors
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import (
    EnumAttribute,
    IntegerAttribute,
    JSONListAttribute,
    declare_directory_kind,
    item_with_key,
)
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.events.model import EventType
from chalicelib.webhooks.model import PausedReason, SentEvents, Webhook, WebhookState


class WebhookModel(DirectoryModel):
    """A :class:`~chalicelib.webhooks.model.Webhook`. Its secret is not stored."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()
    url = UnicodeAttribute()
    events = JSONListAttribute(EventType)
    created_at = IntegerAttribute()
    updated_at = IntegerAttribute()
    state = EnumAttribute(WebhookState)
    paused_reason = EnumAttribute(PausedReason, null=True)
    paused_at = IntegerAttribute(null=True)
    secret_number = IntegerAttribute()
    oldest_secret_number = IntegerAttribute()
    rotated_at = IntegerAttribute(null=True)
    failing_since = IntegerAttribute(null=True)
    version = IntegerAttribute()


declare_directory_kind(Webhook, WebhookModel, "webhook")
declare_result(Webhook)
declare_result(SentEvents)


def set_failing_since(webhook: Webhook, since: int | None) -> None:
    """Set since when a webhook fails; None: it does not fail. One call.

    Writes nothing if ``failing_since`` has changed since it was read: another delivery at the same
    time has set it.
    """
    attribute = WebhookModel.failing_since
    before = webhook.failing_since
    unchanged = attribute.does_not_exist() if before is None else attribute == before
    _update(
        webhook,
        [attribute.remove() if since is None else attribute.set(since)],
        WebhookModel.id.exists() & unchanged,
    )


def pause(webhook: Webhook, reason: PausedReason, now: int) -> None:
    """Pause a webhook, unless it changed since it was read: it may be fixed. One call."""
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
    item = item_with_key(Webhook, webhook.organization_id, webhook.id)
    try:
        with translate_errors():
            item.update(actions=actions, condition=condition)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
