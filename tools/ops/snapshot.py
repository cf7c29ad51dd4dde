"""Read everything stored about people, and repair what their timers determine.

Reads the tables themselves with strong consistency, never an index: an index may lag, and a
record that it lacks must not be reported as missing.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from msgspec.structs import replace as replace_fields
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.counters.model import (
    Counters,
    EntryMonth,
    PersonDay,
    add,
    difference,
    timer_counters,
)
from chalicelib.counters.repository import CounterModel, counters_in, model_with_key
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, batch_get, table_name
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.items import from_item, item_with_key, key_of, read_item, to_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.days import Mark
from chalicelib.timers.model import PersonState, Timer
from chalicelib.timers.repository import (
    PersonStateModel,
    TimerModel,
    marks_in,
)
from chalicelib.timers.rules import running_timer
from chalicelib.timers.writes import running_timer_actions
from tools.ops.day_marks import mark_updates
from tools.ops.invariants import (
    PersonSnapshot,
    derived_counters,
    derived_entry_counters,
    derived_entry_values,
    expected_last_stop,
    last_known_id,
    last_stop,
    running,
    stored_entry_counters,
)
from tools.ops.patience import pages, patient

Scope = tuple[int, int]
"""The ids of an organization and a person."""

_CountersByDay = dict[Scope, dict[str, dict[str, int]]]
_MarksByDay = dict[Scope, dict[str, dict[int, Mark]]]
_CountersByMonth = dict[Scope, dict[EntryMonth, dict[str, int]]]

Name = TypeVar("Name")
Value = TypeVar("Value")

_COUNTERS_PER_UPDATE = 40
"""An expression of DynamoDB has at most 4 KB."""

_INDEX_KEYS = {
    Timer: (
        "person_key",
        "time_entry_key",
        "started_key",
        "stopped_key",
        "running_shard",
        "auto_stop_key",
    ),
    TimeEntry: ("person_key", "service_key", "date_key", "deleted_shard", "deleted_key"),
}


class SnapshotReader:
    """The tables of a stage, read person by person."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read_all(self) -> dict[Scope, PersonSnapshot]:
        """Return everyone's snapshot; each is consistent only if nothing changes meanwhile."""
        timers: dict[Scope, list[Timer]] = defaultdict(list)
        misindexed: dict[Scope, list[Timer | TimeEntry]] = defaultdict(list)
        for raw in self._scan(TimerModel):
            timer = from_item(Timer, raw)
            scope = timer.organization_id, timer.person_id
            timers[scope].append(timer)
            if not _is_indexed(timer, raw):
                misindexed[scope].append(timer)
        entries: dict[Scope, dict[int, TimeEntry]] = defaultdict(dict)
        for raw in self._scan(TimeEntryModel):
            entry = from_item(TimeEntry, raw)
            scope = entry.organization_id, entry.person_id
            entries[scope][entry.id] = entry
            if not _is_indexed(entry, raw):
                misindexed[scope].append(entry)
        states = self._person_states()
        counters, entry_counters, marks = self._counters()
        scopes = (
            timers.keys() | entries.keys() | states.keys() | counters.keys() | entry_counters.keys()
        )
        return {
            scope: PersonSnapshot(
                *scope,
                person_state=states.get(scope, PersonState(*scope)),
                timers=sorted(timers[scope], key=lambda timer: timer.id),
                entries=entries[scope],
                counters=_without_empty(counters[scope]),
                entry_counters=_without_empty(entry_counters[scope]),
                misindexed=misindexed[scope],
                marks=_without_empty(marks[scope]),
            )
            for scope in sorted(scopes)
        }

    def read_still(self, scopes: Collection[Scope]) -> dict[Scope, PersonSnapshot]:
        """Return the snapshots of these people, without those who changed during the read."""
        before = self._versions(scopes)
        snapshots = self.read_all()
        after = self._versions(scopes)
        return {
            scope: snapshots[scope]
            for scope in scopes
            if scope in snapshots
            and before[scope] == after[scope] == snapshots[scope].person_state.version
        }

    def repair(self, snapshot: PersonSnapshot) -> None:
        """Write what a person's timers determine to index keys, person state, entries and counters.

        Each write requires that the item is unchanged since it was read; otherwise PynamoDB
        raises, or ``ConcurrentModification``, and the caller reads the person again. The times of
        timers never change.
        """
        for record in snapshot.misindexed:
            _repair_index(record)
        self._repair_person_state(snapshot)
        for entry in snapshot.entries.values():
            _repair_entry(snapshot, entry)
        entries = {
            entry.id: replace_fields(entry, **derived_entry_values(snapshot.timers, entry))
            for entry in snapshot.entries.values()
        }
        repair_counters(replace(snapshot, entries=entries))
        repair_marks(Database(self._connection), snapshot)

    def _repair_person_state(self, snapshot: PersonSnapshot) -> None:
        running_timers = running(snapshot.timers)
        # With two running timers, the one that is not chosen could never be stopped: repair
        # manually.
        if len(running_timers) > 1:
            return
        stored = snapshot.person_state
        last_id = last_known_id(snapshot)
        stopped = expected_last_stop(snapshot, last_stop(snapshot.timers))
        now_running = running_timer(running_timers[0]) if running_timers else None
        if (stored.running, stored.last_timer_id, stored.last_stopped_at) == (
            now_running,
            last_id,
            stopped,
        ):
            return
        PersonStateModel(
            person_key=keys.scoped(snapshot.organization_id, snapshot.person_id),
            name=keys.RUNNING_TIMER,
        ).update(
            actions=[
                *running_timer_actions(now_running),
                PersonStateModel.last_timer_id.set(last_id),
                PersonStateModel.last_stopped_at.remove()
                if stopped is None
                else PersonStateModel.last_stopped_at.set(stopped),
                PersonStateModel.version.set(stored.version + 1),
                # As when the first start writes the item. The repair of the days follows.
                *([] if stored.version else [PersonStateModel.lists_sessions.set(True)]),
            ],
            condition=PersonStateModel.version == stored.version
            if stored.version
            else PersonStateModel.person_key.does_not_exist(),
        )

    def _versions(self, scopes: Collection[Scope]) -> dict[Scope, int]:
        keys_by_scope = {scope: key_of(PersonState, *scope) for scope in scopes}
        items = batch_get(self._connection, keys_by_scope.values())
        return {
            scope: _person_state(scope, items.get(key)).version
            for scope, key in keys_by_scope.items()
        }

    def _person_states(self) -> dict[Scope, PersonState]:
        states = {}
        for raw in self._scan(PersonStateModel):
            if raw["name"]["S"] == keys.RUNNING_TIMER:
                scope = _scope(raw["person_key"]["S"])
                states[scope] = _person_state(scope, raw)
        return states

    def _counters(self) -> tuple[_CountersByDay, _CountersByMonth, _MarksByDay]:
        days: _CountersByDay = defaultdict(dict)
        marks: _MarksByDay = defaultdict(dict)
        months: _CountersByMonth = defaultdict(dict)
        for raw in self._scan(CounterModel):
            bucket = raw["bucket"]["S"]
            match keys.counter_key_in(raw["scope"]["S"], bucket):
                case PersonDay() as name:
                    days[name.organization_id, name.person_id][bucket] = counters_in(raw)
                    marks[name.organization_id, name.person_id][bucket] = marks_in(raw)
                case EntryMonth() as name:
                    months[name.organization_id, name.person_id][name] = counters_in(raw)
                case None:
                    pass
        return days, months, marks

    def _scan(self, model: type[Model]) -> Iterator[RawItem]:
        return scan(self._connection, model)


