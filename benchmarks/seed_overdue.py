"""Creates many people with an overdue timer, in few calls, with consistent records."""

from collections.abc import Iterator

from pynamodb.connection import Connection
from pynamodb.models import Model

from benchmarks.bulk_load import write_all
from benchmarks.counter_fixtures import person_state_items, stored_marks, timer_items
from chalicelib.counters.model import EntryCounterDeltas
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.items import to_item
from chalicelib.time_entries.model import Billing, SumTarget, TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.days import DayUpdates
from chalicelib.timers.model import Timer

_FIRST_TIMER = 1_000_000
_FIRST_ENTRY = 500_000
_FIRST_PERSON = 100_000
_TARGET = SumTarget("2026-03-02", 1, Billing.ALL)
"""Where the seconds of all these timers count."""


def create_overdue_timers(
    connection: Connection, organization_id: int, numbers: range, started_at: int, limit: int
) -> list[Timer]:
    """Create one running timer per number, each with its own person and time entry.

    ``started_at`` is a timestamp and ``limit`` a duration, both in seconds.
    """
    timers = [
        Timer(
            id=_FIRST_TIMER + number,
            organization_id=organization_id,
            person_id=_FIRST_PERSON + number,
            time_entry_id=_FIRST_ENTRY + number,
            started_at=started_at,
            auto_stop_at=started_at + limit,
            sum_target=_TARGET,
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
        service_id=_TARGET.service_id,
        date=_TARGET.date,
        created_at=timer.started_at,
        updated_at=timer.started_at,
        creator_id=timer.person_id,
        timer_count=1,
        running_timer_id=timer.id,
        latest_timer_id=timer.id,
        timer_started_at=timer.started_at,
    )
    yield from timer_items([timer])
    yield TimeEntryModel, to_item(entry).serialize()
    yield from person_state_items([timer])
    yield CounterModel, _timer_counters(timer)
    yield CounterModel, _entry_counters(entry)


def _timer_counters(timer: Timer) -> RawItem:
    updates = DayUpdates()
    updates.added(timer)
    (day,) = updates.collected()
    return {
        "scope": {"S": keys.scoped(timer.organization_id, timer.person_id)},
        "bucket": {"S": keys.day_bucket_name(day.day)},
        **{name: {"N": str(count)} for name, count in day.counters.items()},
        **stored_marks(day.marks),
    }


def _entry_counters(entry: TimeEntry) -> RawItem:
    counters = EntryCounterDeltas()
    counters.added(entry)
    (month,) = counters.collected()
    key: RawItem = {name: {"S": value} for name, value in keys.counter(month.name).items()}
    return key | {name: {"N": str(count)} for name, count in month.counters.items()}
