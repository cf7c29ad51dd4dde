"""The counter roll-up: handles the stream of the counters table.

Contract section 6; docs/decisions/0008-counters.md.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, DynamoDBEvent

if TYPE_CHECKING:
    from chalicelib.core.dependencies import Dependencies
    from chalicelib.counters.model import CounterKey

log = logging.getLogger("stint")

STREAM_PLACEHOLDER = "arn:aws:dynamodb:region:account:table/counters/stream/label"
"""Chalice requires an ARN; the deployment template replaces it by the real one."""

LATE_SECONDS = 5 * 60
"""A change that was not rolled up for so long is reported."""

blueprint = Blueprint(__name__)

_Record = Mapping[str, Any]


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
    from chalicelib.clients.failed_records import send_failed_records  # noqa: PLC0415
    from chalicelib.clients.sqs import Queue  # noqa: PLC0415
    from chalicelib.counters.rollup import CounterRollup  # noqa: PLC0415

    records = event["Records"]
    counter_keys, unusable = _read_keys(records)
    counters = set(counter_keys.values())
    rollup = CounterRollup(dependencies)
    failed = rollup.run(counters)
    retried = {number for number, counter_key in counter_keys.items() if counter_key in failed}
    unusable += [record for record in records if counter_keys.get(_number(record)) in rollup.spoilt]
    if unusable:
        settings = dependencies.settings
        retried |= send_failed_records(
            Queue(settings.failed_records_url, settings.region), unusable
        )
    _log_run(records, len(counters), len(failed), len(rollup.spoilt), dependencies.now())
    # In the order of the stream: Lambda retries from the first of them.
    numbers = [number for number in map(_number, records) if number in retried]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}


def _read_keys(records: Sequence[_Record]) -> tuple[dict[str, "CounterKey"], list[_Record]]:
    """The counters of records by sequence number, and the records whose key is invalid."""
    from chalicelib.dynamodb.keys import counter_key_in  # noqa: PLC0415

    counter_keys = {}
    unusable = []
    for record in records:
        item_key = record["dynamodb"]["Keys"]
        try:
            counter_key = counter_key_in(item_key["scope"]["S"], item_key["bucket"]["S"])
        except ValueError:
            log.exception("a counter has an invalid key", extra={"item_key": item_key})
            unusable.append(record)
            continue
        if counter_key is not None:
            counter_keys[_number(record)] = counter_key
    return counter_keys, unusable


def _log_run(records: Sequence[_Record], counters: int, failed: int, spoilt: int, now: int) -> None:
    age = _age_of_oldest(records, now)
    numbers = {"counters": counters, "failed": failed, "spoilt": spoilt, "age_seconds": age}
    log.info("counter roll-up", extra=numbers)
    if age >= LATE_SECONDS:
        # An error, so that the alarm FunctionFailures notices it.
        log.error("the counter roll-up is late", extra={"age_seconds": age})


def _number(record: _Record) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def _age_of_oldest(records: Sequence[_Record], now: int) -> int:
    """The seconds since the oldest change of a batch."""
    times = (record["dynamodb"].get("ApproximateCreationDateTime", now) for record in records)
    return max(0, now - int(min(times, default=now)))
