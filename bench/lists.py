"""What a page of a list costs, however long the list: waits for the database, and read units.

``make bench-lists`` runs it on DynamoDB Local, which counts read units as AWS does. Beside each
page is the naive way on the same data: count the list by reading it, then read up to the page.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from pynamodb.connection import Connection

from bench.costs import Cost, counted
from chalicelib.domain.queries import TimerQuery, TimerSort
from chalicelib.domain.timers import Timer
from chalicelib.settings import Settings
from chalicelib.store import keys
from chalicelib.store.connection import connect
from chalicelib.store.indexes import Walk, walk_of
from chalicelib.store.plans import plan
from chalicelib.store.store import Store
from infra.bulk import write_all
from infra.dynamodb_local import dynamodb_local
from infra.environment import allow_any_credentials
from infra.tables import create_tables
from infra.tallied import tally_items, timer_items

ORGANIZATION = 2149
PAGE_SIZE = 30
SESSIONS_A_DAY = 4
_FIRST_MORNING = 1_735_712_000
"""2025-01-01, in the morning."""
_DAY = 86_400
_A_QUARTER_HOUR = 1_000
_FIVE_YEARS = 5 * 365
_PATIENCE_SECONDS = 120
"""For an answer of the engine, which takes its time to count 100,000 timers."""


def history(timers: int, seed: int = 1) -> list[Timer]:
    """So many sessions of as many people as five years of them take, four on a working day.

    Of a hundred, one runs at the end. Everybody begins in the same hours: that fills the quarters.
    """
    drawn = random.Random(seed)  # noqa: S311
    days = min(_FIVE_YEARS, max(30, timers // 200))
    people = -(-timers // (days * SESSIONS_A_DAY))
    made: list[Timer] = []
    for day in range(days):
        for person in range(1, people + 1):
            instant = _FIRST_MORNING + day * _DAY + drawn.randrange(3600)
            for _ in range(SESSIONS_A_DAY):
                if len(made) == timers:
                    return _some_run(made)
                stop = instant + drawn.randrange(600, 7200)
                made.append(_session(len(made), person, instant, stop))
                instant = stop + drawn.randrange(900)
    return _some_run(made)


def crowd(timers: int) -> list[Timer]:
    """The worst that is promised: 1,000 people who all start in one quarter-hour of each day, and
    stop in one."""
    drawn = random.Random(2)  # noqa: S311
    made = []
    for number in range(timers):
        day, person = divmod(number, _A_QUARTER_HOUR)
        morning = _FIRST_MORNING - _FIRST_MORNING % 900 - (day + 1) * _DAY
        start = morning + drawn.randrange(900)
        made.append(_session(number, 10_000 + person, start, morning + 8 * 3600 + start % 900))
    return sorted(made, key=lambda it: it.started_at)


def _session(number: int, person: int, started_at: int, stopped_at: int) -> Timer:
    return Timer(
        id=2 * 10**14 + number,
        organization_id=ORGANIZATION,
        person_id=10**14 + person,
        time_entry_id=10**14 + number // SESSIONS_A_DAY,
        started_at=started_at,
        auto_stop_at=started_at + 12 * 3600,
        stopped_at=stopped_at,
    )


def _some_run(made: list[Timer]) -> list[Timer]:
    """The last session of every hundredth person runs."""
    last = {timer.person_id: number for number, timer in enumerate(made)}
    for person_id, number in last.items():
        if person_id % 100 == 1:
            made[number] = replace(made[number], stopped_at=None)
    return made


@dataclass(frozen=True, slots=True)
class Case:
    """A list that an index serves, and how many timers it has."""

    name: str
    query: TimerQuery
    total: int


def cases(timers: list[Timer]) -> Iterator[Case]:
    """Organization and person, both sorts, both directions."""
    person = timers[0].person_id
    scopes = {
        "organization": (None, len(timers)),
        "person": (frozenset({person}), sum(it.person_id == person for it in timers)),
    }
    for scope, (people, total) in scopes.items():
        for sort in TimerSort:
            for descending in (False, True):
                query = TimerQuery(
                    ORGANIZATION,
                    person_ids=people,
                    sort=sort,
                    descending=descending,
                    page_size=PAGE_SIZE,
                )
                yield Case(f"{scope}, {'-' if descending else ''}{sort.value}", query, total)


def pages_of(case: Case) -> dict[str, int]:
    """The first page, the one in the middle, the last."""
    last = max(1, -(-case.total // PAGE_SIZE))
    return {"first": 1, "middle": (last + 1) // 2, "last": last}


def load(connection: Connection, timers: list[Timer]) -> None:
    """Put timers, and the tallies by which the lists of :func:`cases` are counted."""
    write_all(connection, timer_items(timers))
    scopes = {str(ORGANIZATION), keys.scoped(ORGANIZATION, timers[0].person_id)}
    tallies = (it for it in tally_items(timers) if it[1]["scope"]["S"] in scopes)
    write_all(connection, tallies)


def by_number(store: Store, case: Case, page: int) -> Callable[[], object]:
    """Page mode."""
    return partial(store.timers, replace(case.query, page=page))


def by_cursor(store: Store, case: Case, position: str | None) -> Callable[[], object]:
    """Cursor mode."""
    return partial(store.stretch, case.query, position, PAGE_SIZE)


def middle_position(connection: Connection, case: Case) -> str | None:
    """Where the middle page begins, as a cursor holds it."""
    skipped = (pages_of(case)["middle"] - 1) * PAGE_SIZE
    return _walk(connection, case).first(ORGANIZATION, skipped)[-1][0] if skipped else None


@dataclass(frozen=True, slots=True)
class CountAndSkip:
    """What DynamoDB leaves one with: count by reading all, then read up to the page; the cost of
    the middle page and of the last, and where the middle one begins."""

    middle: Cost
    last: Cost
    position: str | None


def count_and_skip(connection: Connection, case: Case) -> CountAndSkip:
    """Count once, and read the list once: who wants the last page has read the middle one."""
    walk, pages = _walk(connection, case), pages_of(case)
    counting = measure(connection, walk.count)
    found: list[str] = []

    def read_up_to(page: int) -> None:
        wanted = page * PAGE_SIZE - len(found)
        rows = walk.first(ORGANIZATION, wanted, found[-1] if found else None)
        found.extend(position for position, _ in rows)

    middle = measure(connection, partial(read_up_to, pages["middle"]))
    skipped = (pages["middle"] - 1) * PAGE_SIZE
    rest = measure(connection, partial(read_up_to, pages["last"]))
    return CountAndSkip(
        counting + middle, counting + middle + rest, found[skipped - 1] if skipped else None
    )


def _walk(connection: Connection, case: Case) -> Walk:
    steps = plan(case.query)
    if steps is None:
        raise ValueError("a query that wants nothing")
    return walk_of(connection, steps, case.query.descending)


def measure(connection: Connection, run: Callable[[], object]) -> Cost:
    """What something costs."""
    with counted(connection) as cost:
        run()
    return cost


def main(arguments: list[str]) -> None:
    """Load each number of timers in turn, and print what each page costs."""
    parser = argparse.ArgumentParser(description="What a page of a list costs.")
    parser.add_argument("--timers", default="1000,10000", help="how many, separated by commas")
    sizes = [int(text) for text in parser.parse_args(arguments).timers.split(",")]
    pages = ("first page", "middle", "last", "middle by cursor")
    print(f"| timers | list | {' | '.join(pages)} | count and skip: middle | last |")
    print(f"| ---: | --- |{' ---: |' * 6}")
    for size in sizes:
        timers = history(size)
        with _loaded(timers) as connection:
            for case in cases(timers):
                _print(connection, size, case)
    crowded = crowd(sizes[-1])
    with _loaded(crowded) as connection:
        for case in cases(crowded):
            if case.query.person_ids is None:
                _print(connection, sizes[-1], replace(case, name=f"crowd, {case.name}"))
    print(f"\nWaits for the database / read units, {PAGE_SIZE} timers a page.")


@contextmanager
def _loaded(timers: list[Timer]) -> Iterator[Connection]:
    """These timers on an engine of their own: one that has done much becomes slow at loading."""
    with dynamodb_local() as endpoint:
        settings = Settings(dynamodb_endpoint=endpoint)
        allow_any_credentials(settings)
        connection = connect(settings, _PATIENCE_SECONDS)
        create_tables()
        load(connection, timers)
        yield connection


def _print(connection: Connection, size: int, case: Case) -> None:
    store = Store(connection)
    pages = pages_of(case)
    mine = {name: measure(connection, by_number(store, case, page)) for name, page in pages.items()}
    theirs = count_and_skip(connection, case)
    cursor = measure(connection, by_cursor(store, case, theirs.position))
    costs = [*mine.values(), cursor, theirs.middle, theirs.last]
    cells = [f"{cost.waits} / {cost.read_units:,.1f}" for cost in costs]
    print(f"| {size:,} | {case.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
