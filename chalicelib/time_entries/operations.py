"""Create, show, list, correct and delete time entries. Contract section 10."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import AccessDenied, QueryTooBroad
from chalicelib.core.idempotency import RequestKey
from chalicelib.core.permissions import acts_for, may_see
from chalicelib.core.record_operations import visible
from chalicelib.core.timestamps import local_date
from chalicelib.core.unit_of_work import Answer, Decision, replay, settle
from chalicelib.domain.directory import Caller, Person, Service
from chalicelib.domain.queries import EntryQuery, EntrySort, Page, Stretch
from chalicelib.domain.timers import TimeEntry
from chalicelib.dynamodb.database import Found
from chalicelib.jsonapi.conditions import Conditions, DateIs, IdsAre, Never
from chalicelib.jsonapi.in_memory_list import Position, meeting
from chalicelib.jsonapi.parameters import ListQuery, PageNumber
from chalicelib.time_entries.api import TIME_ENTRIES
from chalicelib.time_entries.rules import (
    MOST_TIMERS_A_STEP,
    ByHand,
    Changed,
    Related,
    Revision,
    decide_deletion,
    decide_entry,
    decide_entry_change,
)

_DATES = ("date", "after", "before")


class TimeEntries:
    """The verbs on time entries; each settles in one transaction."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def create(
        self, caller: Caller, values: Mapping[str, Any], key: RequestKey | None
    ) -> Answer[TimeEntry]:
        """Make an entry by hand, today where no date is said. Two calls.

        Raises ``AccessDenied``, ``InvalidAttribute``.
        """
        person_id = acts_for(caller, values.get("person"))
        wanted = [(Person, person_id), (Service, values["service"])]

        def decide() -> Decision[TimeEntry] | Answer[TimeEntry]:
            by = self._by(caller)
            found = self._tools.store.look(caller.organization.id, wanted, key=key)
            replayed = replay(found.kept, key, by.now)
            if replayed is not None:
                return replayed
            related = _related(found, {**values, "person": person_id})
            _check_caller(caller, person_id, related.person)
            today = local_date(by.now, caller.organization.zone)
            given = {"date": today, **values}
            return _decision(decide_entry(self._tools.ids.draw(), related, given, by))

        return settle(self._tools, key, decide)

    def change(self, caller: Caller, entry_id: int, values: Mapping[str, Any]) -> Answer[TimeEntry]:
        """Correct an entry. Two calls; one where nothing changes.

        Raises ``AccessDenied``, ``Conflict``, ``InvalidAttribute``, ``RecordNotFound``.
        """
        named = [(kind, values[it]) for it, kind in _RELATED.items() if it in values]

        def decide() -> Decision[TimeEntry]:
            found, entry = self._find(caller, entry_id, named)
            if values.get("person", entry.person_id) != entry.person_id:
                acts_for(caller, values["person"])
            related = _related(found, values)
            return _decision(decide_entry_change(entry, values, related, self._by(caller)))

        return settle(self._tools, None, decide)

    def delete(self, caller: Caller, entry_id: int) -> None:
        """Delete an entry with its timers; where they are many, the sweep removes the rest.

        Two calls; four where it has timers. Raises ``Conflict``, ``RecordNotFound``.
        """

        def decide() -> Decision[TimeEntry]:
            _, entry = self._find(caller, entry_id)
            timers = []
            if entry.timer_count and entry.running_timer_id is None:
                timers = list(self._tools.store.timers_of_entry(entry, MOST_TIMERS_A_STEP))
            return _decision(decide_deletion(entry, timers, self._by(caller)))

        settle(self._tools, None, decide)

    def revisions(self, caller: Caller, ids: frozenset[int] | None) -> Sequence[Revision]:
        """What was changed by hand of some entries, deleted ones too. One call an entry.

        Raises ``QueryTooBroad`` where no entry is named.
        """
        if ids is None:
            raise QueryTooBroad(
                "filter[time_entry_id]", "Name 1 to 20 time entries in this filter."
            )
        organization_id = caller.organization.id
        store = self._tools.store
        return [it for entry_id in sorted(ids) for it in store.revisions(organization_id, entry_id)]

    def page(self, caller: Caller, asked: ListQuery) -> Page[TimeEntry]:
        """A page of the entries that the caller may see."""
        return self._tools.store.time_entries(_query(caller, asked))

    def walk(
        self, caller: Caller, asked: ListQuery, position: Position
    ) -> tuple[Stretch[TimeEntry], str]:
        """The entries behind a position of the list that the caller may see, and what it is."""
        query = _query(caller, asked)
        whose = query.organization_id, sorted(query.person_ids or ())
        listing = repr((whose, asked.sort, asked.descending, asked.conditions.described()))
        return self._tools.store.entry_stretch(query, position(listing), query.page_size), listing

    def _find(
        self, caller: Caller, entry_id: int, named: Sequence[tuple[type[Any], int]] = ()
    ) -> tuple[Found, TimeEntry]:
        found = self._tools.store.look(caller.organization.id, [(TimeEntry, entry_id), *named])
        entry = found.record(TimeEntry, entry_id)
        entry = visible(caller, TIME_ENTRIES, entry)
        return found, entry

    def _by(self, caller: Caller) -> ByHand:
        return ByHand(caller.person_id, self._tools.now(), self._tools.ids.draw())


_RELATED: Mapping[str, type[Any]] = {"person": Person, "service": Service}


def _related(found: Found, values: Mapping[str, Any]) -> Related:
    named = {name: found.record(kind, values.get(name, 0)) for name, kind in _RELATED.items()}
    return Related(**named)


def _check_caller(caller: Caller, person_id: int, person: Person | None) -> None:
    gone = person is None or person.deactivated_at is not None
    if gone and person_id == caller.person_id:
        # Their token may be remembered for a moment longer than it is good.
        raise AccessDenied("You are deactivated. Ask an admin to restore you.")


def _decision(changed: Changed) -> Decision[TimeEntry]:
    return Decision(changed.entry, changed.changes, changed.records)


def _query(caller: Caller, asked: ListQuery) -> EntryQuery:
    conditions = asked.conditions
    person_ids = conditions.ids("person_id")
    if not may_see(caller, TIME_ENTRIES.visibility, None):
        own = frozenset({caller.person_id})
        person_ids = own if person_ids is None else own & person_ids
    first, last = conditions.dates(*_DATES)
    nothing = any(isinstance(it, Never) for them in conditions.by_name.values() for it in them)
    return EntryQuery(
        organization_id=caller.organization.id,
        ids=frozenset() if nothing else conditions.ids("id"),
        person_ids=person_ids,
        service_ids=conditions.ids("service_id"),
        first_date=first,
        last_date=last,
        meets=None if _is_said(conditions) else meeting(TIME_ENTRIES, conditions),
        sort=EntrySort(asked.sort),
        descending=asked.descending,
        page=asked.page.number if isinstance(asked.page, PageNumber) else 1,
        page_size=asked.page.size,
    )


def _is_said(conditions: Conditions) -> bool:
    """Whether ids and a range of dates say all that is asked for."""
    return all(
        (isinstance(it, IdsAre) and it.among and name in ("id", "person_id", "service_id"))
        or (isinstance(it, DateIs) and it.inside)
        for name, them in conditions.by_name.items()
        for it in them
    )
