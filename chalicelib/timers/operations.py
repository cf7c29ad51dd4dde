"""Start, stop, show and list timers. Contract sections 3, 4 and 6. Edits: ``editing.py``."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import fields, replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied, Conflict, InvalidAttribute, RecordNotFound
from chalicelib.core.ids import new_nonce
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import (
    Caller,
    limit_to_caller,
    require_view,
    resolve_person,
)
from chalicelib.core.reasons import Reason, refused_id
from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.core.unit_of_work import (
    Attempt,
    Decision,
    Load,
    Result,
    commit_with_retry,
)
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import ConcurrentModification, RequireRecord
from chalicelib.counters.model import PersonDay
from chalicelib.dynamodb.database import LoadedRecords
from chalicelib.people.model import Person
from chalicelib.people.rules import require_not_erased
from chalicelib.services.model import Service
from chalicelib.services.rules import refusal_reason
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import VIEW_TIME_ENTRY
from chalicelib.timers import lists
from chalicelib.timers.closed_periods import require_open_session, require_open_work
from chalicelib.timers.days import (
    CLOCK_MARGIN_SECONDS,
    DaySessions,
    days_between,
    days_until_now,
)
from chalicelib.timers.edit_rules import decide_insert
from chalicelib.timers.editing import VIEW_TIMER, TimerEditing
from chalicelib.timers.edits import MAX_SESSION_SECONDS, corrected_stop
from chalicelib.timers.late_starts import state_before
from chalicelib.timers.model import PersonState, Timer, TimerOutcome, TimerQuery
from chalicelib.timers.rules import (
    MAX_BACKDATING_SECONDS,
    EntryDetails,
    GeneratedIds,
    Started,
    decide_start,
    decide_stop,
    decide_stop_of_running,
)
from chalicelib.timers.sum_targets import with_target, with_target_of_running


class StartCommand(Struct, frozen=True):
    """What a caller asks to start: on a time entry, or else on a service.

    :param person_id: for whom; None: for the caller.
    :param started_at: the timestamp of the start; None: now.
    :param stopped_at: the timestamp of the stop of a session that is over; None: it is running.
    :param note: the note of a new time entry.
    :param billable_minutes: of a new time entry; None: they follow its time and its service.
    :param billable: whether a new time entry of history is billable; None: as its service says.
    """

    time_entry_id: int | None = None
    service_id: int | None = None
    person_id: int | None = None
    started_at: int | None = None
    stopped_at: int | None = None
    note: str | None = None
    billable_minutes: int | None = None
    billable: bool | None = None


class StopCommand(Struct, frozen=True):
    """What a caller asks to stop: a timer, or the running timer of a time entry.

    ``stopped_at`` is the timestamp of the stop; None: now.
    """

    timer_id: int | None = None
    time_entry_id: int | None = None
    stopped_at: int | None = None


class _OtherPersonsEntry(Exception):
    """The time entry in the path belongs to another person, whose time the caller may track."""

    def __init__(self, person_id: int) -> None:
        super().__init__()
        self.person_id = person_id


class _ClosedService(Exception):
    """The service of the time entry takes no time."""

    def __init__(self, service_id: int) -> None:
        super().__init__()
        self.service_id = service_id


class Timers:
    """Operations on timers."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        self._editing = TimerEditing(dependencies)

    def show(self, caller: Caller, timer_id: int) -> Timer:
        """A timer that the caller may see. One call. Raises ``RecordNotFound``."""
        timer = self._database.get(Timer, caller.organization.id, timer_id)
        return require_view(caller, VIEW_TIMER, timer)

    def page(self, caller: Caller, query: TimerQuery) -> Page[Timer]:
        """A page by number of the timers that the caller may see.

        At most three calls in sequence if an index serves the query, two more if the counters are
        behind; else at most five.
        """
        return lists.page(self._database.connection, _visible_to(caller, query))

    def cursor_page(
        self, caller: Caller, query: TimerQuery, position: Callable[[str], str | None]
    ) -> tuple[CursorPage[Timer], str]:
        """A cursor page of the timers that the caller may see, and the list's description.

        ``position`` gets the description and returns where to begin; None: at the beginning. Its
        exceptions are not caught. One call if an index serves the query, else at most five.
        """
        visible = replace(_visible_to(caller, query), page=1, page_size=1)
        listing = _description(visible)
        connection, size = self._database.connection, query.page_size
        return lists.cursor_page(connection, visible, position(listing), size), listing

    def start(
        self, caller: Caller, command: StartCommand, options: WriteOptions = NO_OPTIONS
    ) -> Result[TimerOutcome]:
        """Start a timer; a running one stops in the same transaction. Contract section 3.

        With ``stopped_at``, create a session that is over; a running timer continues. Two calls;
        at most four where a late start supersedes a session that its limit had ended. Raises
        ``AccessDenied``, ``InvalidAttribute``, ``OverlapsSession``, ``IdempotencyKeyReused``;
        ``Conflict``: nothing was written; ``Unavailable``: all or nothing was.
        """
        person_id = resolve_person(caller, command.person_id)
        return self._start_for(caller, person_id, command, options)

    def start_on_entry(
        self, caller: Caller, command: StartCommand, options: WriteOptions = NO_OPTIONS
    ) -> Result[TimerOutcome]:
        """Start a timer on a time entry that the caller may see, for the person of the entry.

        As :meth:`start`; two calls more if an admin starts for somebody else. Raises
        ``RecordNotFound`` and ``PreconditionFailed`` too.
        """
        try:
            return self._start_for(caller, caller.person_id, command, options, is_named=True)
        except _OtherPersonsEntry as error:
            person_id = error.person_id
        try:
            return self._start_for(caller, person_id, command, options, is_named=True)
        except _OtherPersonsEntry as error:
            # Another request assigned the entry to a third person meanwhile.
            raise Conflict(retry_after=1) from error

    def _start_for(
        self,
        caller: Caller,
        person_id: int,
        command: StartCommand,
        options: WriteOptions,
        *,
        is_named: bool = False,
    ) -> Result[TimerOutcome]:
        entry_id = command.time_entry_id
        service_id = command.service_id if entry_id is None else None
        if entry_id is None and service_id is None:
            raise refused_id("service", Reason.NOT_GIVEN)
        if command.started_at is None and command.stopped_at is not None:
            raise InvalidAttribute("started_at", "A session with a stop needs a start.")
        entity_ids = [
            (PersonState, person_id),
            (TimeEntry, entry_id),
            (Service, service_id),
            (Person, person_id),
        ]

        def decide(attempt: Attempt) -> Decision[TimerOutcome]:
            loaded, now = attempt.loaded, attempt.now
            if is_named:
                entry = require_view(caller, VIEW_TIME_ENTRY, loaded.get(TimeEntry, entry_id))
                if entry.person_id != person_id:
                    raise _OtherPersonsEntry(entry.person_id)
                attempt.require_match(entry)
            state = loaded.require(PersonState, person_id)
            worker = loaded.get(Person, person_id)
            required: tuple[RequireRecord, ...] = ()
            if options.is_history:
                required = (_require_receiver(worker),)
            else:
                _check_person(caller, state, worker)
            if command.stopped_at is None:
                is_retry = attempt.is_retry
                state = with_target_of_running(self._database, state, is_retry=is_retry)
            work = _work(loaded, caller, person_id, command, is_history=options.is_history)
            started = self._start(caller, command, loaded, state, work, now)
            outcome = TimerOutcome(
                started.timer, started.stopped_timer_id, adjusted=started.adjusted
            )
            return Decision(outcome, started.write_set, (*started.records, *required))

        days = [
            (DaySessions, PersonDay(caller.organization.id, person_id, day))
            for day in _days_to_check(command, self._dependencies.now())
        ]
        load = Load(caller.organization.id, [*entity_ids, *days])
        try:
            return commit_with_retry(self._dependencies, options, decide, load)
        except _ClosedService as error:
            # A third call, only to say why: the list of closed services has only their ids.
            service = self._database.get(Service, caller.organization.id, error.service_id)
            raise refused_id("service", refusal_reason(service)) from error

    def stop(
        self, caller: Caller, command: StopCommand, options: WriteOptions = NO_OPTIONS
    ) -> Result[TimerOutcome]:
        """Stop a timer manually, now or when the caller says it stopped. Contract section 4.

        Two calls; three where a stop is corrected or a time entry is named. Raises
        ``RecordNotFound``, ``InvalidAttribute``, ``IdempotencyKeyReused``, ``PreconditionFailed``,
        ``Conflict``, ``Unavailable``.
        """
        entity_ids = [
            (Timer, command.timer_id),
            (TimeEntry, command.time_entry_id),
        ]

        def decide(attempt: Attempt) -> Decision[TimerOutcome]:
            timer = self._named_timer(caller, attempt, command)
            return self._stop(caller, timer, attempt, command.stopped_at, options)

        load = Load(caller.organization.id, entity_ids)
        return commit_with_retry(self._dependencies, options, decide, load)

    def stop_running(
        self, caller: Caller, stopped_at: int | None = None, options: WriteOptions = NO_OPTIONS
    ) -> Result[TimerOutcome]:
        """Stop the caller's running timer. If none is running, return the latest as stopped.

        An earlier ``stopped_at`` corrects its automatic stop. Two calls; four where it does. Raises
        ``RecordNotFound``, ``IdempotencyKeyReused``, ``Conflict``, ``Unavailable``.
        """

        def decide(attempt: Attempt) -> Decision[TimerOutcome]:
            state = attempt.loaded.require(PersonState, caller.person_id)
            if state.running is None:
                # An earlier request may have stopped it, and its response may be lost.
                timer = self.show(caller, state.last_timer_id)
                if timer.stopped_at is None:
                    raise ConcurrentModification
                return self._stop(caller, timer, attempt, stopped_at, options)
            state = with_target_of_running(self._database, state, is_retry=attempt.is_retry)
            stopped = decide_stop_of_running(state, attempt.now, stopped_at)
            return Decision(
                TimerOutcome(stopped.timer, adjusted=stopped.adjusted), stopped.write_set
            )

        load = Load(caller.organization.id, [(PersonState, caller.person_id)])
        return commit_with_retry(self._dependencies, options, decide, load)

    def _stop(
        self,
        caller: Caller,
        timer: Timer,
        attempt: Attempt,
        stopped_at: int | None,
        options: WriteOptions,
    ) -> Decision[TimerOutcome]:
        """Decide to stop a timer, or to correct its automatic stop. A correction takes a call."""
        now = attempt.now
        earlier = corrected_stop(timer, now, stopped_at, options.clock_skew)
        if earlier is not None:
            return self._editing.correct(caller, timer, earlier, stopped_at, now)
        if timer.stopped_at is None:
            is_retry = attempt.is_retry
            timer = with_target(self._database, timer.organization_id, timer, is_retry=is_retry)
        stopped = decide_stop(timer, now, stopped_at)
        outcome = TimerOutcome(
            stopped.timer, already_stopped=stopped.write_set is None, adjusted=stopped.adjusted
        )
        return Decision(outcome, stopped.write_set)

    def _named_timer(self, caller: Caller, attempt: Attempt, command: StopCommand) -> Timer:
        loaded = attempt.loaded
        if command.time_entry_id is None:
            timer = require_view(caller, VIEW_TIMER, loaded.get(Timer, command.timer_id))
            return attempt.require_match(timer)
        entry = loaded.get(TimeEntry, command.time_entry_id)
        entry = attempt.require_match(require_view(caller, VIEW_TIME_ENTRY, entry))
        # If none is running, an earlier request may have stopped one, and its response may be lost.
        # Version 0.2.0 did not store which timer stopped last.
        timer_id = entry.running_timer_id or entry.stopped_timer_id or entry.latest_timer_id
        if timer_id is None:
            raise RecordNotFound
        timer = self.show(caller, timer_id)
        has_left = timer.stopped_at is not None or timer.time_entry_id != entry.id
        if has_left and entry.running_timer_id == timer.id:
            raise ConcurrentModification
        if timer.time_entry_id != entry.id:
            raise RecordNotFound
        return timer

    def _start(
        self,
        caller: Caller,
        command: StartCommand,
        loaded: LoadedRecords,
        state: PersonState,
        work: TimeEntry | Service,
        now: int,
    ) -> Started:
        ids = self._dependencies.ids
        timer_id = ids.generate(after=state.last_timer_id)
        generated = GeneratedIds(now, timer_id, ids.generate(), new_nonce())
        days = [day for day in loaded.records.values() if isinstance(day, DaySessions)]
        start, stop = command.started_at, command.stopped_at
        worker = loaded.get(Person, state.person_id)
        # An operator is no person: then the person who worked counts as the creator.
        creator_id = caller.person_id or state.person_id
        details = EntryDetails(
            creator_id, command.note, worker, command.billable_minutes, command.billable
        )
        organization = caller.organization
        require_open_work(organization, now if start is None else min(start, now), work, worker)
        if start is not None and stop is not None:
            span = start, stop
            return decide_insert(state, work, organization, generated, span, details, days)
        if start is None or start >= now:
            return decide_start(state, work, organization, generated, start, details)
        auto_stopped = self._editing.load_auto_stopped(state, start, work, days)
        if auto_stopped is None:
            return decide_start(state, work, organization, generated, start, details, days)
        require_open_session(organization, auto_stopped.timer, auto_stopped.entry)
        before = state_before(state, start)
        started = decide_start(before, work, organization, generated, start, details)
        return self._editing.supersede(caller, started, auto_stopped, now)


