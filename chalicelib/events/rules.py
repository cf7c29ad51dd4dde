"""The domain events of a change of a timer or a time entry. Pure."""

from collections.abc import Callable

from msgspec.structs import replace

from chalicelib.events.model import DomainEvent, EventType
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer


def timer_events(old: Timer | None, new: Timer | None) -> tuple[DomainEvent, ...]:
    """The events between an old and a new image of a timer; None: it does not exist."""
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
    """The start of a timer. The event has the timer as it was after the start."""
    started = replace(timer, stopped_at=None, stop_reason=None, version=1)
    return DomainEvent(EventType.TIMER_STARTED, started, started.version, started.started_at)


def stopped_event(timer: Timer, stopped_at: int) -> DomainEvent:
    """The stop of a timer, or the correction of its stop."""
    return DomainEvent(EventType.TIMER_STOPPED, timer, timer.version, stopped_at)


def current_entry_event(entry: TimeEntry) -> DomainEvent:
    """The latest event of a time entry: created if it never changed, else updated."""
    if entry.version == 1:
        return DomainEvent(EventType.TIME_ENTRY_CREATED, entry, 1, entry.created_at)
    return DomainEvent(EventType.TIME_ENTRY_UPDATED, entry, entry.version, entry.updated_at)


def entry_events(
    old: TimeEntry | None,
    new: TimeEntry | None,
    public_content: Callable[[TimeEntry], object],
    changed_at: int,
) -> tuple[DomainEvent, ...]:
    """The events between an old and a new image of a time entry; None: it does not exist.

    ``public_content`` returns the content that webhooks receive: without a change of it there is no
    event. ``changed_at`` is the timestamp of the change, for a deletion.
    """
    if new is None:
        if old is None:
            return ()
        deleted = DomainEvent(EventType.TIME_ENTRY_DELETED, old, old.version + 1, changed_at)
        return (deleted,)
    if old is None:
        return (DomainEvent(EventType.TIME_ENTRY_CREATED, new, new.version, new.created_at),)
    if public_content(old) == public_content(new):
        return ()
    return (DomainEvent(EventType.TIME_ENTRY_UPDATED, new, new.version, new.updated_at),)
