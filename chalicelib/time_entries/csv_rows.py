"""Time entries as rows of CSV: the format that ``stint-admin entries import --from stint`` reads.

A session is a row with start and end. Time of an entry that no session has is one more row,
without them. So the rows of an entry add up to its exact time. A billable time that was set by hand
is on the first row of the entry, and the other rows have 0.
"""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from msgspec import Struct

from chalicelib.core.csv_cells import escape_cell
from chalicelib.core.timestamps import SECONDS_PER_MINUTE, format_timestamp
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer

COLUMNS = (
    "id",
    "date",
    "start",
    "end",
    "duration_seconds",
    "person_email",
    "person",
    "service",
    "note",
    "billable",
    "billable_seconds",
)


class EntryNames(Struct, frozen=True):
    """The person and the service of a time entry."""

    person: Person
    service: Service


def entry_rows(
    entry: TimeEntry, timers: Iterable[Timer], names: EntryNames, zone: tzinfo
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a time entry, with the cells of :data:`COLUMNS`.

    A running timer has no row. If the time of an entry was set to less than its sessions have, it
    is one row without times.

    :param timers: the sessions of the entry, in order.
    :param zone: the time zone in which times are shown.
    """
    sessions = [timer for timer in timers if timer.stopped_at is not None]
    total = max(0, entry.tracked_seconds + entry.adjusted_seconds)
    rest = total - sum(timer.seconds for timer in sessions)
    if rest < 0:
        sessions, rest = [], total
    parts = [(_session_cells(timer, zone), timer.seconds) for timer in sessions]
    if rest or not sessions:
        parts.append(((str(entry.id), "", ""), rest))
    billable = "" if entry.billable_minutes is None else _seconds_text(entry.billable_minutes)
    for session, seconds in parts:
        yield (*_cells(entry, names, session, seconds), billable)
        billable = billable and "0"


def _session_cells(timer: Timer, zone: tzinfo) -> tuple[str, str, str]:
    start = format_timestamp(timer.started_at, zone)
    end = format_timestamp(timer.started_at + timer.seconds, zone)
    return str(timer.id), start, end


def _seconds_text(minutes: int) -> str:
    return str(minutes * SECONDS_PER_MINUTE)


def _cells(
    entry: TimeEntry, names: EntryNames, session: tuple[str, str, str], seconds: int
) -> tuple[str, ...]:
    person, (row_id, start, end) = names.person, session
    texts = (
        person.email or "",
        f"{person.first_name} {person.last_name}",
        names.service.name,
        entry.note or "",
    )
    cells = (row_id, entry.date, start, end, str(seconds), *map(escape_cell, texts))
    return (*cells, "yes" if entry.billable else "no")
