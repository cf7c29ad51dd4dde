"""What the start and the stop of a session change in its time entry. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from chalicelib.core.write_set import TimeEntryUpdate
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.timers.model import Timer


def end_session(timer: Timer, stopped_at: int) -> TimeEntryUpdate:
    """The update of the entry of a running timer that stops at the timestamp ``stopped_at``."""
    seconds = stopped_at - timer.started_at
    return TimeEntryUpdate(
        timer.time_entry_id,
        seconds=seconds,
        covered_seconds=seconds if timer.covered else 0,
        ends=stopped_at,
        target=timer.sum_target,
    )


def timer_track_method(work: TimeEntry | Service) -> TrackMethod | None:
    """The track method that a new session sets on an entry. None: it does not change."""
    is_manual = isinstance(work, TimeEntry) and work.track_method is TrackMethod.MANUAL
    return TrackMethod.BOTH if is_manual else None


def merge_entry_updates(updates: Iterable[TimeEntryUpdate]) -> tuple[TimeEntryUpdate, ...]:
    """Merge updates of the same time entry: a transaction writes each item once."""
    merged: dict[int, TimeEntryUpdate] = {}
    for update in updates:
        earlier = merged.get(update.time_entry_id)
        merged[update.time_entry_id] = update if earlier is None else _merge(earlier, update)
    return tuple(merged.values())


def apply_to_new_entry(entry: TimeEntry, update: TimeEntryUpdate) -> TimeEntry:
    """A new entry with an update: a transaction writes each item once."""
    started_id, started_at = update.starts or (None, None)
    inserted_id, stopped_at = update.inserts or (None, None)
    return replace(
        entry,
        tracked_seconds=update.seconds,
        timer_count=update.timers,
        running_timer_id=started_id,
        latest_timer_id=started_id or inserted_id,
        timer_started_at=started_at,
        timer_stopped_at=stopped_at,
        stopped_timer_id=inserted_id,
    )


def _merge(first: TimeEntryUpdate, second: TimeEntryUpdate) -> TimeEntryUpdate:
    return TimeEntryUpdate(
        first.time_entry_id,
        seconds=first.seconds + second.seconds,
        covered_seconds=first.covered_seconds + second.covered_seconds,
        timers=first.timers + second.timers,
        starts=first.starts or second.starts,
        ends=first.ends if first.ends is not None else second.ends,
        inserts=first.inserts or second.inserts,
        track_method=first.track_method or second.track_method,
        # The second one saw the entry now, the first one at the start of its session.
        target=second.target or first.target,
    )
