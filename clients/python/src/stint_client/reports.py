"""Sums of time entries: exact in seconds, however many entries there are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from stint_client.generated.api.time_entry_reports import list_time_entry_reports
from stint_client.generated.client import AuthenticatedClient
from stint_client.generated.models import (
    ListTimeEntryReportsGroupItem,
    TimeEntryReport,
    TimeEntryReportInclude,
    TimeEntryReportList,
)
from stint_client.generated.types import UNSET, Unset
from stint_client.responses import call, parsed
from stint_client.results import PAGE_SIZE, Listing, full_name

Group = Literal["service", "person", "date", "week", "month", "quarter", "year", "billable"]
PERIODS: tuple[Group, ...] = ("date", "week", "month", "quarter", "year")
GROUPS: tuple[Group, ...] = ("service", "person", *PERIODS, "billable")
MAX_GROUPS = 2

_FIELDS = [
    *("total_seconds", "total_billable_seconds", "count"),
    *("date_period", "billable", "person", "service"),
]
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Member:
    """What the entries of a row have in common.

    :param id: the id of the service or the person; else the first date of the period
        (``2026-10-01``), or ``true`` or ``false``.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The sum of some time entries.

    :param group: a member for each name of ``group``.
    :param count: the number of entries.
    """

    group: Mapping[str, Member]
    seconds: int
    billable_seconds: int
    count: int

    @property
    def minutes(self) -> int:
        """The time in minutes, rounded once, half up."""
        return _rounded_minutes(self.seconds)

    @property
    def billable_minutes(self) -> int:
        """The time to invoice in minutes, rounded once, half up."""
        return _rounded_minutes(self.billable_seconds)


class Reports:
    """Sums of time. Admins see the organization, members themselves."""

    def __init__(self, api: AuthenticatedClient) -> None:
        self._api = api

    def time_entries(
        self,
        *,
        after: date,
        before: date,
        group: Iterable[Group] = ("service",),
        person_id: str | None = None,
    ) -> list[ReportRow]:
        """Return the sums of the time entries of some dates, sorted by the names of the groups.

        A running timer is not in the sums.

        :param after: the first date.
        :param before: the last date, at most 366 days in all.
        :param group: what the entries of a row have in common: up to two, of which one is a period;
            empty: one row for all.
        :param person_id: only the entries of this person.
        """
        groups = tuple(group)
        names = [ListTimeEntryReportsGroupItem(name) for name in groups or ("organization",)]
        included = [
            TimeEntryReportInclude(name) for name in groups if name in ("person", "service")
        ]

        def read_page(cursor: str) -> TimeEntryReportList:
            response = call(
                list_time_entry_reports.sync_detailed,
                client=self._api,
                group=names,
                filterafter=after,
                filterbefore=before,
                filterperson_id=[person_id] if person_id else UNSET,
                pageafter=cursor,
                pagesize=PAGE_SIZE,
                include=included or UNSET,
                fieldstime_entry_reports=_FIELDS,
            )
            return parsed(response, TimeEntryReportList)

        listing: Listing[TimeEntryReport] = Listing(read_page)
        rows = [
            ReportRow(
                {name: _MEMBERS[name](listing, row) for name in groups},
                _number(row.attributes.total_seconds),
                _number(row.attributes.total_billable_seconds),
                _number(row.attributes.count),
            )
            for row in listing
        ]
        return sorted(rows, key=lambda row: [(m.name.casefold(), m.id) for m in row.group.values()])


def _rounded_minutes(seconds: int) -> int:
    return (seconds + _MINUTE // 2) // _MINUTE


def _number(value: int | Unset) -> int:
    return 0 if isinstance(value, Unset) else value


def _service(listing: Listing[TimeEntryReport], row: TimeEntryReport) -> Member:
    service = listing.related(row, "service")
    return Member("", "?") if service is None else Member(service.id, service.attributes.name)


def _person(listing: Listing[TimeEntryReport], row: TimeEntryReport) -> Member:
    person = listing.related(row, "person")
    return Member("", "?") if person is None else Member(person.id, full_name(person))


def _period(_: Listing[TimeEntryReport], row: TimeEntryReport) -> Member:
    text = str(row.attributes.date_period)
    return Member(text, text)


def _month(_: Listing[TimeEntryReport], row: TimeEntryReport) -> Member:
    text = str(row.attributes.date_period)
    return Member(text, text[: len("2026-10")])


def _year(_: Listing[TimeEntryReport], row: TimeEntryReport) -> Member:
    text = str(row.attributes.date_period)
    return Member(text, text[: len("2026")])


def _billable(_: Listing[TimeEntryReport], row: TimeEntryReport) -> Member:
    is_billable = row.attributes.billable is True
    return Member(*(("true", "billable") if is_billable else ("false", "not billable")))


_MEMBERS: Mapping[Group, Callable[[Listing[TimeEntryReport], TimeEntryReport], Member]] = {
    "service": _service,
    "person": _person,
    "date": _period,
    "week": _period,
    "month": _month,
    "quarter": _period,
    "year": _year,
    "billable": _billable,
}
