"""The event fan-out: handles the streams of timers and time entries."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, DynamoDBEvent
from msgspec.structs import asdict

if TYPE_CHECKING:
    from chalicelib.events.fanout import EventFanout

log = logging.getLogger("stint")

PLACEHOLDER = "arn:aws:dynamodb:::table/placeholder/stream/placeholder"
"""Chalice requires an ARN; the deployment template replaces it by those of the streams."""

BATCH = 100

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(PLACEHOLDER, batch_size=BATCH, name="event_fanout")
def event_fanout(event: DynamoDBEvent) -> dict[str, Any]:
    """Send the events of a batch of records; return the records to retry."""
    # Lazy: the API imports this module only for its streams and never runs it. Decision 0018.
    from chalicelib.events.fanout import build_event_fanout  # noqa: PLC0415
    from chalicelib.handlers.composition import dependencies  # noqa: PLC0415

    return fan_out_records(build_event_fanout(dependencies()), event.to_dict()["Records"])


def fan_out_records(fanout: "EventFanout", records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Send the events of records to the queue of deliveries.

    Returns the response for Lambda: the sequence numbers of the records to retry.
    """
    report = fanout.run(records)
    log.info("event fan-out", extra={**asdict(report), "failed": len(report.failed)})
    return {"batchItemFailures": [{"itemIdentifier": number} for number in report.failed]}
