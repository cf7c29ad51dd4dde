"""Records of DynamoDB streams: the images of an item before and after a change."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.items import Entity, from_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import TimerModel

StreamRecord = Mapping[str, Any]


class TimerChange(Struct, frozen=True):
    """A timer before and after a change, and the timestamp of the change.

    None: it does not exist.
    """

    old: Timer | None
    new: Timer | None
    at: int


class EntryChange(Struct, frozen=True):
    """A time entry before and after a change, and the timestamp of the change."""

    old: TimeEntry | None
    new: TimeEntry | None
    at: int


def sequence_number(record: StreamRecord) -> str:
    """The sequence number of a record. A handler returns it to Lambda for a retry."""
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def changed_at(record: StreamRecord) -> int:
    """The timestamp of the change in a record, rounded down to the second."""
    return int(record["dynamodb"]["ApproximateCreationDateTime"])


def read_change(record: StreamRecord) -> TimerChange | EntryChange:
    """The change in a record of the streams of timers and time entries.

    An invalid record raises errors of any type: ``LookupError``, ``ValueError`` and others.
    """
    at = changed_at(record)
    table = record["eventSourceARN"].split(":table/")[1].split("/")[0]
    if table == table_name(TimerModel):
        return TimerChange(_image(Timer, record, "OldImage"), _image(Timer, record, "NewImage"), at)
    if table == table_name(TimeEntryModel):
        return EntryChange(
            _image(TimeEntry, record, "OldImage"),
            _image(TimeEntry, record, "NewImage"),
            at,
        )
    raise LookupError(f"unknown table {table}")


def _image(entity: type[Entity], record: StreamRecord, name: str) -> Entity | None:
    image = record["dynamodb"].get(name)
    return None if image is None else from_item(entity, image)
