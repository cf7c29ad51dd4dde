"""Find what version 0.2.0 stored in another way than today. Reads the tables, never an index.

A large stage does not fit into memory, and the tables are not sorted by person. So the ids are in a
temporary SQLite database, which is on disk where it is large, and is deleted when it is closed.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, table_name
from chalicelib.dynamodb.items import from_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.repository import PersonStateModel, TimerModel
from tools.ops.patience import pages, patient
from tools.ops.snapshot import Scope
from tools.ops.upgrade_entries import ManualTime, needs_upgrade
from tools.ops.upgrade_revisions import OLD_TABLE

_TABLES = """
CREATE TABLE people (
    organization_id, person_id, is_old, PRIMARY KEY (organization_id, person_id)
);
CREATE TABLE timers (organization_id, person_id, id);
CREATE TABLE entries (organization_id, person_id, id);
CREATE TABLE manual_times (
    organization_id, entry_id, revision_id, created_at, minutes,
    PRIMARY KEY (organization_id, entry_id)
);
"""
_INDEXES = """
CREATE INDEX timers_by_person ON timers (organization_id, person_id);
CREATE INDEX entries_by_person ON entries (organization_id, person_id);
"""
_ADD_MANUAL_TIME = """
INSERT INTO manual_times VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    revision_id = excluded.revision_id,
    created_at = excluded.created_at,
    minutes = excluded.minutes
WHERE excluded.revision_id > revision_id
"""
_OF_PERSON = "WHERE organization_id = ? AND person_id = ? ORDER BY id"

T = TypeVar("T")


class FoundIds:
    """The people whose data must be upgraded, and the ids of their timers and time entries."""

    def __init__(self) -> None:
        # An empty name: a private database in a temporary file.
        self._database = sqlite3.connect("")
        self._database.executescript(_TABLES)

    def close(self) -> None:
        """Delete the temporary database."""
        self._database.close()

    def scan(self, reader: "TableReader") -> None:
        """Read the tables. The timers are read only if somebody must be upgraded."""
        self._write("INSERT INTO people VALUES (?, ?, 1)", _old_people(reader))
        self._write(_ADD_MANUAL_TIME, _manual_times(reader))
        self._write("INSERT INTO entries VALUES (?, ?, ?)", self._old_entries(reader))
        self._database.execute(
            "INSERT OR IGNORE INTO people SELECT organization_id, person_id, 0 FROM entries"
        )
        if self.people():
            self._write("INSERT INTO timers VALUES (?, ?, ?)", self._timers(reader))
        self._database.executescript(_INDEXES)

    def people(self) -> list[Scope]:
        """The people, by organization and id."""
        query = "SELECT organization_id, person_id FROM people ORDER BY 1, 2"
        return list(self._database.execute(query))

    def timer_ids(self, scope: Scope) -> list[int]:
        """The timers of a person that existed during the scan."""
        rows = self._database.execute(f"SELECT id FROM timers {_OF_PERSON}", scope)  # noqa: S608
        return [timer_id for (timer_id,) in rows]

    def entry_ids(self, scope: Scope) -> list[int]:
        """The time entries of a person that must be upgraded."""
        rows = self._database.execute(f"SELECT id FROM entries {_OF_PERSON}", scope)  # noqa: S608
        return [entry_id for (entry_id,) in rows]

    def manual_time(self, entry: TimeEntry) -> ManualTime | None:
        """The last manual change of an entry's time in version 0.2.0; None: there is none.

        None for the entry without an adjustment of a person who is upgraded: they may have returned
        to the time of the sessions since.
        """
        if entry.adjusted_seconds == 0 and not self._is_old(entry):
            return None
        row = self._database.execute(
            "SELECT revision_id, created_at, minutes FROM manual_times "
            "WHERE organization_id = ? AND entry_id = ?",
            (entry.organization_id, entry.id),
        ).fetchone()
        return None if row is None else ManualTime(*row)

    def _is_old(self, entry: TimeEntry) -> bool:
        row = self._database.execute(
            "SELECT is_old FROM people WHERE organization_id = ? AND person_id = ?",
            (entry.organization_id, entry.person_id),
        ).fetchone()
        return row is not None and bool(row[0])

    def _old_entries(self, reader: "TableReader") -> Iterator[tuple[int, int, int]]:
        for raw in reader.scan(table_name(TimeEntryModel)):
            entry = from_item(TimeEntry, raw)
            if needs_upgrade(entry, self.manual_time(entry)):
                yield entry.organization_id, entry.person_id, entry.id

    def _timers(self, reader: "TableReader") -> Iterator[tuple[int, int, int]]:
        people = set(self.people())
        for raw in reader.scan(table_name(TimerModel)):
            scope = _integer(raw, "organization_id"), _integer(raw, "person_id")
            if scope in people:
                yield *scope, _integer(raw, "id")

    def _write(self, statement: str, rows: Iterable[tuple[int, ...]]) -> None:
        self._database.executemany(statement, rows)


class TableReader:
    """Reads tables page by page, with strong consistency. Waits while DynamoDB throttles."""

    def __init__(self, dependencies: Dependencies, progress: Callable[[str], None]) -> None:
        self._dependencies = dependencies
        self._connection: Connection = dependencies.database.connection
        self._progress = progress

    def scan(self, table: str) -> Iterator[RawItem]:
        """Yield every item of a table."""
        read = 0
        for page in self.pages("Scan", {"TableName": table}):
            yield from page
            read += len(page)
            self._progress(f"read {read} items of {table}")

    def pages(self, operation: str, request: dict[str, Any]) -> Iterator[list[RawItem]]:
        """Yield the pages of a Scan or a Query."""
        return pages(self._connection, operation, request, self._dependencies.sleep)

    def patient(self, call: Callable[[], T]) -> T:
        """Call, and call again while DynamoDB is unavailable. Raises ``Unavailable`` in the end."""
        return patient(call, self._dependencies.sleep)


def _old_people(reader: TableReader) -> Iterator[Scope]:
    """The people whose days may not list all their sessions."""
    for raw in reader.scan(table_name(PersonStateModel)):
        if raw["name"]["S"] == keys.RUNNING_TIMER and "lists_sessions" not in raw:
            organization_id, _, person_id = raw["person_key"]["S"].partition("#")
            yield int(organization_id), int(person_id)


def _manual_times(reader: TableReader) -> Iterator[tuple[int, int, int, int, int]]:
    """Organization, entry, and the fields of :class:`ManualTime`, for each change of a time."""
    for raw in old_revisions(reader):
        minutes = json.loads(raw["after"]["S"]).get("time")
        if minutes is not None:
            names = ("organization_id", "time_entry_id", "id", "created_at")
            organization_id, entry_id, revision_id, created_at = (
                _integer(raw, name) for name in names
            )
            yield organization_id, entry_id, revision_id, created_at, minutes


def old_revisions_table() -> str:
    """The full name of the table of revisions of version 0.2.0."""
    prefix = table_name(TimeEntryModel).removesuffix(TimeEntryModel.Meta.bare_name)
    return f"{prefix}{OLD_TABLE}"


def old_revisions(reader: TableReader) -> Iterator[RawItem]:
    """The revisions of version 0.2.0; none if their table does not exist."""
    try:
        yield from reader.scan(old_revisions_table())
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _integer(item: RawItem, name: str) -> int:
    return int(item[name]["N"])
