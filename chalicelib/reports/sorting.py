"""The order of the rows of a report. Contract section 10a."""

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.dynamodb.database import Database
from chalicelib.jsonapi.in_memory_list import SortKey
from chalicelib.people.model import Person
from chalicelib.reports.api import Report
from chalicelib.reports.rules import PERIODS, ReportRow
from chalicelib.services.model import Service

_PERIODS = frozenset(group.value for group in PERIODS)


def sort_keys(
    report: Report, database: Database, rows: Sequence[ReportRow], sort: str
) -> list[SortKey]:
    """Return the sort keys of rows. Equal values are in the order of periods, people, services.

    A sort by names takes one call per 100 people or services, another sort none.
    """
    value = _value(report, database, rows, sort)
    return [_key(value(row), row) for row in rows]


def _key(value: int | str | None, row: ReportRow) -> SortKey:
    return value is None, "" if value is None else value, row.position


def _value(
    report: Report, database: Database, rows: Sequence[ReportRow], sort: str
) -> Callable[[ReportRow], int | str | None]:
    if sort in _PERIODS:
        return lambda row: row.period
    if sort == "count":
        return lambda row: row.sum.count
    if sort == "person":
        names = _names(database, rows, Person, lambda row: row.person_id, _full_name)
        return lambda row: names.get(row.person_id)
    if sort == "service":
        names = _names(database, rows, Service, lambda row: row.service_id, _name)
        return lambda row: names.get(row.service_id)
    return dict(report.totals)[sort]


def _full_name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}"


def _name(service: Service) -> str:
    return service.name


def _names(
    database: Database,
    rows: Sequence[ReportRow],
    entity: type[Any],
    id_of: Callable[[ReportRow], int | None],
    name_of: Callable[[Any], str],
) -> dict[object, str]:
    if not rows:
        return {}
    keys = {(entity, id_of(row)) for row in rows if id_of(row) is not None}
    records = database.get_many(rows[0].organization_id, keys).records
    return {record_id: name_of(record).casefold() for (_, record_id), record in records.items()}
