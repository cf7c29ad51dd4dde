"""Many people who forgot a timer, written in few calls and consistent in themselves."""

from collections.abc import Iterator

from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.domain.changes import EntryTallying, Tallying
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.store import keys
from chalicelib.store.models import TallyModel, TimeEntryModel
from chalicelib.store.reads import RawItem
from chalicelib.store.records import model_of
from infra.bulk import write_all
from infra.tallied import slot_items, timer_items

_FIRST_TIMER = 1_000_000
_FIRST_ENTRY = 500_000
_FIRST_PERSON = 100_000


def forget_timers(
    connection: Connection, organization_id: int, numbers: range, started_at: int, limit: int
) -> list[Timer]:
    """One timer that still runs for each number, of a person of its own, on an entry of its own."""
    timers = [
        Timer(
            id=_FIRST_TIMER + number,
            organization_id=organization_id,
            person_id=_FIRST_PERSON + number,
            time_entry_id=_FIRST_ENTRY + number,
            started_at=started_at,
            auto_stop_at=started_at + limit,
        )
        for number in numbers
    ]
    write_all(connection, (item for timer in timers for item in _items(timer)))
    return timers


def _items(timer: Timer) -> Iterator[tuple[type[Model], RawItem]]:
    entry = TimeEntry(
        timer.time_entry_id,
        timer.organization_id,
        timer.person_id,
        service_id=1,
        date="2026-03-02",
        created_at=timer.started_at,
        updated_at=timer.started_at,
        creator_id=timer.person_id,
        timer_count=1,
        running_timer_id=timer.id,
        latest_timer_id=timer.id,
        timer_started_at=timer.started_at,
    )
    yield from timer_items([timer])
    yield TimeEntryModel, model_of(entry).serialize()
    yield from slot_items([timer])
    yield TallyModel, _tally(timer)
    yield TallyModel, _entry_tally(entry)


def _tally(timer: Timer) -> RawItem:
    tallying = Tallying()
    tallying.started(timer.started_at)
    (tally,) = tallying.changes()
    return {
        "scope": {"S": keys.scoped(timer.organization_id, timer.person_id)},
        "bucket": {"S": keys.tally_bucket(tally.day)},
        **{name: {"N": str(count)} for name, count in tally.counters.items()},
    }


def _entry_tally(entry: TimeEntry) -> RawItem:
    tallying = EntryTallying()
    tallying.came(entry)
    (tally,) = tallying.changes()
    place: RawItem = {name: {"S": value} for name, value in keys.tally(tally.name).items()}
    return place | {name: {"N": str(count)} for name, count in tally.counters.items()}
