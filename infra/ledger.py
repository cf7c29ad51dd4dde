"""Reads everything that is kept of a person, and repairs what can be derived from their timers."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.domain.timers import Slot, TimeEntry, Timer
from chalicelib.store import keys
from chalicelib.store.connection import table_name
from chalicelib.store.models import (
    SlotModel,
    TallyModel,
    TimeEntryModel,
    TimerModel,
)
from chalicelib.store.reads import RawItem
from chalicelib.store.records import noun_of, read_noun, read_slot
from infra.invariants import Books, Tallies, derived_tallies, last_stop, running

Scope = tuple[int, int]
"""An organization's id and a person's."""


class Ledger:
    """The tables of a stage, person by person."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read_all(self) -> dict[Scope, Books]:
        """Everybody's books, from consistent scans: of one moment only where no traffic is."""
        timers: dict[Scope, list[Timer]] = defaultdict(list)
        for raw in self._scan(TimerModel):
            timer = read_noun(Timer, raw)
            timers[timer.organization_id, timer.person_id].append(timer)
        entries: dict[Scope, dict[int, TimeEntry]] = defaultdict(dict)
        for raw in self._scan(TimeEntryModel):
            entry = read_noun(TimeEntry, raw)
            entries[entry.organization_id, entry.person_id][entry.id] = entry
        slots = {
            scope: read_slot(*scope, raw)
            for raw in self._scan(SlotModel)
            if raw["name"]["S"] == keys.RUNNING_SLOT
            for scope in (_scope(raw["person_key"]["S"]),)
        }
        tallies: dict[Scope, dict[str, dict[str, int]]] = defaultdict(dict)
        for raw in self._scan(TallyModel):
            tallies[_scope(raw["scope"]["S"])][raw["bucket"]["S"]] = _counters(raw)
        everybody = timers.keys() | entries.keys() | slots.keys() | tallies.keys()
        return {
            scope: Books(
                *scope,
                slot=slots.get(scope, Slot(*scope)),
                timers=sorted(timers[scope], key=lambda it: it.id),
                entries=entries[scope],
                tallies=_held(tallies[scope]),
            )
            for scope in sorted(everybody)
        }

    def read_person(self, scope: Scope) -> Books | None:
        """One person's books of one moment: None where they changed while they were read."""
        before = self._slot(scope)
        items = TimerModel.by_person.query(keys.scoped(*scope))
        timers = [noun_of(Timer, item) for item in items]
        entries = [
            read_noun(TimeEntry, raw)
            for raw in self._scan(TimeEntryModel)
            if (int(raw["organization_id"]["N"]), int(raw["person_id"]["N"])) == scope
        ]
        request = {
            "TableName": table_name(TallyModel),
            "KeyConditionExpression": "#scope = :scope",
            "ExpressionAttributeNames": {"#scope": "scope"},
            "ExpressionAttributeValues": {":scope": {"S": keys.scoped(*scope)}},
            "ConsistentRead": True,
        }
        raws = list(self._pages("Query", request))
        if self._slot(scope).version != before.version:
            return None
        return Books(
            *scope,
            slot=before,
            timers=sorted(timers, key=lambda it: it.id),
            entries={entry.id: entry for entry in entries},
            tallies=_held({raw["bucket"]["S"]: _counters(raw) for raw in raws}),
        )

    def repair(self, books: Books) -> None:
        """Write what the timers say into slot, entries and tallies.

        Each write holds only if nothing happened to the person since the books were read:
        otherwise it raises what PynamoDB raises, and the person is to be read again.
        """
        self._repair_slot(books)
        for entry in books.entries.values():
            _repair_entry(books, entry)
        _repair_tallies(books)

    def _repair_slot(self, books: Books) -> None:
        runs = running(books.timers)
        if not books.timers:
            return
        now_running = runs[0] if len(runs) == 1 else None
        item = SlotModel(
            person_key=keys.scoped(books.organization_id, books.person_id),
            name=keys.RUNNING_SLOT,
            version=books.slot.version + 1,
            last_timer_id=max(timer.id for timer in books.timers),
            last_stopped_at=last_stop(books.timers),
        )
        if now_running is not None:
            item.timer_id = now_running.id
            item.time_entry_id = now_running.time_entry_id
            item.started_at = now_running.started_at
            item.auto_stop_at = now_running.auto_stop_at
        held = books.slot.version
        item.save(
            condition=SlotModel.version == held if held else SlotModel.person_key.does_not_exist()
        )

    def _slot(self, scope: Scope) -> Slot:
        request = {
            "TableName": table_name(SlotModel),
            "Key": {
                "person_key": {"S": keys.scoped(*scope)},
                "name": {"S": keys.RUNNING_SLOT},
            },
            "ConsistentRead": True,
        }
        return read_slot(*scope, self._connection.dispatch("GetItem", request).get("Item"))

    def _scan(self, model: Any) -> Iterator[RawItem]:
        return self._pages("Scan", {"TableName": table_name(model), "ConsistentRead": True})

    def _pages(self, operation: str, request: dict[str, Any]) -> Iterator[RawItem]:
        while True:
            answer = self._connection.dispatch(operation, dict(request))
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _repair_entry(books: Books, entry: TimeEntry) -> None:
    timers = [timer for timer in books.timers if timer.time_entry_id == entry.id]
    runs = running(timers)
    TimeEntryModel(key=keys.scoped(entry.organization_id, entry.id)).update(
        actions=[
            TimeEntryModel.tracked_seconds.set(sum(timer.seconds for timer in timers)),
            TimeEntryModel.timer_count.set(len(timers)),
            TimeEntryModel.running_timer_id.set(runs[0].id)
            if runs
            else TimeEntryModel.running_timer_id.remove(),
            TimeEntryModel.version.set(entry.version + 1),
        ],
        condition=TimeEntryModel.version == entry.version,
    )


def _repair_tallies(books: Books) -> None:
    scope = keys.scoped(books.organization_id, books.person_id)
    derived = derived_tallies(books.timers)
    for day in derived.keys() | books.tallies.keys():
        held, expected = books.tallies.get(day, {}), derived.get(day, {})
        differing = [
            name for name in held.keys() | expected.keys() if held.get(name) != expected.get(name)
        ]
        if not differing:
            continue
        condition = None
        for name in differing:
            unchanged = Path(name) == held[name] if name in held else _absent(name)
            condition = unchanged if condition is None else condition & unchanged
        TallyModel(scope=scope, bucket=day).update(
            actions=[Path(name).set(expected.get(name, 0)) for name in differing],
            condition=condition,
        )


def _absent(name: str) -> Any:
    return Path(name).does_not_exist() | (Path(name) == 0)


def _scope(key: str) -> Scope:
    organization_id, person_id = key.split("#")
    return int(organization_id), int(person_id)


def _counters(raw: RawItem) -> dict[str, int]:
    return {
        name: int(value["N"])
        for name, value in raw.items()
        if name not in ("scope", "bucket") and int(value["N"])
    }


def _held(tallies: dict[str, dict[str, int]]) -> Tallies:
    return {day: counters for day, counters in tallies.items() if counters}
