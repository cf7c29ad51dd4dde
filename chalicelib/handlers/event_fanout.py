"""The streams' handler: what happened to timers and time entries is put on the queue."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.handlers.composition import fan_out_tools

if TYPE_CHECKING:
    from chalicelib.events.fanout import FanOutTools

log = logging.getLogger("stint")

PLACEHOLDER = "arn:aws:dynamodb:::table/placeholder/stream/placeholder"
"""Chalice wants an ARN, as text; the stack says which streams they are."""

BATCH = 100

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(PLACEHOLDER, batch_size=BATCH, name="fan_out")
def fan_out(event: DynamoDBEvent) -> dict[str, Any]:
    """Handle a batch; say which records are to come again."""
    return fan_out_records(fan_out_tools(), event.to_dict()["Records"])


def fan_out_records(tools: "FanOutTools", records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put on the queue what records tell; answer as Lambda wants it, with what is to come again."""
    # Imported here: the API, which knows this module for its stream alone, never fans out.
    from chalicelib.events.fanout import fan_out as run  # noqa: PLC0415

    report = run(tools, records)
    log.info("event fan-out", extra={**asdict(report), "failed": len(report.failed)})
    return {"batchItemFailures": [{"itemIdentifier": number} for number in report.failed]}
