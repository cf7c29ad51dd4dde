"""Start, stop, show and list timers. Contract sections 3, 4 and 6."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import fields, replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied, InvalidAttribute, RecordNotFound
from chalicelib.core.idempotency import IdempotencyKey, IdempotencyRecord
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import (
    Caller,
    ViewPolicy,
    Visibility,
    limit_to_caller,
    require_view,
    resolve_person,
)
from chalicelib.core.unit_of_work import Decision, Result, commit_with_retry, replay
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.dynamodb.database import LoadedRecords
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import VIEW_TIME_ENTRY
from chalicelib.timers import lists
from chalicelib.timers.model import PersonState, Timer, TimerOutcome, TimerQuery
from chalicelib.timers.rules import (
    GeneratedIds,
    Stopped,
    correction,
    decide_correction,
    decide_start,
    decide_stop,
)

VIEW_TIMER: ViewPolicy[Timer] = ViewPolicy(Visibility.OWNER, lambda timer: timer.person_id)


class StartCommand(Struct, frozen=True):
    """What a caller asks to start: on a time entry, or else on a service.

    :param person_id: for whom; None: for the caller.
    :param started_at: the timestamp of the start; None: now.
    """

    time_entry_id: int | None = None
    service_id: int | None = None
    person_id: int | None = None
    started_at: int | None = None


class StopCommand(Struct, frozen=True):
    """What a caller asks to stop: a timer, or the running timer of a time entry.

    ``stopped_at`` is the timestamp of the stop; None: now.
    """

    timer_id: int | None = None
    time_entry_id: int | None = None
    stopped_at: int | None = None


class Timers:
    """Operations on timers."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def show(self, caller: Caller, timer_id: int) -> Timer:
        """A timer that the caller may see. One call. Raises ``RecordNotFound``."""
        timer = self._database.get(Timer, caller.organization.id, timer_id)
        return require_view(caller, VIEW_TIMER, timer)

    def page(self, caller: Caller, query: TimerQuery) -> Page[Timer]:
        """A page by number of the timers that the caller may see.

        At most three calls in sequence if an index serves the query, else at most five.
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
        self, caller: Caller, command: StartCommand, key: IdempotencyKey | None = None
    ) -> Result[TimerOutcome]:
        """Start a timer; a running one stops in the same transaction. Contract section 3.

        With a key, a repeat returns what the first request returned. Two calls. Raises
        ``AccessDenied``, ``InvalidAttribute``, ``OverlapsSession``, ``IdempotencyKeyReused``,
        ``Conflict``: nothing was written; ``Unavailable``: all or nothing was.
        """
        person_id = resolve_person(caller, command.person_id)
        entry_id = command.time_entry_id
        service_id = command.service_id if entry_id is None else None
        if entry_id is None and service_id is None:
            raise InvalidAttribute("service")
        entity_ids = [
            (PersonState, person_id),
            (TimeEntry, entry_id),
            (Service, service_id),
            (Person, None if person_id == caller.person_id else person_id),
            (IdempotencyRecord, key),
        ]

        def decide(now: int) -> Decision[TimerOutcome] | Result[TimerOutcome]:
            loaded = self._database.get_many(caller.organization.id, entity_ids)
            replayed = replay(loaded.get(IdempotencyRecord, key), key, now)
            if replayed is not None:
                return replayed
            state = loaded.require(PersonState, person_id)
            _check_person(caller, state, loaded.get(Person, person_id))
            work = _work(loaded, person_id, command)
            ids = self._dependencies.ids
            generated = GeneratedIds(now, ids.generate(after=state.last_timer_id), ids.generate())
            started = decide_start(
                state, work, caller.organization, generated, command.started_at, caller.person_id
            )
            outcome = TimerOutcome(started.timer, started.stopped_timer_id)
            return Decision(outcome, started.write_set)

        return commit_with_retry(self._dependencies, key, decide)

    def stop(
        self, caller: Caller, command: StopCommand, key: IdempotencyKey | None = None
    ) -> Result[TimerOutcome]:
        """Stop a timer manually, now or when the caller says it stopped. Contract section 4.

        Two calls; three where a stop is corrected or a time entry is named. Raises
        ``RecordNotFound``, ``InvalidAttribute``, ``IdempotencyKeyReused``, ``Conflict``,
        ``Unavailable``.
        """
        entity_ids = [
            (Timer, command.timer_id),
            (TimeEntry, command.time_entry_id),
            (IdempotencyRecord, key),
        ]

        def decide(now: int) -> Decision[TimerOutcome] | Result[TimerOutcome]:
            loaded = self._database.get_many(caller.organization.id, entity_ids)
            replayed = replay(loaded.get(IdempotencyRecord, key), key, now)
            if replayed is not None:
                return replayed
            timer = self._named_timer(caller, loaded, command)
            stopped = self._stop(timer, now, command.stopped_at)
            outcome = TimerOutcome(stopped.timer, already_stopped=stopped.write_set is None)
            return Decision(outcome, stopped.write_set)

        return commit_with_retry(self._dependencies, key, decide)

    def _named_timer(self, caller: Caller, loaded: LoadedRecords, command: StopCommand) -> Timer:
        if command.time_entry_id is None:
            return require_view(caller, VIEW_TIMER, loaded.get(Timer, command.timer_id))
        entry = loaded.get(TimeEntry, command.time_entry_id)
        entry = require_view(caller, VIEW_TIME_ENTRY, entry)
        if entry.latest_timer_id is None:
            raise RecordNotFound
        # The running timer of an entry is its latest one. If none is running, an earlier request
        # has stopped the latest, and its response may be lost.
        timer = self.show(caller, entry.latest_timer_id)
        if timer.stopped_at is not None and entry.running_timer_id == timer.id:
            raise ConcurrentModification
        return timer

    def _stop(self, timer: Timer, now: int, stopped_at: int | None) -> Stopped:
        earlier = correction(timer, now, stopped_at)
        if earlier is None:
            return decide_stop(timer, now, stopped_at)
        # Includes an entry that is deleted and not purged yet: it still counts its timers.
        loaded = self._database.get_many(
            timer.organization_id,
            [(PersonState, timer.person_id), (TimeEntry, timer.time_entry_id)],
            include_deleted=True,
        )
        entry = loaded.get(TimeEntry, timer.time_entry_id)
        if entry is None:
            raise ConcurrentModification
        state = loaded.require(PersonState, timer.person_id)
        return decide_correction(timer, state, entry, now, earlier)


def _visible_to(caller: Caller, query: TimerQuery) -> TimerQuery:
    return replace(query, person_ids=limit_to_caller(caller, query.person_ids))


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


def _work(loaded: LoadedRecords, person_id: int, command: StartCommand) -> TimeEntry | Service:
    if command.time_entry_id is not None:
        entry = loaded.get(TimeEntry, command.time_entry_id)
        if entry is None or entry.person_id != person_id:
            raise InvalidAttribute("time_entry")
        return entry
    service = loaded.get(Service, command.service_id)
    if service is None or not service.takes_time:
        raise InvalidAttribute("service")
    return service
