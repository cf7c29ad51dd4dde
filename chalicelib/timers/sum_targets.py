"""Where the seconds of a running timer will count in sums, also if the timer does not know."""

from typing import TypeVar

from msgspec.structs import replace

from chalicelib.core.write_set import ConcurrentModification
from chalicelib.dynamodb.database import Database
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import PersonState, RunningTimer, Timer

Running = TypeVar("Running", Timer, RunningTimer)


def with_target(
    database: Database, organization_id: int, timer: Running, *, is_retry: bool
) -> Running:
    """A running timer that is about to stop, with its sum target.

    No call: it stores the target since its start. One call for a timer of version 0.2.0, and if the
    commit of a stop failed: an edit may have moved the time entry meanwhile.
    """
    if timer.sum_target is not None and not is_retry:
        return timer
    entry = database.get(TimeEntry, organization_id, timer.time_entry_id)
    if entry is None:
        raise ConcurrentModification
    return replace(timer, sum_target=entry.sum_target)


def with_target_of_running(
    database: Database, state: PersonState, *, is_retry: bool
) -> PersonState:
    """A person state whose running timer is about to stop. See :func:`with_target`."""
    if state.running is None:
        return state
    running = with_target(database, state.organization_id, state.running, is_retry=is_retry)
    return replace(state, running=running)
