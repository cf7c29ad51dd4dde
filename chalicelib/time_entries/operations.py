"""Create, show, list, update and delete time entries. Contract section 10."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied, Conflict, Unavailable
from chalicelib.core.ids import new_nonce
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import (
    Caller,
    ViewPolicy,
    Visibility,
    limit_to_caller,
    require_view,
    resolve_person,
)
from chalicelib.core.timestamps import local_date
from chalicelib.core.unit_of_work import Attempt, Decision, Load, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.dynamodb.database import LoadedRecords
from chalicelib.organizations.periods import require_open_date, require_open_start
from chalicelib.people.model import Person
from chalicelib.revisions.model import ManualEdit
from chalicelib.services.model import Service
from chalicelib.time_entries import lists, repository
from chalicelib.time_entries.model import EntryQuery, References, TimeEntry
from chalicelib.time_entries.purge_deleted import purge_step
from chalicelib.time_entries.rules import (
    MAX_TIMERS_PER_STEP,
    UpdateResult,
    decide_deletion,
    decide_entry,
    decide_entry_update,
    uncover_running,
)
from chalicelib.timers.model import PersonState, Timer

MAX_PURGE_STEPS = 10
"""Transactions that delete the other timers of an entry, after the one that hides it."""

VIEW_TIME_ENTRY: ViewPolicy[TimeEntry] = ViewPolicy(
    Visibility.OWNER, lambda entry: entry.person_id, owner_changes=True
)


class TimeEntries:
    """Operations on time entries."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def show(self, caller: Caller, entry_id: int) -> TimeEntry:
        """A time entry that the caller may see. One call. Raises ``RecordNotFound``."""
        entry = self._database.get(TimeEntry, caller.organization.id, entry_id)
        return require_view(caller, VIEW_TIME_ENTRY, entry)

    def create(
        self, caller: Caller, values: Mapping[str, Any], options: WriteOptions = NO_OPTIONS
    ) -> Result[TimeEntry]:
        """Create an entry manually, dated today if no date is given. Two calls.

        Raises ``AccessDenied``, ``InvalidAttribute``.
        """
        person_id = resolve_person(caller, values.get("person"))
        entity_ids = ((Person, person_id), (Service, values["service"]))

        def decide(attempt: Attempt) -> Decision[TimeEntry]:
            loaded, now = attempt.loaded, attempt.now
            edit = self._edit(caller, now)
            references = _references(loaded, {**values, "person": person_id})
            _check_caller(caller, person_id, references.person)
            today = local_date(now, caller.organization.zone)
            entry_id = self._dependencies.ids.generate()
            dated = {"date": today, **values}
            created = decide_entry(
                entry_id, references, dated, edit, new_nonce(), is_history=options.is_history
            )
            require_open_date(caller.organization, created.entry.date)
            return _decision(created)

        load = Load(caller.organization.id, entity_ids)
        return commit_with_retry(self._dependencies, options, decide, load)

    def update(
        self,
        caller: Caller,
        entry_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[TimeEntry]:
        """Update an entry. Two calls; one if nothing changes.

        Three if the time changes while a timer is running on it that it covers.

        Raises ``AccessDenied``, ``Conflict``, ``InvalidAttribute``, ``RecordNotFound``.
        """
        named = [(entity, values[name]) for name, entity in _REFERENCES.items() if name in values]

        def decide(attempt: Attempt) -> Decision[TimeEntry]:
            loaded, now = attempt.loaded, attempt.now
            entry = _named_entry(caller, attempt, entry_id)
            if values.get("person", entry.person_id) != entry.person_id:
                resolve_person(caller, values["person"])
            references, edit = _references(loaded, values), self._edit(caller, now)
            update = decide_entry_update(entry, values, references, edit)
            if update.records:
                require_open_date(caller.organization, entry.date)
                require_open_date(caller.organization, update.entry.date)
            return _decision(self._uncover_running(entry, update))

        load = Load(caller.organization.id, ((TimeEntry, entry_id), *named))
        return commit_with_retry(self._dependencies, options, decide, load)

    def delete(
        self, caller: Caller, entry_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[None]:
        """Delete an entry with its timers. If they are many, some transactions follow the first.

        Two calls; four if it has timers, and four for each further transaction. What they do not
        delete, the next scheduled purge deletes. Raises ``Conflict``, ``RecordNotFound``.
        """

        remaining = 0

        def decide(attempt: Attempt) -> Decision[None]:
            nonlocal remaining
            entry = _named_entry(caller, attempt, entry_id)
            require_open_date(caller.organization, entry.date)
            timers = []
            if entry.timer_count and entry.running_timer_id is None:
                connection = self._database.connection
                timers = list(repository.load_timers(connection, entry, MAX_TIMERS_PER_STEP))
            for timer in timers:
                # The first ones: what the purge deletes later starts later.
                require_open_start(caller.organization, timer.started_at, timer.id)
            deletion = decide_deletion(entry, timers, self._edit(caller, attempt.now))
            remaining = deletion.entry.timer_count
            return Decision(None, deletion.write_set, deletion.records)

        load = Load(caller.organization.id, ((TimeEntry, entry_id),))
        result = commit_with_retry(self._dependencies, options, decide, load)
        self._purge(caller.organization.id, entry_id, remaining)
        return result

    def _purge(self, organization_id: int, entry_id: int, remaining: int | None) -> None:
        with suppress(Conflict, Unavailable):
            for _ in range(MAX_PURGE_STEPS):
                if not remaining:
                    break
                remaining = purge_step(self._dependencies, organization_id, entry_id)

    def page(self, caller: Caller, query: EntryQuery) -> Page[TimeEntry]:
        """A page by number of the entries that the caller may see.

        At most three calls in sequence if an index serves the query, two more if the counters are
        behind; else at most five.
        """
        return lists.page(self._database.connection, _visible_to(caller, query))

    def cursor_page(
        self,
        caller: Caller,
        query: EntryQuery,
        conditions: object,
        position: Callable[[str], str | None],
    ) -> tuple[CursorPage[TimeEntry], str]:
        """A cursor page of the entries that the caller may see, and the list's description.

        ``conditions`` are what the description says about the query's predicate. ``position`` gets
        the description and returns where to begin; None: at the beginning. Its exceptions are not
        caught. One call if an index serves the query, else at most five.
        """
        visible = _visible_to(caller, query)
        scope = visible.organization_id, sorted(visible.person_ids or ())
        description = repr((scope, visible.sort.value, visible.descending, conditions))
        start = position(description)
        page = lists.cursor_page(self._database.connection, visible, start, visible.page_size)
        return page, description

    def _uncover_running(self, entry: TimeEntry, update: UpdateResult) -> UpdateResult:
        timer_id = entry.running_timer_id
        is_same = (update.entry.covered_to, update.entry.uncovered_ids) == (
            entry.covered_to,
            entry.uncovered_ids,
        )
        if timer_id is None or is_same or not entry.covers(timer_id):
            return update
        loaded = self._database.get_many(
            entry.organization_id, [(Timer, timer_id), (PersonState, entry.person_id)]
        )
        timer = loaded.get(Timer, timer_id)
        if timer is None:
            raise ConcurrentModification
        state = loaded.require(PersonState, entry.person_id)
        return uncover_running(update, timer, state) if timer.covered else update

    def _edit(self, caller: Caller, now: int) -> ManualEdit:
        revision_id = self._dependencies.ids.generate()
        return ManualEdit(caller.person_id, caller.token_id, now, revision_id)


_REFERENCES: Mapping[str, type[Any]] = {"person": Person, "service": Service}


def _named_entry(caller: Caller, attempt: Attempt, entry_id: int) -> TimeEntry:
    entry = require_view(caller, VIEW_TIME_ENTRY, attempt.loaded.get(TimeEntry, entry_id))
    return attempt.require_match(entry)


def _references(loaded: LoadedRecords, values: Mapping[str, Any]) -> References:
    named = {name: loaded.get(entity, values.get(name)) for name, entity in _REFERENCES.items()}
    return References(**named)


def _check_caller(caller: Caller, person_id: int, person: Person | None) -> None:
    is_inactive = person is None or person.deactivated_at is not None
    if is_inactive and person_id == caller.person_id:
        # A revoked token may stay in the cache of callers for up to 60 seconds.
        raise AccessDenied("You are deactivated. Ask an admin to restore you.")


def _decision(update: UpdateResult) -> Decision[TimeEntry]:
    return Decision(update.entry, update.write_set, update.records)


def _visible_to(caller: Caller, query: EntryQuery) -> EntryQuery:
    return replace(query, person_ids=limit_to_caller(caller, query.person_ids))
