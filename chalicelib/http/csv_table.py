"""CSV (RFC 4180) of records: UTF-8, a header row, lines that end with CRLF. Contract section 10a.

Import this module only for a response in CSV: most processes never need it.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from msgspec import Struct

from chalicelib.core.csv_cells import escape_cell
from chalicelib.core.timestamps import format_timestamp
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Person
from chalicelib.services.model import Service

RecordKey = tuple[type[Any], int]
"""The entity and the id of a record."""


class Instant(Struct, frozen=True):
    """A timestamp in a cell. It is written as in documents, with the offset of the zone."""

    timestamp: int


class RelatedRecords:
    """The records that the rows of a page refer to. It remembers people and services."""

    def __init__(self, database: Database, organization_id: int) -> None:
        self._database, self._organization_id = database, organization_id
        self._names: dict[RecordKey, str] = {}
        self._others: dict[RecordKey, Any] = {}

    def load(self, keys: Iterable[RecordKey]) -> None:
        """Read the records that are not there yet. One call per 100 of them."""
        missing = {key for key in keys if key not in self._names and key not in self._others}
        records = self._database.get_many(self._organization_id, missing).records
        for key in missing:
            record = records.get(key)
            if key[0] in _NAMES:
                self._names[key] = "" if record is None else _NAMES[key[0]](record)
            else:
                self._others[key] = record

    def forget_others(self) -> None:
        """Forget all records except people and services. Call it before each page."""
        self._others.clear()

    def get(self, entity: type[Any], record_id: int) -> Any:
        """Return a record that is neither a person nor a service; None: it does not exist."""
        return self._others.get((entity, record_id))

    def person(self, person_id: int | None) -> str:
        """Return the name of a person; empty if there is no such person."""
        return "" if person_id is None else self._names.get((Person, person_id), "")

    def service(self, service_id: int | None) -> str:
        """Return the name of a service; empty if there is no such service."""
        return "" if service_id is None else self._names.get((Service, service_id), "")


_NAMES: Mapping[type[Any], Callable[[Any], str]] = {
    Person: lambda person: f"{person.first_name} {person.last_name}".strip(),
    Service: lambda service: service.name,
}

Loads = Callable[[Any, RelatedRecords], Iterable[RecordKey]]
"""Returns the keys of the records that a row needs."""


class CsvColumn(Struct, frozen=True):
    """A column.

    :param member: the attribute or relationship that it shows: ``fields`` selects columns by it.
    """

    name: str
    member: str
    value: Callable[[Any, RelatedRecords], object]


class CsvTable(Struct, frozen=True):
    """The columns of the records of a type.

    :param loads: what to load for each page. Each step can use the records of those before it.
    """

    columns: tuple[CsvColumn, ...]
    loads: tuple[Loads, ...] = ()

    def of_members(self, members: Iterable[str] | None) -> "CsvTable":
        """Return the table with the columns of these members; None: with all columns."""
        if members is None:
            return self
        chosen = set(members)
        columns = tuple(column for column in self.columns if column.member in chosen)
        return CsvTable(columns, self.loads)


def column(name: str, value: Callable[[Any], object], member: str | None = None) -> CsvColumn:
    """Return a column that needs no other record."""
    return CsvColumn(name, member or name, lambda record, _: value(record))


def timestamp_column(name: str, value: Callable[[Any], int | None]) -> CsvColumn:
    """Return a column with times."""

    def cell(record: Any) -> Instant | None:
        timestamp = value(record)
        return None if timestamp is None else Instant(timestamp)

    return column(name, cell)


def person_columns(id_of: Callable[[Any], int | None], member: str) -> tuple[CsvColumn, ...]:
    """Return two columns: the id and the name of a person."""
    return (
        column("person_id", id_of, member),
        CsvColumn("person_name", member, lambda record, related: related.person(id_of(record))),
    )


def service_columns(
    id_of: Callable[[Any, RelatedRecords], int | None], member: str
) -> tuple[CsvColumn, ...]:
    """Return two columns: the id and the name of a service."""
    return (
        CsvColumn("service_id", member, id_of),
        CsvColumn(
            "service_name",
            member,
            lambda record, related: related.service(id_of(record, related)),
        ),
    )


def csv_chunks(
    table: CsvTable,
    pages: Iterable[Sequence[Any]],
    related: RelatedRecords,
    zone: tzinfo,
) -> Iterator[str]:
    """Yield the header row, then the rows of each page, as text."""
    yield _text([[each.name for each in table.columns]])
    for page in pages:
        related.forget_others()
        for keys_of in table.loads:
            related.load(key for record in page for key in keys_of(record, related))
        yield _text(
            [_cell(each.value(record, related), zone) for each in table.columns] for record in page
        )


def _text(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: object, zone: tzinfo) -> object:
    match value:
        case Instant(timestamp):
            return format_timestamp(timestamp, zone)
        case bool():
            return str(value).lower()
        case str():
            return escape_cell(value)
    return value
