"""Reports: rows of sums, and rows of entries. Contract section 10a."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.lists import CursorPage, Page, all_pages, from_position
from chalicelib.core.permissions import Caller, limit_to_caller
from chalicelib.reports.model import SumKey, SumQuery
from chalicelib.reports.rules import Group, ReportRow, Totals, entry_row, months
from chalicelib.reports.sums import read_sums
from chalicelib.time_entries.model import EntryQuery, TimeEntry
from chalicelib.time_entries.operations import TimeEntries

_ENTRIES_AT_ONCE = 2_000


class ReportQuery(Struct, frozen=True):
    """What a report is of. A condition of None matches all.

    :param groups: one or two.
    :param first_date: ``YYYY-MM-DD``, included; ``last_date`` likewise.
    :param matches: returns whether a sum matches the other conditions; None: there are none.
    :param by_person: whether these conditions need the person; ``by_service`` and ``by_billable``
        likewise.
    """

    groups: tuple[Group, ...]
    first_date: str
    last_date: str
    person_ids: frozenset[int] | None = None
    service_ids: frozenset[int] | None = None
    matches: Callable[[SumKey], bool] = lambda _: True
    by_person: bool = False
    by_service: bool = False
    by_billable: bool = False


class Reports:
    """Reads reports. A member's report is of their own time."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._connection = dependencies.database.connection
        self._entries = TimeEntries(dependencies)

    def rows(self, caller: Caller, query: ReportQuery) -> list[ReportRow]:
        """Return the rows of a report, in no particular order. The calls of ``read_sums``."""
        totals = Totals(caller.organization.id, query.groups, query.matches)
        self._add(totals, caller, query)
        return totals.rows()

    def rows_by_month(
        self,
        caller: Caller,
        query: ReportQuery,
        progress: Callable[[Sequence[tuple[str, str]]], Iterable[tuple[str, str]]],
    ) -> list[ReportRow]:
        """Return the rows of a report of any length. It reads one month after the other.

        :param progress: yields the months, and shows which one is read.
        """
        totals = Totals(caller.organization.id, query.groups, query.matches)
        for first, last in progress(list(months(query.first_date, query.last_date))):
            self._add(totals, caller, replace(query, first_date=first, last_date=last))
        return totals.rows()

    def entry_page(self, caller: Caller, query: EntryQuery) -> Page[ReportRow]:
        """Return a page by number of rows of entries. The calls of a list of time entries."""
        page = self._entries.page(caller, query)
        return Page(_rows(page.rows), page.total_count)

    def entry_cursor_page(
        self,
        caller: Caller,
        query: EntryQuery,
        conditions: object,
        position: Callable[[str], str | None],
    ) -> tuple[CursorPage[ReportRow], str]:
        """Return a cursor page of rows of entries. The calls of a list of time entries."""
        page, listing = self._entries.cursor_page(caller, query, conditions, position)
        return CursorPage(_rows(page.rows), page.following), listing

    def entry_pages(self, caller: Caller, query: EntryQuery) -> Iterator[Sequence[ReportRow]]:
        """Return the rows of all entries that match, page by page."""
        query = replace(query, page_size=_ENTRIES_AT_ONCE)

        def read(position: str | None) -> CursorPage[TimeEntry]:
            return self._entries.cursor_page(caller, query, "", from_position(position))[0]

        return map(_rows, all_pages(read))

    def _add(self, totals: Totals, caller: Caller, query: ReportQuery) -> None:
        person_ids = limit_to_caller(caller, query.person_ids)
        if frozenset() in (person_ids, query.service_ids):
            return
        sum_query = SumQuery(
            organization_id=caller.organization.id,
            first_date=query.first_date,
            last_date=query.last_date,
            person_ids=person_ids,
            service_ids=query.service_ids,
            by_person=query.by_person or Group.PERSON in query.groups,
            by_service=query.by_service or Group.SERVICE in query.groups,
            by_billable=query.by_billable or Group.BILLABLE in query.groups,
        )
        totals.add(read_sums(self._connection, sum_query))


def _rows(entries: Iterable[TimeEntry]) -> list[ReportRow]:
    return [entry_row(entry) for entry in entries]
