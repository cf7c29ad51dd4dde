"""The stream of the tallies: says that some changed, and they are rolled up.

Contract section 6; docs/decisions/0008-tallies.md.
"""

import logging
from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.core.dependencies import Toolbox
from chalicelib.handlers.composition import toolbox

log = logging.getLogger("stint")

STREAM_PLACEHOLDER = "arn:aws:dynamodb:region:account:table/tallies/stream/label"
"""Chalice wants an ARN that is known beforehand; the template puts the real one in its place."""

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(stream_arn=STREAM_PLACEHOLDER, name="rollup")
def rollup(event: DynamoDBEvent) -> dict[str, object]:
    """Roll up what a batch of records is about; tell which are to come again."""
    return roll_up_records(toolbox(), event.to_dict())


def roll_up_records(tools: Toolbox, event: Mapping[str, Any]) -> dict[str, object]:
    """Roll up the tallies that records are about, each once. A record of anything else is nothing.

    Answers as Lambda wants it: the numbers of the records that are to be given again.
    """
    # Imported here: the API, which knows this module for its stream alone, never rolls up.
    from chalicelib.counters.rollup import roll_up  # noqa: PLC0415
    from chalicelib.dynamodb.keys import tally_named  # noqa: PLC0415

    names = {}
    for record in event["Records"]:
        changed = record["dynamodb"]
        key = changed["Keys"]
        name = tally_named(key["scope"]["S"], key["bucket"]["S"])
        if name is not None:
            names[changed["SequenceNumber"]] = name
    failed = roll_up(tools, set(names.values()))
    log.info("counter roll-up", extra={"tallies": len(set(names.values())), "failed": len(failed)})
    again = [number for number, name in names.items() if name in failed]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}
