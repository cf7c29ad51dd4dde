"""Insert, edit and delete sessions manually: pure decisions. Contract sections 3, 4 and 4a.

An edit that may make sessions overlap reads the person state and the days that the new session
touches. Their versions are conditions of the transaction, so concurrent requests cannot make
sessions overlap. Decision 0024.
"""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.errors import (
    RecordNotFound,
)
from chalicelib.core.write_set import (
    CreateRecord,
    DeleteRecord,
    RecordWrite,
    ReplaceRecord,
    SetTimeline,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person
from chalicelib.revisions.model import ManualEdit
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.totals import (
    covers_session,
    with_edited_session,
    with_moved_session,
    without_session,
)
from chalicelib.timers.days import (
    DaySessions,
    DayUpdates,
)
from chalicelib.timers.edits import Edit, adjusted_times, check_order, check_span, has_times_of
from chalicelib.timers.entry_updates import apply_to_new_entry, timer_track_method
from chalicelib.timers.history import timer_revision
from chalicelib.timers.limits import limits_of
from chalicelib.timers.model import PersonState, Timer
from chalicelib.timers.overlaps import check_edit, check_over
from chalicelib.timers.rules import (
    NO_DETAILS,
    EntryDetails,
    GeneratedIds,
    Started,
    new_time_entry,
    running_timer,
    start_timestamp,
)


class Edited(Struct, frozen=True):
    """The result of an edit: the timer, and its writes; none if nothing changed."""

    timer: Timer
    write_set: WriteSet | None = None
    records: tuple[RecordWrite, ...] = ()
    adjusted: tuple[str, ...] = ()


class LoadedTimeline(Struct, frozen=True):
    """What a decision about a timer needs.

    :param entry: the time entry of the timer, also a deleted one that is not purged yet.
    :param new_entry: the time entry to which the timer moves; None: it stays.
    :param state: None: the decision does not need it, see ``edits.needs_timeline``.
    :param days: all days that ``edits.days_to_check`` names.
    :param worker: the timer's person, for their settings; None: the decision does not need them.
    """

    entry: TimeEntry
    new_entry: TimeEntry | None = None
    state: PersonState | None = None
    days: Collection[DaySessions] = ()
    worker: Person | None = None


def decide_insert(
    state: PersonState,
    work: TimeEntry | Service,
    organization: Organization,
    generated: GeneratedIds,
    span: tuple[int, int],
    details: EntryDetails = NO_DETAILS,
    days: Collection[DaySessions] = (),
) -> Started:
    """Create a session that is over, on a time entry, or on a new time entry of a service.

    :param span: the requested start and stop, timestamps.
    :param details: of a new time entry.
    :param days: all days that the session touches.
    """
    check_order(*span)
    start, stop = start_timestamp(generated.now, span[0]), min(span[1], generated.now)
    check_span(start, stop)
    limits = limits_of(start, organization, details.worker)
    timer = Timer(
        id=generated.timer_id,
        organization_id=state.organization_id,
        person_id=state.person_id,
        time_entry_id=generated.time_entry_id if isinstance(work, Service) else work.id,
        started_at=start,
        auto_stop_at=limits.auto_stop_at,
        stopped_at=stop,
        edited=True,
        remind_at=limits.remind_at,
        nonce=generated.nonce,
    )
    checked_days = check_over(state, timer, days, "started_at")
    update = TimeEntryUpdate(
        timer.time_entry_id,
        seconds=timer.seconds,
        timers=1,
        inserts=(timer.id, _last_stop(work, stop)),
        track_method=timer_track_method(work),
        target=work.sum_target if isinstance(work, TimeEntry) else None,
    )
    new_entry = None
    if isinstance(work, Service):
        new_entry = apply_to_new_entry(
            new_time_entry(state, work, organization, generated, start, details),
            update,
        )
    day_updates = DayUpdates()
    day_updates.added(timer)
    write_set = WriteSet(
        organization_id=state.organization_id,
        person_id=state.person_id,
        now=generated.now,
        person_state=SetTimeline(
            state.version, state.running, timer.id, max(state.last_stopped_at or 0, stop)
        ),
        new_timer=timer,
        new_entry=new_entry,
        entries=() if new_entry else (update,),
        days=day_updates.collected(checked_days),
    )
    return Started(timer, None, write_set, adjusted_times(Edit(*span), timer))


def _last_stop(work: TimeEntry | Service, stop: int) -> int | None:
    """The stop of an inserted session, if the time entry has no later one."""
    latest = work.timer_stopped_at if isinstance(work, TimeEntry) else None
    return stop if stop >= (latest or 0) else None


def decide_edit(
    timer: Timer,
    after: Timer,
    loaded: LoadedTimeline,
    organization: Organization,
    edit: ManualEdit,
) -> Edited:
    """Change a timer to ``after``, from ``edits.resolve_edit``. Raises :class:`OverlapsSession`."""
    if after == timer:
        return Edited(timer)
    if after.stopped_at is None and loaded.new_entry is None and loaded.entry.deleted_at:
        # The purge is about to delete the timer: it must not run.
        raise RecordNotFound
    checked_days: Collection[DaySessions] = ()
    if loaded.state is not None and not has_times_of(after, timer):
        checked_days = check_edit(timer, after, loaded.state, loaded.days)
    if after.stopped_at is None and not has_times_of(after, timer):
        limits = limits_of(after.started_at, organization, loaded.worker)
        if timer.stopped_at is not None and limits.auto_stop_at <= edit.now:
            # A person who undoes a stop past the limit is still working.
            limits = limits_of(edit.now, organization, loaded.worker)
        after = replace(after, auto_stop_at=limits.auto_stop_at, remind_at=limits.remind_at)
    runs_covered = after.stopped_at is None and loaded.new_entry is None
    is_covered = runs_covered and covers_session(loaded.entry, timer)
    target = (loaded.new_entry or loaded.entry).sum_target if after.stopped_at is None else None
    after = replace(after, covered=is_covered, sum_target=target, version=timer.version + 1)
    day_updates = DayUpdates()
    day_updates.removed(timer)
    day_updates.added(after)
    write_set = WriteSet(
        organization_id=timer.organization_id,
        person_id=timer.person_id,
        now=edit.now,
        person_state=None if loaded.state is None else _timeline_after(loaded.state, after),
        days=day_updates.collected(checked_days),
    )
    records: list[RecordWrite] = [
        ReplaceRecord(timer, after),
        CreateRecord(timer_revision(timer, after, edit)),
    ]
    for before, entry in _entries_after(timer, after, loaded):
        entry_after = replace(entry, updated_at=edit.now, version=before.version + 1)
        records.append(ReplaceRecord(before, entry_after))
    return Edited(after, write_set, tuple(records))


def decide_deletion(timer: Timer, loaded: LoadedTimeline, edit: ManualEdit) -> Edited:
    """Delete a timer, running or not, and its seconds.

    A time entry that its start made, and that nobody changed, is deleted with its only timer.
    """
    entry = without_session(loaded.entry, timer)
    day_updates = DayUpdates()
    day_updates.removed(timer)
    organization_id, expected = timer.organization_id, {"version": timer.version}
    records: list[RecordWrite] = [
        DeleteRecord(Timer, organization_id, timer.id, expected),
        CreateRecord(timer_revision(timer, None, edit)),
    ]
    if entry.timer_count == 0 and entry.made_by_timer_id == timer.id:
        expected = {"version": entry.version}
        records.append(DeleteRecord(TimeEntry, organization_id, entry.id, expected, loaded.entry))
    else:
        changed_entry = replace(entry, updated_at=edit.now, version=entry.version + 1)
        records.append(ReplaceRecord(loaded.entry, changed_entry))
    write_set = WriteSet(
        organization_id=organization_id,
        person_id=timer.person_id,
        now=edit.now,
        person_state=None if loaded.state is None else _timeline_without(loaded.state, timer),
        days=day_updates.collected(),
    )
    return Edited(timer, write_set, tuple(records))


def _timeline_after(state: PersonState, timer: Timer) -> SetTimeline:
    running = state.running
    if timer.stopped_at is None:
        running = running_timer(timer)
    elif running is not None and running.timer_id == timer.id:
        running = None
    last_stopped_at = max(state.last_stopped_at or 0, timer.stopped_at or 0) or None
    return SetTimeline(state.version, running, state.last_timer_id, last_stopped_at)


def _timeline_without(state: PersonState, timer: Timer) -> SetTimeline:
    is_running = state.running is not None and state.running.timer_id == timer.id
    running = None if is_running else state.running
    return SetTimeline(state.version, running, state.last_timer_id, state.last_stopped_at)


def _entries_after(
    timer: Timer, after: Timer, loaded: LoadedTimeline
) -> tuple[tuple[TimeEntry, TimeEntry], ...]:
    """The time entries that an edit changes, before and after it."""
    if loaded.new_entry is None:
        return ((loaded.entry, with_edited_session(loaded.entry, timer, after)),)
    return (
        (loaded.entry, without_session(loaded.entry, timer)),
        (loaded.new_entry, with_moved_session(loaded.new_entry, after)),
    )
