"""Items of timers and time entries with matching counters, for tests and benchmarks, in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pynamodb.models import Model

from chalicelib.counters.model import (
    Bucket,
    CounterKey,
    Counters,
    EntryCounterDeltas,
    PersonDay,
    add,
)
from chalicelib.counters.repository import CounterModel, bucket_key
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.items import to_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.days import DayUpdate, DayUpdates, Mark
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import PersonStateModel, TimerModel

Item = tuple[type[Model], RawItem]


def timer_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """Return the items of the timers."""
    return ((TimerModel, to_item(timer).serialize()) for timer in timers)


def person_state_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """Yield the person states of people with a running timer."""
    for timer in timers:
        if timer.stopped_at is None:
            state = PersonStateModel(
                person_key=keys.scoped(timer.organization_id, timer.person_id),
                name=keys.RUNNING_TIMER,
                version=1,
                last_timer_id=timer.id,
                timer_id=timer.id,
                time_entry_id=timer.time_entry_id,
                started_at=timer.started_at,
                auto_stop_at=timer.auto_stop_at,
                edited=timer.edited or None,
                sum_target=timer.sum_target,
                lists_sessions=True,
            )
            yield PersonStateModel, state.serialize()


def counter_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """Return the items of the people's days, and of their roll-ups."""
    days = _days(timers)
    counters = {name: day.counters for name, day in days.items()}
    for model, item in _rolled_up(counters):
        name = keys.counter_key_in(item["scope"]["S"], item["bucket"]["S"])
        day = None if name is None else days.get(name)
        yield model, item if day is None else item | stored_marks(day.marks)


def stored_marks(marks: Mapping[int, Mark | None]) -> RawItem:
    """Return the attributes that list sessions in the item of a person's day."""
    return {
        f"t{timer_id}": {"L": [{"N": str(timestamp)} for timestamp in mark or ()]}
        for timer_id, mark in marks.items()
    } | {"version": {"N": "1"}}


def entry_items(entries: Iterable[TimeEntry]) -> Iterator[Item]:
    """Yield the items of time entries, of their counters by month, and of the roll-ups."""
    counters = EntryCounterDeltas()
    for entry in entries:
        counters.added(entry)
        yield TimeEntryModel, to_item(entry).serialize()
    yield from _rolled_up({month.name: month.counters for month in counters.collected()})


def _rolled_up(unrolled: Mapping[CounterKey, Counters]) -> Iterator[Item]:
    buckets: dict[Bucket, dict[str, int]] = {}
    for name, values in unrolled.items():
        yield _item(keys.counter(name), values)
        yield _item(keys.rolled_up(name), {**values, "version": 1})
        for bucket, added in name.bucket_deltas(values):
            add(buckets.setdefault(bucket, {}), added)
    for bucket, counters in buckets.items():
        yield _item(bucket_key(bucket), {**counters, "version": 1})


def _days(timers: Iterable[Timer]) -> dict[CounterKey, DayUpdate]:
    by_person: dict[tuple[int, int], DayUpdates] = defaultdict(DayUpdates)
    for timer in timers:
        by_person[timer.organization_id, timer.person_id].added(timer)
    return {
        PersonDay(*person, day.day): day
        for person, updates in by_person.items()
        for day in updates.collected()
    }


def _item(key: Mapping[str, str], counters: Counters) -> Item:
    item: RawItem = {name: {"S": value} for name, value in key.items()}
    return CounterModel, item | {name: {"N": str(count)} for name, count in counters.items()}
