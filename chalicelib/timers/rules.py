"""Start, switch and stop timers: pure decisions, from the loaded state to a write set.

A person has at most one running timer, and their sessions do not overlap. A session never ends
before it starts, even if the caller's clock is wrong. Contract sections 3, 4 and 9.
"""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.timestamps import SECONDS_PER_DAY, local_date
from chalicelib.core.write_set import (
    ClearRunning,
    RecordWrite,
    SetRunning,
    SetTimeline,
    StopTimer,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.timers.days import DaySessions, DayUpdates
from chalicelib.timers.entry_updates import (
    apply_to_new_entry,
    end_session,
    merge_entry_updates,
    timer_track_method,
)
from chalicelib.timers.limits import limits_of, person_zone
from chalicelib.timers.model import PersonState, RunningTimer, StopReason, Timer
from chalicelib.timers.overlaps import check_start

MAX_SECONDS_AHEAD = SECONDS_PER_DAY
"""How far a requested start may be ahead of the server's clock. It then counts as now."""

MAX_BACKDATING_SECONDS = 31 * SECONDS_PER_DAY
"""How far the requested start of a running timer may be in the past."""


class GeneratedIds(Struct, frozen=True):
    """The present timestamp, new ids and a nonce. A pure decision cannot generate them."""

    now: int
    timer_id: int
    time_entry_id: int
    nonce: int | None = None


class EntryDetails(Struct, frozen=True):
    """What a new session and its new time entry need besides the work and the times.

    :param creator_id: the person who creates the entry; None: the person who works.
    :param worker: the person who works, for their settings; None: the organization's apply.
    :param billable_minutes: of a new time entry; None: they follow its time and its service.
    :param billable: whether the new time entry is billable; None: as its service says.
    """

    creator_id: int | None = None
    note: str | None = None
    worker: Person | None = None
    billable_minutes: int | None = None
    billable: bool | None = None


NO_DETAILS = EntryDetails()


class Started(Struct, frozen=True):
    """The result of a start: the running timer, and the id of the timer that it stopped.

    ``adjusted`` are the names of the requested timestamps that were moved. ``records`` are further
    writes of a late start: ``late_starts.py``.
    """

    timer: Timer
    stopped_timer_id: int | None
    write_set: WriteSet
    adjusted: tuple[str, ...] = ()
    records: tuple[RecordWrite, ...] = ()


class Stopped(Struct, frozen=True):
    """The result of a stop. ``write_set`` is None if the timer was already stopped."""

    timer: Timer
    write_set: WriteSet | None
    adjusted: tuple[str, ...] = ()


def decide_start(
    state: PersonState,
    work: TimeEntry | Service,
    organization: Organization,
    generated: GeneratedIds,
    started_at: int | None = None,
    details: EntryDetails = NO_DETAILS,
    days: Collection[DaySessions] = (),
) -> Started:
    """Start a timer on a time entry, or on a new time entry of a service.

    A running timer stops at the start of the new one, or at its auto-stop time if this is earlier.
    Raises :class:`InvalidAttribute` and :class:`OverlapsSession` for ``started_at``.

    :param started_at: the requested timestamp; None: now.
    :param details: of the person who works, and of a new time entry.
    :param days: with ``started_at``, all days from it until now.
    """
    start = _start_timestamp(state, generated.now, started_at)
    checked_days = () if started_at is None else check_start(state, organization, start, days)
    new_entry = None
    if isinstance(work, Service):
        new_entry = new_time_entry(state, work, organization, generated, start, details)
        target = new_entry.sum_target
    else:
        target = work.sum_target
    limits = limits_of(start, organization, details.worker)
    timer = Timer(
        id=generated.timer_id,
        organization_id=state.organization_id,
        person_id=state.person_id,
        time_entry_id=generated.time_entry_id if new_entry else work.id,
        started_at=start,
        auto_stop_at=limits.auto_stop_at,
        remind_at=limits.remind_at,
        sum_target=target,
        nonce=generated.nonce,
    )
    day_updates = DayUpdates()
    entries: list[TimeEntryUpdate] = []
    stop = None
    last_stopped_at = state.last_stopped_at
    if state.timer is not None:
        stop = _stop_at_start(state.timer, start)
        last_stopped_at = stop.timer.started_at + stop.timer.seconds
        entries.append(end_session(state.timer, last_stopped_at))
        day_updates.stopped(stop.timer.id, stop.timer.started_at, last_stopped_at)
    day_updates.started(timer.id, start)
    update = TimeEntryUpdate(
        timer.time_entry_id,
        timers=1,
        starts=(timer.id, start),
        track_method=timer_track_method(work),
        target=target,
    )
    if new_entry is None:
        entries.append(update)
    else:
        new_entry = apply_to_new_entry(new_entry, update)
    write_set = WriteSet(
        organization_id=state.organization_id,
        person_id=state.person_id,
        now=generated.now,
        person_state=SetRunning(state.version, running_timer(timer), last_stopped_at),
        new_timer=timer,
        stop_timer=stop,
        new_entry=new_entry,
        entries=merge_entry_updates(entries),
        days=day_updates.collected(checked_days),
    )
    stopped_timer_id = stop.timer.id if stop else None
    adjusted = ("started_at",) if started_at is not None and start != started_at else ()
    return Started(timer, stopped_timer_id, write_set, adjusted)


def decide_stop(timer: Timer, now: int, stopped_at: int | None = None) -> Stopped:
    """Stop a timer manually. The first manual stop wins: a later one changes nothing.

    ``stopped_at`` is the requested timestamp; None: now. A time before the start counts as the
    start, a time in the future as now. Contract section 4.
    """
    if timer.stopped_at is not None:
        return Stopped(timer, None)
    requested = now if stopped_at is None else min(stopped_at, now)
    stop = max(timer.started_at, requested)
    adjusted = ("stopped_at",) if stopped_at is not None and stop != stopped_at else ()
    return replace(_stopped(timer, now, stop, None), adjusted=adjusted)


def decide_stop_of_running(state: PersonState, now: int, stopped_at: int | None = None) -> Stopped:
    """Stop a person's running timer manually, without its record. A timer must be running.

    The version of the person state protects the start of the timer.
    """
    timer = state.timer
    if timer is None:
        raise LookupError("no timer is running")
    stopped = decide_stop(timer, now, stopped_at)
    if stopped.write_set is None:
        return stopped
    end = timer.started_at + stopped.timer.seconds
    last_stopped_at = max(state.last_stopped_at or 0, end)
    write_set = replace(
        stopped.write_set,
        person_state=SetTimeline(state.version, None, state.last_timer_id, last_stopped_at),
        stop_timer=StopTimer(stopped.timer),
    )
    return replace(stopped, write_set=write_set)


def decide_auto_stop(timer: Timer, now: int) -> Stopped:
    """Stop an overdue timer at its auto-stop time. Contract section 9."""
    if timer.auto_stop_at > now or timer.stopped_at is not None:
        return Stopped(timer, None)
    return _stopped(timer, now, timer.auto_stop_at, StopReason.AUTO)


def stop_write_set(timer: Timer, now: int, stop: int, reason: StopReason | None) -> WriteSet:
    """The writes that stop a running timer at the timestamp ``stop``."""
    stopped = with_stop(timer, stop, reason)
    day_updates = DayUpdates()
    day_updates.stopped(timer.id, timer.started_at, stop)
    return WriteSet(
        organization_id=timer.organization_id,
        person_id=timer.person_id,
        now=now,
        person_state=ClearRunning(timer.id, stop),
        stop_timer=StopTimer(stopped, timer.version),
        entries=(end_session(timer, stop),),
        days=day_updates.collected(),
    )


def start_timestamp(now: int, requested: int) -> int:
    """The timestamp that a requested start means: not later than ``now``.

    Raises :class:`InvalidAttribute` if it is more than a day in the future. Contract section 3.
    """
    if requested > now + MAX_SECONDS_AHEAD:
        detail = "The time must be at most 24 hours ahead of the server's clock."
        raise InvalidAttribute("started_at", detail)
    return min(requested, now)


def running_timer(timer: Timer) -> RunningTimer:
    """What the person state stores about a running timer."""
    return RunningTimer(
        timer.id,
        timer.time_entry_id,
        timer.started_at,
        timer.auto_stop_at,
        timer.edited,
        timer.covered,
        timer.sum_target,
    )


def with_stop(timer: Timer, stop: int, reason: StopReason | None) -> Timer:
    """A running timer after its stop."""
    return replace(
        timer,
        stopped_at=stop,
        stop_reason=reason,
        covered=False,
        sum_target=None,
        version=timer.version + 1,
    )


def new_time_entry(
    state: PersonState,
    service: Service,
    organization: Organization,
    generated: GeneratedIds,
    start: int,
    details: EntryDetails,
) -> TimeEntry:
    """The time entry of a session on a service, dated at the start of the session."""
    return TimeEntry(
        id=generated.time_entry_id,
        organization_id=state.organization_id,
        person_id=state.person_id,
        service_id=service.id,
        date=local_date(start, person_zone(organization, details.worker)),
        created_at=generated.now,
        updated_at=generated.now,
        creator_id=state.person_id if details.creator_id is None else details.creator_id,
        billable=service.billable if details.billable is None else details.billable,
        billable_minutes=details.billable_minutes,
        note=details.note,
        track_method=TrackMethod.TIMER,
        made_by_timer_id=generated.timer_id,
        nonce=generated.nonce,
    )


def _start_timestamp(state: PersonState, now: int, requested: int | None) -> int:
    if requested is None or requested >= now:
        if requested is not None:
            start_timestamp(now, requested)
        # The clocks of servers differ too: then the session starts at the end of the last one.
        earliest = state.running.started_at if state.running else state.last_stopped_at or 0
        return max(now, earliest)
    if requested < now - MAX_BACKDATING_SECONDS:
        raise InvalidAttribute(
            "started_at",
            "The start of a running timer must be at most 31 days in the past. "
            "Add `stopped_at` to create a session that is over.",
        )
    return requested


def _stopped(timer: Timer, now: int, stop: int, reason: StopReason | None) -> Stopped:
    return Stopped(with_stop(timer, stop, reason), stop_write_set(timer, now, stop, reason))


def _stop_at_start(running: Timer, start: int) -> StopTimer:
    """Stop the running timer of a switch. The version of the person state protects its start."""
    if start >= running.auto_stop_at:
        return StopTimer(with_stop(running, running.auto_stop_at, StopReason.AUTO))
    return StopTimer(with_stop(running, start, StopReason.SUPERSEDED))
