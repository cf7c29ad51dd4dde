"""Adds the counters of time entries to the writes of a transaction. Pure. Decision 0032.

Every path that creates, changes or deletes a time entry writes it in one of the ways below, so the
difference in counts and seconds follows from the writes themselves. No rule has to count.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from chalicelib.core.write_set import CreateRecord, DeleteRecord, ReplaceRecord, WriteSet
from chalicelib.counters.model import (
    ENTRY_COUNTS,
    CounterKind,
    Counters,
    EntryCounterDelta,
    EntryCounterDeltas,
    EntryMonth,
    add,
    day_number,
    day_sum_name,
    kind_of,
)
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.days import DayUpdate

MAX_DAY_OFFSET = 1
"""How many days the date of a sum can be away from the UTC day whose item stores it."""


def with_entry_counters(writes: Iterable[Any]) -> Sequence[Any]:
    """The writes of a transaction, with what they change in the counters of time entries.

    The seconds of a start or stop go to the item of a person's day that the transaction writes
    anyway, if its UTC day is at most one day away from the date. The rest goes to the items of
    months. Raises ``LookupError`` if a session ends on an entry whose date and service no one read.
    """
    writes = list(writes)
    deltas = EntryCounterDeltas()
    for write in writes:
        _collect(deltas, write)
    collected = deltas.collected()
    if not collected:
        return writes
    index = next((i for i, write in enumerate(writes) if isinstance(write, WriteSet)), None)
    if index is None:
        name = collected[0].name
        counted = WriteSet(name.organization_id, name.person_id, 0, person_state=None)
        return [*writes, replace(counted, entry_counters=collected)]
    writes[index] = _add_counters(writes[index], collected)
    return writes


def _collect(deltas: EntryCounterDeltas, write: Any) -> None:
    match write:
        case WriteSet():
            if write.new_entry is not None:
                deltas.added(write.new_entry)
            scope = write.organization_id, write.person_id
            for update in write.entries:
                if update.shown_seconds and update.target is None:
                    raise LookupError(f"where time entry {update.time_entry_id} counts is unknown")
                if update.shown_seconds and update.target is not None:
                    deltas.added_seconds(scope, update.target, update.shown_seconds)
        case CreateRecord(TimeEntry() as entry):
            deltas.added(entry)
        case ReplaceRecord(TimeEntry() as before, after):
            deltas.removed(before)
            deltas.added(after)
        case DeleteRecord(before=TimeEntry() as entry):
            deltas.removed(entry)
        case _:
            pass


def _add_counters(write_set: WriteSet, deltas: Sequence[EntryCounterDelta]) -> WriteSet:
    days = {day.day: day for day in write_set.days}
    months: dict[EntryMonth, dict[str, int]] = {}
    for delta in (*write_set.entry_counters, *deltas):
        is_own = delta.name.person_id == write_set.person_id
        is_counted = any(kind_of(name) in ENTRY_COUNTS for name in delta.counters)
        for name, by in delta.counters.items():
            # A month that is written anyway takes everything.
            day = _nearest_day(days, delta.name, name) if is_own and not is_counted else None
            if day is None:
                add(months.setdefault(delta.name, {}), {name: by})
            else:
                days[day.day] = _with_sum(day, delta.name, name, by)
    return replace(
        write_set,
        days=tuple(days.values()),
        entry_counters=tuple(EntryCounterDelta(name, values) for name, values in months.items()),
    )


def _date_of(month: EntryMonth, counter: str) -> int:
    """The date of a counter, in days since 1970-01-01."""
    return day_number(date.fromisoformat(f"{month.month}-{counter[1:]}"))


def _nearest_day(
    days: Mapping[int, DayUpdate], month: EntryMonth, counter: str
) -> DayUpdate | None:
    number = _date_of(month, counter)
    near = [
        day
        for day in days.values()
        # A day that is only checked stays unchanged.
        if abs(number - day.day) <= MAX_DAY_OFFSET and (day.counters or day.marks)
    ]
    return min(near, key=lambda day: (abs(number - day.day), day.day), default=None)


def _with_sum(day: DayUpdate, month: EntryMonth, counter: str, by: int) -> DayUpdate:
    kind, offset = CounterKind(kind_of(counter)), _date_of(month, counter) - day.day
    counters: dict[str, int] = {**day.counters}
    added: Counters = {day_sum_name(kind, offset, month.service_id): by}
    add(counters, added)
    return replace(day, counters=counters)
