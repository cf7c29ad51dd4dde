"""Export of all time entries of an organization, person by person, as CSV."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.lists import CursorPage, all_pages, from_position
from chalicelib.core.permissions import Caller
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.csv_rows import COLUMNS, EntryNames, entry_rows
from chalicelib.time_entries.model import EntryQuery, TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.timers.model import Timer, TimerQuery
from chalicelib.timers.operations import Timers
from tools.admin import output

_PAGE_SIZE = 200


def export_pieces(dependencies: Dependencies, caller: Caller) -> Iterator[str]:
    """Yield the pieces of a CSV file: the header, then the rows of one person after another.

    One call per 200 time entries and per 200 timers. A person's rows are in the order of dates.
    """
    database, organization = dependencies.database, caller.organization
    services = _services(dependencies, caller)
    people = database.directory(Person, organization.id)
    yield _csv([COLUMNS])
    for person in output.progress(people, "exporting people"):
        timers = _timers_by_entry(dependencies, caller, person)
        for entries in _entry_pages(dependencies, caller, person):
            if any(entry.service_id not in services for entry in entries):
                # A service was created after the export began.
                services = _services(dependencies, caller)
            yield _csv(
                [
                    row
                    for entry in entries
                    for row in entry_rows(
                        entry,
                        timers[entry.id],
                        EntryNames(person, services[entry.service_id]),
                        organization.zone,
                    )
                ]
            )


def _services(dependencies: Dependencies, caller: Caller) -> dict[int, Service]:
    services = dependencies.database.directory(Service, caller.organization.id)
    return {service.id: service for service in services}


def _timers_by_entry(
    dependencies: Dependencies, caller: Caller, person: Person
) -> dict[int, list[Timer]]:
    operations = Timers(dependencies)
    query = TimerQuery(
        caller.organization.id, person_ids=frozenset({person.id}), page_size=_PAGE_SIZE
    )

    def read(position: str | None) -> CursorPage[Timer]:
        return operations.cursor_page(caller, query, from_position(position))[0]

    by_entry: dict[int, list[Timer]] = defaultdict(list)
    for timer in (timer for timers in all_pages(read) for timer in timers):
        by_entry[timer.time_entry_id].append(timer)
    return by_entry


def _entry_pages(
    dependencies: Dependencies, caller: Caller, person: Person
) -> Iterator[Sequence[TimeEntry]]:
    operations = TimeEntries(dependencies)
    query = EntryQuery(
        caller.organization.id, person_ids=frozenset({person.id}), page_size=_PAGE_SIZE
    )

    def read(position: str | None) -> CursorPage[TimeEntry]:
        return operations.cursor_page(caller, query, None, from_position(position))[0]

    return all_pages(read)


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as CSV (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
