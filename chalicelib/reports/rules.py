"""Rows of reports: their groups, their dates and their sums. Contract section 10a."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from enum import Enum

from msgspec import Struct

from chalicelib.core.errors import InvalidParameter, QueryTooBroad
from chalicelib.core.timestamps import FIRST_DATE, LAST_DATE
from chalicelib.reports.model import Sum, SumKey
from chalicelib.time_entries.model import TimeEntry

GROUP_PARAMETER = "group"
MAX_GROUPS = 2
MAX_DAYS = 366
"""The dates that a report covers at most: a leap year."""


class Group(Enum):
    """What the entries of a row have in common."""

    PERSON = "person"
    SERVICE = "service"
    DATE = "date"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ORGANIZATION = "organization"
    BILLABLE = "billable"


_MONTHS_IN_A_QUARTER = 3
PERIODS: Mapping[Group, Callable[[date], date]] = {
    Group.DATE: lambda day: day,
    Group.DAY: lambda day: day,
    Group.WEEK: lambda day: date.fromordinal(max(1, day.toordinal() - day.weekday())),
    Group.MONTH: lambda day: day.replace(day=1),
    Group.QUARTER: lambda day: day.replace(
        month=day.month - (day.month - 1) % _MONTHS_IN_A_QUARTER, day=1
    ),
    Group.YEAR: lambda day: day.replace(month=1, day=1),
}
"""The groups that are periods, and the first date of the period that contains a date."""


class ReportRow(Struct, frozen=True):
    """A row of a report: the sums of the entries that its group has in common, or one entry.

    :param group: empty: the row is one entry.
    :param period: the first date of its period, ``YYYY-MM-DD``. None: it has no period.
    :param person_id: None: the row is not of one person. ``service_id`` and ``billable`` likewise.
    :param client_seconds: the seconds of the billable entries, if the report asks for them.
    """

    organization_id: int
    group: tuple[Group, ...]
    period: str | None = None
    person_id: int | None = None
    service_id: int | None = None
    billable: bool | None = None
    sum: Sum = Sum()
    client_seconds: int = 0
    entry: TimeEntry | None = None

    @property
    def id(self) -> str:
        """The id: what the row is of. It does not change with the sums."""
        if self.entry is not None:
            return str(self.entry.id)
        return ",".join(f"{group.value}-{self._value(group)}" for group in self.group)

    @property
    def position(self) -> str:
        """The row's place in the order of periods, people and services, as text that sorts so."""
        ids = f"{self.person_id or 0:016d} {self.service_id or 0:016d}"
        return f"{self.period or ''} {ids} {self.billable is True:d}"

    def _value(self, group: Group) -> object:
        match group:
            case Group.PERSON:
                return self.person_id
            case Group.SERVICE:
                return self.service_id
            case Group.ORGANIZATION:
                return self.organization_id
            case Group.BILLABLE:
                return str(self.billable).lower()
        return self.period


def read_groups(text: str, parameter: str = GROUP_PARAMETER) -> tuple[Group, ...]:
    """Parse one group, or two separated by a comma. An empty text is no group.

    Raises :class:`InvalidParameter`.
    """
    names = list(dict.fromkeys(filter(None, (part.strip() for part in text.split(",")))))
    known = {group.value: group for group in Group}
    if not known.keys() >= set(names) or len(names) > MAX_GROUPS:
        detail = f"Use one or two of these groups, separated by a comma: {', '.join(known)}."
        raise InvalidParameter(parameter, detail)
    groups = tuple(known[name] for name in names)
    if sum(group in PERIODS for group in groups) > 1:
        periods = ", ".join(group.value for group in PERIODS)
        raise InvalidParameter(parameter, f"Use only one of these groups: {periods}.")
    return groups


