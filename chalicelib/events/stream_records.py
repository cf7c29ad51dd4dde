"""Records of the tables' streams, as Lambda passes them on: what an item was and what it is."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.items import Noun, read_noun
from chalicelib.dynamodb.tables import TimeEntryModel, TimerModel

StreamRecord = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TimerChange:
    """A timer before and after; None: it was, or is, not there."""

    old: Timer | None
    new: Timer | None


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A time entry before and after, and the instant of the change."""

    old: TimeEntry | None
    new: TimeEntry | None
    at: int


def sequence_number(record: StreamRecord) -> str:
    """By what a handler names a record that it could not handle."""
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def read_change(record: StreamRecord) -> TimerChange | EntryChange:
    """What a record of the stream of timers or time entries says.

    Raises whatever comes of a record that says nothing: ``LookupError``, ``ValueError``, ...
    """
    table = record["eventSourceARN"].split(":table/")[1].split("/")[0]
    if table == table_name(TimerModel):
        return TimerChange(_image(Timer, record, "OldImage"), _image(Timer, record, "NewImage"))
    if table == table_name(TimeEntryModel):
        return EntryChange(
            _image(TimeEntry, record, "OldImage"),
            _image(TimeEntry, record, "NewImage"),
            int(record["dynamodb"]["ApproximateCreationDateTime"]),
        )
    raise LookupError(f"unknown table {table}")


def _image(kind: type[Noun], record: StreamRecord, name: str) -> Noun | None:
    image = record["dynamodb"].get(name)
    return None if image is None else read_noun(kind, image)
