"""The sessions of a person's UTC days. Pure.

The item of a person's day lists each session that touches the day, next to the counters of
``counters/model.py``. It is read consistently and its version can be a condition, so a check for
overlaps holds under concurrent requests; an index is behind. A day is a number of days since
1970-01-01. Contract sections 3 and 4a; decision 0024.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.counters.model import (
    CounterKind,
    Counters,
    add,
    quarter_hour_counter,
    without_zeros,
)
from chalicelib.timers.model import Timer

Mark = tuple[int, ...]
"""A session on a day: its start and its stop. Without a stop, it lasts until the end of the day."""

MAX_DAYS = 90
"""A longer session is listed only on its first and last day: a transaction writes 100 items."""


CLOCK_MARGIN_SECONDS = 5 * 60
"""The clock of another server may be ahead by less, and the retries of a request may take less."""


class Session(Struct, frozen=True):
    """A session as a day lists it. Without a stop, it is running or stops on a later day."""

    timer_id: int
    started_at: int
    stopped_at: int | None


class DaySessions(Struct, frozen=True):
    """The sessions of a person on a day, by timer id.

    ``version`` increases with each change; 0: there never was a session.
    """

    day: int
    version: int
    marks: Mapping[int, Mark]


class DayUpdate(Struct, frozen=True):
    """A change of the item of a person's day.

    :param counters: added to the counters.
    :param marks: the sessions to list; None removes one.
    :param version: the version that the item must have; None: any. Without counters and marks,
        only the version is checked.
    """

    day: int
    counters: Counters
    marks: Mapping[int, Mark | None]
    version: int | None = None


def days_between(started_at: int, stopped_at: int) -> range:
    """The days that a session touches."""
    return range(started_at // SECONDS_PER_DAY, stopped_at // SECONDS_PER_DAY + 1)


def days_until_now(started_at: int, now: int) -> range:
    """The days that a running session touches, also by the clocks of other servers."""
    return days_between(started_at, now + CLOCK_MARGIN_SECONDS)


def marks_of(started_at: int, stopped_at: int | None) -> dict[int, Mark]:
    """How the days list a session: on its first day without a stop on a later day.

    So a stop does not write the day of the start.
    """
    if stopped_at is None:
        return {started_at // SECONDS_PER_DAY: (started_at,)}
    days = days_between(started_at, stopped_at)
    if len(days) == 1:
        return {days[0]: (started_at, stopped_at)}
    later_days: Iterable[int] = days[1:] if len(days) <= MAX_DAYS else days[-1:]
    return {days[0]: (started_at,), **dict.fromkeys(later_days, (started_at, stopped_at))}


def find_overlap(
    days: Iterable[DaySessions], started_at: int, stopped_at: int | None, except_id: int = 0
) -> Session | None:
    """The latest session that overlaps the given one; None: there is none.

    Sessions may touch. A session of 0 seconds overlaps a session that it is inside of.

    :param days: all days that the given session touches.
    :param stopped_at: None: the session is running, and ``days`` are those up to now.
    :param except_id: a timer that does not count: the one that is edited, or that a switch stops.
    """
    overlaps = find_overlaps(days, started_at, stopped_at, except_id)
    return max(overlaps, key=_by_start_and_stop, default=None)


def find_overlaps(
    days: Iterable[DaySessions], started_at: int, stopped_at: int | None, except_id: int = 0
) -> list[Session]:
    """All sessions that overlap the given one. The parameters are those of :func:`find_overlap`."""
    return [
        session
        for session in _sessions(days)
        if session.timer_id != except_id
        and (stopped_at is None or session.started_at < stopped_at)
        and (session.stopped_at is None or session.stopped_at > started_at)
    ]


def _by_start_and_stop(session: Session) -> tuple[int, bool, int]:
    # Of the sessions that start in one second, all but the last have 0 seconds.
    return session.started_at, session.stopped_at is None, session.stopped_at or 0


def _sessions(days: Iterable[DaySessions]) -> Iterator[Session]:
    """Each session once, with its stop if one of the days has it."""
    marks: dict[int, Mark] = {}
    for day in days:
        for timer_id, mark in day.marks.items():
            marks[timer_id] = max(mark, marks.get(timer_id, mark), key=len)
    for timer_id, mark in marks.items():
        yield Session(timer_id, mark[0], mark[1] if len(mark) > 1 else None)


class DayUpdates(Struct):
    """Collects the sessions that an operation starts, stops and removes into one update per day."""

    _counters: dict[int, dict[str, int]] = field(default_factory=dict)
    _marks: dict[int, dict[int, Mark | None]] = field(default_factory=dict)
    _removed: dict[tuple[int, int], Mark] = field(default_factory=dict)

    def started(self, timer_id: int, started_at: int) -> None:
        """Count and list a session that starts."""
        self._count(CounterKind.STARTS, started_at, 1)
        self._list(timer_id, marks_of(started_at, None))

    def stopped(self, timer_id: int, started_at: int, stopped_at: int) -> None:
        """Count the stop of a session that is listed, and list it with its stop."""
        self._count(CounterKind.STOPS, stopped_at, 1)
        marks = marks_of(started_at, stopped_at).items()
        self._list(timer_id, {day: mark for day, mark in marks if len(mark) > 1})

    def added(self, timer: Timer) -> None:
        """Count and list a timer, running or not."""
        self.started(timer.id, timer.started_at)
        if timer.stopped_at is not None:
            self.stopped(timer.id, timer.started_at, timer.stopped_at)

    def removed(self, timer: Timer) -> None:
        """Remove a timer, as it was before an edit or a deletion."""
        self._count(CounterKind.STARTS, timer.started_at, -1)
        if timer.stopped_at is not None:
            self._count(CounterKind.STOPS, timer.stopped_at, -1)
        for day, mark in marks_of(timer.started_at, timer.stopped_at).items():
            self._removed[day, timer.id] = mark
            self._list(timer.id, {day: None})

    @property
    def days(self) -> set[int]:
        """The days that were collected."""
        return self._counters.keys() | self._marks.keys()

    def collected(self, unchanged: Iterable[DaySessions] = ()) -> tuple[DayUpdate, ...]:
        """The updates that change something, and checks that other days are ``unchanged``."""
        versions = {day.day: day.version for day in unchanged}
        updates = (
            DayUpdate(
                day,
                without_zeros(self._counters.get(day, {})),
                {
                    timer_id: mark
                    for timer_id, mark in self._marks.get(day, {}).items()
                    if mark != self._removed.get((day, timer_id))
                },
                versions.get(day),
            )
            for day in sorted(self.days | versions.keys())
        )
        return tuple(
            update
            for update in updates
            if update.counters or update.marks or update.version is not None
        )

    def _count(self, kind: CounterKind, timestamp: int, by: int) -> None:
        day = timestamp // SECONDS_PER_DAY
        add(self._counters.setdefault(day, {}), {quarter_hour_counter(kind, timestamp): by})

    def _list(self, timer_id: int, marks: Mapping[int, Mark | None]) -> None:
        for day, mark in marks.items():
            self._marks.setdefault(day, {})[timer_id] = mark