def scan(connection: Connection, model: type[Model]) -> Iterator[RawItem]:
    """Yield every item of a table, read with strong consistency. Waits while DynamoDB throttles."""
    return chain.from_iterable(pages(connection, "Scan", {"TableName": table_name(model)}))


def _person_state(scope: Scope, raw: RawItem | None) -> PersonState:
    state = read_item(PersonState, *scope, raw)
    # A person always has a state: an empty one until the first timer.
    return PersonState(*scope) if state is None else state


def _is_indexed(record: Timer | TimeEntry, raw: RawItem) -> bool:
    expected = to_item(record).serialize()
    return all(raw.get(name) == expected.get(name) for name in _INDEX_KEYS[type(record)])


def _repair_index(record: Timer | TimeEntry) -> None:
    expected = to_item(record).serialize()
    item_with_key(type(record), record.organization_id, record.id).update(
        actions=[
            Path(name).set(expected[name]["S"]) if name in expected else Path(name).remove()
            for name in _INDEX_KEYS[type(record)]
        ],
        condition=Path("version") == record.version,
    )


def _repair_entry(snapshot: PersonSnapshot, entry: TimeEntry) -> None:
    corrections = {
        name: value
        for name, value in derived_entry_values(snapshot.timers, entry).items()
        if getattr(entry, name) != value
    }
    if not corrections:
        return
    TimeEntryModel(key=keys.scoped(entry.organization_id, entry.id)).update(
        actions=[
            *(
                Path(name).remove() if value is None else Path(name).set(value)
                for name, value in corrections.items()
            ),
            TimeEntryModel.version.set(entry.version + 1),
        ],
        condition=TimeEntryModel.version == entry.version,
    )


