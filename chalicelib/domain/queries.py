"""What a list asks for, as a small typed tree that knows nothing of DynamoDB."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Generic, TypeVar

from chalicelib.core.timestamps import FIRST_DATE, LAST_DATE, Span
from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import TimeEntry, Timer

T = TypeVar("T")


class BadPosition(ValueError):
    """What is said to be a position in a list is none."""


class TimerSort(Enum):
    """What timers may be sorted by. What runs sorts as later than every stop."""

    STARTED_AT = "started_at"
    STOPPED_AT = "stopped_at"


@dataclass(frozen=True, slots=True)
class TimeIs:
    """A time lies in a span; ``span=None`` means that there is none: a timer still runs."""

    span: Span | None

    def holds(self, instant: int | None) -> bool:
        """Whether that time, or its absence, is meant."""
        if self.span is None or instant is None:
            return self.span is None and instant is None
        return instant in self.span

    def both(self, other: "TimeIs") -> "TimeIs":
        """What meets this condition and another. Nothing both is there and is not."""
        if self.span is None or other.span is None:
            return self if self == other else TimeIs(Span(0, 0))
        start = max(self.span.start, other.span.start)
        return TimeIs(Span(start, max(start, min(self.span.end, other.span.end))))


@dataclass(frozen=True, slots=True)
class TimerQuery:
    """Which timers, in which order, and which page of them. None means: not asked about.

    Conditions are joined by "and"; the ids of one condition by "or". A timer must have none of
    the ``other`` ids, and its times must lie outside of the spans that say so; a timer that runs
    has no stop to lie anywhere. ``page`` counts from 1.
    """

    organization_id: int
    person_ids: frozenset[int] | None = None
    time_entry_ids: frozenset[int] | None = None
    started_at: TimeIs | None = None
    stopped_at: TimeIs | None = None
    other_person_ids: frozenset[int] = frozenset()
    other_time_entry_ids: frozenset[int] = frozenset()
    started_outside: tuple[Span, ...] = ()
    stopped_outside: tuple[Span, ...] = ()
    sort: TimerSort = TimerSort.STARTED_AT
    descending: bool = False
    page: int = 1
    page_size: int = 30

    def matches(self, timer: Timer) -> bool:
        """Whether a timer of this organization is meant."""
        return (
            (self.person_ids is None or timer.person_id in self.person_ids)
            and (self.time_entry_ids is None or timer.time_entry_id in self.time_entry_ids)
            and (self.started_at is None or self.started_at.holds(timer.started_at))
            and (self.stopped_at is None or self.stopped_at.holds(timer.stopped_at))
            and timer.person_id not in self.other_person_ids
            and timer.time_entry_id not in self.other_time_entry_ids
            and not any(timer.started_at in span for span in self.started_outside)
            and (not self.stopped_outside or self._stops_outside(timer))
        )

    def _stops_outside(self, timer: Timer) -> bool:
        stop = timer.stopped_at
        return stop is not None and not any(stop in span for span in self.stopped_outside)


class EntrySort(Enum):
    """What time entries may be sorted by."""

    DATE = "date"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """Which time entries, in which order, and which page of them. None means: not asked about.

    Dates are ``YYYY-MM-DD``, from ``first_date`` to ``last_date``, both included. ``meets`` says
    whether an entry meets everything else that is asked for; None: there is nothing else. All of it
    is joined by "and". ``page`` counts from 1.
    """

    organization_id: int
    ids: frozenset[int] | None = None
    person_ids: frozenset[int] | None = None
    service_ids: frozenset[int] | None = None
    first_date: str = FIRST_DATE
    last_date: str = LAST_DATE
    meets: Callable[[TimeEntry], bool] | None = None
    sort: EntrySort = EntrySort.DATE
    descending: bool = False
    page: int = 1
    page_size: int = 30

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be meant."""
        nobody = frozenset[int]()
        return nobody in (self.ids, self.person_ids, self.service_ids) or (
            self.first_date > self.last_date
        )

    def matches(self, entry: TimeEntry) -> bool:
        """Whether a time entry of this organization is meant."""
        return (
            (self.ids is None or entry.id in self.ids)
            and (self.person_ids is None or entry.person_id in self.person_ids)
            and (self.service_ids is None or entry.service_id in self.service_ids)
            and self.first_date <= entry.date <= self.last_date
            and (self.meets is None or self.meets(entry))
        )


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """Part of a list, and where it goes on: ``following`` is a position, None at the end.

    It may be shorter than was asked for, even empty, and still go on: finding its rows may have
    taken reading too many others.
    """

    rows: Sequence[T]
    following: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, and how many records the whole list has."""

    rows: Sequence[T]
    total_count: int
