"""Upgrade the data of one person, safely while they work.

Each write requires that what it depends on is unchanged since it was read; if not, the person is
read again. A person counts as upgraded when all their days list all their sessions.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.write_set import (
    ConcurrentModification,
    CreateRecord,
    ReplaceRecord,
    RequireRecord,
    UpdateRecord,
    WriteSet,
)
from chalicelib.counters.model import timer_counters
from chalicelib.counters.repository import counters_in, range_request
from chalicelib.dynamodb import keys
from chalicelib.revisions.model import ManualEdit, RevisedRecord, Revision, RevisionSubject
from chalicelib.revisions.rules import revision_of
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import PersonState, Timer
from chalicelib.timers.repository import marks_in
from tools.ops.copy_revisions import entry_revisions
from tools.ops.day_marks import mark_updates
from tools.ops.invariants import CountersByDay, MarksByDay, derived_counters
from tools.ops.snapshot import Scope
from tools.ops.upgrade_entries import ManualTime, upgraded_entry
from tools.ops.upgrade_report import CorrectedTime, UpgradeReport
from tools.ops.upgrade_scan import FoundIds, TableReader

_ATTEMPTS = 8
_DELAY_SECONDS = 0.2
_OPERATOR = 0
"""The author of a revision that no person made."""

_BATCH = 100
"""The items of one BatchGetItem."""

Record = TypeVar("Record")
Write = CreateRecord | ReplaceRecord | RequireRecord | UpdateRecord | WriteSet


class _Person(Struct):
    """What is stored about a person: the state is read first, then the days, then the timers."""

    state: PersonState
    marks: MarksByDay
    counters: CountersByDay
    timers: Sequence[Timer]
    entries: Sequence[TimeEntry]


class PeopleUpgrade:
    """Upgrades people, one at a time. In a dry run it writes nothing."""

    def __init__(
        self,
        dependencies: Dependencies,
        reader: TableReader,
        found: FoundIds,
        report: UpgradeReport,
        *,
        dry_run: bool,
    ) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        self._reader = reader
        self._found = found
        self._dry_run = dry_run
        self._report = report

    def run(self, scope: Scope) -> None:
        """Upgrade a person, and add the result to the report. Raises ``Unavailable``."""
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._dependencies.sleep(_DELAY_SECONDS * attempt)
            try:
                self._upgrade(scope, self._read(scope))
            except ConcurrentModification:
                problem = "changed at each attempt. Run the command again"
            except ValueError as error:
                # Perhaps only because somebody works at this moment.
                problem = f"{error}. Run `make check-invariants REPAIR=1`, then the command again"
            else:
                return
        organization_id, person_id = scope
        self._report.problems.append(
            f"organization {organization_id}, person {person_id}: {problem}"
        )

    def _read(self, scope: Scope) -> _Person:
        (state,) = self._get(PersonState, scope, [scope[1]])
        marks: dict[str, dict[int, tuple[int, ...]]] = {}
        counters: dict[str, dict[str, int]] = {}
        for page in self._reader.pages("Query", _days_request(scope)):
            for raw in page:
                day = raw["bucket"]["S"]
                marks[day], counters[day] = marks_in(raw), timer_counters(counters_in(raw))
        # Today's version lists each timer that it starts, also one since the scan.
        timer_ids = {timer_id for day in marks.values() for timer_id in day}
        timer_ids.update(self._found.timer_ids(scope))
        return _Person(
            state,
            marks,
            {day: values for day, values in counters.items() if values},
            self._get(Timer, scope, sorted(timer_ids)),
            self._get(TimeEntry, scope, self._found.entry_ids(scope)),
        )

    def _upgrade(self, scope: Scope, person: _Person) -> None:
        is_old = not person.state.lists_sessions
        if is_old and derived_counters(person.timers) != person.counters:
            raise ValueError("the counters do not match the timers")
        # All decisions come before the first write.
        upgraded = [self._upgraded(entry, person.timers) for entry in person.entries]
        for before, after in zip(person.entries, upgraded, strict=True):
            if after != before:
                self._replace(before, after)
        if is_old:
            self._list_sessions(scope, person)

    def _upgraded(self, entry: TimeEntry, timers: Sequence[Timer]) -> TimeEntry:
        own = [timer for timer in timers if timer.time_entry_id == entry.id]
        manual_time = self._found.manual_time(entry)
        if manual_time is not None and self._is_outdated(entry, manual_time):
            manual_time = None
        return upgraded_entry(entry, own, manual_time, self._dependencies.now())

    def _is_outdated(self, entry: TimeEntry, manual_time: ManualTime) -> bool:
        """Whether this version already returned the entry to the time of its sessions."""
        return entry.adjusted_seconds == 0 and any(
            int(raw["id"]["N"]) > manual_time.revision_id
            and "time" in json.loads(raw["after"]["S"])
            for raw in entry_revisions(self._reader, entry.organization_id, entry.id)
        )

    def _replace(self, before: TimeEntry, after: TimeEntry) -> None:
        writes: list[Write] = [ReplaceRecord(before, after)]
        if after.time != before.time:
            writes.append(CreateRecord(self._revision(before, after)))
            self._commit(*writes)
            self._report.corrected.append(
                CorrectedTime(
                    after.organization_id, after.person_id, after.id, before.time, after.time
                )
            )
        else:
            self._commit(*writes)
        self._report.entries += 1

    def _revision(self, before: TimeEntry, after: TimeEntry) -> Revision:
        now = self._dependencies.now()
        edit = ManualEdit(_OPERATOR, None, now, self._dependencies.ids.generate())
        record = RevisedRecord(
            after.organization_id,
            RevisionSubject.TIME_ENTRY,
            after.id,
            after.id,
            after.person_id,
        )
        return revision_of(record, edit, _times(before), _times(after))

    def _list_sessions(self, scope: Scope, person: _Person) -> None:
        for update in mark_updates(*scope, person.timers, person.marks):
            self._commit(*update.writes)
            self._report.sessions += update.sessions
            self._report.days += update.days
        version = person.state.version
        self._commit(
            UpdateRecord(
                PersonState,
                *scope,
                {"lists_sessions": True, "version": version + 1},
                {"lists_sessions": None, "version": version},
            )
        )
        self._report.people += 1

    def _commit(self, *writes: Write) -> None:
        if not self._dry_run:
            # If the response is lost, the second call with the same token writes nothing.
            token = self._dependencies.request_token()
            self._reader.patient(lambda: self._database.commit(writes, token))

    def _get(self, entity: type[Record], scope: Scope, ids: Sequence[int]) -> list[Record]:
        records: list[Record] = []
        for begin in range(0, len(ids), _BATCH):
            keys_of_batch = [(entity, id_) for id_ in ids[begin : begin + _BATCH]]
            loaded = self._reader.patient(
                lambda: self._database.get_many(scope[0], keys_of_batch, include_deleted=True)  # noqa: B023
            )
            records += loaded.records.values()
        return records


def _times(entry: TimeEntry) -> dict[str, int]:
    return {"time": entry.time, "billable_time": entry.billable_time}


def _days_request(scope: Scope) -> dict[str, Any]:
    """The request for the items of a person's days. Their sort keys begin with a year."""
    return range_request(keys.scoped(*scope), "0", ":")
