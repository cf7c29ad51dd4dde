"""DynamoDB stream records, in the format of Lambda events."""

import itertools
from typing import Any

from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.items import to_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import TimerModel
from tests.support.clock import MONDAY_NINE

_numbers = itertools.count(100_000_000_000_000_000_000)


def stream_record(
    old: Timer | TimeEntry | None, new: Timer | TimeEntry | None, at: int = MONDAY_NINE
) -> dict[str, Any]:
    """Return the stream record of a change of an item at a timestamp."""
    record = new or old
    assert record is not None
    changed: dict[str, Any] = {
        "ApproximateCreationDateTime": float(at),
        "Keys": {"key": {"S": f"{record.organization_id}#{record.id}"}},
        "SequenceNumber": str(next(_numbers)),
        "SizeBytes": 300,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    for name, image in (("OldImage", old), ("NewImage", new)):
        if image is not None:
            changed[name] = to_item(image).serialize()
    table = table_name(TimerModel if isinstance(record, Timer) else TimeEntryModel)
    return {
        "eventID": changed["SequenceNumber"][-12:],
        "eventName": "MODIFY" if old and new else "INSERT" if new else "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": changed,
        "eventSourceARN": (
            f"arn:aws:dynamodb:eu-central-1:123456789012:table/{table}"
            "/stream/2026-03-01T00:00:00.000"
        ),
    }
