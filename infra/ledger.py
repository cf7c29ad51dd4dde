"""Reads everything that is kept of people, and repairs what can be derived from their timers.

Everything is read from the tables themselves, consistently, never from an index: what an index
has not seen yet must not be taken for missing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.domain.tallies import Counters, EntryMonth, PersonDay, difference
from chalicelib.domain.timers import RunningTimer, Slot, TimeEntry, Timer
from chalicelib.store import keys
from chalicelib.store.connection import table_name
from chalicelib.store.models import SlotModel, TallyModel, TimeEntryModel, TimerModel
from chalicelib.store.reads import RawItem, read
from chalicelib.store.records import model_of, place_of, read_noun, read_slot, slot_ref
from chalicelib.store.tallies import counters_in, model_at
from infra.invariants import (
    Books,
    derived_counters,
    derived_entry_tallies,
    derived_tallies,
    expected_last_stop,
    last_known_id,
    last_stop,
    running,
)

Scope = tuple[int, int]
"""An organization's id and a person's."""

_OfDays = dict[Scope, dict[str, dict[str, int]]]
_OfMonths = dict[Scope, dict[EntryMonth, dict[str, int]]]

Name = TypeVar("Name")

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


class Ledger:
    """The tables of a stage, person by person."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read_all(self) -> dict[Scope, Books]:
        """Everybody's books: of one moment only where nobody works meanwhile."""
        timers: dict[Scope, list[Timer]] = defaultdict(list)
        misindexed: dict[Scope, list[Timer | TimeEntry]] = defaultdict(list)
        for raw in self._scan(TimerModel):
            timer = read_noun(Timer, raw)
            scope = timer.organization_id, timer.person_id
            timers[scope].append(timer)
            if not _is_indexed(timer, raw):
                misindexed[scope].append(timer)
        entries: dict[Scope, dict[int, TimeEntry]] = defaultdict(dict)
        for raw in self._scan(TimeEntryModel):
            entry = read_noun(TimeEntry, raw)
            scope = entry.organization_id, entry.person_id
            entries[scope][entry.id] = entry
            if not _is_indexed(entry, raw):
                misindexed[scope].append(entry)
        slots = self._slots()
        tallies, entry_tallies = self._tallies()
        everybody = (
            timers.keys() | entries.keys() | slots.keys() | tallies.keys() | entry_tallies.keys()
        )
        return {
            scope: Books(
                *scope,
                slot=slots.get(scope, Slot(*scope)),
                timers=sorted(timers[scope], key=lambda it: it.id),
                entries=entries[scope],
                tallies=_held(tallies[scope]),
                entry_tallies=_held(entry_tallies[scope]),
                misindexed=misindexed[scope],
            )
            for scope in sorted(everybody)
        }

    def read_still(self, scopes: Collection[Scope]) -> dict[Scope, Books]:
        """The books of those among these people who did nothing while they were read."""
        before = self._versions(scopes)
        everybody = self.read_all()
        after = self._versions(scopes)
        return {
            scope: everybody[scope]
            for scope in scopes
            if scope in everybody and before[scope] == after[scope] == everybody[scope].slot.version
        }

    def repair(self, books: Books) -> None:
        """Write what a person's timers say wherever index keys, slot, entries or tallies differ.

        Each write demands that what it changes still is as it was read; where it is not,
        PynamoDB raises, and the person is to be read again. Timers keep their times.
        """
        for record in books.misindexed:
            _repair_index(record)
        self._repair_slot(books)
        for entry in books.entries.values():
            _repair_entry(books, entry)
        repair_tallies(books)

    def _repair_slot(self, books: Books) -> None:
        runs = running(books.timers)
        # With two that run, whichever the slot let go could never be stopped: a person decides.
        if len(runs) > 1:
            return
        held = books.slot
        last_id = last_known_id(books)
        stopped = held.last_stopped_at
        if not runs:
            stopped = expected_last_stop(books, last_stop(books.timers))
        now_running = _running(runs[0]) if runs else None
        if (held.running, held.last_timer_id, held.last_stopped_at) == (
            now_running,
            last_id,
            stopped,
        ):
            return
        SlotModel(
            person_key=keys.scoped(books.organization_id, books.person_id),
            name=keys.RUNNING_SLOT,
        ).update(
            actions=[
                *_set_running(now_running),
                SlotModel.last_timer_id.set(last_id),
                SlotModel.last_stopped_at.remove()
                if stopped is None
                else SlotModel.last_stopped_at.set(stopped),
                SlotModel.version.set(held.version + 1),
            ],
            condition=SlotModel.version == held.version
            if held.version
            else SlotModel.person_key.does_not_exist(),
        )

    def _versions(self, scopes: Collection[Scope]) -> dict[Scope, int]:
        places = {scope: slot_ref(*scope) for scope in scopes}
        found = read(self._connection, places.values())
        return {
            scope: read_slot(*scope, found.get(place)).version for scope, place in places.items()
        }

    def _slots(self) -> dict[Scope, Slot]:
        slots = {}
        for raw in self._scan(SlotModel):
            if raw["name"]["S"] == keys.RUNNING_SLOT:
                scope = _scope(raw["person_key"]["S"])
                slots[scope] = read_slot(*scope, raw)
        return slots

    def _tallies(self) -> tuple[_OfDays, _OfMonths]:
        days: _OfDays = defaultdict(dict)
        months: _OfMonths = defaultdict(dict)
        for raw in self._scan(TallyModel):
            bucket = raw["bucket"]["S"]
            match keys.tally_named(raw["scope"]["S"], bucket):
                case PersonDay() as name:
                    days[name.organization_id, name.person_id][bucket] = counters_in(raw)
                case EntryMonth() as name:
                    months[name.organization_id, name.person_id][name] = counters_in(raw)
                case None:
                    pass
        return days, months

    def _scan(self, model: type[Model]) -> Iterator[RawItem]:
        return scan(self._connection, model)


