"""Create, update and delete time entries manually. Contract section 10.

An update never changes an entry's timers: manually added seconds are stored separately from the
tracked ones. Each manual change writes a revision in the same transaction. Decision 0012.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.errors import Conflict, InvalidAttribute
from chalicelib.core.timestamps import SECONDS_PER_MINUTE
from chalicelib.core.write_set import (
    ConcurrentModification,
    CreateRecord,
    DeleteRecord,
    RecordWrite,
    ReplaceRecord,
    RequireRecord,
    SetTimeline,
    WriteSet,
)
from chalicelib.people.model import Person
from chalicelib.people.rules import require_not_erased
from chalicelib.revisions.model import ManualEdit, RevisedRecord, Revision, RevisionSubject, Values
from chalicelib.revisions.rules import revision_of
from chalicelib.services.model import Service
from chalicelib.services.rules import require_open
from chalicelib.time_entries.model import (
    EARLIEST_DATE,
    LATEST_DATE,
    MAX_MINUTES,
    References,
    TimeEntry,
    TrackMethod,
)
from chalicelib.timers.days import DayUpdates, marks_of
from chalicelib.timers.history import timer_revision
from chalicelib.timers.model import PersonState, Timer

MAX_TIMERS_PER_STEP = 40
MAX_ITEMS_PER_STEP = 90
"""Timers, their revisions and days that one transaction writes. It takes 100 items: the others are
for the entry, its counters and its revision."""


class UpdateResult(Struct, frozen=True):
    """An entry after a change, and the writes of the change: none, if nothing changes."""

    entry: TimeEntry
    records: tuple[RecordWrite, ...] = ()
    write_set: WriteSet | None = None


def decide_entry(
    entry_id: int,
    references: References,
    values: Mapping[str, Any],
    edit: ManualEdit,
    nonce: int | None = None,
    *,
    is_history: bool = False,
) -> UpdateResult:
    """Create an entry manually. ``values`` contain its ``date`` and optional attributes.

    ``nonce`` is a new random number: see :class:`TimeEntry`.
    Raises :class:`InvalidAttribute` for a service or a person that does not exist or is not active.
    ``is_history``: an operator brings it, and they need not be active. Then ``values`` may say
    whether it is ``billable``; None: as its service says.
    """
    billable = values.get("billable") if is_history else None
    if is_history:
        service, person = _require_receivers(references)
    else:
        service = require_open(references.service)
        person = _require_active_person(references.person)
    _check_values(values)
    entry = TimeEntry(
        id=entry_id,
        organization_id=person.organization_id,
        person_id=person.id,
        service_id=service.id,
        date=values["date"],
        created_at=edit.now,
        updated_at=edit.now,
        # An operator is no person: then the person who worked counts as the creator.
        creator_id=edit.person_id or person.id,
        billable=service.billable if billable is None else billable,
        billable_minutes=values.get("billable_time"),
        note=values.get("note"),
        track_method=TrackMethod.MANUAL,
        adjusted_seconds=values.get("time", 0) * SECONDS_PER_MINUTE,
        covered_to=0 if "time" in values else None,
        nonce=nonce,
    )
    unchanged = require_not_erased(person) if is_history else _require_still_active(person)
    return UpdateResult(entry, (CreateRecord(entry), unchanged))


def decide_entry_update(
    entry: TimeEntry, values: Mapping[str, Any], references: References, edit: ManualEdit
) -> UpdateResult:
    """Update an entry manually. A value that is equal to the present one changes nothing.

    A new ``time`` replaces the time of all stopped sessions; later sessions add to it. None returns
    to the time of the sessions. Raises :class:`Conflict` if an entry with timers would get another
    person, and :class:`InvalidAttribute` for a new value that is not valid, and for a service or a
    person that does not exist or is not active.
    """
    _check_values(values, entry)
    after = entry
    if values.get("date", entry.date) != entry.date:
        after = replace(after, date=values["date"])
    if values.get("note", entry.note) != entry.note:
        after = replace(after, note=values["note"])
    if values.get("time", entry.time) != entry.time:
        after = _with_time(after, values["time"])
    if values.get("service", entry.service_id) != entry.service_id:
        service = require_open(references.service)
        after = replace(after, service_id=service.id, billable=service.billable)
    records: list[RecordWrite] = []
    if values.get("person", entry.person_id) != entry.person_id:
        person = _require_new_person(entry, references.person)
        after = replace(after, person_id=person.id)
        records.append(_require_still_active(person))
    # Compared with the entry before the change: clients send back the value that they received,
    # and it may follow the time.
    if "billable_time" in values and values["billable_time"] != entry.billable_time:
        after = replace(after, billable_minutes=values["billable_time"])
    if after == entry:
        return UpdateResult(entry)
    after = replace(after, made_by_timer_id=None, updated_at=edit.now, version=entry.version + 1)
    revision = _revision(entry, after, edit)
    writes = (ReplaceRecord(entry, after), CreateRecord(revision), *records)
    return UpdateResult(after, writes)


def uncover_running(update: UpdateResult, timer: Timer, state: PersonState) -> UpdateResult:
    """Let a running timer add to a time that was just set or removed manually.

    The former time covered the timer, because it had stopped before and then ran on.
    """
    if not update.records or state.running is None:
        raise ConcurrentModification
    after = replace(timer, covered=False, version=timer.version + 1)
    person_state = SetTimeline(
        state.version,
        replace(state.running, covered=False),
        state.last_timer_id,
        state.last_stopped_at,
    )
    entry = update.entry
    return replace(
        update,
        records=(*update.records, ReplaceRecord(timer, after)),
        write_set=WriteSet(entry.organization_id, entry.person_id, entry.updated_at, person_state),
    )


def decide_deletion(entry: TimeEntry, timers: Sequence[Timer], edit: ManualEdit) -> UpdateResult:
    """Delete an entry, with as many of its timers as fit into one transaction.

    If timers remain, the entry is hidden now, and :func:`decide_purge` deletes the rest later.
    Raises :class:`Conflict` while a timer is running on the entry.
    """
    if entry.running_timer_id is not None:
        raise Conflict(
            f"Timer {entry.running_timer_id} is running on this time entry. "
            "Stop it before you delete the entry."
        )
    hidden = replace(
        entry,
        deleted_at=edit.now,
        deleted_by_id=edit.person_id,
        deleted_by_token_id=edit.token_id,
        updated_at=edit.now,
    )
    result = _remove_timers(entry, hidden, timers, edit.now)
    revision = CreateRecord(_revision(entry, None, edit))
    return replace(result, records=(*result.records, revision))


def decide_purge(entry: TimeEntry, timers: Sequence[Timer], now: int) -> UpdateResult:
    """Delete some more timers of a deleted entry. With the last one, delete the entry."""
    if entry.timer_count > 0 and not timers:
        return UpdateResult(entry)
    return _remove_timers(entry, entry, timers, now)


def _remove_timers(
    before: TimeEntry, after: TimeEntry, timers: Sequence[Timer], now: int
) -> UpdateResult:
    """Delete timers, subtract them from the entry and the counters, and maybe delete the entry."""
    day_updates = DayUpdates()
    removed: list[Timer] = []
    for timer in timers[:MAX_TIMERS_PER_STEP]:
        days = marks_of(timer.started_at, timer.stopped_at).keys()
        if removed and 2 * len(removed) + len(day_updates.days | days) >= MAX_ITEMS_PER_STEP:
            break
        day_updates.removed(timer)
        removed.append(timer)
    edit = ManualEdit(
        after.deleted_by_id or 0, after.deleted_by_token_id, after.deleted_at or now, 0
    )
    after = replace(
        after,
        timer_count=before.timer_count - len(removed),
        tracked_seconds=before.tracked_seconds - sum(timer.seconds for timer in removed),
        version=before.version + 1,
    )
    organization_id = before.organization_id
    records: list[RecordWrite] = [
        DeleteRecord(Timer, organization_id, timer.id, {"version": timer.version})
        for timer in removed
    ]
    records += (
        # The id of a timer is unique, so it is the id of the revision of its deletion too.
        CreateRecord(timer_revision(timer, None, replace(edit, revision_id=timer.id)))
        for timer in removed
    )
    # The count includes timers that no index shows yet. The entry stays until they are deleted.
    if after.timer_count > 0:
        records.append(ReplaceRecord(before, after))
    else:
        expected = {"version": before.version}
        records.append(DeleteRecord(TimeEntry, organization_id, before.id, expected, before))
    write_set = WriteSet(
        organization_id,
        before.person_id,
        now,
        person_state=None,
        days=day_updates.collected(),
    )
    return UpdateResult(after, tuple(records), write_set)


def _check_values(values: Mapping[str, Any], entry: TimeEntry | None = None) -> None:
    """Check the limits of new values. A value that is equal to the present one is always valid."""
    for name in ("time", "billable_time"):
        minutes = values.get(name)
        if minutes is not None and minutes > MAX_MINUTES and minutes != getattr(entry, name, None):
            raise InvalidAttribute(name, f"The number must be at most {MAX_MINUTES}.")
    date = values.get("date")
    is_unchanged = entry is not None and date == entry.date
    if date is not None and not is_unchanged and not EARLIEST_DATE <= date <= LATEST_DATE:
        raise InvalidAttribute("date", f"Use a date from {EARLIEST_DATE} to {LATEST_DATE}.")


def _with_time(entry: TimeEntry, minutes: int | None) -> TimeEntry:
    """The entry with a manually set time: it covers the timers that have stopped by now."""
    if minutes is None:
        return replace(entry, adjusted_seconds=0, covered_to=None, uncovered_ids=())
    is_manual = entry.track_method is TrackMethod.MANUAL
    return replace(
        entry,
        adjusted_seconds=minutes * SECONDS_PER_MINUTE - entry.tracked_seconds,
        covered_to=entry.latest_timer_id or 0,
        uncovered_ids=() if entry.running_timer_id is None else (entry.running_timer_id,),
        track_method=TrackMethod.MANUAL if is_manual else TrackMethod.BOTH,
    )


def _require_receivers(references: References) -> tuple[Service, Person]:
    """The service and the person of history: also if they are archived or deactivated."""
    service, person = references.service or require_open(None), references.person
    if person is None or person.is_erased:
        raise InvalidAttribute("person", "This person does not exist or was erased.")
    return service, person


def _require_active_person(person: Person | None) -> Person:
    if person is None or person.deactivated_at is not None:
        raise InvalidAttribute("person", "This person does not exist or is deactivated.")
    return person


def _require_new_person(entry: TimeEntry, person: Person | None) -> Person:
    if entry.running_timer_id is not None:
        raise Conflict(
            f"Timer {entry.running_timer_id} is running on this time entry. "
            "You cannot assign the entry to another person."
        )
    if entry.had_sessions:
        raise Conflict("This time entry has timers. You cannot assign the entry to another person.")
    return _require_active_person(person)


def _require_still_active(person: Person) -> RequireRecord:
    """Requires at the commit that the person exists and is not deactivated."""
    expected = {"id": person.id, "deactivated_at": None}
    return RequireRecord(Person, person.organization_id, person.id, expected)


def _revision(before: TimeEntry, after: TimeEntry | None, edit: ManualEdit) -> Revision:
    record = RevisedRecord(
        before.organization_id, RevisionSubject.TIME_ENTRY, before.id, before.id, before.person_id
    )
    new_values = None if after is None else _editable_values(after)
    return revision_of(record, edit, _editable_values(before), new_values)


def _editable_values(entry: TimeEntry) -> Values:
    """The values of an entry that can be edited, as the API returns them: times in minutes."""
    return {
        "date": entry.date,
        "time": entry.time,
        "billable_time": entry.billable_time,
        "note": entry.note,
        "service_id": entry.service_id,
        "person_id": entry.person_id,
    }
