"""Edit, correct and delete sessions manually. Contract sections 4 and 4a."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility, require_view
from chalicelib.core.unit_of_work import Attempt, Decision, Load, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.counters.model import PersonDay
from chalicelib.people.model import Person
from chalicelib.revisions.model import ManualEdit
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.closed_periods import require_open_edit, require_open_session
from chalicelib.timers.days import DaySessions
from chalicelib.timers.edit_rules import LoadedTimeline, decide_deletion, decide_edit
from chalicelib.timers.edits import Edit, days_to_check, needs_timeline, resolve_edit
from chalicelib.timers.late_starts import (
    AutoStopped,
    find_last_session,
    is_superseded_by_start,
    supersede,
)
from chalicelib.timers.model import PersonState, Timer, TimerOutcome
from chalicelib.timers.rules import Started

VIEW_TIMER: ViewPolicy[Timer] = ViewPolicy(Visibility.OWNER, lambda timer: timer.person_id)


class TimerEditing:
    """Operations that change the sessions of a person afterwards."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def update(
        self, caller: Caller, timer_id: int, edit: Edit, options: WriteOptions = NO_OPTIONS
    ) -> Result[TimerOutcome]:
        """Change the start, the stop or the time entry of a timer. Three calls.

        One call if nothing changes. Raises ``InvalidAttribute``, ``OverlapsSession``,
        ``RecordNotFound``, ``IdempotencyKeyReused``, ``PreconditionFailed``; ``Conflict``: nothing
        was written; ``Unavailable``: all or nothing was.
        """
        new_entry_id = None if edit.time_entry_id is UNSET else edit.time_entry_id

        def decide(attempt: Attempt) -> Decision[TimerOutcome]:
            timer, now = _named_timer(caller, attempt, timer_id), attempt.now
            new_entry = None
            if new_entry_id not in (None, timer.time_entry_id):
                new_entry = attempt.loaded.get(TimeEntry, new_entry_id)
                if new_entry is None or new_entry.person_id != timer.person_id:
                    raise InvalidAttribute("time_entry")
            after, adjusted = resolve_edit(timer, edit, now)
            return self._edit(caller, timer, after, new_entry, adjusted, now)

        load = Load(caller.organization.id, [(Timer, timer_id), (TimeEntry, new_entry_id)])
        return commit_with_retry(self._dependencies, options, decide, load)

    def delete(
        self, caller: Caller, timer_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[None]:
        """Delete a timer, running or not, and its seconds. Three calls.

        Raises ``RecordNotFound``, ``IdempotencyKeyReused``, ``PreconditionFailed``, ``Conflict``,
        ``Unavailable``.
        """

        def decide(attempt: Attempt) -> Decision[None]:
            timer = _named_timer(caller, attempt, timer_id)
            timeline = self._load(timer, with_state=timer.stopped_at is None)
            require_open_session(caller.organization, timer, timeline.entry)
            deleted = decide_deletion(timer, timeline, self._manual_edit(caller, attempt.now))
            return Decision(None, deleted.write_set, deleted.records)

        load = Load(caller.organization.id, [(Timer, timer_id)])
        return commit_with_retry(self._dependencies, options, decide, load)

    def correct(
        self, caller: Caller, timer: Timer, stop: int, requested: int | None, now: int
    ) -> Decision[TimerOutcome]:
        """Decide to move an automatic stop to an earlier timestamp. One call."""
        after = replace(timer, stopped_at=stop, stop_reason=None)
        adjusted = () if stop == requested else ("stopped_at",)
        return self._edit(caller, timer, after, None, adjusted, now)

    def load_auto_stopped(
        self, state: PersonState, start: int, work: TimeEntry | Service, days: Sequence[DaySessions]
    ) -> AutoStopped | None:
        """The last session of a person, if a late start at the timestamp ``start`` supersedes it.

        No call if no session is in the way; else one for its timer, and one for its time entry,
        unless it is ``work``.
        """
        session = find_last_session(state, start, days)
        if session is None:
            return None
        timer = self._database.get(Timer, state.organization_id, session.timer_id)
        if timer is None or timer.stopped_at != session.stopped_at:
            raise ConcurrentModification
        if not is_superseded_by_start(timer):
            return None
        if isinstance(work, TimeEntry) and work.id == timer.time_entry_id:
            return AutoStopped(timer, work, days)
        return AutoStopped(timer, self._load(timer, with_state=False).entry, days)

    def supersede(
        self, caller: Caller, started: Started, auto_stopped: AutoStopped, now: int
    ) -> Started:
        """Add to a late start the writes of the session that it supersedes."""
        return supersede(started, auto_stopped, self._manual_edit(caller, now))

    def _edit(
        self,
        caller: Caller,
        timer: Timer,
        after: Timer,
        new_entry: TimeEntry | None,
        adjusted: tuple[str, ...],
        now: int,
    ) -> Decision[TimerOutcome]:
        if after == timer:
            return Decision(TimerOutcome(timer, adjusted=adjusted))
        days = days_to_check(timer, after, now)
        with_state = needs_timeline(timer, after)
        timeline = self._load(timer, new_entry, with_state=with_state, days=days)
        require_open_edit(caller.organization, timer, after, timeline.entry, new_entry)
        edit = self._manual_edit(caller, now)
        edited = decide_edit(timer, after, timeline, caller.organization, edit)
        outcome = TimerOutcome(edited.timer, adjusted=adjusted)
        return Decision(outcome, edited.write_set, edited.records)

    def _manual_edit(self, caller: Caller, now: int) -> ManualEdit:
        revision_id = self._dependencies.ids.generate()
        return ManualEdit(caller.person_id, caller.token_id, now, revision_id)

    def _load(
        self,
        timer: Timer,
        new_entry: TimeEntry | None = None,
        *,
        with_state: bool,
        days: Collection[int] = (),
    ) -> LoadedTimeline:
        entity_ids: list[tuple[type[Any], Any]] = [
            (TimeEntry, timer.time_entry_id),
            (PersonState, timer.person_id if with_state else None),
            (Person, timer.person_id if with_state else None),
            *(
                (DaySessions, PersonDay(timer.organization_id, timer.person_id, day))
                for day in days
            ),
        ]
        # Includes an entry that is deleted and not purged yet: it still counts its timers.
        loaded = self._database.get_many(timer.organization_id, entity_ids, include_deleted=True)
        entry = loaded.get(TimeEntry, timer.time_entry_id)
        if entry is None:
            raise ConcurrentModification
        return LoadedTimeline(
            entry,
            new_entry,
            loaded.get(PersonState, timer.person_id) if with_state else None,
            [day for day in loaded.records.values() if isinstance(day, DaySessions)],
            loaded.get(Person, timer.person_id),
        )


def _named_timer(caller: Caller, attempt: Attempt, timer_id: int) -> Timer:
    timer = require_view(caller, VIEW_TIMER, attempt.loaded.get(Timer, timer_id))
    return attempt.require_match(timer)
