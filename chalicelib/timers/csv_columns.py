"""The columns of timers in CSV. Contract section 10a."""

from collections.abc import Iterable

from chalicelib.http.csv_table import (
    CsvColumn,
    CsvTable,
    RecordKey,
    RelatedRecords,
    column,
    person_columns,
    service_columns,
    timestamp_column,
)
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer


def _entry(timer: Timer, related: RelatedRecords) -> TimeEntry | None:
    entry: TimeEntry | None = related.get(TimeEntry, timer.time_entry_id)
    return entry


def _service_id(timer: Timer, related: RelatedRecords) -> int | None:
    entry = _entry(timer, related)
    return None if entry is None else entry.service_id


def _note(timer: Timer, related: RelatedRecords) -> str | None:
    entry = _entry(timer, related)
    return None if entry is None else entry.note


def _person_and_entry(timer: Timer, _: RelatedRecords) -> Iterable[RecordKey]:
    return (Person, timer.person_id), (TimeEntry, timer.time_entry_id)


def _service(timer: Timer, related: RelatedRecords) -> Iterable[RecordKey]:
    service_id = _service_id(timer, related)
    return () if service_id is None else ((Service, service_id),)


TIMERS_TABLE = CsvTable(
    columns=(
        column("id", lambda timer: timer.id),
        *person_columns(lambda timer: timer.person_id, "person_id"),
        column("time_entry_id", lambda timer: timer.time_entry_id, "time_entry"),
        *service_columns(_service_id, "time_entry"),
        timestamp_column("started_at", lambda timer: timer.started_at),
        timestamp_column("stopped_at", lambda timer: timer.stopped_at),
        column("total_time", lambda timer: timer.total_time),
        CsvColumn("note", "time_entry", _note),
    ),
    loads=(_person_and_entry, _service),
)
"""The service and the note are those of the time entry."""
