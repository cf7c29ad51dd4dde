"""Applies write sets in memory, with the same conditions as the store."""

from collections import Counter
from dataclasses import dataclass, field, replace

from chalicelib.core.write_set import (
    BlockSlot,
    ChangeEntry,
    Changes,
    FreeSlot,
    MoveLastStop,
    OccupySlot,
    OpenSlot,
    SlotChange,
    StopTimer,
)
from chalicelib.domain.timers import Slot, TimeEntry, Timer


@dataclass
class Ledger:
    """Stores one person's state, timers, time entries and counters."""

    slot: Slot
    timers: dict[int, Timer] = field(default_factory=dict)
    entries: dict[int, TimeEntry] = field(default_factory=dict)
    tallies: Counter[tuple[int, str]] = field(default_factory=Counter)

    def apply(self, changes: Changes) -> None:
        self._assert_each_item_is_written_once(changes)
        if changes.stop_timer is not None:
            self._stop_timer(changes.stop_timer)
        if changes.new_timer is not None:
            assert changes.new_timer.id not in self.timers
            self.timers[changes.new_timer.id] = changes.new_timer
        if changes.new_entry is not None:
            assert changes.new_entry.id not in self.entries
            self.entries[changes.new_entry.id] = changes.new_entry
        for update in changes.entries:
            self.entries[update.time_entry_id] = _updated_entry(
                self.entries[update.time_entry_id], update
            )
        if changes.slot is not None:
            self.slot = _updated_state(self.slot, changes.slot)
        for day_deltas in changes.tallies:
            for name, delta in day_deltas.counters.items():
                self.tallies[day_deltas.day, name] += delta

    @staticmethod
    def _assert_each_item_is_written_once(changes: Changes) -> None:
        written: list[tuple[str, int]] = [
            ("entry", update.time_entry_id) for update in changes.entries
        ]
        written += [("day", day_deltas.day) for day_deltas in changes.tallies]
        if changes.new_entry is not None:
            written.append(("entry", changes.new_entry.id))
        if changes.new_timer is not None:
            written.append(("timer", changes.new_timer.id))
        if changes.stop_timer is not None:
            written.append(("timer", changes.stop_timer.timer_id))
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


def _updated_entry(entry: TimeEntry, update: ChangeEntry) -> TimeEntry:
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


def _updated_state(state: Slot, change: SlotChange) -> Slot:
    last_stopped_at = change.last_stopped_at
    if last_stopped_at is None:
        last_stopped_at = state.last_stopped_at
    updated = replace(state, version=state.version + 1, last_stopped_at=last_stopped_at)
    match change:
        case OccupySlot(version, running):
            assert version == state.version
            return replace(updated, running=running, last_timer_id=running.timer_id)
        case FreeSlot(timer_id):
            assert state.running is not None
            assert state.running.timer_id == timer_id
            return replace(updated, running=None)
        case MoveLastStop(version):
            assert version == state.version
            return updated
        case BlockSlot(version):
            assert version == state.version
            return replace(updated, running=None, blocked=True)
        case OpenSlot(version):
            assert version == state.version
            return replace(updated, blocked=False)