def scan(connection: Connection, model: type[Model]) -> Iterator[RawItem]:
    """Every item of a table, each read consistently."""
    request: dict[str, Any] = {"TableName": table_name(model), "ConsistentRead": True}
    while True:
        answer = connection.dispatch("Scan", dict(request))
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _running(timer: Timer) -> RunningTimer:
    return RunningTimer(timer.id, timer.time_entry_id, timer.started_at, timer.auto_stop_at)


def _set_running(running_timer: RunningTimer | None) -> list[Action]:
    if running_timer is None:
        return [
            SlotModel.timer_id.remove(),
            SlotModel.time_entry_id.remove(),
            SlotModel.started_at.remove(),
            SlotModel.auto_stop_at.remove(),
        ]
    return [
        SlotModel.timer_id.set(running_timer.timer_id),
        SlotModel.time_entry_id.set(running_timer.time_entry_id),
        SlotModel.started_at.set(running_timer.started_at),
        SlotModel.auto_stop_at.set(running_timer.auto_stop_at),
    ]


def _is_indexed(record: Timer | TimeEntry, raw: RawItem) -> bool:
    expected = model_of(record).serialize()
    return all(raw.get(name) == expected.get(name) for name in _INDEX_KEYS[type(record)])


def _repair_index(record: Timer | TimeEntry) -> None:
    expected = model_of(record).serialize()
    place_of(type(record), record.organization_id, record.id).update(
        actions=[
            Path(name).set(expected[name]["S"]) if name in expected else Path(name).remove()
            for name in _INDEX_KEYS[type(record)]
        ],
        condition=Path("version") == record.version,
    )


def _repair_entry(books: Books, entry: TimeEntry) -> None:
    differing = {
        name: value
        for name, value in derived_counters(books.timers, entry).items()
        if getattr(entry, name) != value
    }
    if not differing:
        return
    TimeEntryModel(key=keys.scoped(entry.organization_id, entry.id)).update(
        actions=[
            *(
                Path(name).remove() if value is None else Path(name).set(value)
                for name, value in differing.items()
            ),
            TimeEntryModel.version.set(entry.version + 1),
        ],
        condition=TimeEntryModel.version == entry.version,
    )


def repair_tallies(books: Books) -> None:
    """Write a person's tallies as their timers and entries make them; see :meth:`Ledger.repair`."""
    scope = keys.scoped(books.organization_id, books.person_id)
    derived = derived_tallies(books.timers)
    for day in sorted(derived.keys() | books.tallies.keys()):
        place = TallyModel(scope=scope, bucket=day)
        _repair_counters(place, books.tallies.get(day, {}), derived.get(day, {}))
    of_entries = derived_entry_tallies(books.entries.values())
    for name in sorted(of_entries.keys() | books.entry_tallies.keys()):
        place = model_at(keys.tally(name))
        _repair_counters(place, books.entry_tallies.get(name, {}), of_entries.get(name, {}))


def _repair_counters(place: TallyModel, held: Counters, expected: Counters) -> None:
    differing = list(difference(expected, held))
    if differing:
        condition = _is(differing[0], held)
        for name in differing[1:]:
            condition &= _is(name, held)
        place.update(
            actions=[Path(name).set(expected.get(name, 0)) for name in differing],
            condition=condition,
        )


def _is(name: str, held: Any) -> Any:
    if name in held:
        return Path(name) == held[name]
    return Path(name).does_not_exist() | (Path(name) == 0)


def _scope(key: str) -> Scope:
    organization_id, person_id = key.split("#")
    return int(organization_id), int(person_id)


def _held(tallies: Mapping[Name, dict[str, int]]) -> dict[Name, dict[str, int]]:
    return {day: counters for day, counters in tallies.items() if counters}
