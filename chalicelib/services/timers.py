"""Start, stop, show and list timers."""

from dataclasses import dataclass, replace

from chalicelib.domain.changes import Changes
from chalicelib.domain.directory import Caller, Service
from chalicelib.domain.errors import InvalidAttribute, RecordNotFound
from chalicelib.domain.policies import Visibility, acts_for, may_see
from chalicelib.domain.queries import Page, TimerQuery
from chalicelib.domain.timeline import (
    Drawn,
    Started,
    Stopped,
    correction,
    decide_correction,
    decide_start,
    decide_stop,
)
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.services.settling import settle
from chalicelib.services.toolbox import Toolbox
from chalicelib.store.store import StartState


@dataclass(frozen=True, slots=True)
class StartTimer:
    """What a caller asks for: a time entry, or else a service; for whom (None: for themselves),
    and when it started (an instant; None: now)."""

    time_entry_id: int | None = None
    service_id: int | None = None
    person_id: int | None = None
    started_at: int | None = None


def show_timer(tools: Toolbox, caller: Caller, timer_id: int | None) -> Timer:
    """A timer that the caller may see. Raises :class:`RecordNotFound` for any other id."""
    timer = None
    if timer_id is not None:
        timer = tools.store.timer(caller.organization.id, timer_id)
    if timer is None or not may_see(caller, Visibility.OWN, timer.person_id):
        raise RecordNotFound
    return timer


def list_timers(tools: Toolbox, caller: Caller, query: TimerQuery) -> Page[Timer]:
    """A page of the timers that the caller may see: a member's list holds only their own."""
    if not caller.is_admin:
        own = frozenset({caller.person_id})
        query = replace(
            query, person_ids=own if query.person_ids is None else own & query.person_ids
        )
    return tools.store.timers(query)


def start_timer(tools: Toolbox, caller: Caller, command: StartTimer) -> Started:
    """Start a timer; whatever runs stops in the same transaction. Contract section 3.

    Raises ``AccessDenied``, ``InvalidAttribute``, ``OverlapsSession``, ``Conflict``,
    ``Unavailable``; then nothing was written, but for the last, where all or nothing was.
    """
    person_id = acts_for(caller, command.person_id)
    service_id = command.service_id if command.time_entry_id is None else None
    if command.time_entry_id is None and service_id is None:
        raise InvalidAttribute("service")

    def decide() -> tuple[Started, Changes]:
        state = tools.store.start_state(
            caller.organization.id,
            person_id,
            time_entry_id=command.time_entry_id,
            service_id=service_id,
            with_person=person_id != caller.person_id,
        )
        if person_id != caller.person_id and (
            state.person is None or state.person.deactivated_at is not None
        ):
            raise InvalidAttribute("person")
        drawn = Drawn(
            now=tools.now(),
            timer_id=tools.ids.draw(after=state.slot.last_timer_id),
            time_entry_id=tools.ids.draw(),
        )
        started = decide_start(
            state.slot,
            _work(state, person_id, command),
            caller.organization,
            drawn,
            started_at=command.started_at,
            creator_id=caller.person_id,
        )
        return started, started.changes

    return settle(tools, decide)


def stop_timer(
    tools: Toolbox, caller: Caller, timer_id: int | None, stopped_at: int | None = None
) -> Stopped:
    """Stop a timer by hand, now or when the caller says it stopped. Contract section 4.

    Raises ``RecordNotFound``, ``InvalidAttribute``, ``Conflict``, ``Unavailable``.
    """

    def decide() -> tuple[Stopped, Changes | None]:
        timer = show_timer(tools, caller, timer_id)
        now = tools.now()
        stopped = decide_stop(timer, now, stopped_at)
        earlier = correction(timer, now, stopped_at)
        if earlier is not None:
            slot, entry = tools.store.correction_state(timer)
            stopped = decide_correction(timer, slot, entry, now, earlier)
        return stopped, stopped.changes

    return settle(tools, decide)


def _work(state: StartState, person_id: int, command: StartTimer) -> TimeEntry | Service:
    if command.time_entry_id is not None:
        if state.time_entry is None or state.time_entry.person_id != person_id:
            raise InvalidAttribute("time_entry")
        return state.time_entry
    if state.service is None or not state.service.takes_time:
        raise InvalidAttribute("service")
    return state.service
