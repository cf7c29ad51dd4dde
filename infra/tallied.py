"""Timers and time entries with the tallies that their acts would have written, for tests and
benches: in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pynamodb.models import Model

from chalicelib.domain.changes import EntryTallying, Tallying
from chalicelib.domain.tallies import Counters, PersonDay, TallyState, decide_roll_up
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.store import keys
from chalicelib.store.models import SlotModel, TallyModel, TimeEntryModel, TimerModel
from chalicelib.store.reads import RawItem
from chalicelib.store.records import model_of
from chalicelib.store.tallies import bucket_key

Item = tuple[type[Model], RawItem]


def timer_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """The timers themselves."""
    return ((TimerModel, model_of(timer).serialize()) for timer in timers)


def slot_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """The slots of those who run something."""
    for timer in timers:
        if timer.stopped_at is None:
            slot = SlotModel(
                person_key=keys.scoped(timer.organization_id, timer.person_id),
                name=keys.RUNNING_SLOT,
                version=1,
                last_timer_id=timer.id,
                timer_id=timer.id,
                time_entry_id=timer.time_entry_id,
                started_at=timer.started_at,
                auto_stop_at=timer.auto_stop_at,
            )
            yield SlotModel, slot.serialize()


def tally_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """The days of their people, and everything that those are rolled up to."""
    return _rolled_up(TallyState(name, tally, {}, 0) for name, tally in _days(timers).items())


def entry_items(entries: Iterable[TimeEntry]) -> Iterator[Item]:
    """Time entries themselves, the months that count them, and what those are rolled up to."""
    tallying = EntryTallying()
    for entry in entries:
        tallying.came(entry)
        yield TimeEntryModel, model_of(entry).serialize()
    yield from _rolled_up(TallyState(it.name, it.counters, {}, 0) for it in tallying.changes())


def _rolled_up(tallies: Iterable[TallyState]) -> Iterator[Item]:
    states = list(tallies)
    for state in states:
        yield _item(keys.tally(state.name), state.tally)
        yield _item(keys.ledger(state.name), {**state.tally, "version": 1})
    done = decide_roll_up(states)
    for bucket, added in ({} if done is None else done.added).items():
        yield _item(bucket_key(bucket), {**added, "version": 1})


def _days(timers: Iterable[Timer]) -> Mapping[PersonDay, Counters]:
    by_person: dict[tuple[int, int], Tallying] = defaultdict(Tallying)
    for timer in timers:
        tallying = by_person[timer.organization_id, timer.person_id]
        tallying.started(timer.started_at)
        if timer.stopped_at is not None:
            tallying.stopped(timer.stopped_at)
    return {
        PersonDay(*person, change.day): change.counters
        for person, tallying in by_person.items()
        for change in tallying.changes()
    }


def _item(place: Mapping[str, str], counters: Counters) -> Item:
    item: RawItem = {name: {"S": value} for name, value in place.items()}
    return TallyModel, item | {name: {"N": str(count)} for name, count in counters.items()}
