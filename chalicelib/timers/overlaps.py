"""Checks that a person's sessions do not overlap. Pure. Contract sections 3 and 4a; decision 0024.

A check relies on the person state, and on days if the state does not say that every other session
ended before. Each check returns these days: the transaction requires that they are unchanged.
"""

from collections.abc import Collection

from chalicelib.core.errors import InvalidAttribute, OverlapsSession, Unavailable
from chalicelib.core.timestamps import format_timestamp
from chalicelib.organizations.model import Organization
from chalicelib.timers.days import DaySessions, find_overlap
from chalicelib.timers.model import PersonState, Timer

_UPGRADE_SECONDS = 60
_UPGRADING = "The sessions of this person are being upgraded. Try again in a minute."


def check_start(
    state: PersonState, organization: Organization, start: int, days: Collection[DaySessions]
) -> Collection[DaySessions]:
    """Check that no session ends after ``start``. Returns the days on which the check relies.

    Usually none: the person state says that every session ended before.
    """
    running, last_stopped_at = state.running, state.last_stopped_at or 0
    if running is not None and start < running.started_at:
        earliest = format_timestamp(running.started_at, organization.zone)
        raise OverlapsSession("started_at", running.timer_id, earliest)
    if start >= last_stopped_at:
        return ()
    # A switch stops the running timer at the start of the new one.
    running_id = running.timer_id if running is not None else 0
    overlap = find_overlap(days, start, None, running_id) if state.lists_sessions else None
    if overlap is None and state.lists_sessions:
        return days
    timer_id = stopped_at = None
    if overlap is not None:
        timer_id, stopped_at = overlap.timer_id, overlap.stopped_at
    earliest = format_timestamp(stopped_at or last_stopped_at, organization.zone)
    raise OverlapsSession("started_at", timer_id, earliest)


def check_edit(
    timer: Timer, after: Timer, state: PersonState, days: Collection[DaySessions]
) -> Collection[DaySessions]:
    """Check that the edited session overlaps no other one. Returns the days that it relies on."""
    name = "stopped_at" if after.started_at == timer.started_at else "started_at"
    if after.stopped_at is not None:
        if timer.stopped_at is None and timer.started_at <= after.started_at:
            # It was running, so every other session ended before it started.
            return ()
        return check_over(state, after, days, name)
    if state.disabled:
        raise InvalidAttribute(name, "This person is deactivated: their timer cannot continue.")
    running = state.running
    if running is not None and running.timer_id != timer.id:
        raise OverlapsSession(name, running.timer_id)
    if timer.stopped_at is None and after.started_at >= (state.last_stopped_at or 0):
        return ()
    return _check_days(state, after, days, name)


def check_over(
    state: PersonState, timer: Timer, days: Collection[DaySessions], name: str
) -> Collection[DaySessions]:
    """Check that a session that is over overlaps no other one, running or not."""
    running, stop = state.running, timer.started_at + timer.seconds
    if running is not None and running.timer_id != timer.id and running.started_at < stop:
        raise OverlapsSession(name, running.timer_id)
    if timer.started_at >= (state.last_stopped_at or 0):
        return ()
    return _check_days(state, timer, days, name)


def _check_days(
    state: PersonState, timer: Timer, days: Collection[DaySessions], name: str
) -> Collection[DaySessions]:
    if not state.lists_sessions:
        raise Unavailable(_UPGRADING, retry_after=_UPGRADE_SECONDS)
    overlap = find_overlap(days, timer.started_at, timer.stopped_at, timer.id)
    if overlap is not None:
        raise OverlapsSession(name, overlap.timer_id)
    return days
