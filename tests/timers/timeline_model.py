"""One person's records in memory: applies writes with the same conditions as the database."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from chalicelib.core.write_set import (
    ClearRunning,
    ConcurrentModification,
    CreateRecord,
    DeleteRecord,
    Disable,
    Enable,
    PersonStateUpdate,
    ReplaceRecord,
    RequireRecord,
    SetRunning,
    SetTimeline,
    StopTimer,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.counters.model import EntryMonth, PersonDay
from chalicelib.dynamodb.database import Database, LoadedRecords
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.days import DaySessions, DayUpdate, Mark
from chalicelib.timers.entry_counters import with_entry_counters
from chalicelib.timers.model import PersonState, Timer


@dataclass
class TimelineModel:
    """Stores one person's state, timers, time entries, days and counters."""

    state: PersonState
    timers: dict[int, Timer] = field(default_factory=dict)
    entries: dict[int, TimeEntry] = field(default_factory=dict)
    day_versions: dict[int, int] = field(default_factory=dict)
    marks: dict[tuple[int, int], Mark] = field(default_factory=dict)
    """By day and timer id."""
    counters: Counter[tuple[int, str]] = field(default_factory=Counter)
    """By day and name."""
    entry_counters: Counter[tuple[EntryMonth, str]] = field(default_factory=Counter)

    def copy(self) -> "TimelineModel":
        """Return a copy. Records themselves cannot change."""
        return TimelineModel(
            self.state,
            dict(self.timers),
            dict(self.entries),
            dict(self.day_versions),
            dict(self.marks),
            self.counters.copy(),
            self.entry_counters.copy(),
        )

    def day(self, day: int) -> DaySessions:
        """Return the sessions that the item of a day lists."""
        marks = {timer_id: mark for (each, timer_id), mark in self.marks.items() if each == day}
        return DaySessions(day, self.day_versions.get(day, 0), marks)

    def apply(self, write: Any) -> None:
        """Apply a write. Raises ``ConcurrentModification`` if its condition does not hold."""
        match write:
            case WriteSet():
                self._apply_write_set(write)
            case ReplaceRecord(before, after):
                stored = self._records_of(type(before))
                _require(before.id in stored and stored[before.id].version == before.version)
                # Nothing changes a record without increasing its version.
                assert stored[before.id] == before
                stored[before.id] = after
            case DeleteRecord(entity, _, record_id, expected):
                stored = self._records_of(entity)
                _require(record_id in stored)
                _require(all(getattr(stored[record_id], k) == v for k, v in expected.items()))
                del stored[record_id]
            case CreateRecord(record):
                assert not isinstance(record, Timer | TimeEntry)
            case RequireRecord():
                pass
            case _:
                raise AssertionError(f"unknown write: {write}")

    def _records_of(self, entity: type[Any]) -> dict[Any, Any]:
        assert entity in (Timer, TimeEntry)
        return self.timers if entity is Timer else self.entries

    def _apply_write_set(self, write_set: WriteSet) -> None:
        assert write_set.person_id == self.state.person_id
        if write_set.person_state is not None:
            self.state = _updated_state(self.state, write_set.person_state)
        if write_set.stop_timer is not None:
            self._stop_timer(write_set.stop_timer)
        if write_set.new_timer is not None:
            _require(write_set.new_timer.id not in self.timers)
            self.timers[write_set.new_timer.id] = write_set.new_timer
        if write_set.new_entry is not None:
            _require(write_set.new_entry.id not in self.entries)
            self.entries[write_set.new_entry.id] = write_set.new_entry
        for update in write_set.entries:
            _require(update.time_entry_id in self.entries)
            entry = self.entries[update.time_entry_id]
            _require(not update.shown_seconds or update.target == entry.sum_target)
            self.entries[entry.id] = _updated_entry(entry, update, write_set)
        for day in write_set.days:
            self._update_day(day)
        for delta in write_set.entry_counters:
            for name, count in delta.counters.items():
                self.entry_counters[delta.name, name] += count

    def _stop_timer(self, stop: StopTimer) -> None:
        _require(stop.timer.id in self.timers)
        timer = self.timers[stop.timer.id]
        _require(timer.stopped_at is None)
        _require(stop.version in (None, timer.version))
        stopped = replace(
            timer,
            stopped_at=stop.timer.stopped_at,
            stop_reason=stop.timer.stop_reason,
            covered=False,
            sum_target=None,
            version=timer.version + 1,
        )
        # The index keys are those of the timer of the write. A switch has no version and no nonce.
        unknown = replace(stop.timer, version=stopped.version, nonce=stopped.nonce)
        assert unknown == stopped
        self.timers[timer.id] = stopped

    def _update_day(self, update: DayUpdate) -> None:
        version = self.day_versions.get(update.day, 0)
        _require(update.version in (None, version))
        if not update.counters and not update.marks:
            return
        self.day_versions[update.day] = version + 1
        for name, count in update.counters.items():
            self.counters[update.day, name] += count
        for timer_id, mark in update.marks.items():
            if mark is None:
                self.marks.pop((update.day, timer_id), None)
            else:
                self.marks[update.day, timer_id] = mark


