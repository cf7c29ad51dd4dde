"""A start within the last session of a person, which its limit had ended: pure decisions.

An offline client sends its requests later. If an auto-stop run comes between two of them, it ends
the session that the next start would have stopped. The start then stops this session where it
starts itself, as if both had been sent in time. Contract section 3.
"""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.write_set import CreateRecord, ReplaceRecord
from chalicelib.revisions.model import ManualEdit
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.totals import with_edited_session, with_moved_session
from chalicelib.timers.days import DaySessions, DayUpdates, Session, find_overlaps
from chalicelib.timers.history import timer_revision
from chalicelib.timers.model import PersonState, StopReason, Timer
from chalicelib.timers.rules import Started


class AutoStopped(Struct, frozen=True):
    """The last session of a person, and its time entry, also a deleted one.

    ``days`` are all days from the start that supersedes the session until now.
    """

    timer: Timer
    entry: TimeEntry
    days: Collection[DaySessions]


def find_last_session(
    state: PersonState, start: int, days: Collection[DaySessions]
) -> Session | None:
    """The stopped session that contains the timestamp ``start``, if it is the person's last one.

    None if a timer runs, or if another session ends after ``start``.

    :param days: all days from ``start`` until now.
    """
    if state.running is not None or not state.lists_sessions:
        return None
    if start >= (state.last_stopped_at or 0):
        return None
    sessions = find_overlaps(days, start, None)
    if len(sessions) != 1 or sessions[0].stopped_at is None or sessions[0].started_at > start:
        return None
    return sessions[0]


def is_superseded_by_start(timer: Timer) -> bool:
    """Whether a late start may shorten the last session: only its limit ended it."""
    return timer.stop_reason is StopReason.AUTO


def supersede(started: Started, auto_stopped: AutoStopped, edit: ManualEdit) -> Started:
    """Let a start stop the last session, whose limit had ended it later.

    :param started: the start, as decided from :func:`state_before`.
    """
    timer, start = auto_stopped.timer, started.timer.started_at
    after = replace(
        timer, stopped_at=start, stop_reason=StopReason.SUPERSEDED, version=timer.version + 1
    )
    day_updates = DayUpdates()
    day_updates.removed(timer)
    day_updates.added(after)
    day_updates.started(started.timer.id, start)
    entry = with_edited_session(auto_stopped.entry, timer, after)
    is_on_same_entry = started.timer.time_entry_id == entry.id
    if is_on_same_entry:
        entry = with_moved_session(entry, started.timer)
    entry = replace(entry, updated_at=edit.now, version=auto_stopped.entry.version + 1)
    write_set = replace(
        started.write_set,
        entries=() if is_on_same_entry else started.write_set.entries,
        days=day_updates.collected(auto_stopped.days),
    )
    records = (
        ReplaceRecord(timer, after),
        ReplaceRecord(auto_stopped.entry, entry),
        CreateRecord(timer_revision(timer, after, edit)),
    )
    return replace(started, stopped_timer_id=timer.id, write_set=write_set, records=records)


def state_before(state: PersonState, start: int) -> PersonState:
    """The person state as if the last session had stopped at the timestamp ``start``."""
    return replace(state, last_stopped_at=start)
