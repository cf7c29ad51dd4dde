"""Timers, time entries and the running slot: the nouns of one person's time."""

from enum import IntEnum, StrEnum

from chalicelib.core.timestamps import whole_minutes
from chalicelib.dataclass import dataclass


class StopReason(StrEnum):
    """Why a timer stopped that nobody stopped by hand (contract section 9)."""

    AUTO = "auto"
    SUPERSEDED = "superseded"
    DEACTIVATED = "deactivated"


class TrackMethod(IntEnum):
    """How the time of an entry came about (contract section 10)."""

    MANUAL = 1
    TIMER = 2
    BOTH = 4


@dataclass(frozen=True, slots=True)
class Timer:
    """One session of work. Instants are seconds; ``stopped_at`` is None while it runs.

    ``auto_stop_at`` is the limit in force at the start. ``version`` rises with each change.
    """

    id: int
    organization_id: int
    person_id: int
    time_entry_id: int
    started_at: int
    auto_stop_at: int
    stopped_at: int | None = None
    stop_reason: StopReason | None = None
    version: int = 1

    @property
    def seconds(self) -> int:
        """How long the session was; 0 while it runs."""
        return 0 if self.stopped_at is None else self.stopped_at - self.started_at

    @property
    def total_time(self) -> int:
        """The minutes of the session, rounded half up; 0 while it runs (contract section 2)."""
        return whole_minutes(self.seconds)


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """What sessions add up to: a person's time on a service on a date (``YYYY-MM-DD``).

    ``tracked_seconds`` is the sum of its stopped sessions and ``adjusted_seconds`` what a hand
    has added or taken, so that sums stay exact while only whole minutes are shown. Once it has a
    ``deleted_at``, an instant, nobody finds it any more, while its last timers are removed.
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
    timer_count: int = 0
    running_timer_id: int | None = None
    latest_timer_id: int | None = None
    timer_started_at: int | None = None
    timer_stopped_at: int | None = None
    version: int = 1
    deleted_at: int | None = None

    @property
    def had_sessions(self) -> bool:
        """Whether a timer was ever started on it."""
        return self.latest_timer_id is not None or self.timer_count > 0

    @property
    def time(self) -> int:
        """Whole minutes, rounded half up once, over the sum (contract section 4)."""
        return max(0, whole_minutes(self.tracked_seconds + self.adjusted_seconds))

    @property
    def billable_time(self) -> int:
        """Minutes to invoice: what was set by hand, else all of a billable service's time."""
        if self.billable_minutes is not None:
            return self.billable_minutes
        return self.time if self.billable else 0


@dataclass(frozen=True, slots=True)
class RunningTimer:
    """As much of the running timer as a switch must know, so that it need not be read."""

    timer_id: int
    time_entry_id: int
    started_at: int
    auto_stop_at: int


@dataclass(frozen=True, slots=True)
class Slot:
    """The one place where a person's timer runs: it orders everything that happens to them.

    ``version`` is 0 where the person never started anything. ``last_timer_id`` is the largest id
    on the timeline, ``last_stopped_at`` the end of its last stopped session, while nothing runs.
    ``blocked`` says that its person is deactivated: nothing runs, and nothing may start.
    """

    organization_id: int
    person_id: int
    version: int = 0
    running: RunningTimer | None = None
    last_timer_id: int = 0
    last_stopped_at: int | None = None
    blocked: bool = False

    @property
    def timer(self) -> Timer | None:
        """The timer that runs, all of it: a timer that runs has not changed since its start."""
        if self.running is None:
            return None
        return Timer(
            id=self.running.timer_id,
            organization_id=self.organization_id,
            person_id=self.person_id,
            time_entry_id=self.running.time_entry_id,
            started_at=self.running.started_at,
            auto_stop_at=self.running.auto_stop_at,
        )
