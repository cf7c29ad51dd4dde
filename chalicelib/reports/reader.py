"""Read the rows of a report, in pages. Contract section 10a."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import UnsupportedSort
from chalicelib.core.lists import CursorPage, Page
from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import rounded_minutes
from chalicelib.jsonapi.conditions import Conditions
from chalicelib.jsonapi.in_memory_list import ReadPosition, SortKey, cursor_page_of, page_of
from chalicelib.jsonapi.parameters import ListQuery
from chalicelib.reports.api import Report
from chalicelib.reports.model import Sum, SumKey
from chalicelib.reports.operations import ReportQuery, Reports
from chalicelib.reports.rules import PERIODS, Group, ReportRow
from chalicelib.reports.sorting import sort_keys
from chalicelib.time_entries.api import entry_query
from chalicelib.time_entries.model import EntryQuery

Dates = tuple[str, str]
"""The first and the last date of a report."""

_ROWS_AT_ONCE = 2_000
_ENTRY_SORTS = {
    **{group.value: "date" for group in PERIODS},
    "person": "person_name",
    "service": "service_name",
}
"""The sorts of rows that are entries, and those of the list of time entries."""


class ReportReader:
    """Reads pages of a report: see :class:`~chalicelib.jsonapi.in_memory_list.ListReader`.

    :param groups: empty: a row is an entry.
    :param dates: None: the range is empty.
    """

    def __init__(
        self,
        report: Report,
        dependencies: Dependencies,
        groups: tuple[Group, ...],
        dates: Dates | None,
    ) -> None:
        self.report, self.dependencies = report, dependencies
        self.groups, self.dates = groups, dates
        self._reports = Reports(dependencies)
        self._totals = ReportRow(0, ())

    def check_sort(self, query: ListQuery) -> None:
        """Raise ``UnsupportedSort`` if rows of entries cannot be sorted by this field."""
        if not self.groups and query.sort not in _ENTRY_SORTS:
            names = ", ".join(_ENTRY_SORTS)
            detail = f"Without `group`, sort by one of these fields: {names}. Or add `group`."
            raise UnsupportedSort("sort", detail)

    def page(self, caller: Caller, query: ListQuery) -> Page[ReportRow]:
        """A page by number."""
        if self.dates is None:
            return Page((), 0)
        if not self.groups:
            return self._reports.entry_page(caller, self._entries(caller, query))
        return page_of(self._sorted(caller, query), query)

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[ReportRow], str]:
        """A cursor page, and the list's description."""
        conditions = query.conditions.description()
        scope = caller.organization.id, caller.person_id, caller.role.value
        groups = tuple(group.value for group in self.groups)
        listing = repr((scope, self.report.resource.type, groups, conditions, self.dates))
        listing = f"{listing} {query.sort} {query.descending}"
        if self.dates is None:
            position(listing)
            return CursorPage((), None), listing
        if not self.groups:
            entries = self._entries(caller, query)
            return self._reports.entry_cursor_page(caller, entries, conditions, position)
        # Before the sums are read: most cursors of other lists are errors.
        start = position(listing)
        rows = self._sorted(caller, query)
        return cursor_page_of(rows, query, start), listing

    def pages(self, caller: Caller, query: ListQuery) -> Iterator[Sequence[ReportRow]]:
        """Yield all rows, in the order of the query, in pages."""
        if self.dates is None or query.conditions.match_nothing:
            return
        if not self.groups:
            yield from self._reports.entry_pages(caller, self._entries(caller, query))
            return
        rows = [row for _, row in self._sorted(caller, query)]
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            yield rows[first : first + _ROWS_AT_ONCE]

    def meta(self) -> dict[str, Any]:
        """The dates of the report, and the totals of all rows."""
        if self.dates is None:
            return {}
        meta: dict[str, Any] = dict(zip(("after", "before"), self.dates, strict=True))
        if self.groups:
            for name, seconds in self.report.totals:
                meta[name] = rounded_minutes(seconds(self._totals))
        return meta

    def _entries(self, caller: Caller, query: ListQuery) -> EntryQuery:
        """The query of a list of time entries with the same conditions."""
        first, last = self.dates or ("", "")
        query = replace(query, sort=_ENTRY_SORTS[query.sort])
        return replace(entry_query(caller, query), first_date=first, last_date=last)

    def _sorted(self, caller: Caller, query: ListQuery) -> list[tuple[SortKey, ReportRow]]:
        dates = self.dates or ("", "")
        sums = report_query(self.report, self.groups, dates, query.conditions)
        rows = self._reports.rows(caller, sums)
        self._totals = ReportRow(
            caller.organization.id,
            self.groups,
            sum=sum((row.sum for row in rows), Sum()),
            client_seconds=sum(row.client_seconds for row in rows),
        )
        keys = sort_keys(self.report, self.dependencies.database, rows, query.sort)
        keyed = zip(keys, rows, strict=True)
        return sorted(keyed, key=lambda pair: pair[0], reverse=query.descending)


def report_query(
    report: Report, groups: tuple[Group, ...], dates: Dates, conditions: Conditions
) -> ReportQuery:
    """Return the query of sums with these conditions."""
    return ReportQuery(
        groups=groups,
        first_date=dates[0],
        last_date=dates[1],
        person_ids=conditions.ids("person_id"),
        service_ids=conditions.ids("service_id"),
        matches=sum_matcher(conditions),
        by_person=bool(conditions.excluded_ids("person_id")),
        by_service=bool(conditions.excluded_ids("service_id")),
        by_billable=report.by_billable or "billable" in conditions.by_name,
    )


_KEY_VALUES: dict[str, Callable[[SumKey], Any]] = {
    "person_id": lambda key: key.person_id,
    "service_id": lambda key: key.service_id,
    "billable": lambda key: key.billable,
    **dict.fromkeys(("date", "after", "before"), lambda key: key.date),
}
_BY_QUERY = ("person_id", "service_id")


def sum_matcher(conditions: Conditions) -> Callable[[SumKey], bool]:
    """Return whether a sum matches the conditions that the query of sums does not express."""
    checks = [
        (_KEY_VALUES[name], condition)
        for name, filter_conditions in conditions.by_name.items()
        for condition in filter_conditions
        # The ids of a query are those that may match. Only ids that may not are left.
        if name in _KEY_VALUES and (name not in _BY_QUERY or getattr(condition, "negated", False))
    ]
    return lambda key: all(condition.matches(value(key)) for value, condition in checks)
