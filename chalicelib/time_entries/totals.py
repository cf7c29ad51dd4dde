"""A time entry's totals when one of its sessions is edited, moved or deleted. Pure.

A manually set time is a total: it holds for the sessions that it covers, whatever happens to them.
What an edit adds to a covered session, it therefore subtracts from the adjustment. Contract
section 4a.
"""

from msgspec.structs import replace

from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.timers.model import Timer


def covers_session(entry: TimeEntry, timer: Timer) -> bool:
    """Whether the manually set time of an entry covers one of its timers.

    It covers a running timer only if the timer had stopped before and then ran on.
    """
    return timer.covered if timer.stopped_at is None else entry.covers(timer.id)


def with_edited_session(entry: TimeEntry, before: Timer, after: Timer) -> TimeEntry:
    """The entry after one of its timers changed from ``before`` to ``after``."""
    is_covered = covers_session(entry, before)
    return _add(without_session(entry, before), after, is_covered=is_covered)


def with_moved_session(entry: TimeEntry, timer: Timer) -> TimeEntry:
    """The entry after a timer of another entry was moved to it: its seconds are added."""
    is_manual = entry.track_method is TrackMethod.MANUAL
    method = TrackMethod.BOTH if is_manual else entry.track_method
    return _add(replace(_with_coverage(entry), track_method=method), timer, is_covered=False)


def without_session(entry: TimeEntry, timer: Timer) -> TimeEntry:
    """The entry after one of its timers was moved away or deleted."""
    entry = _with_coverage(entry)
    covered_seconds = timer.seconds if covers_session(entry, timer) else 0
    is_running = entry.running_timer_id == timer.id
    stopped_last = entry.stopped_timer_id == timer.id or (
        # Version 0.2.0 did not store which timer stopped last.
        entry.stopped_timer_id is None and entry.timer_stopped_at == timer.stopped_at
    )
    return replace(
        entry,
        tracked_seconds=entry.tracked_seconds - timer.seconds,
        adjusted_seconds=entry.adjusted_seconds + covered_seconds,
        uncovered_ids=tuple(id_ for id_ in entry.uncovered_ids if id_ != timer.id),
        timer_count=entry.timer_count - 1,
        running_timer_id=None if is_running else entry.running_timer_id,
        timer_started_at=None if is_running else entry.timer_started_at,
        timer_stopped_at=None if stopped_last else entry.timer_stopped_at,
        stopped_timer_id=None if stopped_last else entry.stopped_timer_id,
    )


def _add(entry: TimeEntry, timer: Timer, *, is_covered: bool) -> TimeEntry:
    uncovered_ids = entry.uncovered_ids
    if not is_covered and entry.covered_to is not None and timer.id <= entry.covered_to:
        uncovered_ids += (timer.id,)
    entry = replace(
        entry,
        tracked_seconds=entry.tracked_seconds + timer.seconds,
        adjusted_seconds=entry.adjusted_seconds - (timer.seconds if is_covered else 0),
        uncovered_ids=uncovered_ids,
        timer_count=entry.timer_count + 1,
        latest_timer_id=max(entry.latest_timer_id or 0, timer.id),
    )
    if timer.stopped_at is None:
        return replace(entry, running_timer_id=timer.id, timer_started_at=timer.started_at)
    if timer.stopped_at < (entry.timer_stopped_at or 0):
        return entry
    return replace(entry, timer_stopped_at=timer.stopped_at, stopped_timer_id=timer.id)


def _with_coverage(entry: TimeEntry) -> TimeEntry:
    """The entry with explicit coverage, also if its time was set in version 0.2.0."""
    if entry.covered_to is not None or entry.adjusted_seconds == 0:
        return entry
    running = entry.running_timer_id
    uncovered_ids = () if running is None else (running,)
    return replace(entry, covered_to=entry.latest_timer_id or 0, uncovered_ids=uncovered_ids)
