"""Time entries of version 0.2.0 in the form of today: which sessions a manual time covers. Pure.

Version 0.2.0 stored only the difference between the manually set time and the sessions. If a
session that it covered was corrected, the entry lost the minutes of the correction. The revisions
still have the time that was set. Contract section 4a; docs/operations.md.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.timestamps import SECONDS_PER_MINUTE
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer


class ManualTime(Struct, frozen=True):
    """The last manual change of an entry's time: its revision's id, when, and the minutes."""

    revision_id: int
    created_at: int
    minutes: int


def needs_upgrade(entry: TimeEntry, manual_time: ManualTime | None) -> bool:
    """Whether an entry is stored in another way than today. A deleted one does not matter."""
    is_old = (
        _needs_coverage(entry, manual_time)
        or _needs_stopped_timer(entry)
        or _upgraded_start(entry) != entry
    )
    return is_old and entry.deleted_at is None


def upgraded_entry(
    entry: TimeEntry, timers: Sequence[Timer], manual_time: ManualTime | None, now: int
) -> TimeEntry:
    """The entry as it is stored today; the same one if nothing changes.

    Its time never decreases. Raises :class:`ValueError` if the timers do not sum up to the entry.

    :param timers: all timers of the entry.
    :param manual_time: None: no revision has the time that was set.
    """
    if not needs_upgrade(entry, manual_time):
        return entry
    _check_sums(entry, timers)
    after = _upgraded_start(entry)
    if _needs_stopped_timer(entry):
        after = _with_stopped_timer(after, timers)
    if _needs_coverage(entry, manual_time):
        after = _with_coverage(after, timers, manual_time)
    updated_at = entry.updated_at if after.time == entry.time else now
    return replace(after, updated_at=updated_at, version=entry.version + 1)


def _needs_coverage(entry: TimeEntry, manual_time: ManualTime | None) -> bool:
    return entry.covered_to is None and (entry.adjusted_seconds != 0 or manual_time is not None)


def _needs_stopped_timer(entry: TimeEntry) -> bool:
    """Version 0.2.0 stored when the last session stopped, but not which one it was."""
    return entry.stopped_timer_id is None and entry.timer_stopped_at is not None


def _with_stopped_timer(entry: TimeEntry, timers: Sequence[Timer]) -> TimeEntry:
    stops = [timer.id for timer in timers if timer.stopped_at == entry.timer_stopped_at]
    timer_id = max(stops, default=None)
    stopped_at = None if timer_id is None else entry.timer_stopped_at
    return replace(entry, stopped_timer_id=timer_id, timer_stopped_at=stopped_at)


def _upgraded_start(entry: TimeEntry) -> TimeEntry:
    """Version 0.2.0 stored the start of the latest session, running or not."""
    if entry.running_timer_id is not None or entry.timer_started_at is None:
        return entry
    return replace(entry, timer_started_at=None)


def _check_sums(entry: TimeEntry, timers: Sequence[Timer]) -> None:
    sums = sum(timer.seconds for timer in timers), len(timers)
    if sums != (entry.tracked_seconds, entry.timer_count):
        raise ValueError(f"time entry {entry.id} does not match its timers")


def _with_coverage(
    entry: TimeEntry, timers: Sequence[Timer], manual_time: ManualTime | None
) -> TimeEntry:
    covered = _covered_timers(entry, timers, manual_time)
    covered_ids = {timer.id for timer in covered}
    covered_to = max(covered_ids, default=0)
    uncovered = [timer for timer in timers if timer.id not in covered_ids]
    minutes = 0 if manual_time is None else manual_time.minutes
    total = minutes * SECONDS_PER_MINUTE + sum(timer.seconds for timer in uncovered)
    return replace(
        entry,
        adjusted_seconds=max(total - entry.tracked_seconds, entry.adjusted_seconds),
        covered_to=covered_to,
        uncovered_ids=tuple(sorted(timer.id for timer in uncovered if timer.id < covered_to)),
    )


def _covered_timers(
    entry: TimeEntry, timers: Sequence[Timer], manual_time: ManualTime | None
) -> Sequence[Timer]:
    """The timers that had stopped when the time was set."""
    stopped = [timer for timer in timers if timer.stopped_at is not None]
    if manual_time is None:
        # Without a revision, a positive time was set when the entry was created.
        return [] if entry.adjusted_seconds > 0 else stopped
    covered = [
        timer
        for timer in stopped
        if timer.id < manual_time.revision_id
        and timer.started_at + timer.seconds <= manual_time.created_at
    ]
    # The tracked seconds when the time was set. A correction makes a covered session shorter.
    tracked_then = manual_time.minutes * SECONDS_PER_MINUTE - entry.adjusted_seconds
    seconds = sum(timer.seconds for timer in covered)
    last = max(covered, key=lambda timer: timer.id, default=None)
    if last is None or seconds == tracked_then:
        return covered
    if seconds > tracked_then or seconds - last.seconds == tracked_then:
        # It was still running then: its stop was sent later, with an earlier time.
        return [timer for timer in covered if timer is not last]
    return covered
