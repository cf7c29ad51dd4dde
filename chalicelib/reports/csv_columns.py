"""The columns of reports in CSV. Contract section 10a."""

from collections.abc import Iterable

from chalicelib.http.csv_table import (
    CsvColumn,
    CsvTable,
    RecordKey,
    RelatedRecords,
    column,
    person_columns,
    service_columns,
)
from chalicelib.jsonapi.resource import Resource
from chalicelib.people.model import Person
from chalicelib.reports.rules import ReportRow
from chalicelib.services.model import Service

_FIRST = {"date_period": 0, "date": 1, "billable": 2}
"""The place of the attributes that say what a row is of."""


def report_table(shown: Resource[ReportRow], *, is_entries: bool) -> CsvTable:
    """Return the columns of a report: what the rows are of, then the other attributes.

    :param shown: the report with the members that its rows have.
    :param is_entries: whether a row is an entry, and has its id.
    """
    columns: list[CsvColumn] = [column("id", lambda row: row.id)] if is_entries else []
    members = {relationship.name for relationship in shown.relationships}
    if "person" in members:
        columns += person_columns(lambda row: row.person_id, "person")
    if "service" in members:
        columns += service_columns(lambda row, _: row.service_id, "service")
    attributes = sorted(
        shown.attributes, key=lambda attribute: _FIRST.get(attribute.name, len(_FIRST))
    )
    columns += (column(attribute.name, attribute.value) for attribute in attributes)
    return CsvTable(tuple(columns), loads=(_people_and_services,))


def _people_and_services(row: ReportRow, _: RelatedRecords) -> Iterable[RecordKey]:
    if row.person_id is not None:
        yield Person, row.person_id
    if row.service_id is not None:
        yield Service, row.service_id
