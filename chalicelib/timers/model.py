"""Timers, the person state, and queries of timers."""

from enum import Enum, StrEnum

from msgspec import Struct

from chalicelib.core.lists import TimeFilter
from chalicelib.core.timestamps import Span, rounded_minutes
from chalicelib.time_entries.model import SumTarget


class StopReason(StrEnum):
    """Why a timer was stopped automatically. Contract section 9."""

    AUTO = "auto"
    SUPERSEDED = "superseded"
    DEACTIVATED = "deactivated"


class Timer(Struct, frozen=True):
    """One session of work.

    :param started_at: the timestamp of the start.
    :param auto_stop_at: when it stops automatically, from the settings at the start.
    :param stopped_at: the timestamp of the stop; None: it is running.
    :param stop_reason: why it stopped automatically; None after a manual stop.
    :param edited: whether its start was edited, or it was inserted after it ended, or an edit made
        it longer than 0 seconds. Its id then does not tell its place among sessions that start in
        the same second.
    :param covered: whether it runs on after the time of its entry was set manually, and that time
        covers it: its seconds add nothing when it stops.
    :param version: increases with each change of what the API shows.
    :param remind_at: when it counts as still running, from the settings at the start; None: never.
    :param reminded_at: when the auto-stop run noticed that; None: it has not.
    :param sum_target: where its seconds will count in sums, as its start or last edit saw the time
        entry. None: it is stopped, or was started in version 0.2.0.
    :param nonce: a random number; None: it was started in an earlier version. The ids of its events
        depend on it, so they differ from those of a deleted timer with the same id.
    """

    id: int
    organization_id: int
    person_id: int
    time_entry_id: int
    started_at: int
    auto_stop_at: int
    stopped_at: int | None = None
    stop_reason: StopReason | None = None
    edited: bool = False
    covered: bool = False
    version: int = 1
    remind_at: int | None = None
    reminded_at: int | None = None
    sum_target: SumTarget | None = None
    nonce: int | None = None

    @property
    def seconds(self) -> int:
        """The length of the session in seconds; 0 while it is running."""
        return 0 if self.stopped_at is None else self.stopped_at - self.started_at

    @property
    def due_at(self) -> int:
        """When the auto-stop run has to act while the timer runs: to remind, or else to stop it."""
        if self.remind_at is None or self.reminded_at is not None:
            return self.auto_stop_at
        return min(self.remind_at, self.auto_stop_at)

    @property
    def total_time(self) -> int:
        """Minutes of the session, rounded half up; 0 while it is running. Contract section 2."""
        return rounded_minutes(self.seconds)


class RunningTimer(Struct, frozen=True):
    """The fields of a person's running timer that a switch needs, so it does not read the timer."""

    timer_id: int
    time_entry_id: int
    started_at: int
    auto_stop_at: int
    edited: bool = False
    covered: bool = False
    sum_target: SumTarget | None = None


class PersonState(Struct, frozen=True):
    """A person's running timer, and the lock of their timeline.

    Whatever starts, stops, moves or inserts a session writes this item and increases ``version``.

    :param version: 0: the person never had a session.
    :param running: None: no timer is running.
    :param last_timer_id: the largest id of the person's timers, also of deleted ones.
    :param last_stopped_at: no stopped session ends later. After a deletion it may be later than
        every stop.
    :param disabled: whether the person is deactivated: no timer is running, and none can start.
    :param lists_sessions: whether the items of the person's days list all sessions. False for a
        person of version 0.2.0 until the upgrade.
    """

    organization_id: int
    person_id: int
    version: int = 0
    running: RunningTimer | None = None
    last_timer_id: int = 0
    last_stopped_at: int | None = None
    disabled: bool = False
    lists_sessions: bool = True

    @property
    def timer(self) -> Timer | None:
        """The running timer, except its version, its reminder and its nonce."""
        if self.running is None:
            return None
        return Timer(
            id=self.running.timer_id,
            organization_id=self.organization_id,
            person_id=self.person_id,
            time_entry_id=self.running.time_entry_id,
            started_at=self.running.started_at,
            auto_stop_at=self.running.auto_stop_at,
            edited=self.running.edited,
            covered=self.running.covered,
            sum_target=self.running.sum_target,
        )


class TimerSort(Enum):
    """The fields that timers can be sorted by. Running timers sort after every stop."""

    STARTED_AT = "started_at"
    STOPPED_AT = "stopped_at"


class TimerQuery(Struct, frozen=True):
    """Conditions, order and page of a list of timers. A condition of None matches all.

    All conditions must match; of the ids of one condition, one must match.

    :param other_person_ids: people whose timers do not match.
    :param other_time_entry_ids: time entries whose timers do not match.
    :param started_outside: spans that must not contain the start.
    :param stopped_outside: spans that must not contain the stop. Running timers do not match.
    :param page: the number of the page, from 1.
    """

    organization_id: int
    person_ids: frozenset[int] | None = None
    time_entry_ids: frozenset[int] | None = None
    started_at: TimeFilter | None = None
    stopped_at: TimeFilter | None = None
    other_person_ids: frozenset[int] = frozenset()
    other_time_entry_ids: frozenset[int] = frozenset()
    started_outside: tuple[Span, ...] = ()
    stopped_outside: tuple[Span, ...] = ()
    sort: TimerSort = TimerSort.STARTED_AT
    descending: bool = False
    page: int = 1
    page_size: int = 30

    def matches(self, timer: Timer) -> bool:
        """Whether a timer of this organization matches."""
        return (
            (self.person_ids is None or timer.person_id in self.person_ids)
            and (self.time_entry_ids is None or timer.time_entry_id in self.time_entry_ids)
            and (self.started_at is None or self.started_at.matches(timer.started_at))
            and (self.stopped_at is None or self.stopped_at.matches(timer.stopped_at))
            and timer.person_id not in self.other_person_ids
            and timer.time_entry_id not in self.other_time_entry_ids
            and not any(timer.started_at in span for span in self.started_outside)
            and (not self.stopped_outside or self._is_stopped_outside(timer))
        )

    def _is_stopped_outside(self, timer: Timer) -> bool:
        stop = timer.stopped_at
        return stop is not None and not any(stop in span for span in self.stopped_outside)


class TimerOutcome(Struct, frozen=True):
    """The result of a start, stop or edit: the timer after it, and values of ``meta`` fields.

    ``adjusted`` are the names of the timestamps that were moved to the nearest possible ones.
    """

    timer: Timer
    stopped_timer_id: int | None = None
    already_stopped: bool = False
    adjusted: tuple[str, ...] = ()
