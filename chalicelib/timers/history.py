"""Revisions of timers: what a manual change of a session was. Pure. Contract section 4a."""

from chalicelib.revisions.model import ManualEdit, RevisedRecord, Revision, RevisionSubject, Values
from chalicelib.revisions.rules import revision_of
from chalicelib.timers.model import Timer


def timer_revision(before: Timer, after: Timer | None, edit: ManualEdit) -> Revision:
    """The revision of a change of a timer. ``after`` is None if the timer is deleted."""
    record = RevisedRecord(
        before.organization_id,
        RevisionSubject.TIMER,
        before.id,
        before.time_entry_id,
        before.person_id,
    )
    return revision_of(record, edit, _values(before), None if after is None else _values(after))


def _values(timer: Timer) -> Values:
    return {
        "started_at": timer.started_at,
        "stopped_at": timer.stopped_at,
        "time_entry_id": timer.time_entry_id,
        "stop_reason": None if timer.stop_reason is None else timer.stop_reason.value,
    }
