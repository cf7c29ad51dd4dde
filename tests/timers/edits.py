"""Edit a timer of a person who has other sessions."""

from typing import Any

import pytest

from chalicelib.core.write_set import (
    CreateRecord,
    ReplaceRecord,
    WriteSet,
)
from chalicelib.revisions.model import ManualEdit
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.edit_rules import Edited, LoadedTimeline, decide_edit
from chalicelib.timers.edits import Edit, days_to_check, needs_timeline, resolve_edit
from chalicelib.timers.history import timer_revision
from chalicelib.timers.model import PersonState, StopReason, Timer
from tests.support.builders import (
    NOW,
    ORGANIZATION,
    PERSON,
    TIMER,
    days_with,
    entry,
    idle,
    timer,
)
from tests.support.clock import DAY, HOUR

STARTED_AT = NOW - HOUR
STOPPED_AT = NOW - 600
EARLIER = NOW - 1800
MONTH = 31 * DAY

OTHER_TIMER = 7

EDITOR = ManualEdit(PERSON, token_id=None, now=NOW, revision_id=77)

EACH_REASON = pytest.mark.parametrize("reason", list(StopReason))


def stopped_timer(reason: StopReason | None = None, **fields: Any) -> Timer:
    defaults = {"stopped_at": STOPPED_AT, "stop_reason": reason, "version": 2}
    return timer(**{**defaults, **fields})


def other_timer(started_at: int, stopped_at: int | None = None) -> Timer:
    """Return another session of the same person."""
    return timer(id=OTHER_TIMER, started_at=started_at, stopped_at=stopped_at)


STATE = idle(version=5, last_timer_id=TIMER, last_stopped_at=STOPPED_AT)
STOPPED_ENTRY = entry(
    tracked_seconds=3000,
    timer_count=1,
    latest_timer_id=TIMER,
    timer_stopped_at=STOPPED_AT,
    stopped_timer_id=TIMER,
    version=3,
)
RUNNING_ENTRY = entry(
    timer_count=1,
    running_timer_id=TIMER,
    latest_timer_id=TIMER,
    timer_started_at=STARTED_AT,
    version=3,
)


def edit(
    before: Timer,
    requested: Edit,
    *others: Timer,
    state: PersonState = STATE,
    time_entry: TimeEntry | None = None,
    new_entry: TimeEntry | None = None,
) -> Edited:
    """Edit a timer of a person with other sessions, with the same steps as the operation."""
    after, _ = resolve_edit(before, requested, NOW)
    if time_entry is None:
        time_entry = RUNNING_ENTRY if before.stopped_at is None else STOPPED_ENTRY
    days = days_with(days_to_check(before, after, NOW), before, *others)
    loaded_state = state if needs_timeline(before, after) else None
    loaded = LoadedTimeline(time_entry, new_entry, loaded_state, days)
    return decide_edit(before, after, loaded, ORGANIZATION, EDITOR)


def write_set_of(edited: Edited) -> WriteSet:
    assert edited.write_set is not None
    return edited.write_set


def revision(before: Timer, after: Timer | None) -> CreateRecord:
    return CreateRecord(timer_revision(before, after, EDITOR))


def entry_after(edited: Edited) -> TimeEntry:
    _, _, replacement = edited.records
    assert isinstance(replacement, ReplaceRecord)
    after: TimeEntry = replacement.after
    return after
