"""Domain events: what a change of a timer or a time entry means to whoever listens outside.

An event's id is derived from what changed, so that a change that is seen again is the same event
again. Its version is that of the resource and rises with each change: who has seen a higher one may
drop it. Contract section 10; docs/decisions/0013-events.md.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from chalicelib.core.idempotency import digest_of
from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import TimeEntry, Timer

_ID_DIGITS = 32


class EventType(StrEnum):
    """What happened."""

    TIMER_STARTED = "timer.started"
    TIMER_STOPPED = "timer.stopped"
    """Also where the stop of a stopped timer is corrected: then with a higher version."""
    TIME_ENTRY_CREATED = "time_entry.created"
    TIME_ENTRY_UPDATED = "time_entry.updated"
    TIME_ENTRY_DELETED = "time_entry.deleted"


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """Something that happened to a record, which is shown as it was after that.

    ``at`` is the instant from which it holds: of a start or a stop the session's own, which may lie
    before the moment in which somebody said so.
    """

    type: EventType
    record: Timer | TimeEntry
    version: int
    at: int

    @property
    def id(self) -> str:
        """The same whenever the same change is seen. Without a full stop: signatures use those."""
        record = self.record
        parts = (record.organization_id, record.id, self.version, self.type.value)
        return f"evt_{digest_of(*(str(part).encode() for part in parts))[:_ID_DIGITS]}"


def timer_events(old: Timer | None, new: Timer | None) -> tuple[DomainEvent, ...]:
    """What happened to a timer between two images of it; None: it was, or is, not there."""
    if new is None:
        return ()
    events = []
    if old is None:
        events.append(started_event(new))
    if new.stopped_at is not None and (
        old is None or (old.stopped_at, old.stop_reason) != (new.stopped_at, new.stop_reason)
    ):
        events.append(stopped_event(new, new.stopped_at))
    return tuple(events)


def started_event(timer: Timer) -> DomainEvent:
    """That a timer started, which shows it as it then was, whatever came after."""
    then = replace(timer, stopped_at=None, stop_reason=None, version=1)
    return DomainEvent(EventType.TIMER_STARTED, then, then.version, then.started_at)


def stopped_event(timer: Timer, stopped_at: int) -> DomainEvent:
    """That a timer stopped, or that its stop was corrected."""
    return DomainEvent(EventType.TIMER_STOPPED, timer, timer.version, stopped_at)


def entry_event_now(entry: TimeEntry) -> DomainEvent:
    """What there is to be told of a time entry that is as it is, whatever led to it."""
    if entry.version == 1:
        return DomainEvent(EventType.TIME_ENTRY_CREATED, entry, 1, entry.created_at)
    return DomainEvent(EventType.TIME_ENTRY_UPDATED, entry, entry.version, entry.updated_at)


def entry_events(
    old: TimeEntry | None,
    new: TimeEntry | None,
    looks: Callable[[TimeEntry], object],
    changed_at: int,
) -> tuple[DomainEvent, ...]:
    """What happened to a time entry between two images of it.

    ``looks`` gives what an outsider sees: a change that nobody sees is none. ``changed_at`` is the
    instant of the change, which a deleted entry cannot tell.
    """
    if new is None:
        if old is None:
            return ()
        deleted = DomainEvent(EventType.TIME_ENTRY_DELETED, old, old.version + 1, changed_at)
        return (deleted,)
    if old is None:
        return (DomainEvent(EventType.TIME_ENTRY_CREATED, new, new.version, new.created_at),)
    if looks(old) == looks(new):
        return ()
    return (DomainEvent(EventType.TIME_ENTRY_UPDATED, new, new.version, new.updated_at),)
