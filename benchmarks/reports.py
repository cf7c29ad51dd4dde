"""Cost of a report: sequential calls and read units, beside reading all entries and adding them.

``make bench-reports`` runs it on DynamoDB Local, which counts read units as AWS does. The company
has 1,000 people with 20 entries a month on 4 of 40 services, and a year of history. Without the
calls of authentication, and of ``include``.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial

from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from benchmarks.costs import Cost
from benchmarks.counter_fixtures import entry_items
from benchmarks.engine import new_engine
from benchmarks.lists import measure
from chalicelib.core.ids import MAX_ID
from chalicelib.core.lists import CursorPage, all_pages
from chalicelib.counters.repository import CounterModel
from chalicelib.reports.model import SumQuery
from chalicelib.reports.sums import read_sums
from chalicelib.time_entries import lists
from chalicelib.time_entries.model import EntryQuery, TimeEntry
from infra.command_line import new_parser, whole_number

ORGANIZATION = 2149
ENTRIES_A_MONTH = 20
_SERVICES, _SERVICES_A_PERSON = 40, 4
_PAGE_SIZE = 200

MONTH = SumQuery(ORGANIZATION, "2026-02-01", "2026-02-28")
YEAR = replace(MONTH, first_date="2025-03-01")
A_PERSON = frozenset({MAX_ID - 7})
REPORTS = {
    "a month, in total": MONTH,
    "a month by service": replace(MONTH, by_service=True),
    "a month by person": replace(MONTH, by_person=True),
    "a month by person and service": replace(MONTH, by_person=True, by_service=True),
    "a year by month": YEAR,
    "a year by person and month": replace(YEAR, by_person=True),
    "a month of one person by day": replace(MONTH, person_ids=A_PERSON),
}


def history(people: int, month: str, first_id: int) -> Iterator[TimeEntry]:
    """Yield the entries of a month (``2026-02``). Ids are as long as real ones."""
    for number in range(people * ENTRIES_A_MONTH):
        person, day = number // ENTRIES_A_MONTH, number % ENTRIES_A_MONTH + 1
        service = (person + day % _SERVICES_A_PERSON) % _SERVICES
        yield TimeEntry(
            first_id - number,
            ORGANIZATION,
            MAX_ID - person,
            MAX_ID - service,
            f"{month}-{day:02d}",
            1,
            1,
            MAX_ID - person,
            tracked_seconds=25_000 + number % 1_000,
        )


def load(connection: Connection, people: int, months: int) -> None:
    """Load the counters of some months up to February 2026, and the entries of the last one."""
    first_id = MAX_ID
    for back in range(months):
        year, month = divmod(2026 * 12 + 1 - back, 12)
        entries = list(history(people, f"{year}-{month + 1:02d}", first_id))
        items = entry_items(entries)
        # Reports never read the entries: only the comparison does, and it reads one month.
        write_all(connection, (item for item in items if back == 0 or item[0] is CounterModel))
        first_id -= len(entries)


def add_entries(connection: Connection, query: SumQuery) -> int:
    """Read all entries of a report page by page, and return the sum of their seconds."""
    entry_query = EntryQuery(
        query.organization_id,
        person_ids=query.person_ids,
        first_date=query.first_date,
        last_date=query.last_date,
    )

    def read(position: str | None) -> CursorPage[TimeEntry]:
        return lists.cursor_page(connection, entry_query, position, _PAGE_SIZE)

    return sum(entry.tracked_seconds for entries in all_pages(read) for entry in entries)


def _cell(connection: Connection, run: Callable[[], object]) -> str:
    cost: Cost = measure(connection, run)
    return f"{cost.waits} / {cost.read_units:,.1f}"


def main(arguments: list[str]) -> None:
    """Load, read each report both ways, print."""
    parser = new_parser("benchmarks.reports", "Measure the cost of reports.")
    parser.add_argument("--people", type=whole_number, default=1_000)
    parser.add_argument("--months", type=whole_number, default=12, help="months of history")
    options = parser.parse_args(arguments)
    with new_engine() as connection:
        load(connection, options.people, options.months)
        print("| report | rows | from sums | read all entries and add |")
        print("| --- | ---: | ---: | ---: |")
        for name, query in REPORTS.items():
            rows = len(read_sums(connection, query))
            ours = _cell(connection, partial(read_sums, connection, query))
            loaded = query.first_date == MONTH.first_date
            theirs = _cell(connection, partial(add_entries, connection, query)) if loaded else "-"
            print(f"| {name} | {rows:,} | {ours} | {theirs} |")
    print("\nSequential database calls / read units. Rows: one for each date, before grouping.")


if __name__ == "__main__":
    main(sys.argv[1:])
