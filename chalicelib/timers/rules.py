"""Starting, switching and stopping, as decisions: state in, changes out.

A person has one running timer, and their timeline has no overlaps. Whatever the caller's clock
says, a session never ends before it starts. Contract sections 3, 4 and 9.
"""

from dataclasses import replace

from chalicelib.core.errors import InvalidAttribute, OverlapsSession
from chalicelib.core.timestamps import SECONDS_PER_DAY, format_instant, local_date
from chalicelib.core.write_set import (
    ChangeEntry,
    Changes,
    EntryTallying,
    FreeSlot,
    MoveLastStop,
    OccupySlot,
    StopTimer,
    Tallying,
    apply_to_new_entry,
    merge_entries,
)
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Organization, Service
from chalicelib.domain.timers import RunningTimer, Slot, StopReason, TimeEntry, Timer, TrackMethod

CLOCK_TOLERANCE = 2 * 60
"""Seconds that a caller's clock may be ahead of ours; what it says is then taken as now."""

LONGEST_BACKDATING = 31 * SECONDS_PER_DAY
"""Seconds that a start may lie in the past."""

CORRECTABLE = frozenset({StopReason.AUTO, StopReason.SUPERSEDED})
"""Stops that nobody made by hand: an earlier stop by hand replaces them."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a decision may not draw itself: the moment, and ids that nobody has used."""

    now: int
    timer_id: int
    time_entry_id: int


@dataclass(frozen=True, slots=True)
class Started:
    """The timer that now runs, and the id of the one that it stopped."""

    timer: Timer
    stopped_timer_id: int | None
    changes: Changes


@dataclass(frozen=True, slots=True)
class Stopped:
    """The timer as it is after the stop. ``changes`` is None where it had been stopped before."""

    timer: Timer
    changes: Changes | None


def decide_start(
    slot: Slot,
    work: TimeEntry | Service,
    organization: Organization,
    drawn: Drawn,
    started_at: int | None = None,
    creator_id: int | None = None,
) -> Started:
    """Start a timer on a time entry, or on a service, which makes a new time entry.

    Whatever runs stops where the new one starts; at its own limit, if that is past. Raises
    :class:`InvalidAttribute` or :class:`OverlapsSession` about ``started_at``.
    """
    start = _start_instant(slot, organization, drawn.now, started_at)
    new_entry = None
    if isinstance(work, Service):
        new_entry = _new_entry(slot, work, organization, drawn, start, creator_id)
    timer = Timer(
        id=drawn.timer_id,
        organization_id=slot.organization_id,
        person_id=slot.person_id,
        time_entry_id=drawn.time_entry_id if new_entry else work.id,
        started_at=start,
        auto_stop_at=start + organization.auto_stop_after,
    )
    tallying = Tallying()
    tallying.started(start)
    entries: list[ChangeEntry] = []
    stop = None
    last_stopped_at = slot.last_stopped_at
    if slot.running is not None:
        stop = _superseded(slot.running, start)
        last_stopped_at = stop.stopped_at
        entries.append(_end_session(slot.running, stop.stopped_at))
        tallying.stopped(stop.stopped_at)
    entry_tallying = EntryTallying()
    begin = ChangeEntry(
        timer.time_entry_id,
        timers=1,
        starts=(timer.id, start),
        track_method=_track_method(work),
    )
    if new_entry is None:
        entries.append(begin)
    else:
        new_entry = apply_to_new_entry(new_entry, begin)
        entry_tallying.came(new_entry)
    changes = Changes(
        organization_id=slot.organization_id,
        person_id=slot.person_id,
        now=drawn.now,
        slot=OccupySlot(slot.version, _running(timer), last_stopped_at),
        new_timer=timer,
        stop_timer=stop,
        new_entry=new_entry,
        entries=merge_entries(entries),
        tallies=tallying.changes(),
        entry_tallies=entry_tallying.changes(),
    )
    return Started(timer, stop.timer_id if stop else None, changes)


def decide_stop(timer: Timer, now: int, stopped_at: int | None = None) -> Stopped:
    """Stop a timer by hand. The first stop by hand wins: a later one changes nothing.

    Raises :class:`InvalidAttribute` where ``stopped_at`` is too far ahead.
    """
    if timer.stopped_at is not None:
        return Stopped(timer, None)
    return _stopped(timer, now, _stop_instant(timer, now, stopped_at), None)


def decide_auto_stop(timer: Timer, now: int) -> Stopped:
    """Stop a forgotten timer at its limit, whenever that is noticed. Contract section 9."""
    if timer.auto_stop_at > now or timer.stopped_at is not None:
        return Stopped(timer, None)
    return _stopped(timer, now, timer.auto_stop_at, StopReason.AUTO)


