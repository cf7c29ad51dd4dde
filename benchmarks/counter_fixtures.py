"""Items of timers and time entries with matching counters, for tests and benchmarks, in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pynamodb.models import Model

from chalicelib.counters.model import (
    Counters,
    CounterState,
    EntryCounterDeltas,
    PersonDay,
    TimerCounterDeltas,
    decide_roll_up,
)
from chalicelib.counters.repository import CounterModel, bucket_key
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.items import to_item
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
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
            )
            yield PersonStateModel, state.serialize()


def counter_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """Return the items of the people's counters by day, and of their roll-ups."""
    return _rolled_up(
        CounterState(name, counters, {}, 0) for name, counters in _days(timers).items()
    )


def entry_items(entries: Iterable[TimeEntry]) -> Iterator[Item]:
    """Yield the items of time entries, of their counters by month, and of the roll-ups."""
    counters = EntryCounterDeltas()
    for entry in entries:
        counters.added(entry)
        yield TimeEntryModel, to_item(entry).serialize()
    yield from _rolled_up(
        CounterState(month.name, month.counters, {}, 0) for month in counters.collected()
    )


def _rolled_up(unrolled: Iterable[CounterState]) -> Iterator[Item]:
    states = list(unrolled)
    for state in states:
        yield _item(keys.counter(state.name), state.counters)
        yield _item(keys.rolled_up(state.name), {**state.counters, "version": 1})
    roll_up = decide_roll_up(states)
    for bucket, added in ({} if roll_up is None else roll_up.added).items():
        yield _item(bucket_key(bucket), {**added, "version": 1})


def _days(timers: Iterable[Timer]) -> Mapping[PersonDay, Counters]:
    by_person: dict[tuple[int, int], TimerCounterDeltas] = defaultdict(TimerCounterDeltas)
    for timer in timers:
        counters = by_person[timer.organization_id, timer.person_id]
        counters.started(timer.started_at)
        if timer.stopped_at is not None:
            counters.stopped(timer.stopped_at)
    return {
        PersonDay(*person, change.day): change.counters
        for person, counters in by_person.items()
        for change in counters.collected()
    }


def _item(key: Mapping[str, str], counters: Counters) -> Item:
    item: RawItem = {name: {"S": value} for name, value in key.items()}
    return CounterModel, item | {name: {"N": str(count)} for name, count in counters.items()}
