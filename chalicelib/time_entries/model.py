"""Time entries, and queries of time entries."""

from collections.abc import Callable
from enum import Enum, IntEnum, StrEnum

from msgspec import Struct

from chalicelib.core.timestamps import FIRST_DATE, LAST_DATE, rounded_minutes
from chalicelib.people.model import Person
from chalicelib.services.model import Service


class TrackMethod(IntEnum):
    """How the time of an entry was tracked. Contract section 10."""

    MANUAL = 1
    TIMER = 2
    BOTH = 4


class Billing(StrEnum):
    """How the seconds of a time entry count in sums. The value begins a counter's name."""

    ALL = "b"  # billable, all of it
    SET = "f"  # billable, and the billable time was set manually: it is fixed
    NONE = "u"  # not billable


class SumTarget(Struct, frozen=True, array_like=True):
    """Where the seconds of a time entry count in sums. Decision 0032.

    A running timer stores it as it was when the timer started, so its stop does not read the entry.
    """

    date: str
    service_id: int
    billing: Billing


class TimeEntry(Struct, frozen=True):
    """A person's time on a service on a date.

    :param date: ``YYYY-MM-DD``.
    :param billable: whether the service was billable when it was assigned.
    :param billable_minutes: set manually; None: all of a billable service's time.
    :param tracked_seconds: the sum of the stopped sessions.
    :param adjusted_seconds: the manually set time minus the seconds of the sessions that it covers.
    :param covered_to: the manually set time covers the stopped timers up to this id. None: the time
        is not set manually.
    :param uncovered_ids: timers up to that id that the manually set time does not cover.
    :param timer_count: how many timers it has.
    :param latest_timer_id: the largest id of the timers that were put on it.
    :param timer_started_at: the start of the running session, a timestamp; None: none is running.
    :param timer_stopped_at: the stop of the session that stopped last; None: none did, or it was
        deleted or moved.
    :param stopped_timer_id: the timer with that stop.
    :param made_by_timer_id: the timer whose start made it. None: it was made or edited manually.
    :param version: increases with each change.
    :param deleted_at: when it was deleted. It is never returned then; its timers are still purged.
    :param deleted_by_id: the person who deleted it.
    :param deleted_by_token_id: the API token with which it was deleted.
    :param nonce: a random number; None: it was made in an earlier version. The ids of its events
        depend on it, so they differ from those of a deleted time entry with the same id.
    """

    id: int
    organization_id: int
    person_id: int
    service_id: int
    date: str
    created_at: int
    updated_at: int
    creator_id: int
    billable: bool = True
    billable_minutes: int | None = None
    note: str | None = None
    track_method: TrackMethod = TrackMethod.TIMER
    tracked_seconds: int = 0
    adjusted_seconds: int = 0
    covered_to: int | None = None
    uncovered_ids: tuple[int, ...] = ()
    timer_count: int = 0
    running_timer_id: int | None = None
    latest_timer_id: int | None = None
    timer_started_at: int | None = None
    timer_stopped_at: int | None = None
    stopped_timer_id: int | None = None
    made_by_timer_id: int | None = None
    version: int = 1
    deleted_at: int | None = None
    deleted_by_id: int | None = None
    deleted_by_token_id: int | None = None
    nonce: int | None = None

    @property
    def had_sessions(self) -> bool:
        """Whether a timer was ever started on the entry."""
        return self.latest_timer_id is not None or self.timer_count > 0

    @property
    def time(self) -> int:
        """Minutes: the sum of all seconds, rounded half up once. Contract section 4."""
        minutes = rounded_minutes(self.seconds)
        # Version 0.2.0 stored negative times after corrections, until the upgrade. And the timers
        # of a deleted entry, which events still show, are deleted before it.
        is_partial = self.covered_to is None or self.deleted_at is not None
        return max(0, minutes) if is_partial else minutes

    @property
    def seconds(self) -> int:
        """All seconds of the entry: those of the sessions, and the manual adjustment."""
        return self.tracked_seconds + self.adjusted_seconds

    @property
    def sum_target(self) -> SumTarget:
        """Where the seconds of the entry count in sums."""
        billing = Billing.NONE
        if self.billable:
            billing = Billing.ALL if self.billable_minutes is None else Billing.SET
        return SumTarget(self.date, self.service_id, billing)

    def covers(self, timer_id: int) -> bool:
        """Whether the manually set time covers a stopped timer. Contract section 4a."""
        if self.covered_to is None:
            # A time that was set in version 0.2.0, before the upgrade.
            return self.adjusted_seconds != 0
        return timer_id <= self.covered_to and timer_id not in self.uncovered_ids

    @property
    def billable_time(self) -> int:
        """Billable minutes: those set manually, else all of a billable service's time."""
        if self.billable_minutes is not None:
            return self.billable_minutes
        return self.time if self.billable else 0


class EntrySort(Enum):
    """The fields that time entries can be sorted by."""

    DATE = "date"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    PERSON_NAME = "person_name"
    SERVICE_NAME = "service_name"


class EntryQuery(Struct, frozen=True):
    """Conditions, order and page of a list of time entries. A condition of None matches all.

    All conditions must match; of the ids of one condition, one must match.

    :param first_date: ``YYYY-MM-DD``, included.
    :param last_date: ``YYYY-MM-DD``, included.
    :param predicate: returns whether an entry matches the other conditions.
    :param page: the number of the page, from 1.
    """

    organization_id: int
    ids: frozenset[int] | None = None
    person_ids: frozenset[int] | None = None
    service_ids: frozenset[int] | None = None
    first_date: str = FIRST_DATE
    last_date: str = LAST_DATE
    predicate: Callable[[TimeEntry], bool] | None = None
    sort: EntrySort = EntrySort.DATE
    descending: bool = False
    page: int = 1
    page_size: int = 30

    @property
    def is_empty(self) -> bool:
        """Whether no time entry can match."""
        no_ids = frozenset[int]()
        return no_ids in (self.ids, self.person_ids, self.service_ids) or (
            self.first_date > self.last_date
        )

    def matches(self, entry: TimeEntry) -> bool:
        """Whether a time entry of this organization matches."""
        return (
            (self.ids is None or entry.id in self.ids)
            and (self.person_ids is None or entry.person_id in self.person_ids)
            and (self.service_ids is None or entry.service_id in self.service_ids)
            and self.first_date <= entry.date <= self.last_date
            and (self.predicate is None or self.predicate(entry))
        )


MAX_MINUTES = 31 * 24 * 60
"""The maximum time of an entry: a month. Some people enter a month's time on one date."""

EARLIEST_DATE = "2000-01-01"
LATEST_DATE = "2199-12-31"
"""The range of an entry's date. Other dates are typing errors."""


class References(Struct, frozen=True):
    """The service and the person that an edit names. None: not named, or it does not exist."""

    service: Service | None = None
    person: Person | None = None
