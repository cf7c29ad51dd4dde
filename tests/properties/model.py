"""Reference model of people's time: contract sections 3, 4, 4a, 8 and 9, in plain Python objects.

The model is written only from the contract. It has no person state, days, counters, transactions
or versions, and it does not use the tested code. Some rules are ours, and the contract is silent:

- A plain start waits for the latest stop that a person had, even of a session that is deleted. This
  matters only if a clock of the servers is behind.
- A session that is entered manually lasts at most 31 days.
- `Client-Time` does not correct a time that the client sends as it was shown.
- A stop of an entry on which nothing runs is a repeat: it returns the session that stopped last, of
  equal ones the one that was written last; after that one was deleted, moved or continued, the
  session with the largest id that was ever put on the entry.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.time_zones import ZoneInfo

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FURTHEST_START = DAY
"""How far a start may be in the future. It then counts as now."""

OLDEST_START = 31 * DAY
LONGEST_SESSION = 31 * DAY
RETENTION = 24 * HOUR


@dataclass(unsafe_hash=True)
class Refusal(Exception):
    """An expected error.

    :param name: the attribute that it points at.
    :param conflicting: the ids of the sessions of which the error names one.
    :param earliest: the earliest possible start.
    """

    status: int
    code: str
    name: str | None = None
    conflicting: frozenset[int] = frozenset()
    earliest: int | None = None


def not_found() -> Refusal:
    return Refusal(404, "record_not_found")


def invalid(name: str) -> Refusal:
    return Refusal(422, "invalid_attribute", name)


@dataclass(eq=False)
class Entry:
    """A time entry.

    :param made_by: the session whose start made it; None: it was made or changed manually.
    :param total: the manually set minutes; None: the sessions tell the time.
    :param covered: the sessions that had stopped when the time was set.
    :param latest: the session with the largest id that was ever put on it.
    :param stopped: the session that stopped last, and its stop.
    """

    id: int
    person: int
    date: str
    note: str | None = None
    made_by: "Session | None" = None
    total: int | None = None
    covered: set["Session"] = field(default_factory=set)
    latest: "Session | None" = None
    stopped: "tuple[Session, int] | None" = None

    def take(self, session: "Session") -> None:
        """A session that has stopped may be the one that stopped last."""
        if session.stop is not None and session.stop >= (self.stopped[1] if self.stopped else 0):
            self.stopped = session, session.stop

    def release(self, session: "Session") -> None:
        """A session changes, or leaves the entry."""
        if self.stopped is not None and self.stopped[0] is session:
            self.stopped = None


@dataclass(eq=False)
class Session:
    """A timer. ``id`` is 0 until the service generates it; ``limit`` is its auto-stop time."""

    id: int
    entry: Entry
    start: int
    limit: int
    stop: int | None = None
    reason: str | None = None

    @property
    def person(self) -> int:
        return self.entry.person

    @property
    def seconds(self) -> int:
        return 0 if self.stop is None else self.stop - self.start


@dataclass
class Outcome:
    """What a request did: the session after it, and the members of ``meta``."""

    session: Session
    stopped: Session | None = None
    already_stopped: bool = False
    adjusted: tuple[str, ...] = ()


@dataclass
class StoredAnswer:
    """The answer to a request with an idempotency key, until it expires."""

    request: Hashable
    answer: Any
    until: int


@dataclass
class Model:
    """All data of an organization."""

    zone: ZoneInfo
    auto_stop_after: int
    admin: int
    entries: list[Entry] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    deactivated: set[int] = field(default_factory=set)
    last_stops: dict[int, int] = field(default_factory=dict)
    """The latest stop of each person, also of a deleted session."""
    answers: dict[tuple[int, str], StoredAnswer] = field(default_factory=dict)

    # What is there

    def of(self, person: int) -> list[Session]:
        return [session for session in self.sessions if session.person == person]

    def running(self, person: int) -> Session | None:
        return next((session for session in self.of(person) if session.stop is None), None)

    def on(self, entry: Entry) -> list[Session]:
        return [session for session in self.sessions if session.entry is entry]

    def seconds(self, entry: Entry) -> int:
        """The exact seconds that an entry shows."""
        counted = [s for s in self.on(entry) if entry.total is None or s not in entry.covered]
        return (entry.total or 0) * MINUTE + sum(session.seconds for session in counted)

    def minutes(self, entry: Entry) -> int:
        return (self.seconds(entry) + 30) // 60

    def date(self, timestamp: int) -> str:
        return datetime.fromtimestamp(timestamp, self.zone).strftime("%Y-%m-%d")

    def find_session(self, caller: int, session: Session) -> Session:
        """The session, if the caller may see it."""
        if session not in self.sessions or caller not in (self.admin, session.person):
            raise not_found()
        return session

    def find_entry(self, caller: int, entry: Entry) -> Entry:
        """The entry, if the caller may see it."""
        if entry not in self.entries or caller not in (self.admin, entry.person):
            raise not_found()
        return entry

    # Idempotency keys

    def replayed(self, now: int, caller: int, key: str | None, request: Hashable) -> Any:
        """The stored answer of the key, if any."""
        stored = self.answers.get((caller, key or ""))
        if stored is None or stored.until <= now:
            return None
        if stored.request != request:
            raise Refusal(422, "idempotency_key_reused")
        return stored.answer

    def store(self, now: int, caller: int, key: str, request: Hashable, answer: Any) -> None:
        self.answers[caller, key] = StoredAnswer(request, answer, now + RETENTION)

    # Starts

    def start(
        self,
        now: int,
        caller: int,
        person: int,
        entry: Entry | None,
        started_at: int | None = None,
        stopped_at: int | None = None,
    ) -> Outcome:
        """Start on an entry, or on a new one if it is None. With a stop, the session is over."""
        if caller not in (self.admin, person):
            raise Refusal(403, "access_denied")
        if started_at is None and stopped_at is not None:
            raise invalid("started_at")
        if person in self.deactivated:
            raise invalid("person")
        if entry is not None and (entry not in self.entries or entry.person != person):
            raise invalid("time_entry")
        if started_at is not None and stopped_at is not None:
            return self._insert(now, person, entry, started_at, stopped_at)
        start = self._running_start(now, person, started_at)
        running, late = self.running(person), self._ended_by_limit(person, start)
        if running is not None:
            is_overdue = start >= running.limit
            self._end(running, running.limit if is_overdue else start)
            running.reason = "auto" if is_overdue else "superseded"
        elif late is not None:
            # As if the auto-stop had not run yet.
            late.entry.release(late)
            late.stop = self.last_stops[person] = start
            late.reason = "superseded"
            late.entry.take(late)
        session = self._add(person, entry, start, None)
        requested = {} if started_at is None else {"started_at": started_at}
        return Outcome(session, running or late, adjusted=_adjusted(requested, session))

    def _ended_by_limit(self, person: int, start: int) -> Session | None:
        """The last session, if its limit ended it after ``start``, and it started before."""
        later = [s for s in self.of(person) if s.stop is None or s.stop > start]
        if len(later) != 1 or later[0].reason != "auto" or later[0].start > start:
            return None
        return later[0]

    def _running_start(self, now: int, person: int, requested: int | None) -> int:
        if requested is None or requested >= now:
            self._not_ahead(now, requested or now)
            return self._plain_start(now, person)
        if requested < now - OLDEST_START:
            raise invalid("started_at")
        self._check_start(person, requested)
        return requested

    def _plain_start(self, now: int, person: int) -> int:
        running = self.running(person)
        return max(now, self.last_stops.get(person, 0) if running is None else running.start)

    def _check_start(self, person: int, start: int) -> None:
        """Check that a timer can run from ``start`` until now."""
        running = self.running(person)
        if running is not None and start < running.start:
            earliest, in_the_way = running.start, [running]
        else:
            in_the_way = [s for s in self.of(person) if s.stop is not None and s.stop > start]
            if self._ended_by_limit(person, start):
                in_the_way = []
            earliest = max((s.stop for s in in_the_way if s.stop is not None), default=0)
        if in_the_way:
            raise self._overlap("started_at", in_the_way, earliest)

    def _insert(
        self, now: int, person: int, entry: Entry | None, started_at: int, stopped_at: int
    ) -> Outcome:
        if stopped_at < started_at:
            raise invalid("stopped_at")
        start, stop = self._not_ahead(now, started_at), min(stopped_at, now)
        self._check_span(start, stop)
        self._check_over(person, start, stop, None, "started_at")
        session = self._add(person, entry, start, stop)
        self.last_stops[person] = max(self.last_stops.get(person, 0), stop)
        requested = {"started_at": started_at, "stopped_at": stopped_at}
        return Outcome(session, adjusted=_adjusted(requested, session))

    def _add(self, person: int, entry: Entry | None, start: int, stop: int | None) -> Session:
        is_new = entry is None
        if entry is None:
            entry = Entry(0, person, self.date(start))
            self.entries.append(entry)
        session = Session(0, entry, start, start + self.auto_stop_after, stop)
        entry.latest = session
        entry.take(session)
        if is_new:
            entry.made_by = session
        self.sessions.append(session)
        return session

    # Stops

    def stop(
        self, now: int, caller: int, session: Session, stopped_at: int | None = None, skew: int = 0
    ) -> Outcome:
        """Stop a timer manually, or correct an automatic stop.

        :param skew: the seconds by which the client's clock is ahead.
        """
        self.find_session(caller, session)
        stopped_at = _unless_shown(stopped_at, session.stop, skew)
        stop = max(session.start, now if stopped_at is None else min(stopped_at, now))
        adjusted = ("stopped_at",) if stopped_at not in (None, stop) else ()
        if session.stop is not None:
            is_earlier = stopped_at is not None and max(stopped_at, session.start) < session.stop
            if session.reason is None or not is_earlier:
                return Outcome(session, already_stopped=True)
            session.entry.release(session)
            session.stop, session.reason = stop, None
            session.entry.take(session)
        else:
            self._end(session, stop)
        return Outcome(session, adjusted=adjusted)

    def stop_on_entry(
        self, now: int, caller: int, entry: Entry, stopped_at: int | None = None, skew: int = 0
    ) -> Outcome:
        """Stop the timer that runs on an entry. Without one, it is a repeat of the last stop."""
        self.find_entry(caller, entry)
        running = next((s for s in self.on(entry) if s.stop is None), None)
        session = running or (entry.stopped[0] if entry.stopped else entry.latest)
        if session is None or session not in self.on(entry):
            raise not_found()
        return self.stop(now, caller, session, stopped_at, skew)

    def auto_stop(self, now: int) -> int:
        """Stop all overdue timers at their limits and return their number."""
        overdue = [s for s in self.sessions if s.stop is None and s.limit <= now]
        for session in overdue:
            self._end(session, session.limit)
            session.reason = "auto"
        return len(overdue)

    def deactivate(self, now: int, person: int) -> None:
        """Deactivate a person, whose timer stops."""
        if person in self.deactivated:
            return
        self.deactivated.add(person)
        running = self.running(person)
        if running is not None:
            is_overdue = now >= running.limit
            self._end(running, running.limit if is_overdue else max(now, running.start))
            running.reason = "auto" if is_overdue else "deactivated"

    def _end(self, session: Session, stop: int) -> None:
        """End the running session: every other session of the person ended before."""
        session.stop = self.last_stops[session.person] = stop
        session.entry.stopped = session, stop

    # Edits of sessions

    def edit(
        self, now: int, caller: int, session: Session, skew: int = 0, **values: Any
    ) -> Outcome:
        """Change a session.

        :param skew: the seconds by which the client's clock is ahead.
        :param values: ``started_at``, ``stopped_at`` (None: it runs on) and ``entry``.
        """
        self.find_session(caller, session)
        values = _times_of_edit(session, values, skew)
        entry = values.get("entry", session.entry)
        if entry not in self.entries or entry.person != session.person:
            raise invalid("time_entry")
        start, stop = self._edited_times(now, session, values)
        if (start, stop) != (session.start, session.stop):
            self._check_edit(now, session, start, stop)
            if stop is None:
                self._set_limit(now, session, start)
        if values.get("stopped_at", session.stop) != session.stop:
            session.reason = None
        is_change = (start, stop, entry) != (session.start, session.stop, session.entry)
        if is_change:
            session.entry.release(session)
        session.start, session.stop = start, stop
        if stop is not None:
            last_stop = max(self.last_stops.get(session.person, 0), stop)
            self.last_stops[session.person] = last_stop
        if entry is not session.entry:
            session.entry.covered.discard(session)
            session.entry = entry
            entry.latest = max(entry.latest or session, session, key=lambda s: s.id)
        if is_change:
            entry.take(session)
        return Outcome(session, adjusted=_adjusted(values, session))

    def _edited_times(
        self, now: int, session: Session, values: dict[str, Any]
    ) -> tuple[int, int | None]:
        """The start and the stop that an edit asks for."""
        requested = values.get("started_at", session.start), values.get("stopped_at", session.stop)
        start, stop = requested
        if start != session.start:
            start = self._not_ahead(now, start)
        if stop is None or stop == session.stop:
            return start, stop
        stop = min(stop, now)
        if session.stop is None:
            # The first stop, as in section 4.
            return start, max(start, stop)
        if "started_at" in values and requested[1] < requested[0]:
            raise invalid("stopped_at")
        return start, stop

    def _set_limit(self, now: int, session: Session, start: int) -> None:
        """Set the limit of a session that starts at another time, or that runs on."""
        limit = start + self.auto_stop_after
        if session.stop is not None and limit <= now:
            # Ours: a person who undoes a stop past the limit is still working.
            limit = now + self.auto_stop_after
        session.limit = limit

    def _check_edit(self, now: int, session: Session, start: int, stop: int | None) -> None:
        name = "stopped_at" if start == session.start else "started_at"
        if stop is not None:
            self._check_span(start, stop)
            self._check_over(session.person, start, stop, session, name)
            return
        if session.person in self.deactivated:
            raise invalid(name)
        if start < now - OLDEST_START:
            raise invalid("started_at")
        others = [s for s in self.of(session.person) if s is not session]
        in_the_way = [s for s in others if s.stop is None or s.stop > start]
        if in_the_way:
            raise self._overlap(name, in_the_way)

    def delete_session(self, caller: int, session: Session) -> None:
        """Delete a session, with the entry that its start made, unless somebody used the entry."""
        self.find_session(caller, session)
        self.sessions.remove(session)
        entry = session.entry
        entry.covered.discard(session)
        entry.release(session)
        if entry.made_by is session and not self.on(entry):
            self.entries.remove(entry)

    # Time entries

    def update(self, caller: int, entry: Entry, **values: Any) -> None:
        """Change values of an entry. A value that is equal to the present one changes nothing.

        A ``time`` is a total of the sessions that have stopped by now; None: there is no total.
        """
        self.find_entry(caller, entry)
        if "time" in values:
            self._set_time(entry, values.pop("time"))
        for name, value in values.items():
            if getattr(entry, name) != value:
                entry.made_by = None
                setattr(entry, name, value)

    def _set_time(self, entry: Entry, minutes: int | None) -> None:
        if minutes == self.minutes(entry) or (minutes is None and entry.total is None):
            return
        entry.made_by, entry.total, entry.covered = None, minutes, set()
        if minutes is not None:
            entry.covered = {session for session in self.on(entry) if session.stop is not None}

    def delete_entry(self, caller: int, entry: Entry) -> None:
        """Delete an entry with its sessions, unless one runs."""
        self.find_entry(caller, entry)
        if any(session.stop is None for session in self.on(entry)):
            raise Refusal(409, "conflict")
        for session in self.on(entry):
            self.sessions.remove(session)
        self.entries.remove(entry)

    # Overlaps

    def _not_ahead(self, now: int, requested: Any) -> int:
        if requested > now + FURTHEST_START:
            raise invalid("started_at")
        return int(min(requested, now))

    def _check_span(self, start: int, stop: int) -> None:
        if stop < start or stop - start > LONGEST_SESSION:
            raise invalid("stopped_at")

    def _check_over(
        self, person: int, start: int, stop: int, edited: Session | None, name: str
    ) -> None:
        """Check that a session that is over overlaps no other one. Sessions may touch."""
        in_the_way = [
            other
            for other in self.of(person)
            if other is not edited
            and other.start < stop
            and (other.stop is None or other.stop > start)
        ]
        if in_the_way:
            raise self._overlap(name, in_the_way)

    def _overlap(self, name: str, others: list[Session], earliest: int | None = None) -> Refusal:
        ids = frozenset(session.id for session in others)
        return Refusal(422, "overlaps_session", name, ids, earliest)


def _unless_shown(requested: int | None, present: int | None, skew: int) -> int | None:
    """The requested time, or the present one if the client sent it as it was shown."""
    is_shown = None not in (requested, present) and (requested or 0) + skew == present
    return present if is_shown else requested


def _times_of_edit(session: Session, values: dict[str, Any], skew: int) -> dict[str, Any]:
    """The values of an edit; a time that the client sent as it was shown is the present one."""
    present = {"started_at": session.start, "stopped_at": session.stop}
    return {
        name: _unless_shown(value, present[name], skew) if name in present else value
        for name, value in values.items()
    }


def _adjusted(requested: dict[str, Any], session: Session) -> tuple[str, ...]:
    """The names of the requested timestamps that the session has in another way."""
    actual = {"started_at": session.start, "stopped_at": session.stop}
    return tuple(name for name in actual if requested.get(name, actual[name]) != actual[name])