def report_dates(first: str, last: str, today: str) -> tuple[str, str] | None:
    """Return the first and the last date of a report; None: the range is empty.

    Without dates it is the present month. Without a last date, it is up to the end of the present
    month, or of the month of the first date if that is later. Without a first date, it is of the
    :data:`MAX_DAYS` days up to the last one.

    :param first: ``FIRST_DATE`` if the request has none.
    :param last: ``LAST_DATE`` if the request has none.
    :param today: the present date in the organization's time zone.
    :raises QueryTooBroad: if the range is longer than :data:`MAX_DAYS`.
    """
    if first > last:
        return None
    if last == LAST_DATE:
        first = _month_of(today) if first == FIRST_DATE else first
        last = _last_of_month(max(first, today))
    elif first == FIRST_DATE:
        ordinal = date.fromisoformat(last).toordinal() - MAX_DAYS + 1
        first = date.fromordinal(max(1, ordinal)).isoformat()
    if date.fromisoformat(last) - date.fromisoformat(first) >= timedelta(days=MAX_DAYS):
        raise QueryTooBroad(
            "filter[after]",
            f"A report covers at most {MAX_DAYS} days. "
            "Use a shorter range of `filter[after]` and `filter[before]`.",
        )
    return first, last


def months(first: str, last: str) -> Iterable[tuple[str, str]]:
    """Split a range of dates at the ends of months."""
    while first <= last:
        end = min(last, _last_of_month(first))
        yield first, end
        if end == last:
            return
        first = (date.fromisoformat(end) + timedelta(days=1)).isoformat()


_RowKey = tuple[str | None, int | None, int | None, bool | None]
"""The period, the person, the service and the kind of entries of a row."""


class Totals:
    """Adds sums to rows, by group.

    :param matches: returns whether a sum belongs to the report.
    """

    def __init__(
        self,
        organization_id: int,
        groups: tuple[Group, ...],
        matches: Callable[[SumKey], bool] = lambda _: True,
    ) -> None:
        self._organization_id, self._groups, self._matches = organization_id, groups, matches
        self._sums: dict[_RowKey, Sum] = {}
        self._client_seconds: dict[_RowKey, int] = {}
        self._periods: dict[str, str | None] = {}

    def add(self, sums: Mapping[SumKey, Sum]) -> None:
        """Add the sums that match."""
        for key, sum_ in sums.items():
            if sum_ != Sum() and self._matches(key):
                row = self._row_key(key)
                self._sums[row] = self._sums.get(row, Sum()) + sum_
                if key.billable:
                    seconds = self._client_seconds.get(row, 0)
                    self._client_seconds[row] = seconds + sum_.seconds

    def rows(self) -> list[ReportRow]:
        """Return the rows, in no particular order."""
        return [
            ReportRow(
                self._organization_id,
                self._groups,
                *row,
                sum=sum_,
                client_seconds=self._client_seconds.get(row, 0),
            )
            for row, sum_ in self._sums.items()
        ]

    def _row_key(self, key: SumKey) -> _RowKey:
        return (
            self._period(key.date),
            key.person_id if Group.PERSON in self._groups else None,
            key.service_id if Group.SERVICE in self._groups else None,
            key.billable if Group.BILLABLE in self._groups else None,
        )

    def _period(self, day: str) -> str | None:
        if day not in self._periods:
            self._periods[day] = period_of(self._groups, day)
        return self._periods[day]


def period_of(groups: Iterable[Group], day: str) -> str | None:
    """Return the first date of the period of a date; None: the groups have no period."""
    for group in groups:
        if group in PERIODS:
            return PERIODS[group](date.fromisoformat(day)).isoformat()
    return None


def entry_row(entry: TimeEntry) -> ReportRow:
    """Return the row of one entry."""
    return ReportRow(
        entry.organization_id,
        (),
        None,
        entry.person_id,
        entry.service_id,
        entry.billable,
        entry=entry,
    )


def _month_of(day: str) -> str:
    return date.fromisoformat(day).replace(day=1).isoformat()


def _last_of_month(day: str) -> str:
    first = date.fromisoformat(day)
    return first.replace(day=monthrange(first.year, first.month)[1]).isoformat()