def correction(timer: Timer, now: int, stopped_at: int | None) -> int | None:
    """The instant to which a stop by hand moves a stop that nobody made by hand, if it does so.

    It does where it says explicitly that the timer stopped earlier.
    """
    if stopped_at is None or timer.stopped_at is None or timer.stop_reason not in CORRECTABLE:
        return None
    stop = max(timer.started_at, min(stopped_at, now))
    return stop if max(stop, stopped_at) < timer.stopped_at else None


def decide_correction(timer: Timer, slot: Slot, entry: TimeEntry, now: int, stop: int) -> Stopped:
    """Move the stop of a timer to the instant that :func:`correction` gave."""
    before = timer.started_at + timer.seconds
    tallying = Tallying()
    tallying.stopped(before, by=-1)
    tallying.stopped(stop)
    is_last = slot.running is None and slot.last_timer_id == timer.id
    is_shown = entry.latest_timer_id == timer.id
    change = ChangeEntry(timer.time_entry_id, stop - before, ends=stop if is_shown else None)
    changes = Changes(
        organization_id=timer.organization_id,
        person_id=timer.person_id,
        now=now,
        slot=MoveLastStop(slot.version, stop if is_last else slot.last_stopped_at),
        stop_timer=StopTimer(timer.id, stop, None, replaces=before),
        entries=(change,),
        tallies=tallying.changes(),
    )
    return Stopped(_with_stop(timer, stop, None), changes)


def stop_at(timer: Timer, now: int, stop: int, reason: StopReason | None) -> Changes:
    """What stops a running timer at an instant that was decided already."""
    tallying = Tallying()
    tallying.stopped(stop)
    return Changes(
        organization_id=timer.organization_id,
        person_id=timer.person_id,
        now=now,
        slot=FreeSlot(timer.id, stop),
        stop_timer=StopTimer(timer.id, stop, reason),
        entries=(_end_session(_running(timer), stop),),
        tallies=tallying.changes(),
    )


def _start_instant(slot: Slot, organization: Organization, now: int, asked: int | None) -> int:
    earliest = slot.running.started_at if slot.running else slot.last_stopped_at or 0
    if asked is None or now <= asked <= now + CLOCK_TOLERANCE:
        # Our clocks differ among themselves too: then the session starts where the last ended.
        return max(now, earliest)
    if asked > now:
        raise InvalidAttribute("started_at", "The time must be at most 2 minutes in the future.")
    if asked < now - LONGEST_BACKDATING:
        raise InvalidAttribute("started_at", "The time must be at most 31 days in the past.")
    if asked < earliest:
        raise OverlapsSession("started_at", format_instant(earliest, organization.zone))
    return asked


def _stopped(timer: Timer, now: int, stop: int, reason: StopReason | None) -> Stopped:
    return Stopped(_with_stop(timer, stop, reason), stop_at(timer, now, stop, reason))


def _stop_instant(timer: Timer, now: int, asked: int | None) -> int:
    if asked is not None and asked > now + CLOCK_TOLERANCE:
        raise InvalidAttribute("stopped_at", "The time must be at most 2 minutes in the future.")
    return max(timer.started_at, now if asked is None else min(asked, now))


def _superseded(running: RunningTimer, start: int) -> StopTimer:
    if start > running.auto_stop_at:
        return StopTimer(running.timer_id, running.auto_stop_at, StopReason.AUTO)
    return StopTimer(running.timer_id, start, StopReason.SUPERSEDED)


def _end_session(running: RunningTimer, stopped_at: int) -> ChangeEntry:
    return ChangeEntry(
        running.time_entry_id, seconds=stopped_at - running.started_at, ends=stopped_at
    )


def _track_method(work: TimeEntry | Service) -> TrackMethod | None:
    """What a start makes of how an entry's time comes about; None: nothing else."""
    made_by_hand = isinstance(work, TimeEntry) and work.track_method is TrackMethod.MANUAL
    return TrackMethod.BOTH if made_by_hand else None


def _new_entry(
    slot: Slot,
    service: Service,
    organization: Organization,
    drawn: Drawn,
    start: int,
    creator_id: int | None,
) -> TimeEntry:
    return TimeEntry(
        id=drawn.time_entry_id,
        organization_id=slot.organization_id,
        person_id=slot.person_id,
        service_id=service.id,
        date=local_date(start, organization.zone),
        created_at=drawn.now,
        updated_at=drawn.now,
        creator_id=slot.person_id if creator_id is None else creator_id,
        billable=service.billable,
    )


def _running(timer: Timer) -> RunningTimer:
    return RunningTimer(timer.id, timer.time_entry_id, timer.started_at, timer.auto_stop_at)


def _with_stop(timer: Timer, stopped_at: int, reason: StopReason | None) -> Timer:
    return replace(timer, stopped_at=stopped_at, stop_reason=reason, version=timer.version + 1)
