"""People and services that an export file of another product names, as rows to import."""

from typing import BinaryIO

from tools.admin.csvfile import BadFile, Row
from tools.admin.history.formats import Field
from tools.admin.history.matching import NamedPerson
from tools.admin.history.missing import ServiceUse, people_rows, service_rows
from tools.admin.history.names import normalized
from tools.admin.history.options import Source
from tools.admin.history.rows import billable_of, person_of, service_of


def people_of(source: Source, file: BinaryIO) -> list[Row]:
    """Return the people of a file, each once. Raises :class:`BadFile`."""
    table = source.table(file)
    if Field.EMAIL not in table.fields:
        raise BadFile(["line 1: no column has e-mail addresses: name one with --map COLUMN=email"])
    people: dict[str, tuple[NamedPerson, int]] = {}
    for record in table.records:
        person = NamedPerson(*person_of(record))
        if person.email or person.name:
            people.setdefault(person.email or normalized(person.name), (person, record.line))
    return people_rows(people.values())


def services_of(source: Source, file: BinaryIO) -> list[Row]:
    """Return the services of a file, each once. Rows without one are left out."""
    services: dict[str, ServiceUse] = {}
    problems = []
    for record in source.table(file).records:
        name = service_of(record, source.names)
        if not name:
            continue
        use = services.setdefault(normalized(name), ServiceUse(name, record.line))
        try:
            use.billable |= billable_of(record) is not False
        except ValueError as error:
            problems.append(f"line {record.line}: billable: {error}")
    if problems:
        raise BadFile(problems)
    return service_rows(services.values())
