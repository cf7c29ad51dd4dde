"""Applies write sets in memory, with the same conditions as the database."""

from collections import Counter
from dataclasses import dataclass, field

from msgspec.structs import replace

from chalicelib.core.write_set import (
    ClearRunning,
    Disable,
    Enable,
    MoveLastStop,
    PersonStateUpdate,
    SetRunning,
    StopTimer,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.model import PersonState, Timer


@dataclass
class TimelineModel:
    """Stores one person's state, timers, time entries and counters."""

    state: PersonState
    timers: dict[int, Timer] = field(default_factory=dict)
    entries: dict[int, TimeEntry] = field(default_factory=dict)
    counters: Counter[tuple[int, str]] = field(default_factory=Counter)

    def apply(self, write_set: WriteSet) -> None:
        self._assert_each_item_is_written_once(write_set)
        if write_set.stop_timer is not None:
            self._stop_timer(write_set.stop_timer)
        if write_set.new_timer is not None:
            assert write_set.new_timer.id not in self.timers
            self.timers[write_set.new_timer.id] = write_set.new_timer
        if write_set.new_entry is not None:
            assert write_set.new_entry.id not in self.entries
            self.entries[write_set.new_entry.id] = write_set.new_entry
        for update in write_set.entries:
            self.entries[update.time_entry_id] = _updated_entry(
                self.entries[update.time_entry_id], update
            )
        if write_set.person_state is not None:
            self.state = _updated_state(self.state, write_set.person_state)
        for day_deltas in write_set.counters:
            for name, delta in day_deltas.counters.items():
                self.counters[day_deltas.day, name] += delta

    @staticmethod
    def _assert_each_item_is_written_once(write_set: WriteSet) -> None:
        written: list[tuple[str, int]] = [
            ("entry", update.time_entry_id) for update in write_set.entries
        ]
        written += [("day", day_deltas.day) for day_deltas in write_set.counters]
        if write_set.new_entry is not None:
            written.append(("entry", write_set.new_entry.id))
        if write_set.new_timer is not None:
            written.append(("timer", write_set.new_timer.id))
        if write_set.stop_timer is not None:
            written.append(("timer", write_set.stop_timer.timer_id))
        assert len(written) == len(set(written))

    def _stop_timer(self, stop: StopTimer) -> None:
        timer = self.timers[stop.timer_id]
        assert timer.stopped_at == stop.replaces
        assert stop.replaces is None or timer.stop_reason is not None
        self.timers[timer.id] = replace(
            timer,
            stopped_at=stop.stopped_at,
            stop_reason=stop.stop_reason,
            version=timer.version + 1,
        )


def _updated_entry(entry: TimeEntry, update: TimeEntryUpdate) -> TimeEntry:
    updated = replace(
        entry,
        tracked_seconds=entry.tracked_seconds + update.seconds,
        timer_count=entry.timer_count + update.timers,
        version=entry.version + 1,
    )
    if update.starts is not None:
        timer_id, started_at = update.starts
        return replace(
            updated,
            running_timer_id=timer_id,
            latest_timer_id=timer_id,
            timer_started_at=started_at,
            timer_stopped_at=None,
        )
    if update.ends is not None:
        return replace(updated, running_timer_id=None, timer_stopped_at=update.ends)
    return updated


def _updated_state(state: PersonState, change: PersonStateUpdate) -> PersonState:
    last_stopped_at = change.last_stopped_at
    if last_stopped_at is None:
        last_stopped_at = state.last_stopped_at
    updated = replace(state, version=state.version + 1, last_stopped_at=last_stopped_at)
    match change:
        case SetRunning(version, running):
            assert version == state.version
            return replace(updated, running=running, last_timer_id=running.timer_id)
        case ClearRunning(timer_id):
            assert state.running is not None
            assert state.running.timer_id == timer_id
            return replace(updated, running=None)
        case MoveLastStop(version):
            assert version == state.version
            return updated
        case Disable(version):
            assert version == state.version
            return replace(updated, running=None, disabled=True)
        case Enable(version):
            assert version == state.version
            return replace(updated, disabled=False)
