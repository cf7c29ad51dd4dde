"""Lists that are walked by page number while counters are behind: no row is lost or doubled."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from benchmarks.counter_fixtures import Item, counter_items, entry_items, timer_items
from chalicelib.core.lists import Page, TimeFilter
from chalicelib.core.timestamps import Span
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.items import to_item
from chalicelib.time_entries import lists as entry_lists
from chalicelib.time_entries.model import EntryQuery, TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers import lists
from chalicelib.timers.model import Timer, TimerQuery, TimerSort
from tests.support.clock import DAY, HOUR, MONDAY_NINE
from tests.support.tables import empty_tables

ORGANIZATION, PERSON = 77, 5
LENGTH = 20 * 60


def history(count: int, gap: int, person: int | None = None) -> list[Timer]:
    """Sessions that start one after the other. The last ones run, if they are of several people."""
    timers = [
        Timer(
            id=1_000 + number,
            organization_id=ORGANIZATION,
            person_id=number if person is None else person,
            time_entry_id=9,
            started_at=MONDAY_NINE + number * gap,
            auto_stop_at=MONDAY_NINE + number * gap + 12 * HOUR,
            stopped_at=MONDAY_NINE + number * gap + min(gap, LENGTH),
        )
        for number in range(count)
    ]
    running = 20 if person is None else 1
    return [*timers[:-running], *(replace(timer, stopped_at=None) for timer in timers[-running:])]


def uncounted_items(timers: Sequence[Timer]) -> Iterator[Item]:
    """Timers as their starts and stops write them: no roll-up ran."""
    yield from timer_items(timers)
    for model, item in counter_items(timers):
        if model is CounterModel and is_written_by_operations(item):
            yield model, item


def is_written_by_operations(item: RawItem) -> bool:
    return keys.counter_key_in(item["scope"]["S"], item["bucket"]["S"]) is not None


def load(connection: Connection, timers: Sequence[Timer], rolled_up: Sequence[Timer]) -> None:
    """Write timers, and buckets that know some of them."""
    write_all(connection, counter_items(rolled_up))
    write_all(connection, uncounted_items(timers))


def at(timers: Sequence[Timer], moment: int) -> list[Timer]:
    """The sessions as they were at a timestamp."""
    return [
        timer
        if timer.stopped_at is not None and timer.stopped_at <= moment
        else replace(timer, stopped_at=None)
        for timer in timers
        if timer.started_at <= moment
    ]


def by_start(timer: Timer) -> tuple[int, ...]:
    return timer.started_at, timer.id


def by_stop(timer: Timer) -> tuple[int, ...]:
    return 2**40 if timer.stopped_at is None else timer.stopped_at, timer.id


ORDERS: dict[TimerSort, Callable[[Timer], tuple[int, ...]]] = {
    TimerSort.STARTED_AT: by_start,
    TimerSort.STOPPED_AT: by_stop,
}

Read = Callable[[int], Page[Any]]


def reader(connection: Connection, query: TimerQuery) -> Read:
    """Read a page of a list of timers by its number."""
    return lambda page: lists.page(connection, replace(query, page=page))


def entry_reader(connection: Connection, query: EntryQuery) -> Read:
    """Read a page of a list of time entries by its number."""
    return lambda page: entry_lists.page(connection, replace(query, page=page))


def walk(read: Read, page_size: int = 20) -> Iterator[tuple[Page[Any], int]]:
    """Read pages as a client does: until the total says that there are no more."""
    number, total = 1, 1
    while (number - 1) * page_size < total:
        page = read(number)
        total = page.total_count
        assert total >= (number - 1) * page_size + len(page.rows), number
        yield page, total
        number += 1


@pytest.mark.parametrize(
    ("count", "rolled_up", "gap"),
    [
        # None; some, also within one quarter-hour and over several days; all.
        (70, 0, 60),
        (110, 40, 2),
        (110, 90, 30),
        (90, 5, 1_800),
        (100, 100, 60),
    ],
)
@pytest.mark.parametrize("person", [None, PERSON])
def test_walk_of_a_quiet_list_is_complete_however_far_the_counters_are_behind(
    connection: Connection, count: int, rolled_up: int, gap: int, person: int | None
) -> None:
    empty_tables()
    timers = history(count, gap, person)
    known = at(timers, timers[rolled_up - 1].started_at) if rolled_up else []
    load(connection, timers, timers if rolled_up == count else known)
    people = None if person is None else frozenset({person})
    # The list as a whole, and the lists that begin and end with certain sessions.
    spans = (
        None,
        Span(MONDAY_NINE + 450, MONDAY_NINE + 10**8),
        Span(0, timers[-30].started_at + 1),
    )
    for sort, key in ORDERS.items():
        for descending in (False, True):
            for span in spans:
                time = None if span is None else TimeFilter(span)
                query = TimerQuery(ORGANIZATION, people, sort=sort, descending=descending)
                query = replace(query, page_size=40, **{sort.value: time})
                expected = sorted(filter(query.matches, timers), key=key, reverse=descending)
                pages = list(walk(reader(connection, query), 40))
                rows = [timer.id for page, _ in pages for timer in page.rows]
                assert rows == [timer.id for timer in expected], (sort, descending, span)
                assert {total for _, total in pages} == {len(expected)}, (sort, descending, span)


@pytest.mark.parametrize("lag", [0, 7, 60])
@pytest.mark.parametrize("gap", [1, 60, 900])
def test_ascending_walk_of_a_list_that_grows_has_each_old_row_once(
    connection: Connection, gap: int, lag: int
) -> None:
    timers = history(160, gap)
    old = 110
    empty_tables()
    load(connection, timers[:old], timers[: old - lag])
    known = old
    rows: list[int] = []
    for page, _ in walk(reader(connection, TimerQuery(ORGANIZATION, page_size=20))):
        rows += [timer.id for timer in page.rows]
        # The next sessions start. The counters are as far behind as before.
        known = min(known + 4, len(timers))
        load(connection, timers[:known], timers[: known - lag])
    assert rows[:old] == [timer.id for timer in timers[:old]]
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("known", [0, 190, 200])
@pytest.mark.parametrize("per_day", [1, 110])
def test_walk_of_time_entries_is_complete_however_far_the_counters_are_behind(
    connection: Connection, known: int, per_day: int
) -> None:
    empty_tables()
    template = TimeEntry(0, ORGANIZATION, PERSON, 1, "", 1, 1, PERSON)
    first = date(2026, 1, 1)
    entries = [
        replace(
            template,
            id=1_000 + number,
            date=(first + timedelta(days=number // per_day)).isoformat(),
        )
        for number in range(200)
    ]
    write_all(connection, entry_items(entries[:known]))
    later = entries[known:]
    write_all(connection, ((TimeEntryModel, to_item(entry).serialize()) for entry in later))
    written = (item for item in entry_items(entries) if item[0] is CounterModel)
    write_all(connection, (item for item in written if is_written_by_operations(item[1])))
    for descending in (False, True):
        query = EntryQuery(ORGANIZATION, descending=descending, page_size=20)
        pages = list(walk(entry_reader(connection, query)))
        rows = [entry.id for page, _ in pages for entry in page.rows]
        expected = [entry.id for entry in entries]
        assert rows == (expected[::-1] if descending else expected)
        assert {total for _, total in pages} == {len(entries)}


def test_walk_of_the_issue(connection: Connection) -> None:
    """70 timers are rolled up, then one more starts: the rows of the second page stay."""
    empty_tables()
    timers = history(71, 60)
    load(connection, timers[:70], timers[:70])
    query = TimerQuery(ORGANIZATION, page=2, page_size=35)
    before = lists.page(connection, query)
    load(connection, timers, timers[:70])
    after = lists.page(connection, query)
    assert after.rows == before.rows == timers[35:70]
    assert after.total_count == 71
    assert timers[0].started_at // DAY == timers[-1].started_at // DAY
