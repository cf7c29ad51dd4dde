"""The queue's handler: what is on it is delivered to webhooks and to Intercom."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.handlers.composition import delivery_tools

if TYPE_CHECKING:
    from chalicelib.deliveries.operations import DeliveryTools

log = logging.getLogger("stint")

PLACEHOLDER = "arn:aws:sqs:us-east-1:000000000000:placeholder"
"""Chalice wants an ARN, as text; the stack says which queue it is."""

BATCH = 10
CONCURRENCY = 20
"""Workers at the same time, at the most: what they may take of the account's share."""

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(
    queue_arn=PLACEHOLDER, batch_size=BATCH, name="delivery", maximum_concurrency=CONCURRENCY
)
def delivery(event: SQSEvent) -> dict[str, Any]:
    """Deliver a batch; say which messages are to come again."""
    return deliver_records(delivery_tools(), event.to_dict()["Records"])


def deliver_records(tools: "DeliveryTools", records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Deliver messages of the queue; answer as Lambda wants it, with what is to come again."""
    # Imported here: the API, which knows this module for its queue alone, never delivers.
    from chalicelib.deliveries.operations import deliver  # noqa: PLC0415

    report = deliver(tools, {it["messageId"]: it["body"] for it in records})
    log.info("delivery batch", extra={**asdict(report), "failed": len(report.failed)})
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in report.failed]}
