"""Snapshots of all persons: check the invariants, and compare snapshots without ids."""

from collections.abc import Mapping
from typing import Any

from pynamodb.connection import Connection

from chalicelib.timers.model import Timer
from tools.ops.invariants import PersonSnapshot, check
from tools.ops.snapshot import Scope, SnapshotReader

TimerKey = tuple[int, int]
"""The id of an organization and the id of a timer."""


def violations(connection: Connection) -> list[str]:
    """Read everything and return every violated invariant."""
    return violations_of(SnapshotReader(connection).read_all())


def violations_of(snapshots: Mapping[Scope, PersonSnapshot]) -> list[str]:
    """Return every violated invariant of snapshots that are already read."""
    return [
        f"{scope}: {violation.what}"
        for scope, snapshot in snapshots.items()
        for violation in check(snapshot)
    ]


def timers(connection: Connection) -> dict[TimerKey, Timer]:
    """Return the timers of all persons in all organizations."""
    all_snapshots = SnapshotReader(connection).read_all().values()
    return {key_of(timer): timer for snapshot in all_snapshots for timer in snapshot.timers}


def key_of(timer: Timer) -> TimerKey:
    """Return the unique key of a timer. Two organizations may use the same timer id."""
    return timer.organization_id, timer.id


def outline(snapshot: PersonSnapshot) -> dict[str, Any]:
    """Return the snapshot with each id replaced by its position.

    Two outlines are equal if the same operations happened the same number of times. Versions stay
    in the outline, because a version counts how often its item was written.
    """
    timer_position = {timer.id: position for position, timer in enumerate(snapshot.timers)}
    entries = sorted(snapshot.entries.values(), key=lambda entry: entry.id)
    entry_position = {entry.id: position for position, entry in enumerate(entries)}
    state = snapshot.person_state
    return {
        "timers": [
            (
                entry_position[timer.time_entry_id],
                timer.started_at,
                timer.auto_stop_at,
                timer.stopped_at,
                timer.stop_reason,
                timer.edited,
                timer.covered,
                timer.version,
            )
            for timer in snapshot.timers
        ],
        "entries": [
            (
                entry.service_id,
                entry.date,
                entry.tracked_seconds,
                entry.adjusted_seconds,
                entry.covered_to is not None,
                [timer_position[timer.id] for timer in snapshot.timers if entry.covers(timer.id)],
                entry.timer_count,
                timer_position.get(entry.running_timer_id or 0),
                timer_position.get(entry.latest_timer_id or 0),
                entry.timer_started_at,
                entry.timer_stopped_at,
                timer_position.get(entry.stopped_timer_id or 0),
                entry.version,
            )
            for entry in entries
        ],
        "person_state": (
            state.version,
            timer_position.get(state.running.timer_id) if state.running else None,
            timer_position.get(state.last_timer_id),
            state.last_stopped_at,
        ),
        "counters": snapshot.counters,
        "sessions": {
            day: {timer_position.get(timer_id): mark for timer_id, mark in marks.items()}
            for day, marks in snapshot.marks.items()
        },
    }
