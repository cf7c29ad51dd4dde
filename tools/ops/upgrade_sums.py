"""Fill the sums of time entries, which version 0.2.0 did not store. Never reads an index.

Safe while people work: every request changes an entry and its sums in one transaction, so the
difference between both stays right until it is written. It is computed from entries that are read
before and after the sums, and have not changed in between.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from pynamodb.exceptions import UpdateError

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.counters.model import (
    CounterKind,
    EntryCounterDeltas,
    EntryMonth,
    PersonDay,
    day_sums,
)
from chalicelib.counters.repository import CounterModel, counters_in, range_request
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, table_name
from chalicelib.dynamodb.items import from_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.model import PersonState
from tools.ops.invariants import PersonSnapshot, derived_entry_counters
from tools.ops.snapshot import Scope, repair_entry_counters
from tools.ops.upgrade_report import UpgradeReport
from tools.ops.upgrade_scan import TableReader

_ATTEMPTS = 8
_DELAY_SECONDS = 0.2
_BATCH = 100
"""The items of one BatchGetItem."""

_TABLES = """
CREATE TABLE entries (organization_id, person_id, id);
CREATE TABLE sums (organization_id, person_id, name, value);
"""
_PEOPLE = """
SELECT DISTINCT organization_id, person_id FROM (
    SELECT organization_id, person_id FROM sums
    GROUP BY organization_id, person_id, name HAVING sum(value) <> 0
) ORDER BY 1, 2
"""


class SumUpgrade:
    """Fills the sums of people, one at a time. In a dry run it writes nothing."""

    def __init__(
        self,
        dependencies: Dependencies,
        reader: TableReader,
        report: UpgradeReport,
        *,
        dry_run: bool,
    ) -> None:
        self._dependencies = dependencies
        self._reader = reader
        self._report = report
        self._dry_run = dry_run

    def run(self) -> None:
        """Compare all sums with the time entries, and correct those that differ."""
        # An empty name: a private database in a temporary file.
        with closing(sqlite3.connect("")) as found:
            found.executescript(_TABLES)
            self._scan(found)
            found.execute("CREATE INDEX by_person ON entries (organization_id, person_id)")
            for scope in list(found.execute(_PEOPLE)):
                self._report.sums += 1
                if not self._dry_run:
                    rows = found.execute(
                        "SELECT id FROM entries WHERE organization_id = ? AND person_id = ?", scope
                    )
                    self._fill(scope, [entry_id for (entry_id,) in rows])

    def _scan(self, found: sqlite3.Connection) -> None:
        add_entry = "INSERT INTO entries VALUES (?, ?, ?)"
        add_sum = "INSERT INTO sums VALUES (?, ?, ?, ?)"
        for raw in self._reader.scan(table_name(TimeEntryModel)):
            entry = from_item(TimeEntry, raw)
            deltas = EntryCounterDeltas()
            deltas.added(entry)
            for month in deltas.collected():
                found.execute(add_entry, (*_owner(month.name), entry.id))
                found.executemany(add_sum, _rows(month.name, month.counters.items(), 1))
        for raw in self._reader.scan(table_name(CounterModel)):
            for name, counter, value in _stored(raw):
                found.executemany(add_sum, _rows(name, [(counter, value)], -1))

    def _fill(self, scope: Scope, entry_ids: Sequence[int]) -> None:
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._dependencies.sleep(_DELAY_SECONDS * attempt)
            try:
                if self._correct(scope, entry_ids):
                    return
                break
            except ConcurrentModification:
                continue
        self._report.problems.append(
            f"organization {scope[0]}, person {scope[1]}: "
            "time entries were created meanwhile. Run the command again"
        )

    def _correct(self, scope: Scope, entry_ids: Sequence[int]) -> bool:
        """Correct the sums of a person. Return False if some dates have entries that are newer."""
        before = self._entries(scope, entry_ids)
        days: dict[str, dict[str, int]] = {}
        months: dict[EntryMonth, dict[str, int]] = {}
        for raw in self._counters(scope):
            match keys.counter_key_in(raw["scope"]["S"], raw["bucket"]["S"]):
                case EntryMonth() as name:
                    months[name] = counters_in(raw)
                case PersonDay() as name:
                    days[raw["bucket"]["S"]] = counters_in(raw)
                case None:
                    pass
        if self._entries(scope, entry_ids) != before:
            raise ConcurrentModification
        snapshot = PersonSnapshot(
            *scope, PersonState(*scope), [], before, days, entry_counters=months
        )
        newer = _dates_with_other_entries(snapshot)
        try:
            return not repair_entry_counters(snapshot, newer, self._dependencies.sleep)
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            raise ConcurrentModification from error

    def _entries(self, scope: Scope, entry_ids: Sequence[int]) -> dict[int, TimeEntry]:
        entries: dict[int, TimeEntry] = {}
        for begin in range(0, len(entry_ids), _BATCH):
            named = [(TimeEntry, entry_id) for entry_id in entry_ids[begin : begin + _BATCH]]
            loaded = self._reader.patient(
                lambda: self._dependencies.database.get_many(scope[0], named)  # noqa: B023
            )
            entries |= {
                entry.id: entry for entry in loaded.records.values() if entry.person_id == scope[1]
            }
        return entries

    def _counters(self, scope: Scope) -> Iterator[RawItem]:
        owner = keys.scoped(*scope)
        for partition in (owner, keys.entries_scope(owner)):
            # The sort keys of these counters begin with a year.
            request = range_request(partition, "0", ":")
            for page in self._reader.pages("Query", request):
                yield from page


def _dates_with_other_entries(snapshot: PersonSnapshot) -> set[tuple[EntryMonth, str]]:
    """The dates whose number of entries differs: some were created after the scan."""
    derived = derived_entry_counters(snapshot.entries.values())
    return {
        (name, counter[1:])
        for name in derived.keys() | snapshot.entry_counters.keys()
        for counter in derived.get(name, {}).keys() | snapshot.entry_counters.get(name, {}).keys()
        if counter[0] == CounterKind.ENTRIES
        and derived.get(name, {}).get(counter, 0)
        != snapshot.entry_counters.get(name, {}).get(counter, 0)
    }


def _stored(raw: RawItem) -> Iterator[tuple[EntryMonth, str, int]]:
    match keys.counter_key_in(raw["scope"]["S"], raw["bucket"]["S"]):
        case EntryMonth() as name:
            for counter, value in counters_in(raw).items():
                yield name, counter, value
        case PersonDay() as name:
            yield from day_sums(name, counters_in(raw))
        case None:
            pass


def _owner(name: EntryMonth) -> Scope:
    return name.organization_id, name.person_id


def _rows(name: EntryMonth, counters: Any, sign: int) -> Iterator[tuple[int, int, str, int]]:
    for counter, value in counters:
        yield *_owner(name), f"{name.service_id}#{name.month}#{counter}", sign * value
