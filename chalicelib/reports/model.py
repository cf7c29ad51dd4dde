"""Sums of time entries, and queries of sums. Contract section 10a; decision 0032."""

from msgspec import Struct


class Sum(Struct, frozen=True):
    """The sums of a set of time entries, exact in seconds. Round a sum only to show it.

    :param count: the number of entries.
    :param billable_count: the entries that are billable.
    :param seconds: the seconds of all entries.
    :param billable_seconds: the seconds that can be billed. A billable time that was set manually
        counts instead of the seconds of its entry.
    """

    count: int = 0
    billable_count: int = 0
    seconds: int = 0
    billable_seconds: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(
            self.count + other.count,
            self.billable_count + other.billable_count,
            self.seconds + other.seconds,
            self.billable_seconds + other.billable_seconds,
        )


class SumKey(Struct, frozen=True, order=True):
    """What a sum is of. None: it is summed over all people, services, or both kinds of entries.

    :param date: the date of the entries, such as ``2026-11-24``.
    :param billable: whether it is the sum of the billable entries or of the others.
    """

    date: str
    person_id: int | None = None
    service_id: int | None = None
    billable: bool | None = None


class SumQuery(Struct, frozen=True):
    """Which entries of an organization to sum, and by what. A condition of None matches all.

    The sums are always by date.

    :param first_date: the first date of the range.
    :param last_date: the last date, which the range includes.
    :param by_billable: sum billable entries and the others separately. A billable time that was
        set manually counts with its entry, so entries that are not billable may have one.
    """

    organization_id: int
    first_date: str
    last_date: str
    person_ids: frozenset[int] | None = None
    service_ids: frozenset[int] | None = None
    by_person: bool = False
    by_service: bool = False
    by_billable: bool = False
