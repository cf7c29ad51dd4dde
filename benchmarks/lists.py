"""Cost of a page of a list, for lists of different lengths: sequential calls and read units.

``make bench-lists`` runs it on DynamoDB Local, which counts read units as AWS does. For comparison
it also measures the naive method on the same data: count the list by reading it, then read up to
the page.
"""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from benchmarks.costs import Cost, counted
from benchmarks.counter_fixtures import counter_items, timer_items
from benchmarks.engine import new_engine
from chalicelib.counters.model import PersonDay
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.index_query import IndexQuery, index_query
from chalicelib.dynamodb.query_planner import plan_timers
from chalicelib.timers import lists
from chalicelib.timers.model import Timer, TimerQuery, TimerSort
from infra.command_line import new_parser, whole_numbers

ORGANIZATION = 2149
PAGE_SIZE = 30
SESSIONS_A_DAY = 4
_FIRST_MORNING = 1_735_712_000
"""2025-01-01 in the morning, as a timestamp in seconds."""
_DAY = 86_400
_PEOPLE_PER_QUARTER_HOUR = 1_000
_FIVE_YEARS = 5 * 365


def history(timers: int, seed: int = 1) -> list[Timer]:
    """Return a number of timers, four per person and working day, of at most five years.

    The last timer of every hundredth person runs. Everyone starts in the same hours, which fills
    the counters of those quarter hours.
    """
    rng = random.Random(seed)  # noqa: S311
    days = min(_FIVE_YEARS, max(30, timers // 200))
    people = -(-timers // (days * SESSIONS_A_DAY))
    sessions: list[Timer] = []
    for day in range(days):
        for person in range(1, people + 1):
            timestamp = _FIRST_MORNING + day * _DAY + rng.randrange(3600)
            for _ in range(SESSIONS_A_DAY):
                if len(sessions) == timers:
                    return _with_running_timers(sessions)
                stop = timestamp + rng.randrange(600, 7200)
                sessions.append(_session(len(sessions), person, timestamp, stop))
                timestamp = stop + rng.randrange(900)
    return _with_running_timers(sessions)


def simultaneous_sessions(timers: int) -> list[Timer]:
    """Return the worst case within the documented limits.

    1,000 people all start in one quarter hour of each day, and all stop in one.
    """
    rng = random.Random(2)  # noqa: S311
    sessions = []
    for number in range(timers):
        day, person = divmod(number, _PEOPLE_PER_QUARTER_HOUR)
        morning = _FIRST_MORNING - _FIRST_MORNING % 900 - (day + 1) * _DAY
        start = morning + rng.randrange(900)
        sessions.append(_session(number, 10_000 + person, start, morning + 8 * 3600 + start % 900))
    return sorted(sessions, key=lambda timer: timer.started_at)


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


def _with_running_timers(timers: list[Timer]) -> list[Timer]:
    """Make the last timer of every hundredth person run."""
    last = {timer.person_id: number for number, timer in enumerate(timers)}
    for person_id, number in last.items():
        if person_id % 100 == 1:
            timers[number] = replace(timers[number], stopped_at=None)
    return timers


class Case(Struct, frozen=True):
    """A list that an index serves, and its number of timers."""

    name: str
    query: TimerQuery
    total: int


def cases(timers: list[Timer]) -> Iterator[Case]:
    """Yield lists of an organization and a person, in both sorts and directions."""
    person = timers[0].person_id
    scopes = {
        "organization": (None, len(timers)),
        "person": (frozenset({person}), sum(timer.person_id == person for timer in timers)),
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
    """Return the numbers of the first, middle and last page."""
    last = max(1, -(-case.total // PAGE_SIZE))
    return {"first": 1, "middle": (last + 1) // 2, "last": last}


def load(connection: Connection, timers: list[Timer]) -> None:
    """Put timers, and the counters that the lists of :func:`cases` use."""
    write_all(connection, timer_items(timers))
    scopes = {str(ORGANIZATION), keys.scoped(ORGANIZATION, timers[0].person_id)}
    last = _counters_of_last_rows(timers)
    counters = (
        (model, item)
        for model, item in counter_items(timers)
        if item["scope"]["S"] in scopes or (item["scope"]["S"], item["bucket"]["S"]) in last
    )
    write_all(connection, counters)


def _counters_of_last_rows(timers: list[Timer]) -> set[tuple[str, str]]:
    """The keys of the counters, and of their rolled-up records, that count the last rows."""
    person_id = timers[0].person_id
    names = set()
    for rows in (timers, [timer for timer in timers if timer.person_id == person_id]):
        started = max(rows, key=lambda timer: (timer.started_at, timer.id))
        stopped = max(rows, key=lambda timer: (timer.stopped_at or 0, timer.id))
        for timer, at in (started, started.started_at), (stopped, stopped.stopped_at or 0):
            names.add(PersonDay(timer.organization_id, timer.person_id, at // _DAY))
    keys_of = (key(name) for name in names for key in (keys.counter, keys.rolled_up))
    return {(key["scope"], key["bucket"]) for key in keys_of}


def by_number(connection: Connection, case: Case, page: int) -> Callable[[], object]:
    """Return a function that reads an offset page."""
    return partial(lists.page, connection, replace(case.query, page=page))


def by_cursor(connection: Connection, case: Case, position: str | None) -> Callable[[], object]:
    """Return a function that reads a cursor page."""
    return partial(lists.cursor_page, connection, case.query, position, PAGE_SIZE)


def middle_position(connection: Connection, case: Case) -> str | None:
    """Return the cursor position at which the middle page begins."""
    skipped = (pages_of(case)["middle"] - 1) * PAGE_SIZE
    return _index_query(connection, case).first(skipped)[-1][0] if skipped else None


@dataclass(frozen=True, slots=True)
class CountAndSkip:
    """Result of the naive method: count by reading all, then read up to the page.

    Holds the costs of the middle and the last page, and the position of the middle page.
    """

    middle: Cost
    last: Cost
    position: str | None


def count_and_skip(connection: Connection, case: Case) -> CountAndSkip:
    """Count once and read the list once: the last page includes the middle one."""
    index_query, pages = _index_query(connection, case), pages_of(case)
    counting = measure(connection, index_query.count)
    positions: list[str] = []

    def read_up_to(page: int) -> None:
        count = page * PAGE_SIZE - len(positions)
        rows = index_query.first(count, positions[-1] if positions else None)
        positions.extend(position for position, _ in rows)

    middle = measure(connection, partial(read_up_to, pages["middle"]))
    skipped = (pages["middle"] - 1) * PAGE_SIZE
    rest = measure(connection, partial(read_up_to, pages["last"]))
    return CountAndSkip(
        counting + middle, counting + middle + rest, positions[skipped - 1] if skipped else None
    )


def _index_query(connection: Connection, case: Case) -> IndexQuery:
    query_plan = plan_timers(case.query)
    if query_plan is None:
        raise ValueError("this query matches nothing")
    return index_query(connection, query_plan, case.query.descending)


def measure(connection: Connection, run: Callable[[], object]) -> Cost:
    """Return the cost of a function call."""
    with counted(connection) as cost:
        run()
    return cost


def main(arguments: list[str]) -> None:
    """Load each number of timers in turn, and print the cost of each page."""
    parser = new_parser("benchmarks.lists", "Measure the cost of list pages.")
    parser.add_argument(
        "--timers",
        type=whole_numbers,
        default="1000,10000",
        help="numbers of timers, separated by commas",
    )
    sizes = parser.parse_args(arguments).timers
    pages = ("first page", "middle", "last", "middle by cursor")
    print(f"| timers | list | {' | '.join(pages)} | count and skip: middle | last |")
    print(f"| ---: | --- |{' ---: |' * 6}")
    for size in sizes:
        timers = history(size)
        with _loaded(timers) as connection:
            for case in cases(timers):
                _print(connection, size, case)
    worst_case = simultaneous_sessions(sizes[-1])
    with _loaded(worst_case) as connection:
        for case in cases(worst_case):
            if case.query.person_ids is None:
                _print(connection, sizes[-1], replace(case, name=f"worst case, {case.name}"))
    print(f"\nSequential database calls / read units, {PAGE_SIZE} timers per page.")


@contextmanager
def _loaded(timers: list[Timer]) -> Iterator[Connection]:
    """Load timers into a new engine."""
    with new_engine() as connection:
        load(connection, timers)
        yield connection


def _print(connection: Connection, size: int, case: Case) -> None:
    pages = pages_of(case)
    by_page = {
        name: measure(connection, by_number(connection, case, page)) for name, page in pages.items()
    }
    naive = count_and_skip(connection, case)
    cursor = measure(connection, by_cursor(connection, case, naive.position))
    costs = [*by_page.values(), cursor, naive.middle, naive.last]
    cells = [f"{cost.waits} / {cost.read_units:,.1f}" for cost in costs]
    print(f"| {size:,} | {case.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
