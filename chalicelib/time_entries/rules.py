"""Making time entries by hand, correcting them, and deleting them. Contract section 10.

An entry's timers are never touched by a correction: what a hand adds or takes is kept beside what
they tracked. What was changed by hand is kept as a :class:`Revision`, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict, InvalidAttribute
from chalicelib.core.timestamps import SECONDS_PER_DAY, SECONDS_PER_MINUTE
from chalicelib.core.write_set import ChangeEntryTally, Changes, EntryTallying, Tallying
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Person, Service
from chalicelib.domain.records import (
    CreateRecord,
    DeleteRecord,
    RecordChange,
    ReplaceRecord,
    RequireRecord,
)
from chalicelib.domain.timers import TimeEntry, Timer, TrackMethod

MOST_MINUTES = 31 * 24 * 60
"""What an entry may be said to last: some book a month on one date, nobody more."""

EARLIEST_DATE = "2000-01-01"
LATEST_DATE = "2199-12-31"
"""The dates that an entry may have: beyond them lie slips of the hand."""

REVISIONS_KEPT_SECONDS = 10 * 366 * SECONDS_PER_DAY
"""Ten years: longer than what is paid and invoiced by an entry is asked about."""

MOST_TIMERS_A_STEP = 40
MOST_ITEMS_A_STEP = 90
"""Timers, and with them days of tallies, that one transaction removes; it takes 100 items, of which
the entry and what is written about it are some."""


class Act(StrEnum):
    """What was done to an entry by hand."""

    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Revision:
    """What an act by hand made of a time entry: by whom (``person_id``), when, and the values that
    it changed, by name, each before and after; None is no value. Its id grows with time."""

    id: int
    organization_id: int
    time_entry_id: int
    person_id: int
    act: Act
    created_at: int
    before: Mapping[str, str | int | None]
    after: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class ByHand:
    """Who does something to an entry, when, and the id under which that is kept."""

    person_id: int
    now: int
    revision_id: int


@dataclass(frozen=True, slots=True)
class Related:
    """The service and the person that an act names, as far as they exist. None: not named."""

    service: Service | None = None
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """An entry as it now is, and what is to be written for it: nothing, where nothing is."""

    entry: TimeEntry
    records: tuple[RecordChange, ...] = ()
    changes: Changes | None = None


def decide_entry(entry_id: int, related: Related, values: Mapping[str, Any], by: ByHand) -> Changed:
    """Make an entry by hand. ``values`` hold its ``date`` and what else is known of it.

    Raises :class:`InvalidAttribute` about a service or a person who takes no time.
    """
    used, person = _open_service(related.service), _active(related.person)
    entry = TimeEntry(
        id=entry_id,
        organization_id=person.organization_id,
        person_id=person.id,
        service_id=used.id,
        date=values["date"],
        created_at=by.now,
        updated_at=by.now,
        creator_id=by.person_id,
        billable=used.billable,
        billable_minutes=values.get("billable_time"),
        note=values.get("note"),
        track_method=TrackMethod.MANUAL,
        adjusted_seconds=values.get("time", 0) * SECONDS_PER_MINUTE,
    )
    records = (CreateRecord(entry), _still_active(person))
    return Changed(entry, records, _counted(None, entry, by.now))


def decide_entry_change(
    entry: TimeEntry, values: Mapping[str, Any], related: Related, by: ByHand
) -> Changed:
    """Correct an entry by hand; what is said as it is, is no correction.

    A time that is said counts for all sessions that have ended; later ones are added to it.
    Raises :class:`Conflict` where it would give somebody's sessions to somebody else, and
    :class:`InvalidAttribute` about a service or a person who takes no time.
    """
    after = entry
    if values.get("date", entry.date) != entry.date:
        after = replace(after, date=values["date"])
    if values.get("note", entry.note) != entry.note:
        after = replace(after, note=values["note"])
    if values.get("time", entry.time) != entry.time:
        after = _with_time(after, values["time"])
    if values.get("service", entry.service_id) != entry.service_id:
        service = _open_service(related.service)
        after = replace(after, service_id=service.id, billable=service.billable)
    records: list[RecordChange] = []
    if values.get("person", entry.person_id) != entry.person_id:
        person = _new_person(entry, related.person)
        after = replace(after, person_id=person.id)
        records.append(_still_active(person))
    # Said last: clients send back what they were shown, which follows the time.
    if "billable_time" in values and values["billable_time"] != entry.billable_time:
        after = replace(after, billable_minutes=values["billable_time"])
    if after == entry:
        return Changed(entry)
    after = replace(after, updated_at=by.now, version=entry.version + 1)
    revision = _revision(entry, after, by, Act.UPDATED)
    written = (ReplaceRecord(entry, after), CreateRecord(revision), *records)
    return Changed(after, written, _counted(entry, after, by.now))


def decide_deletion(entry: TimeEntry, timers: Sequence[Timer], by: ByHand) -> Changed:
    """Delete an entry, with those of its timers that one transaction can take.

    Where that leaves some, it is hidden at once, and :func:`decide_clearing` removes them later.
    Raises :class:`Conflict` while a timer runs on it.
    """
    if entry.running_timer_id is not None:
        raise Conflict(
            f"Timer {entry.running_timer_id} is running on this time entry. "
            "Stop it before you delete the entry."
        )
    hidden = replace(entry, deleted_at=by.now, updated_at=by.now)
    removed = _remove(entry, hidden, timers, by.now)
    revision = CreateRecord(_revision(entry, None, by, Act.DELETED))
    return replace(removed, records=(*removed.records, revision))


def decide_clearing(entry: TimeEntry, timers: Sequence[Timer], now: int) -> Changed:
    """Remove more timers of an entry that was deleted, and with the last of them the entry."""
    if entry.timer_count > 0 and not timers:
        return Changed(entry)
    return _remove(entry, entry, timers, now)


def _remove(before: TimeEntry, after: TimeEntry, timers: Sequence[Timer], now: int) -> Changed:
    """Take timers, and what they count for, from an entry. It goes when the last of them does."""
    tallying = Tallying()
    gone: list[Timer] = []
    for timer in timers[:MOST_TIMERS_A_STEP]:
        if len(gone) + len(tallying.days | _days_of(timer)) >= MOST_ITEMS_A_STEP:
            break
        tallying.started(timer.started_at, by=-1)
        tallying.stopped(timer.started_at + timer.seconds, by=-1)
        gone.append(timer)
    after = replace(
        after,
        timer_count=before.timer_count - len(gone),
        tracked_seconds=before.tracked_seconds - sum(timer.seconds for timer in gone),
        version=before.version + 1,
    )
    organization_id = before.organization_id
    records: list[RecordChange] = [
        DeleteRecord(Timer, organization_id, timer.id, {"version": timer.version}) for timer in gone
    ]
    # Timers that nobody found yet are still counted: as long as there are some, so is the entry.
    if after.timer_count > 0:
        records.append(ReplaceRecord(before, after))
    else:
        expected = {"version": before.version}
        records.append(DeleteRecord(TimeEntry, organization_id, before.id, expected))
    changes = Changes(
        organization_id,
        before.person_id,
        now,
        slot=None,
        tallies=tallying.changes(),
        # Of the lists it goes with the first step.
        entry_tallies=_moved(before if before.deleted_at is None else None, None),
    )
    return Changed(after, tuple(records), changes)


def _counted(before: TimeEntry | None, after: TimeEntry, now: int) -> Changes:
    """What an entry that came or moved changes in what lists are counted by."""
    moved = _moved(before, after)
    return Changes(after.organization_id, after.person_id, now, slot=None, entry_tallies=moved)


def _moved(before: TimeEntry | None, after: TimeEntry | None) -> tuple[ChangeEntryTally, ...]:
    tallying = EntryTallying()
    if before is not None:
        tallying.went(before)
    if after is not None:
        tallying.came(after)
    return tallying.changes()


def _days_of(timer: Timer) -> set[int]:
    stop = timer.started_at + timer.seconds
    return {timer.started_at // SECONDS_PER_DAY, stop // SECONDS_PER_DAY}


def _with_time(entry: TimeEntry, minutes: int) -> TimeEntry:
    by_hand = entry.track_method is TrackMethod.MANUAL
    return replace(
        entry,
        adjusted_seconds=minutes * SECONDS_PER_MINUTE - entry.tracked_seconds,
        track_method=TrackMethod.MANUAL if by_hand else TrackMethod.BOTH,
    )


def _open_service(service: Service | None) -> Service:
    if service is None or not service.takes_time:
        raise InvalidAttribute(
            "service", "This service does not exist or does not allow time tracking."
        )
    return service


def _active(person: Person | None) -> Person:
    if person is None or person.deactivated_at is not None:
        raise InvalidAttribute("person", "This person does not exist or is deactivated.")
    return person


def _new_person(entry: TimeEntry, person: Person | None) -> Person:
    if entry.running_timer_id is not None:
        raise Conflict(
            f"Timer {entry.running_timer_id} is running on this time entry. "
            "You cannot assign the entry to another person."
        )
    if entry.had_sessions:
        raise Conflict("This time entry has timers. You cannot assign the entry to another person.")
    return _active(person)


def _still_active(person: Person) -> RequireRecord:
    """Demands that somebody is not deactivated meanwhile. One who is not there has no id."""
    expected = {"id": person.id, "deactivated_at": None}
    return RequireRecord(Person, person.organization_id, person.id, expected)


def _revision(before: TimeEntry, after: TimeEntry | None, by: ByHand, act: Act) -> Revision:
    was = _shown(before)
    becomes = dict.fromkeys(was) if after is None else _shown(after)
    changed = [name for name in was if was[name] != becomes[name]]
    return Revision(
        id=by.revision_id,
        organization_id=before.organization_id,
        time_entry_id=before.id,
        person_id=by.person_id,
        act=act,
        created_at=by.now,
        before={name: was[name] for name in changed},
        after={name: becomes[name] for name in changed},
    )


def _shown(entry: TimeEntry) -> dict[str, str | int | None]:
    """What a hand may change of an entry, as it is shown: times in minutes."""
    return {
        "date": entry.date,
        "time": entry.time,
        "billable_time": entry.billable_time,
        "note": entry.note,
        "service_id": entry.service_id,
        "person_id": entry.person_id,
    }
