"""The domain events of a change of a timer or a time entry. Pure."""

from collections.abc import Callable

from msgspec.structs import replace

from chalicelib.events.model import DomainEvent, EventType
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import Timer


def timer_events(old: Timer | None, new: Timer | None, changed_at: int) -> tuple[DomainEvent, ...]:
    """The events between an old and a new image of a timer; None: it does not exist.

    ``changed_at`` is the timestamp of the change.
    """
    if new is None:
        return () if old is None else (deleted_event(old, changed_at),)
    events = []
    if old is None:
        events.append(started_event(new))
    elif new.reminded_at is not None and old.reminded_at is None:
        events.append(still_running_event(new, new.reminded_at))
    if new.stopped_at is not None and (old is None or _stop_of(old) != _stop_of(new)):
        events.append(stopped_event(new, new.stopped_at))
    if old is not None and _is_edited(old, new):
        events.append(updated_event(new, changed_at))
    return tuple(events)


def current_timer_events(timer: Timer) -> tuple[DomainEvent, ...]:
    """The events that bring a receiver to the present state of a timer.

    A stopped timer has no reminder. The time of a manual change is not stored: its event has that
    of the latest start or stop.
    """
    events = [started_event(timer)]
    if timer.stopped_at is not None:
        events.append(stopped_event(timer, timer.stopped_at))
    elif timer.reminded_at is not None:
        events.append(still_running_event(timer, timer.reminded_at))
    # A timer that nobody edited has version 1, and 2 once it stopped.
    if timer.version > (1 if timer.stopped_at is None else 2):
        latest = timer.started_at if timer.stopped_at is None else timer.stopped_at
        events.append(updated_event(timer, latest))
    return tuple(events)


def started_event(timer: Timer) -> DomainEvent:
    """The start of a timer. The event has the timer as it was after the start."""
    started = replace(timer, stopped_at=None, stop_reason=None, version=1)
    return DomainEvent(EventType.TIMER_STARTED, started, started.version, started.started_at)


def stopped_event(timer: Timer, stopped_at: int) -> DomainEvent:
    """The stop of a timer, or the correction of its stop."""
    return DomainEvent(EventType.TIMER_STOPPED, timer, timer.version, stopped_at)


def updated_event(timer: Timer, changed_at: int) -> DomainEvent:
    """A manual change of a timer."""
    return DomainEvent(EventType.TIMER_UPDATED, timer, timer.version, changed_at)


def deleted_event(timer: Timer, deleted_at: int) -> DomainEvent:
    """The deletion of a timer. The event has the timer as it was before."""
    return DomainEvent(EventType.TIMER_DELETED, timer, timer.version + 1, deleted_at)


def still_running_event(timer: Timer, reminded_at: int) -> DomainEvent:
    """The reminder of a running timer."""
    return DomainEvent(EventType.TIMER_STILL_RUNNING, timer, timer.version, reminded_at)


def _stop_of(timer: Timer) -> tuple[object, ...]:
    return timer.stopped_at, timer.stop_reason


def _is_edited(old: Timer, new: Timer) -> bool:
    """Whether a timer was changed manually, in another way than by its stop."""
    if (old.started_at, old.time_entry_id) != (new.started_at, new.time_entry_id):
        return True
    return old.stopped_at is not None and _stop_of(old) != _stop_of(new)


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
