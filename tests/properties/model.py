"""Reference model of one person's time: contract sections 3, 4, 8 and 9, in a list and a dict.

The model is written only from the contract. It has no person state, counters, transactions or
versions, and it does not use the tested code.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TOLERANCE = 2 * MINUTE
OLDEST_START = 31 * DAY
RETENTION = 24 * HOUR


@dataclass(unsafe_hash=True)
class Refusal(Exception):
    """An expected error: ``code``, ``pointer`` and, for an overlap, the earliest start."""

    code: str
    pointer: str | None = None
    earliest: str | None = None


@dataclass
class Session:
    """A timer. ``id`` is 0 until the service generates it; so is ``entry`` of a new entry."""

    id: int
    entry: int
    start: int
    limit: int
    stop: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Result:
    """An expected response.

    :param session: the session after the request.
    :param stopped: the id of the timer that a start stopped.
    :param already_stopped: whether the timer was stopped before the request.
    :param replayed: whether the response is the stored response of an earlier request.
    """

    session: Session
    stopped: int | None = None
    already_stopped: bool = False
    replayed: bool = False


@dataclass
class IdempotencyRecord:
    """An idempotency record: the request, its response and the expiry timestamp."""

    request: Hashable
    result: Result
    until: int


@dataclass
class Model:
    """All data that the service stores about one person."""

    zone: ZoneInfo
    auto_stop_after: int
    entries: dict[int, str]
    """Date of each time entry, by id."""
    sessions: list[Session] = field(default_factory=list)
    keys: dict[str, IdempotencyRecord] = field(default_factory=dict)

    @property
    def running(self) -> Session | None:
        return next((session for session in self.sessions if session.stop is None), None)

    @property
    def earliest(self) -> int:
        """The earliest timestamp at which a new session can start."""
        if self.running is not None:
            return self.running.start
        return max(
            (session.stop for session in self.sessions if session.stop is not None), default=0
        )

    def replayed(self, now: int, key: str | None, request: Hashable) -> Result | None:
        """Return the stored response of the key, if any.

        Raises :class:`Refusal` if the key was used with another request.
        """
        record = self.keys.get(key or "")
        if record is None or record.until <= now:
            return None
        if record.request != request:
            raise Refusal("idempotency_key_reused")
        return replace(record.result, replayed=True)

    def store(self, now: int, key: str | None, request: Hashable, result: Result) -> None:
        """Store a copy of a successful response under the key."""
        if key is not None:
            response = replace(result, session=replace(result.session))
            self.keys[key] = IdempotencyRecord(request, response, now + RETENTION)

    def start(self, now: int, entry: int | None, started_at: int | None) -> Result:
        """Start a timer on a time entry, or on a new entry if ``entry`` is None."""
        if entry is not None and entry not in self.entries:
            raise Refusal("invalid_attribute", "data/attributes/time_entry")
        start = self._resolve_start(now, started_at)
        previous = self.running
        if previous is not None:
            previous.stop, previous.reason = start, "superseded"
            if start > previous.limit:
                previous.stop, previous.reason = previous.limit, "auto"
        session = Session(0, entry or 0, start, start + self.auto_stop_after)
        self.sessions.append(session)
        return Result(session, previous.id if previous else None)

    def date(self, timestamp: int) -> str:
        """Return the local date of a timestamp."""
        return datetime.fromtimestamp(timestamp, self.zone).strftime("%Y-%m-%d")

    def stop(self, now: int, session: Session | None, stopped_at: int | None) -> Result:
        """Stop a timer manually, or correct an automatic stop."""
        if session is None:
            raise Refusal("record_not_found")
        if session.stop is None and stopped_at is not None and stopped_at > now + TOLERANCE:
            raise Refusal("invalid_attribute", "data/attributes/stopped_at")
        stop = now if stopped_at is None else min(stopped_at, now)
        stop = max(stop, session.start)
        if session.stop is not None:
            is_correction = stopped_at is not None and max(stop, stopped_at) < session.stop
            if session.reason not in ("auto", "superseded") or not is_correction:
                return Result(session, already_stopped=True)
        session.stop, session.reason = stop, None
        return Result(session)

    def auto_stop(self, now: int) -> int:
        """Stop all overdue timers at their limits and return their number."""
        overdue = [
            session for session in self.sessions if session.stop is None and session.limit <= now
        ]
        for session in overdue:
            session.stop, session.reason = session.limit, "auto"
        return len(overdue)

    def latest_on(self, entry: int) -> Session | None:
        """Return the latest session of an entry."""
        return next(
            (session for session in reversed(self.sessions) if session.entry == entry), None
        )

    def worked(self, entry: int) -> int:
        """Return the total seconds of the stopped sessions of an entry."""
        return sum(
            session.stop - session.start
            for session in self.sessions
            if session.entry == entry and session.stop
        )

    def _resolve_start(self, now: int, requested: int | None) -> int:
        if requested is None or now <= requested <= now + TOLERANCE:
            return max(now, self.earliest)
        if requested > now or requested < now - OLDEST_START:
            raise Refusal("invalid_attribute", "data/attributes/started_at")
        if requested < self.earliest:
            earliest = datetime.fromtimestamp(self.earliest, self.zone)
            text = earliest.strftime("%Y-%m-%dT%H:%M:%S.000%z")
            raise Refusal(
                "overlaps_session", "data/attributes/started_at", f"{text[:-2]}:{text[-2:]}"
            )
        return requested
