"""Webhooks in DynamoDB, and the updates of the delivery worker."""

from collections.abc import Iterable

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
    last_failure_at = IntegerAttribute(null=True)
    failures = IntegerAttribute(null=True)


_FAILURE_FIELDS = ("failing_since", "last_failure_at", "failures")

declare_directory_kind(Webhook, WebhookModel, "webhook")
declare_result(Webhook)
declare_result(SentEvents)


def set_failures(before: Webhook, after: Webhook) -> None:
    """Store the failures of a webhook ``after`` a response. One call.

    Writes nothing if they have changed since ``before`` was read: another delivery at the same time
    has stored its response.
    """
    values = {name: getattr(after, name) for name in _FAILURE_FIELDS}
    actions = [
        getattr(WebhookModel, name).remove()
        if value is None
        else getattr(WebhookModel, name).set(value)
        for name, value in values.items()
    ]
    # A success also ends failures that were counted meanwhile.
    fields = _FAILURE_FIELDS if after.failing_since else ("failing_since",)
    _update(before, actions, _has_fields_of(before, fields))


def pause(webhook: Webhook, reason: PausedReason, now: int) -> None:
    """Pause a webhook, unless it changed since it was read: it may be fixed. One call.

    If it is paused because it fails, it must not have succeeded meanwhile either.
    """
    condition = WebhookModel.version == webhook.version
    if reason is PausedReason.FAILING:
        condition &= _has_fields_of(webhook, ("failing_since",))
    _update(
        webhook,
        [
            WebhookModel.state.set(WebhookState.PAUSED),
            WebhookModel.paused_reason.set(reason),
            WebhookModel.paused_at.set(now),
            WebhookModel.updated_at.set(now),
            WebhookModel.version.add(1),
        ],
        condition,
    )


def _has_fields_of(webhook: Webhook, fields: Iterable[str]) -> Condition:
    """Whether the stored webhook exists and has these values."""
    condition: Condition = WebhookModel.id.exists()
    for name in fields:
        attribute, value = getattr(WebhookModel, name), getattr(webhook, name)
        condition &= attribute.does_not_exist() if value is None else attribute == value
    return condition


def _update(webhook: Webhook, actions: list[Action], condition: Condition) -> None:
    item = item_with_key(Webhook, webhook.organization_id, webhook.id)
    try:
        with translate_errors():
            item.update(actions=actions, condition=condition)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
