"""Snapshots of all persons: check the invariants, and compare snapshots without ids."""

from collections.abc import Mapping
from typing import Any

from pynamodb.connection import Connection

from chalicelib.domain.timers import Timer
from tools.ops.invariants import Books, check
from tools.ops.snapshot import Ledger, Scope

TimerKey = tuple[int, int]
"""The id of an organization and the id of a timer."""


def violations(connection: Connection) -> list[str]:
    """Read everything and return every violated invariant."""
    return violations_of(Ledger(connection).read_all())


def violations_of(everybody: Mapping[Scope, Books]) -> list[str]:
    """Return every violated invariant of snapshots that are already read."""
    return [
        f"{scope}: {violation.what}"
        for scope, books in everybody.items()
        for violation in check(books)
    ]


def timers(connection: Connection) -> dict[TimerKey, Timer]:
    """Return the timers of all persons in all organizations."""
    all_books = Ledger(connection).read_all().values()
    return {key_of(timer): timer for books in all_books for timer in books.timers}


def key_of(timer: Timer) -> TimerKey:
    """Return the unique key of a timer. Two organizations may use the same timer id."""
    return timer.organization_id, timer.id


def outline(books: Books) -> dict[str, Any]:
    """Return the snapshot with each id replaced by its position.

    Two outlines are equal if the same operations happened the same number of times. Versions stay
    in the outline, because a version counts how often its item was written.
    """
    timer_position = {timer.id: position for position, timer in enumerate(books.timers)}
    entries = sorted(books.entries.values(), key=lambda entry: entry.id)
    entry_position = {entry.id: position for position, entry in enumerate(entries)}
    slot = books.slot
    return {
        "timers": [
            (
                entry_position[timer.time_entry_id],
                timer.started_at,
                timer.auto_stop_at,
                timer.stopped_at,
                timer.stop_reason,
                timer.version,
            )
            for timer in books.timers
        ],
        "entries": [
            (
                entry.service_id,
                entry.date,
                entry.tracked_seconds,
                entry.timer_count,
                timer_position.get(entry.running_timer_id or 0),
                timer_position.get(entry.latest_timer_id or 0),
                entry.timer_started_at,
                entry.timer_stopped_at,
                entry.version,
            )
            for entry in entries
        ],
        "slot": (
            slot.version,
            timer_position.get(slot.running.timer_id) if slot.running else None,
            timer_position.get(slot.last_timer_id),
            slot.last_stopped_at,
        ),
        "tallies": books.tallies,
    }
