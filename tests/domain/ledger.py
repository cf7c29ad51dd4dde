"""Changes, interpreted in memory as the store writes them, with the same guards."""

from collections import Counter
from dataclasses import dataclass, field, replace

from chalicelib.domain.changes import (
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
    """What is known of one person."""

    slot: Slot
    timers: dict[int, Timer] = field(default_factory=dict)
    entries: dict[int, TimeEntry] = field(default_factory=dict)
    tallies: Counter[tuple[int, str]] = field(default_factory=Counter)

    def apply(self, changes: Changes) -> None:
        self._touch_each_item_once(changes)
        if changes.stop_timer is not None:
            self._stop(changes.stop_timer)
        if changes.new_timer is not None:
            assert changes.new_timer.id not in self.timers
            self.timers[changes.new_timer.id] = changes.new_timer
        if changes.new_entry is not None:
            assert changes.new_entry.id not in self.entries
            self.entries[changes.new_entry.id] = changes.new_entry
        for change in changes.entries:
            self.entries[change.time_entry_id] = _changed(
                self.entries[change.time_entry_id], change
            )
        if changes.slot is not None:
            self.slot = _moved(self.slot, changes.slot)
        for tally in changes.tallies:
            for name, by in tally.counters.items():
                self.tallies[tally.day, name] += by

    @staticmethod
    def _touch_each_item_once(changes: Changes) -> None:
        touched: list[tuple[str, int]] = [("entry", it.time_entry_id) for it in changes.entries]
        touched += [("day", it.day) for it in changes.tallies]
        if changes.new_entry is not None:
            touched.append(("entry", changes.new_entry.id))
        if changes.new_timer is not None:
            touched.append(("timer", changes.new_timer.id))
        if changes.stop_timer is not None:
            touched.append(("timer", changes.stop_timer.timer_id))
        assert len(touched) == len(set(touched))

    def _stop(self, stop: StopTimer) -> None:
        timer = self.timers[stop.timer_id]
        assert timer.stopped_at == stop.replaces
        assert stop.replaces is None or timer.stop_reason is not None
        self.timers[timer.id] = replace(
            timer,
            stopped_at=stop.stopped_at,
            stop_reason=stop.stop_reason,
            version=timer.version + 1,
        )


def _changed(entry: TimeEntry, change: ChangeEntry) -> TimeEntry:
    counted = replace(
        entry,
        tracked_seconds=entry.tracked_seconds + change.seconds,
        timer_count=entry.timer_count + change.timers,
        version=entry.version + 1,
    )
    if change.starts is not None:
        timer_id, started_at = change.starts
        return replace(
            counted,
            running_timer_id=timer_id,
            latest_timer_id=timer_id,
            timer_started_at=started_at,
            timer_stopped_at=None,
        )
    if change.ends is not None:
        return replace(counted, running_timer_id=None, timer_stopped_at=change.ends)
    return counted


def _moved(slot: Slot, change: SlotChange) -> Slot:
    last_stopped_at = change.last_stopped_at
    if last_stopped_at is None:
        last_stopped_at = slot.last_stopped_at
    moved = replace(slot, version=slot.version + 1, last_stopped_at=last_stopped_at)
    match change:
        case OccupySlot(version, running):
            assert version == slot.version
            return replace(moved, running=running, last_timer_id=running.timer_id)
        case FreeSlot(timer_id):
            assert slot.running is not None
            assert slot.running.timer_id == timer_id
            return replace(moved, running=None)
        case MoveLastStop(version):
            assert version == slot.version
            return moved
        case BlockSlot(version):
            assert version == slot.version
            return replace(moved, running=None, blocked=True)
        case OpenSlot(version):
            assert version == slot.version
            return replace(moved, blocked=False)
