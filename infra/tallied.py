"""Timers with the tallies that their acts would have written, for tests and benches: in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pynamodb.models import Model

from chalicelib.domain.changes import Tallying
from chalicelib.domain.tallies import Counters, DayState, PersonDay, decide_roll_up
from chalicelib.domain.timers import Timer
from chalicelib.store import keys
from chalicelib.store.models import TallyModel, TimerModel
from chalicelib.store.reads import RawItem
from chalicelib.store.records import model_of

Item = tuple[type[Model], RawItem]


def timer_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """The timers themselves."""
    return ((TimerModel, model_of(timer).serialize()) for timer in timers)


def tally_items(timers: Iterable[Timer]) -> Iterator[Item]:
    """The days of their people, and everything that those are rolled up to."""
    by_organization: dict[int, list[DayState]] = defaultdict(list)
    for name, tally in _days(timers).items():
        by_organization[name.organization_id].append(DayState(name, tally, {}, 0))
        yield _item(*_day_key(name), tally)
    for organization_id, states in by_organization.items():
        done = decide_roll_up(states)
        if done is None:
            continue
        for state in done.days:
            ledger = keys.rolled_up(state.name)
            yield _item(ledger["scope"], ledger["bucket"], {**state.tally, "version": 1})
        organization = str(organization_id)
        for (person_id, month), added in done.person_months.items():
            scope = keys.scoped(organization_id, person_id)
            yield _item(scope, keys.tally_month(month), {**added, "version": 1})
        for day, added in done.organization_days.items():
            yield _item(organization, keys.organization_day(day), {**added, "version": 1})
        for month, added in done.organization_months.items():
            yield _item(organization, keys.tally_month(month), {**added, "version": 1})


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


def _day_key(name: PersonDay) -> tuple[str, str]:
    return keys.scoped(name.organization_id, name.person_id), keys.tally_bucket(name.day)


def _item(scope: str, bucket: str, counters: Counters) -> Item:
    counted = {name: {"N": str(count)} for name, count in counters.items()}
    return TallyModel, {"scope": {"S": scope}, "bucket": {"S": bucket}, **counted}
