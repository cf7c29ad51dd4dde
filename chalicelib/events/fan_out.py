"""The streams' handler: what happened to timers and time entries is put on the queue."""

import logging
from dataclasses import asdict
from typing import Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.events.wiring import fan_out_tools

log = logging.getLogger("stint")

PLACEHOLDER = "arn:aws:dynamodb:::table/placeholder/stream/placeholder"
"""Chalice wants an ARN, as text; the stack says which streams they are."""

BATCH = 100

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(PLACEHOLDER, batch_size=BATCH, name="fan_out")
def fan_out(event: DynamoDBEvent) -> dict[str, Any]:
    """Handle a batch; say which records are to come again."""
    # Imported here: the API, which knows this module for its stream alone, never fans out.
    from chalicelib.services.fanning_out import fan_out as run  # noqa: PLC0415

    report = run(fan_out_tools(), event.to_dict()["Records"])
    log.info("fan_out", extra={**asdict(report), "failed": len(report.failed)})
    return {"batchItemFailures": [{"itemIdentifier": number} for number in report.failed]}
