"""Sums of time entries.

Only ``Reports.time_entries`` knows where the sums come from: it reads the time entries and adds
them up.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from stint_client.generated.models import TimeEntry
from stint_client.generated.types import Unset
from stint_client.results import Listing, full_name
from stint_client.time_entries import TimeEntries

Group = Literal["service", "person", "date", "month", "billable"]
GROUPS: tuple[Group, ...] = ("service", "person", "date", "month", "billable")

_FIELDS = ("date", "time", "billable_time", "total_seconds", "service", "person")
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Member:
    """What the entries of a row have in common.

    :param id: the id of the service or the person; else the date (``2026-10-31``), the month
        (``2026-10``), or ``true`` or ``false``.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The sum of some time entries.

    :param group: a member for each name of ``group``.
    :param seconds: the time. Whole minutes for each entry, if the server does not tell seconds.
    :param billable_minutes: the time to invoice.
    :param count: the number of entries.
    :param is_exact: whether the server gave the seconds of each entry.
    """

    group: Mapping[str, Member]
    seconds: int
    billable_minutes: int
    count: int
    is_exact: bool

    @property
    def minutes(self) -> int:
        """The time in minutes, rounded once, half up."""
        return (self.seconds + _MINUTE // 2) // _MINUTE


@dataclass(slots=True)
class _Sum:
    group: Mapping[str, Member]
    seconds: int = 0
    billable_minutes: int = 0
    count: int = 0
    is_exact: bool = True

    def row(self) -> ReportRow:
        return ReportRow(self.group, self.seconds, self.billable_minutes, self.count, self.is_exact)


@dataclass(slots=True)
class _Sums:
    by_key: dict[tuple[str, ...], _Sum] = field(default_factory=dict)

    def add(self, members: Mapping[str, Member], entry: TimeEntry) -> None:
        key = tuple(member.id for member in members.values())
        row = self.by_key.setdefault(key, _Sum(members))
        seconds = exact_seconds(entry)
        row.seconds += _number(entry.attributes.time) * _MINUTE if seconds is None else seconds
        row.billable_minutes += _number(entry.attributes.billable_time)
        row.count += 1
        row.is_exact = row.is_exact and seconds is not None


class Reports:
    """Sums of time. Admins see the organization, members themselves."""

    def __init__(self, time_entries: TimeEntries) -> None:
        self._time_entries = time_entries

    def time_entries(
        self,
        *,
        after: date,
        before: date,
        group: Iterable[Group] = ("service",),
        person_id: str | None = None,
    ) -> list[ReportRow]:
        """Return the sums of the time entries of a period, sorted by the names of the groups.

        :param after: the first date.
        :param before: the last date.
        :param group: what the entries of a row have in common; empty: one row for all.
        :param person_id: only the entries of this person.
        """
        groups = tuple(group)
        listing = self._time_entries.list(
            person_id=person_id,
            after=after,
            before=before,
            include=("service", "person"),
            fields=_FIELDS,
        )
        sums = _Sums()
        for entry in listing:
            members: dict[str, Member] = {name: _MEMBERS[name](listing, entry) for name in groups}
            sums.add(members, entry)
        rows = [each.row() for each in sums.by_key.values()]
        return sorted(rows, key=lambda row: [(m.name.casefold(), m.id) for m in row.group.values()])


def exact_seconds(entry: TimeEntry) -> int | None:
    """Return the seconds of an entry; None if the server does not tell them."""
    seconds = entry.attributes.to_dict().get("total_seconds")
    return seconds if isinstance(seconds, int) else None


def _number(value: int | Unset) -> int:
    return 0 if isinstance(value, Unset) else value


def _service(listing: Listing[TimeEntry], entry: TimeEntry) -> Member:
    service = listing.related(entry, "service")
    return Member("", "?") if service is None else Member(service.id, service.attributes.name)


def _person(listing: Listing[TimeEntry], entry: TimeEntry) -> Member:
    person = listing.related(entry, "person")
    return Member("", "?") if person is None else Member(person.id, full_name(person))


def _date(_: Listing[TimeEntry], entry: TimeEntry) -> Member:
    text = str(entry.attributes.date)
    return Member(text, text)


def _month(_: Listing[TimeEntry], entry: TimeEntry) -> Member:
    text = str(entry.attributes.date)[: len("2026-10")]
    return Member(text, text)


def _billable(listing: Listing[TimeEntry], entry: TimeEntry) -> Member:
    service = listing.related(entry, "service")
    is_billable = service is not None and service.attributes.billable is True
    return Member(*(("true", "billable") if is_billable else ("false", "not billable")))


_MEMBERS: Mapping[Group, Callable[[Listing[TimeEntry], TimeEntry], Member]] = {
    "service": _service,
    "person": _person,
    "date": _date,
    "month": _month,
    "billable": _billable,
}
