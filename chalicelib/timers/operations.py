"""Start, stop, show and list timers."""

from collections.abc import Callable
from dataclasses import fields, replace

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import AccessDenied, InvalidAttribute, RecordNotFound
from chalicelib.core.idempotency import Outcome, RequestKey
from chalicelib.core.permissions import acts_for, may_see
from chalicelib.core.unit_of_work import Answer, Decision, replay, settle
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Caller, Service
from chalicelib.domain.queries import Page, Stretch, TimerQuery
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.dynamodb.database import StartState, StopState
from chalicelib.dynamodb.transactions import LostRace
from chalicelib.jsonapi.resource import Record, Resource
from chalicelib.time_entries.api import TIME_ENTRIES
from chalicelib.timers.api import TIMERS
from chalicelib.timers.rules import (
    Drawn,
    Stopped,
    correction,
    decide_correction,
    decide_start,
    decide_stop,
)


@dataclass(frozen=True, slots=True)
class StartTimer:
    """What a caller asks for: a time entry, or else a service; for whom (None: for themselves),
    and when it started (an instant; None: now)."""

    time_entry_id: int | None = None
    service_id: int | None = None
    person_id: int | None = None
    started_at: int | None = None


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Which timer, or what runs on which time entry, and when it stopped (None: now)."""

    timer_id: int | None = None
    time_entry_id: int | None = None
    stopped_at: int | None = None


def show_timer(tools: Toolbox, caller: Caller, timer_id: int | None) -> Timer:
    """A timer that the caller may see. Raises :class:`RecordNotFound` for any other id."""
    if timer_id is None:
        raise RecordNotFound
    return _visible(caller, tools.store.timer(caller.organization.id, timer_id))


def list_timers(tools: Toolbox, caller: Caller, query: TimerQuery) -> Page[Timer]:
    """A page of the timers that the caller may see: a member's list holds only their own."""
    return tools.store.timers(_within_sight(caller, query))


def walk_timers(
    tools: Toolbox, caller: Caller, query: TimerQuery, position: Callable[[str], str | None]
) -> tuple[Stretch[Timer], str]:
    """The timers behind a position of the list that the caller may see, and what that list is.

    ``position`` is told everything that makes the list, and gives where to begin; None: at its
    beginning. What it raises passes.
    """
    seen = replace(_within_sight(caller, query), page=1, page_size=1)
    listing = _description(seen)
    return tools.store.stretch(seen, position(listing), query.page_size), listing


def _within_sight(caller: Caller, query: TimerQuery) -> TimerQuery:
    if may_see(caller, TIMERS.visibility, None):
        return query
    own = frozenset({caller.person_id})
    return replace(query, person_ids=own if query.person_ids is None else own & query.person_ids)


def _description(query: TimerQuery) -> str:
    # Sets have no order of their own, and another one in each process.
    values = (getattr(query, field.name) for field in fields(query))
    return repr([sorted(it) if isinstance(it, frozenset) else it for it in values])


def start_timer(
    tools: Toolbox, caller: Caller, command: StartTimer, key: RequestKey | None = None
) -> Answer[Outcome]:
    """Start a timer; whatever runs stops in the same transaction. Contract section 3.

    With a key, a repeat answers what the first answered. Raises ``AccessDenied``,
    ``InvalidAttribute``, ``OverlapsSession``, ``IdempotencyKeyReused``, ``Conflict``,
    ``Unavailable``; then nothing was written, but for the last, where all or nothing was.
    """
    person_id = acts_for(caller, command.person_id)
    service_id = command.service_id if command.time_entry_id is None else None
    if command.time_entry_id is None and service_id is None:
        raise InvalidAttribute("service")

    def decide() -> Decision[Outcome] | Answer[Outcome]:
        now = tools.now()
        state = tools.store.start_state(
            caller.organization.id,
            person_id,
            time_entry_id=command.time_entry_id,
            service_id=service_id,
            with_person=person_id != caller.person_id,
            key=key,
        )
        replayed = replay(state.kept, key, now)
        if replayed is not None:
            return replayed
        _check_person(state, person_id, caller)
        work = _work(state, person_id, command)
        drawn = Drawn(now, tools.ids.draw(after=state.slot.last_timer_id), tools.ids.draw())
        started = decide_start(
            state.slot, work, caller.organization, drawn, command.started_at, caller.person_id
        )
        return Decision(Outcome(started.timer, started.stopped_timer_id), started.changes)

    return settle(tools, key, decide)


def stop_timer(
    tools: Toolbox, caller: Caller, command: StopTimer, key: RequestKey | None = None
) -> Answer[Outcome]:
    """Stop a timer by hand, now or when the caller says it stopped. Contract section 4.

    Raises ``RecordNotFound``, ``InvalidAttribute``, ``IdempotencyKeyReused``, ``Conflict``,
    ``Unavailable``.
    """
    if command.timer_id is None and command.time_entry_id is None:
        raise RecordNotFound

    def decide() -> Decision[Outcome] | Answer[Outcome]:
        now = tools.now()
        state = tools.store.stop_state(
            caller.organization.id,
            timer_id=command.timer_id,
            time_entry_id=command.time_entry_id,
            key=key,
        )
        replayed = replay(state.kept, key, now)
        if replayed is not None:
            return replayed
        timer = _named_timer(tools, caller, state)
        stopped = _stop(tools, timer, now, command.stopped_at)
        outcome = Outcome(stopped.timer, already_stopped=stopped.changes is None)
        return Decision(outcome, stopped.changes)

    return settle(tools, key, decide)


def _named_timer(tools: Toolbox, caller: Caller, state: StopState) -> Timer:
    entry = state.time_entry
    if entry is None:
        return _visible(caller, state.timer)
    if entry.latest_timer_id is None or not _sees(caller, TIME_ENTRIES, entry):
        raise RecordNotFound
    # What runs on an entry is the latest that was started on it; where nothing runs, the latest
    # is what an earlier, unanswered stop has stopped.
    timer = show_timer(tools, caller, entry.latest_timer_id)
    if timer.stopped_at is not None and entry.running_timer_id == timer.id:
        raise LostRace
    return timer


def _stop(tools: Toolbox, timer: Timer, now: int, stopped_at: int | None) -> Stopped:
    earlier = correction(timer, now, stopped_at)
    if earlier is None:
        return decide_stop(timer, now, stopped_at)
    slot, entry = tools.store.correction_state(timer)
    if entry is None:
        raise LostRace
    return decide_correction(timer, slot, entry, now, earlier)


def _visible(caller: Caller, timer: Timer | None) -> Timer:
    if timer is None or not _sees(caller, TIMERS, timer):
        raise RecordNotFound
    return timer


def _sees(caller: Caller, resource: Resource[Record], record: Record) -> bool:
    return may_see(caller, resource.visibility, resource.owner(record))


def _check_person(state: StartState, person_id: int, caller: Caller) -> None:
    if person_id == caller.person_id:
        # Their token may be remembered for a moment longer than it is good.
        if state.slot.blocked:
            raise AccessDenied("You are deactivated. Ask an admin to restore you.")
        return
    if state.slot.blocked:
        raise InvalidAttribute("person")
    if state.person is None or state.person.deactivated_at is not None:
        raise InvalidAttribute("person")


def _work(state: StartState, person_id: int, command: StartTimer) -> TimeEntry | Service:
    if command.time_entry_id is not None:
        if state.time_entry is None or state.time_entry.person_id != person_id:
            raise InvalidAttribute("time_entry")
        return state.time_entry
    if state.service is None or not state.service.takes_time:
        raise InvalidAttribute("service")
    return state.service