def _require(condition: bool) -> None:
    if not condition:
        raise ConcurrentModification


def _updated_entry(entry: TimeEntry, update: TimeEntryUpdate, write_set: WriteSet) -> TimeEntry:
    entry = replace(
        entry,
        updated_at=write_set.now,
        tracked_seconds=entry.tracked_seconds + update.seconds,
        adjusted_seconds=entry.adjusted_seconds - update.covered_seconds,
        timer_count=entry.timer_count + update.timers,
        track_method=update.track_method or entry.track_method,
        version=entry.version + 1,
    )
    if update.starts is not None:
        timer_id, started_at = update.starts
        entry = replace(
            entry,
            running_timer_id=timer_id,
            latest_timer_id=timer_id,
            timer_started_at=started_at,
        )
    elif update.ends is not None:
        entry = replace(entry, running_timer_id=None, timer_started_at=None)
    if update.ends is not None:
        assert write_set.stop_timer is not None
        stopped_id = write_set.stop_timer.timer.id
        entry = replace(entry, timer_stopped_at=update.ends, stopped_timer_id=stopped_id)
    if update.inserts is not None:
        timer_id, stopped_at = update.inserts
        entry = replace(entry, latest_timer_id=timer_id)
        if stopped_at is not None:
            entry = replace(entry, timer_stopped_at=stopped_at, stopped_timer_id=timer_id)
    return entry


def _updated_state(state: PersonState, change: PersonStateUpdate) -> PersonState:
    last_stopped_at = change.last_stopped_at
    if last_stopped_at is None:
        last_stopped_at = state.last_stopped_at
    updated = replace(state, version=state.version + 1, last_stopped_at=last_stopped_at)
    if isinstance(change, ClearRunning):
        _require(state.running is not None and state.running.timer_id == change.timer_id)
        return replace(updated, running=None)
    _require(change.version == state.version)
    match change:
        case SetRunning():
            running = change.running
            return replace(updated, running=running, last_timer_id=running.timer_id)
        case SetTimeline():
            return replace(updated, running=change.running, last_timer_id=change.last_timer_id)
        case Disable():
            return replace(updated, running=None, disabled=True)
        case Enable():
            return replace(updated, disabled=False)


class TimelineDatabase(Database):
    """Reads and writes a :class:`TimelineModel` instead of DynamoDB.

    :param others: records that no operation changes, by entity and id.
    """

    def __init__(self, model: TimelineModel, others: Mapping[tuple[type[Any], int], Any]) -> None:
        self.model = model
        self.before_commit: Callable[[], None] | None = None
        """Runs once, between the decision and the commit of the next operation that writes."""
        self._others = others

    def get_many(
        self,
        organization_id: int,
        entity_ids: Iterable[tuple[type[Any], Any]],
        *,
        include_deleted: bool = False,
    ) -> LoadedRecords:
        # A deleted entry is deleted with its timers at once.
        del organization_id, include_deleted
        records = {
            (entity, record_id): self._read(entity, record_id) for entity, record_id in entity_ids
        }
        return LoadedRecords({key: record for key, record in records.items() if record is not None})

    def commit(self, writes: Iterable[Any], token: str) -> None:
        del token
        before_commit, self.before_commit = self.before_commit, None
        if before_commit is not None:
            before_commit()
        writes = with_entry_counters(writes)
        _assert_each_item_is_written_once(writes)
        draft = self.model.copy()
        for write in writes:
            draft.apply(write)
        self.model = draft

    def _read(self, entity: type[Any], record_id: Any) -> Any:
        match record_id:
            case PersonDay():
                return self.model.day(record_id.day)
            case int() if entity is Timer:
                return self.model.timers.get(record_id)
            case int() if entity is TimeEntry:
                return self.model.entries.get(record_id)
            case int() if entity is PersonState:
                return self.model.state
        return self._others.get((entity, record_id))


def _assert_each_item_is_written_once(writes: Iterable[Any]) -> None:
    items = [item for write in writes for item in _written_items(write)]
    assert len(items) == len(set(items)) <= 100


def _written_items(write: Any) -> Iterable[tuple[Any, Any]]:
    match write:
        case WriteSet():
            yield from ((TimeEntry, update.time_entry_id) for update in write.entries)
            yield from ((DaySessions, day.day) for day in write.days)
            yield from ((EntryMonth, delta.name) for delta in write.entry_counters)
            for record in (write.new_entry, write.new_timer):
                if record is not None:
                    yield type(record), record.id
            if write.stop_timer is not None:
                yield Timer, write.stop_timer.timer.id
            if write.person_state is not None:
                yield PersonState, write.person_id
        case ReplaceRecord(record, _) | CreateRecord(record):
            yield type(record), record.id
        case DeleteRecord(entity, _, record_id) | RequireRecord(entity, _, record_id):
            yield entity, record_id
