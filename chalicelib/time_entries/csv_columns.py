"""The columns of time entries in CSV. Contract section 10a."""

from chalicelib.http.csv_table import (
    CsvTable,
    column,
    person_columns,
    service_columns,
    timestamp_column,
)
from chalicelib.people.model import Person
from chalicelib.services.model import Service

TIME_ENTRIES_TABLE = CsvTable(
    columns=(
        column("id", lambda entry: entry.id),
        column("date", lambda entry: entry.date),
        *person_columns(lambda entry: entry.person_id, "person"),
        *service_columns(lambda entry, _: entry.service_id, "service"),
        column("time", lambda entry: entry.time),
        column("billable_time", lambda entry: entry.billable_time),
        column("note", lambda entry: entry.note),
        column("track_method_id", lambda entry: int(entry.track_method)),
        timestamp_column("created_at", lambda entry: entry.created_at),
        timestamp_column("updated_at", lambda entry: entry.updated_at),
    ),
    loads=(lambda entry, _: ((Person, entry.person_id), (Service, entry.service_id)),),
)