def _visible_to(caller: Caller, query: TimerQuery) -> TimerQuery:
    return replace(query, person_ids=limit_to_caller(caller, query.person_ids))


def _days_to_check(command: StartCommand, now: int) -> range:
    """The days with every session that the requested one may overlap; none if it is invalid."""
    start, stop = command.started_at, command.stopped_at
    if start is None or start > now + CLOCK_MARGIN_SECONDS:
        return range(0)
    longest = MAX_BACKDATING_SECONDS if stop is None else MAX_SESSION_SECONDS
    days = days_until_now(start, now)
    if stop is not None:
        days = days_between(start, min(stop, now + CLOCK_MARGIN_SECONDS))
    return days if len(days) <= longest // SECONDS_PER_DAY + 2 else range(0)


def _description(query: TimerQuery) -> str:
    # The order of a set differs between processes.
    values = (getattr(query, field.name) for field in fields(query))
    return repr([sorted(value) if isinstance(value, frozenset) else value for value in values])


def _check_person(caller: Caller, state: PersonState, other: Person | None) -> None:
    if state.person_id == caller.person_id:
        # A revoked token may stay in the cache of callers for up to 60 seconds.
        if state.disabled:
            raise AccessDenied("You are deactivated. Ask an admin to restore you.")
    elif state.disabled or other is None or other.deactivated_at is not None:
        raise InvalidAttribute("person")


def _require_receiver(person: Person | None) -> RequireRecord:
    """Require that a person may receive history: also if they are deactivated."""
    if person is None or person.is_erased:
        raise InvalidAttribute("person")
    return require_not_erased(person)


def _work(
    loaded: LoadedRecords,
    caller: Caller,
    person_id: int,
    command: StartCommand,
    *,
    is_history: bool = False,
) -> TimeEntry | Service:
    if command.time_entry_id is not None:
        entry = loaded.get(TimeEntry, command.time_entry_id)
        if entry is None or entry.person_id != person_id:
            raise refused_id("time_entry", Reason.UNKNOWN)
        # Its service is known only now, and is not loaded: the organization lists the closed ones.
        if entry.service_id in caller.organization.closed_service_ids:
            raise _ClosedService(entry.service_id)
        return entry
    service = loaded.get(Service, command.service_id)
    if service is None or not (service.takes_time or is_history):
        raise refused_id("service", refusal_reason(service))
    return service
