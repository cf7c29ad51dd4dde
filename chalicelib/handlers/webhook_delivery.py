"""The delivery worker: handles the queue of deliveries."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, SQSEvent
from msgspec.structs import asdict

if TYPE_CHECKING:
    from chalicelib.deliveries.operations import WebhookDelivery

log = logging.getLogger("stint")

PLACEHOLDER = "arn:aws:sqs:us-east-1:000000000000:placeholder"
"""Chalice requires an ARN; the deployment template replaces it by that of the queue."""

BATCH = 10

_workers: "dict[str, WebhookDelivery]" = {}

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue_arn=PLACEHOLDER, batch_size=BATCH, name="webhook_delivery")
def webhook_delivery(event: SQSEvent) -> dict[str, Any]:
    """Deliver a batch of messages; return the messages to retry."""
    # Lazy: the API imports this module only for its queue and never runs it. Decision 0018.
    from chalicelib.deliveries.operations import build_webhook_delivery  # noqa: PLC0415
    from chalicelib.handlers.composition import dependencies  # noqa: PLC0415

    # One worker per process: it caches the secrets for five minutes.
    if "worker" not in _workers:
        _workers["worker"] = build_webhook_delivery(dependencies())
    return deliver_records(_workers["worker"], event.to_dict()["Records"])


def deliver_records(
    worker: "WebhookDelivery", records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Deliver messages of the queue.

    Returns the response for Lambda: the ids of the messages to retry.
    """
    report = worker.run({record["messageId"]: record["body"] for record in records})
    log.info("delivery batch", extra={**asdict(report), "failed": len(report.failed)})
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in report.failed]}
