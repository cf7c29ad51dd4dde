"""Stream records that cannot be processed: they go to the failure queue, for an engineer."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.clients.sqs import MAX_BODY_BYTES, Message, Queue
from chalicelib.core.errors import Unavailable


def send_failed_records(queue: Queue, records: Sequence[Mapping[str, Any]]) -> set[str]:
    """Send stream records to the failure queue.

    Returns the sequence numbers of those that the queue did not accept: they must be retried.
    """
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    try:
        rejected = queue.send([Message(_text_of(record), "records") for record in records])
    except Unavailable:
        return set(numbers)
    return {numbers[position] for position in rejected}


def _text_of(record: Mapping[str, Any]) -> str:
    """A record as JSON; only its keys and names if it is too large for the queue."""
    text = msgspec.json.encode(record)
    if len(text) <= MAX_BODY_BYTES:
        return text.decode()
    keys = {name: record["dynamodb"][name] for name in ("Keys", "SequenceNumber")}
    names = {name: record.get(name) for name in ("eventID", "eventName", "eventSourceARN")}
    return msgspec.json.encode({**names, "dynamodb": keys}).decode()
