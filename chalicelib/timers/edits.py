"""What an edit of a session asks for, before its time entry and other sessions are read. Pure.

Contract sections 4 and 4a.
"""

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.timers.days import days_between, days_until_now
from chalicelib.timers.model import Timer
from chalicelib.timers.rules import MAX_BACKDATING_SECONDS, start_timestamp

MAX_SESSION_SECONDS = 31 * SECONDS_PER_DAY
"""The maximum length of a session that is entered manually: one transaction writes its days."""


class Edit(Struct, frozen=True):
    """What a caller asks to change. An unset value stays unchanged.

    :param stopped_at: None: the timer runs on.
    :param clock_skew: the seconds that were subtracted from the timestamps of the request.
    """

    started_at: int | UnsetType = UNSET
    stopped_at: int | UnsetType | None = UNSET
    time_entry_id: int | UnsetType = UNSET
    clock_skew: int = 0


def corrected_stop(
    timer: Timer, now: int, stopped_at: int | None, clock_skew: int = 0
) -> int | None:
    """The timestamp to which a manual stop moves an automatic one. None: it does not move it.

    It moves it if the caller requests an earlier ``stopped_at``. Contract section 4.

    :param clock_skew: the seconds that were subtracted from the requested ``stopped_at``.
    """
    if stopped_at is None or timer.stopped_at is None or timer.stop_reason is None:
        return None
    if stopped_at + clock_skew == timer.stopped_at:
        # The client sent the stop as it was shown.
        return None
    stop = max(timer.started_at, min(stopped_at, now))
    return stop if max(stop, stopped_at) < timer.stopped_at else None


def resolve_edit(timer: Timer, edit: Edit, now: int) -> tuple[Timer, tuple[str, ...]]:
    """The timer as the edit asks for it, and the names of the timestamps that were adjusted.

    A value that is equal to the present one changes nothing. Raises :class:`InvalidAttribute`.
    """
    edit = _without_shown(edit, timer)
    after = timer
    if edit.started_at is not UNSET and edit.started_at != timer.started_at:
        after = replace(after, started_at=start_timestamp(now, edit.started_at))
    if edit.stopped_at is not UNSET and edit.stopped_at != timer.stopped_at:
        stop = None if edit.stopped_at is None else min(edit.stopped_at, now)
        if timer.stopped_at is None and stop is not None:
            # The first stop, by the rules of section 4.
            stop = max(stop, after.started_at)
        elif isinstance(edit.started_at, int) and isinstance(edit.stopped_at, int):
            # Both may be in the future, and then count as now.
            check_order(edit.started_at, edit.stopped_at)
        after = replace(after, stopped_at=stop, stop_reason=None)
    if edit.time_entry_id is not UNSET:
        after = replace(after, time_entry_id=edit.time_entry_id)
    if not has_times_of(after, timer):
        after = replace(after, edited=_moves_in_lists(timer, after))
        _check_times(timer, after, now)
    return after, adjusted_times(edit, after)


def needs_timeline(timer: Timer, after: Timer) -> bool:
    """Whether an edit changes the running timer, or may make sessions overlap.

    If not, the session only becomes shorter or moves to another time entry.
    """
    if timer.stopped_at is None or after.stopped_at is None:
        return True
    return not timer.started_at <= after.started_at <= after.stopped_at <= timer.stopped_at


def days_to_check(timer: Timer, after: Timer, now: int) -> range:
    """The days that an edit must read. They have every session that the new one may overlap."""
    if not needs_timeline(timer, after) or has_times_of(after, timer):
        return range(0)
    if after.stopped_at is None:
        return days_until_now(after.started_at, now)
    return days_between(after.started_at, after.stopped_at)


def adjusted_times(requested: Edit, timer: Timer) -> tuple[str, ...]:
    """The names of the timestamps that the timer has in another way than requested."""
    return tuple(
        name
        for name in ("started_at", "stopped_at")
        if getattr(requested, name) not in (UNSET, getattr(timer, name))
    )


def _without_shown(edit: Edit, timer: Timer) -> Edit:
    """The edit without the timestamps that the client sent as they were shown.

    The server showed them, so the skew of the client's clock does not apply.
    """
    shown = {
        name: UNSET
        for name in ("started_at", "stopped_at")
        if isinstance(value := getattr(edit, name), int)
        and value + edit.clock_skew == getattr(timer, name)
    }
    return replace(edit, **shown)


def _moves_in_lists(timer: Timer, after: Timer) -> bool:
    """Whether the id of an edited timer no longer gives its place among timers of one second.

    A longer or shorter session keeps its place, so a list that is read meanwhile has it once.
    """
    has_moved = after.started_at != timer.started_at
    return timer.edited or has_moved or timer.started_at == timer.stopped_at


def _check_times(timer: Timer, after: Timer, now: int) -> None:
    start, stop = after.started_at, after.stopped_at
    if stop is not None and timer.stopped_at is None and start == timer.started_at:
        # A stop is never refused, however long the timer ran.
        return
    if stop is not None:
        check_span(start, stop)
    elif start < now - MAX_BACKDATING_SECONDS:
        detail = "The start of a running timer must be at most 31 days in the past."
        raise InvalidAttribute("started_at", detail)


def check_order(start: int, stop: int) -> None:
    """Check that a session does not end before it starts."""
    if stop < start:
        raise InvalidAttribute("stopped_at", "The stop must not be before the start.")


def check_span(start: int, stop: int) -> None:
    """Check the order and the length of a session that is over."""
    check_order(start, stop)
    if stop - start > MAX_SESSION_SECONDS:
        raise InvalidAttribute("stopped_at", "A session can last at most 31 days.")


def has_times_of(timer: Timer, other: Timer) -> bool:
    """Whether two timers have the same start and stop."""
    return (timer.started_at, timer.stopped_at) == (other.started_at, other.stopped_at)
