"""The counter roll-up: handles the stream of the counters table.

Contract section 6; docs/decisions/0008-counters.md.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, DynamoDBEvent

if TYPE_CHECKING:
    from chalicelib.core.dependencies import Dependencies

log = logging.getLogger("stint")

STREAM_PLACEHOLDER = "arn:aws:dynamodb:region:account:table/counters/stream/label"
"""Chalice requires an ARN; the deployment template replaces it by the real one."""

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(stream_arn=STREAM_PLACEHOLDER, name="counter_rollup")
def counter_rollup(event: DynamoDBEvent) -> dict[str, object]:
    """Roll up the counters of a batch of records; return the records to retry."""
    from chalicelib.handlers.composition import dependencies  # noqa: PLC0415 - see below

    return roll_up_records(dependencies(), event.to_dict())


def roll_up_records(dependencies: "Dependencies", event: Mapping[str, Any]) -> dict[str, object]:
    """Roll up the counters of stream records, each once. Other records are ignored.

    Returns the response for Lambda: the sequence numbers of the records to retry.
    """
    # Lazy: the API imports this module only for its stream and never runs it. Decision 0018.
    from chalicelib.counters.rollup import CounterRollup  # noqa: PLC0415
    from chalicelib.dynamodb.keys import counter_key_in  # noqa: PLC0415

    counter_keys = {}
    for record in event["Records"]:
        change = record["dynamodb"]
        item_key = change["Keys"]
        counter_key = counter_key_in(item_key["scope"]["S"], item_key["bucket"]["S"])
        if counter_key is not None:
            counter_keys[change["SequenceNumber"]] = counter_key
    counters = set(counter_keys.values())
    failed = CounterRollup(dependencies).run(counters)
    log.info("counter roll-up", extra={"counters": len(counters), "failed": len(failed)})
    retried = [number for number, counter_key in counter_keys.items() if counter_key in failed]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in retried]}
