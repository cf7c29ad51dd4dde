"""What an import will do with each row, before anything is written.

The operations decide again when the rows are written: another request may come between.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import PeriodClosed
from chalicelib.core.idempotency import IdempotencyKey, IdempotencyRecord
from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import local_date
from chalicelib.counters.model import PersonDay
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.parallel_calls import run_concurrently
from chalicelib.organizations.model import Organization
from chalicelib.organizations.periods import require_open_date, require_open_start
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.days import DaySessions, days_between, find_overlap
from chalicelib.timers.limits import person_zone
from chalicelib.timers.model import PersonState, Timer
from tools.admin.history.formats import STINT
from tools.admin.history.matching import Directory
from tools.admin.history.row_keys import key_of_row, lasting_key_of_row
from tools.admin.history.rows import HistoryRow
from tools.error_messages import describe_error

FOR_OTHERS = "it was imported before, for a person who was erased or is matched differently now"
NO_TIMES = "it has no start and end"
_READS_AT_ONCE = 8
_KEYS_PER_READ = 1000

EntityId = tuple[type[Any], Any]


class PlannedRow(Struct, frozen=True):
    """A row with its person and service.

    :param person: None: it is created first; only in a dry run.
    :param service: None: it is created first; only in a dry run.
    :param no_timer: why it becomes a time entry with minutes only; empty: it becomes a timer.
    :param done: why there is nothing to do; empty: it is imported.
    :param refused: the rule that refuses the row; empty: none is known to.
    """

    row: HistoryRow
    person: Person | None
    service: Service | None
    no_timer: str = ""
    done: str = ""
    refused: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is written for the row."""
        return bool(self.done or self.refused)

    @property
    def billable_minutes(self) -> int | None:
        """The billable minutes to set. None: they follow the time, if the row is billable."""
        row = self.row
        if row.billable_seconds is None:
            return None
        minutes = replace(row, seconds=row.billable_seconds).minutes
        of_service = self.service is not None and self.service.billable
        is_billable = of_service if row.billable is None else row.billable
        follows = row.minutes if is_billable else 0
        return None if minutes == follows else minutes