def repair_counters(snapshot: PersonSnapshot) -> None:
    """Write the counters that a person's timers and entries imply, as ``SnapshotReader.repair``."""
    scope = keys.scoped(snapshot.organization_id, snapshot.person_id)
    derived = derived_counters(snapshot.timers)
    for day in sorted(derived.keys() | snapshot.counters.keys()):
        item = CounterModel(scope=scope, bucket=day)
        stored = timer_counters(snapshot.counters.get(day, {}))
        _repair_counters(item, stored, derived.get(day, {}))
    repair_entry_counters(snapshot)


def repair_entry_counters(
    snapshot: PersonSnapshot,
    except_dates: Collection[tuple[EntryMonth, str]] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Correct the counters and sums of a person's time entries, as ``SnapshotReader.repair``.

    The items of days keep their part of the sums: the difference goes to the items of months. Every
    request changes an entry and its sums together, so the difference stays right while it is
    written. Returns whether one of ``except_dates``, which it does not write, differs.
    """
    is_incomplete = False
    derived = derived_entry_counters(snapshot.entries.values())
    summed = stored_entry_counters(snapshot)
    for name in sorted(derived.keys() | summed.keys()):
        stored = snapshot.entry_counters.get(name, {})
        missing = difference(derived.get(name, {}), summed.get(name, {}))
        skipped = {counter for counter in missing if (name, counter[1:]) in except_dates}
        is_incomplete |= bool(skipped)
        corrected = {**stored}
        add(corrected, {each: by for each, by in missing.items() if each not in skipped})
        _repair_counters(model_with_key(keys.counter(name)), stored, corrected, sleep)
    return is_incomplete


def repair_marks(database: Database, snapshot: PersonSnapshot) -> None:
    """List a person's sessions in the items of their days, as ``SnapshotReader.repair``.

    The upgrade does it for a person who is not upgraded yet.
    """
    if not snapshot.person_state.lists_sessions:
        return
    scope = snapshot.organization_id, snapshot.person_id
    for update in mark_updates(*scope, snapshot.timers, snapshot.marks):
        database.commit(update.writes, secrets.token_hex(16))


def _repair_counters(
    item: CounterModel,
    stored: Counters,
    expected: Counters,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    differing = list(difference(expected, stored))
    for begin in range(0, len(differing), _COUNTERS_PER_UPDATE):
        names = differing[begin : begin + _COUNTERS_PER_UPDATE]
        condition = _equals(names[0], stored)
        for name in names[1:]:
            condition &= _equals(name, stored)
        actions: list[Action] = [Path(name).set(expected.get(name, 0)) for name in names]
        # After a first attempt without a response, the condition fails: it is decided again.
        patient(partial(item.update, actions=actions, condition=condition), sleep)


def _equals(name: str, stored: Any) -> Any:
    if name in stored:
        return Path(name) == stored[name]
    return Path(name).does_not_exist() | (Path(name) == 0)


def _scope(key: str) -> Scope:
    organization_id, person_id = key.split("#")
    return int(organization_id), int(person_id)


def _without_empty(by_name: Mapping[Name, Value]) -> dict[Name, Value]:
    return {name: counters for name, counters in by_name.items() if counters}
