"""Start, switch and stop timers: pure decisions, from the loaded state to a write set.

A person has at most one running timer, and their sessions do not overlap. A session never ends
before it starts, even if the caller's clock is wrong. Contract sections 3, 4 and 9.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute, OverlapsSession
from chalicelib.core.timestamps import SECONDS_PER_DAY, format_timestamp, local_date
from chalicelib.core.write_set import (
    ClearRunning,
    MoveLastStop,
    SetRunning,
    StopTimer,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.counters.model import EntryCounterDeltas, TimerCounterDeltas
from chalicelib.organizations.model import Organization
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.timers.model import PersonState, RunningTimer, StopReason, Timer

CLOCK_TOLERANCE_SECONDS = 2 * 60
"""How far a requested time may be in the future. It then counts as now."""

MAX_BACKDATING_SECONDS = 31 * SECONDS_PER_DAY
"""How far a requested start may be in the past."""

CORRECTABLE_REASONS = frozenset({StopReason.AUTO, StopReason.SUPERSEDED})
"""Automatic stops that an earlier manual stop replaces."""


class GeneratedIds(Struct, frozen=True):
    """The present timestamp and new ids. A pure decision cannot generate them."""

    now: int
    timer_id: int
    time_entry_id: int


class Started(Struct, frozen=True):
    """The result of a start: the running timer, and the id of the timer that it stopped."""

    timer: Timer
    stopped_timer_id: int | None
    write_set: WriteSet


class Stopped(Struct, frozen=True):
    """The result of a stop. ``write_set`` is None if the timer was already stopped."""

    timer: Timer
    write_set: WriteSet | None


def decide_start(
    state: PersonState,
    work: TimeEntry | Service,
    organization: Organization,
    generated: GeneratedIds,
    started_at: int | None = None,
    creator_id: int | None = None,
) -> Started:
    """Start a timer on a time entry, or on a new time entry of a service.

    A running timer stops at the start of the new one, or at its auto-stop time if this is earlier.
    Raises :class:`InvalidAttribute` and :class:`OverlapsSession` for ``started_at``.

    :param started_at: the requested timestamp; None: now.
    :param creator_id: the person who creates the time entry; None: the person who works.
    """
    start = _start_timestamp(state, organization, generated.now, started_at)
    new_entry = None
    if isinstance(work, Service):
        new_entry = _new_entry(state, work, organization, generated, start, creator_id)
    timer = Timer(
        id=generated.timer_id,
        organization_id=state.organization_id,
        person_id=state.person_id,
        time_entry_id=generated.time_entry_id if new_entry else work.id,
        started_at=start,
        auto_stop_at=start + organization.auto_stop_after,
    )
    deltas = TimerCounterDeltas()
    deltas.started(start)
    entries: list[TimeEntryUpdate] = []
    stop = None
    last_stopped_at = state.last_stopped_at
    if state.running is not None:
        stop = _stop_running(state.running, start)
        last_stopped_at = stop.stopped_at
        entries.append(_end_session(state.running, stop.stopped_at))
        deltas.stopped(stop.stopped_at)
    entry_deltas = EntryCounterDeltas()
    update = TimeEntryUpdate(
        timer.time_entry_id,
        timers=1,
        starts=(timer.id, start),
        track_method=_track_method(work),
    )
    if new_entry is None:
        entries.append(update)
    else:
        new_entry = apply_to_new_entry(new_entry, update)
        entry_deltas.added(new_entry)
    write_set = WriteSet(
        organization_id=state.organization_id,
        person_id=state.person_id,
        now=generated.now,
        person_state=SetRunning(state.version, _running(timer), last_stopped_at),
        new_timer=timer,
        stop_timer=stop,
        new_entry=new_entry,
        entries=merge_entry_updates(entries),
        counters=deltas.collected(),
        entry_counters=entry_deltas.collected(),
    )
    return Started(timer, stop.timer_id if stop else None, write_set)


def decide_stop(timer: Timer, now: int, stopped_at: int | None = None) -> Stopped:
    """Stop a timer manually. The first manual stop wins: a later one changes nothing.

    ``stopped_at`` is the requested timestamp; None: now. Raises :class:`InvalidAttribute` if it is
    too far in the future. Contract section 4.
    """
    if timer.stopped_at is not None:
        return Stopped(timer, None)
    return _stopped(timer, now, _stop_timestamp(timer, now, stopped_at), None)


def decide_auto_stop(timer: Timer, now: int) -> Stopped:
    """Stop an overdue timer at its auto-stop time. Contract section 9."""
    if timer.auto_stop_at > now or timer.stopped_at is not None:
        return Stopped(timer, None)
    return _stopped(timer, now, timer.auto_stop_at, StopReason.AUTO)


def correction(timer: Timer, now: int, stopped_at: int | None) -> int | None:
    """The timestamp to which a manual stop moves an automatic one. None: it does not move it.

    It moves it if the caller requests an earlier ``stopped_at``.
    """
    if stopped_at is None or timer.stopped_at is None:
        return None
    if timer.stop_reason not in CORRECTABLE_REASONS:
        return None
    stop = max(timer.started_at, min(stopped_at, now))
    return stop if max(stop, stopped_at) < timer.stopped_at else None


def decide_correction(
    timer: Timer, state: PersonState, entry: TimeEntry, now: int, stop: int
) -> Stopped:
    """Move the stop of a timer to the timestamp from :func:`correction`."""
    previous_stop = timer.started_at + timer.seconds
    deltas = TimerCounterDeltas()
    deltas.stopped(previous_stop, by=-1)
    deltas.stopped(stop)
    is_last = state.running is None and state.last_timer_id == timer.id
    is_latest_of_entry = entry.latest_timer_id == timer.id
    update = TimeEntryUpdate(
        timer.time_entry_id, stop - previous_stop, ends=stop if is_latest_of_entry else None
    )
    write_set = WriteSet(
        organization_id=timer.organization_id,
        person_id=timer.person_id,
        now=now,
        person_state=MoveLastStop(state.version, stop if is_last else state.last_stopped_at),
        stop_timer=StopTimer(timer.id, stop, None, replaces=previous_stop),
        entries=(update,),
        counters=deltas.collected(),
    )
    return Stopped(_with_stop(timer, stop, None), write_set)


def stop_write_set(timer: Timer, now: int, stop: int, reason: StopReason | None) -> WriteSet:
    """The writes that stop a running timer at the timestamp ``stop``."""
    deltas = TimerCounterDeltas()
    deltas.stopped(stop)
    return WriteSet(
        organization_id=timer.organization_id,
        person_id=timer.person_id,
        now=now,
        person_state=ClearRunning(timer.id, stop),
        stop_timer=StopTimer(timer.id, stop, reason),
        entries=(_end_session(_running(timer), stop),),
        counters=deltas.collected(),
    )


def _start_timestamp(
    state: PersonState, organization: Organization, now: int, requested: int | None
) -> int:
    earliest = state.running.started_at if state.running else state.last_stopped_at or 0
    if requested is None or now <= requested <= now + CLOCK_TOLERANCE_SECONDS:
        # The clocks of servers differ too: then the session starts at the end of the last one.
        return max(now, earliest)
    if requested > now:
        raise InvalidAttribute("started_at", "The time must be at most 2 minutes in the future.")
    if requested < now - MAX_BACKDATING_SECONDS:
        raise InvalidAttribute("started_at", "The time must be at most 31 days in the past.")
    if requested < earliest:
        raise OverlapsSession("started_at", format_timestamp(earliest, organization.zone))
    return requested


def _stopped(timer: Timer, now: int, stop: int, reason: StopReason | None) -> Stopped:
    return Stopped(_with_stop(timer, stop, reason), stop_write_set(timer, now, stop, reason))


def _stop_timestamp(timer: Timer, now: int, requested: int | None) -> int:
    if requested is not None and requested > now + CLOCK_TOLERANCE_SECONDS:
        raise InvalidAttribute("stopped_at", "The time must be at most 2 minutes in the future.")
    return max(timer.started_at, now if requested is None else min(requested, now))


def _stop_running(running: RunningTimer, start: int) -> StopTimer:
    if start > running.auto_stop_at:
        return StopTimer(running.timer_id, running.auto_stop_at, StopReason.AUTO)
    return StopTimer(running.timer_id, start, StopReason.SUPERSEDED)


def _end_session(running: RunningTimer, stopped_at: int) -> TimeEntryUpdate:
    return TimeEntryUpdate(
        running.time_entry_id, seconds=stopped_at - running.started_at, ends=stopped_at
    )


def _track_method(work: TimeEntry | Service) -> TrackMethod | None:
    """The track method that a start sets on an entry. None: it does not change."""
    is_manual = isinstance(work, TimeEntry) and work.track_method is TrackMethod.MANUAL
    return TrackMethod.BOTH if is_manual else None


def _new_entry(
    state: PersonState,
    service: Service,
    organization: Organization,
    generated: GeneratedIds,
    start: int,
    creator_id: int | None,
) -> TimeEntry:
    return TimeEntry(
        id=generated.time_entry_id,
        organization_id=state.organization_id,
        person_id=state.person_id,
        service_id=service.id,
        date=local_date(start, organization.zone),
        created_at=generated.now,
        updated_at=generated.now,
        creator_id=state.person_id if creator_id is None else creator_id,
        billable=service.billable,
    )


def _running(timer: Timer) -> RunningTimer:
    return RunningTimer(timer.id, timer.time_entry_id, timer.started_at, timer.auto_stop_at)


def _with_stop(timer: Timer, stopped_at: int, reason: StopReason | None) -> Timer:
    return replace(timer, stopped_at=stopped_at, stop_reason=reason, version=timer.version + 1)


def merge_entry_updates(updates: Iterable[TimeEntryUpdate]) -> tuple[TimeEntryUpdate, ...]:
    """Merge updates of the same time entry: a transaction writes each item once."""
    merged: dict[int, TimeEntryUpdate] = {}
    for update in updates:
        earlier = merged.get(update.time_entry_id)
        merged[update.time_entry_id] = update if earlier is None else _merge(earlier, update)
    return tuple(merged.values())


def _merge(first: TimeEntryUpdate, second: TimeEntryUpdate) -> TimeEntryUpdate:
    return TimeEntryUpdate(
        first.time_entry_id,
        first.seconds + second.seconds,
        first.timers + second.timers,
        first.starts or second.starts,
        first.ends if first.ends is not None else second.ends,
        first.track_method or second.track_method,
    )


def apply_to_new_entry(entry: TimeEntry, update: TimeEntryUpdate) -> TimeEntry:
    """A new entry with an update: a transaction writes each item once."""
    timer_id, started_at = update.starts or (None, None)
    return replace(
        entry,
        tracked_seconds=update.seconds,
        timer_count=update.timers,
        running_timer_id=timer_id,
        latest_timer_id=timer_id,
        timer_started_at=started_at,
    )