class EarlierImports:
    """Rows that were imported for any person, also for one who was erased since."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self._database = database
        self._caller = caller
        self._is_imported: dict[int, bool] = {}
        """By line, of the rows that were asked for."""

    def lines(self, rows: Iterable[HistoryRow]) -> set[int]:
        """Return the lines of the rows that were imported. One call per 100 new questions."""
        asked = {row.line: row for row in rows if not row.skipped}
        keys: dict[int, EntityId] = {
            line: (IdempotencyRecord, lasting_key_of_row(self._caller, row))
            for line, row in asked.items()
            if line not in self._is_imported
        }
        stored = _read(self._database, self._caller.organization.id, list(keys.values()))
        self._is_imported |= {line: key in stored for line, key in keys.items()}
        return {line for line in asked if self._is_imported[line]}


def plan(
    dependencies: Dependencies,
    caller: Caller,
    directory: Directory,
    rows: Iterable[HistoryRow],
    earlier: EarlierImports,
) -> list[PlannedRow]:
    """Return what will be done with each row, in the order of the file.

    One call per 100 rows for their keys, and one more for those that are new, unless ``earlier``
    knows them; one per 100 days of a person with sessions, and one per 100 people.
    """
    planned = [
        # The names of a row that is skipped are not checked.
        PlannedRow(row, None, None)
        if row.skipped
        else PlannedRow(row, directory.person(row), directory.service(row))
        for row in rows
    ]
    planned = _without_done(dependencies.database, caller, planned, earlier)
    planned = [_checked(caller.organization, row) for row in planned]
    planned = _with_overlaps(dependencies.database, caller, planned)
    # A row that overlaps another one has the date of the file, not that of its start.
    return [_checked(caller.organization, row) for row in planned]


def closed_reason(
    organization: Organization, row: HistoryRow, person: Person | None = None, *, timer: bool
) -> str:
    """Return why a row is in the closed period; empty: it is not.

    :param person: for the date of a timer in the person's time zone; None: it is not known.
    :param timer: whether the row becomes a timer, if it has a start and an end.
    """
    try:
        if timer and row.span is not None:
            start = row.span[0]
            require_open_start(organization, start)
            zone = person_zone(organization, person)
            require_open_date(organization, local_date(start, zone), "started_at")
        else:
            require_open_date(organization, row.date)
    except PeriodClosed as error:
        return describe_error(error)
    return ""


def _checked(organization: Organization, planned: PlannedRow) -> PlannedRow:
    if planned.is_settled:
        return planned
    timer = not planned.no_timer
    refused = closed_reason(organization, planned.row, planned.person, timer=timer)
    return replace(planned, refused=refused)


def _without_done(
    database: Database, caller: Caller, planned: Sequence[PlannedRow], earlier: EarlierImports
) -> list[PlannedRow]:
    organization_id = caller.organization.id
    keys = {
        row.row.line: key_of_row(caller, row.person.id, row.row)
        for row in planned
        if row.person is not None and not row.row.skipped
    }
    names: list[EntityId] = [(IdempotencyRecord, key) for key in keys.values()]
    own_ids: dict[int, EntityId] = {
        # A row with times is a session, a row without them is time of an entry.
        row.row.line: (TimeEntry if row.row.span is None else Timer, int(row.row.id))
        for row in planned
        if row.row.form == STINT.name and row.row.id.isdecimal()
    }
    names += own_ids.values()
    stored = _read(database, organization_id, names)
    planned = [replace(row, done=_done(row.row, keys, own_ids, stored)) for row in planned]
    others = earlier.lines(row.row for row in planned if not row.done)
    return [replace(row, done=FOR_OTHERS) if row.row.line in others else row for row in planned]


def _done(
    row: HistoryRow,
    keys: dict[int, IdempotencyKey],
    own_ids: dict[int, EntityId],
    stored: dict[EntityId, Any],
) -> str:
    if row.skipped:
        return row.skipped
    if (IdempotencyRecord, keys.get(row.line)) in stored:
        return "it was imported before"
    if own_ids.get(row.line) in stored:
        return "it is in this organization"
    return ""


def _with_overlaps(
    database: Database, caller: Caller, planned: Sequence[PlannedRow]
) -> list[PlannedRow]:
    """Tell timers from time entries with minutes only.

    Of rows that overlap each other, the one that starts first becomes the timer; of those that
    start in one second, the first one in the file.
    """
    timelines = _timelines(database, caller, planned)
    result = {}
    for planned_row in sorted(planned, key=order):
        row = planned_row.row
        no_timer = ""
        if row.span is None:
            no_timer = NO_TIMES
        elif not planned_row.is_settled:
            no_timer = timelines[_person_name(planned_row)].add(row)
        result[row.line] = replace(planned_row, no_timer=no_timer)
    return [result[planned_row.row.line] for planned_row in planned]


def order(planned_row: PlannedRow) -> tuple[int, int]:
    """The order in which the rows of a person are imported: by start, then by line."""
    row = planned_row.row
    return (row.span or (0,))[0], row.line


def _person_name(planned_row: PlannedRow) -> int | str:
    person, row = planned_row.person, planned_row.row
    return person.id if person is not None else row.email or row.person


class _Timeline:
    """The sessions of a person: those that exist, and those of the file."""

    def __init__(self) -> None:
        self.days: dict[int, DaySessions] = {}
        self.state: PersonState | None = None
        self._lines: dict[int, list[tuple[int, int, int]]] = defaultdict(list)

    def add(self, row: HistoryRow) -> str:
        """Add the session of a row. If it overlaps another one, return why; else nothing."""
        start, stop = row.span or (0, 0)
        touched = days_between(start, stop)
        running = None if self.state is None else self.state.running
        if running is not None and running.started_at < stop:
            return f"it overlaps timer {running.timer_id}, which runs"
        days = [self.days[day] for day in touched if day in self.days]
        overlap = find_overlap(days, start, stop)
        if overlap is not None:
            return f"it overlaps timer {overlap.timer_id}"
        for day in touched:
            for other_start, other_stop, line in self._lines[day]:
                if other_start < stop and other_stop > start:
                    return f"it overlaps line {line}"
        for day in touched:
            self._lines[day].append((start, stop, row.line))
        return ""


def _timelines(
    database: Database, caller: Caller, planned: Sequence[PlannedRow]
) -> dict[int | str, _Timeline]:
    organization_id = caller.organization.id
    timelines: dict[int | str, _Timeline] = defaultdict(_Timeline)
    names: dict[EntityId, None] = {}
    for planned_row in planned:
        row, person = planned_row.row, planned_row.person
        if row.span is None or person is None or planned_row.is_settled:
            continue
        names[PersonState, person.id] = None
        for day in days_between(*row.span):
            names[DaySessions, PersonDay(organization_id, person.id, day)] = None
    for (_, name), record in _read(database, organization_id, list(names)).items():
        if isinstance(record, PersonState):
            timelines[record.person_id].state = record
        else:
            timelines[name.person_id].days[record.day] = record
    return timelines


def _read(
    database: Database, organization_id: int, names: Sequence[EntityId]
) -> dict[EntityId, Any]:
    """Read many records, some calls at the same time."""
    stored: dict[EntityId, Any] = {}
    chunks = [names[at : at + _KEYS_PER_READ] for at in range(0, len(names), _KEYS_PER_READ)]
    for at in range(0, len(chunks), _READS_AT_ONCE):
        calls = [
            lambda chunk=chunk: database.get_many(organization_id, chunk).records
            for chunk in chunks[at : at + _READS_AT_ONCE]
        ]
        for records in run_concurrently(*calls):
            stored |= records
    return stored
