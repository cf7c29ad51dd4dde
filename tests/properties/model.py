"""One person's time as the contract tells it: sections 3, 4, 8 and 9, in a list and a dict.

Written from the contract alone. It knows no slots, tallies, transactions or versions, and nothing
of the code that it is compared with.
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
KEPT = 24 * HOUR


@dataclass(unsafe_hash=True)
class Refusal(Exception):
    """``code`` and ``pointer`` of the error; for an overlap, the earliest start."""

    code: str
    pointer: str | None = None
    earliest: str | None = None


@dataclass
class Session:
    """A timer. ``id`` and, on a new entry, ``entry`` are 0 until the service has drawn them."""

    id: int
    entry: int
    start: int
    limit: int
    stop: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Told:
    """What an answer says: the session as it is now, what a start stopped, whether a stop was
    too late; ``replayed`` where an earlier request had said it."""

    session: Session
    stopped: int | None = None
    already_stopped: bool = False
    replayed: bool = False


@dataclass
class Kept:
    """What a key answered to which request, and until when that is kept."""

    request: Hashable
    told: Told
    until: int


@dataclass
class Model:
    """Everything that the service should know of a person."""

    zone: ZoneInfo
    auto_stop_after: int
    entries: dict[int, str]
    """Dates of the time entries by id."""
    sessions: list[Session] = field(default_factory=list)
    keys: dict[str, Kept] = field(default_factory=dict)

    @property
    def running(self) -> Session | None:
        return next((it for it in self.sessions if it.stop is None), None)

    @property
    def earliest(self) -> int:
        """Where the timeline is free from."""
        if self.running is not None:
            return self.running.start
        return max((it.stop for it in self.sessions if it.stop is not None), default=0)

    def replayed(self, now: int, key: str | None, request: Hashable) -> Told | None:
        """What the key answered before; refused where it came with another request."""
        kept = self.keys.get(key or "")
        if kept is None or kept.until <= now:
            return None
        if kept.request != request:
            raise Refusal("idempotency_key_reused")
        return replace(kept.told, replayed=True)

    def keep(self, now: int, key: str | None, request: Hashable, told: Told) -> None:
        """Only successes are kept, as they were."""
        if key is not None:
            as_it_was = replace(told, session=replace(told.session))
            self.keys[key] = Kept(request, as_it_was, now + KEPT)

    def start(self, now: int, entry: int | None, started_at: int | None) -> Told:
        """On a time entry, or on a new one where that is None."""
        if entry is not None and entry not in self.entries:
            raise Refusal("invalid_attribute", "data/attributes/time_entry")
        start = self._start(now, started_at)
        old = self.running
        if old is not None:
            old.stop, old.reason = start, "superseded"
            if start > old.limit:
                old.stop, old.reason = old.limit, "auto"
        session = Session(0, entry or 0, start, start + self.auto_stop_after)
        self.sessions.append(session)
        return Told(session, old.id if old else None)

    def date(self, instant: int) -> str:
        """The date on the wall."""
        return datetime.fromtimestamp(instant, self.zone).strftime("%Y-%m-%d")

    def stop(self, now: int, session: Session | None, stopped_at: int | None) -> Told:
        """By hand."""
        if session is None:
            raise Refusal("record_not_found")
        if session.stop is None and stopped_at is not None and stopped_at > now + TOLERANCE:
            raise Refusal("invalid_attribute", "data/attributes/stopped_at")
        stop = now if stopped_at is None else min(stopped_at, now)
        stop = max(stop, session.start)
        if session.stop is not None:
            knows_better = stopped_at is not None and max(stop, stopped_at) < session.stop
            if session.reason not in ("auto", "superseded") or not knows_better:
                return Told(session, already_stopped=True)
        session.stop, session.reason = stop, None
        return Told(session)

    def sweep(self, now: int) -> int:
        """How many were stopped."""
        forgotten = [it for it in self.sessions if it.stop is None and it.limit <= now]
        for session in forgotten:
            session.stop, session.reason = session.limit, "auto"
        return len(forgotten)

    def latest_on(self, entry: int) -> Session | None:
        """What runs on an entry, or else ran last."""
        return next((it for it in reversed(self.sessions) if it.entry == entry), None)

    def worked(self, entry: int) -> int:
        """Seconds of the stopped sessions of an entry."""
        return sum(it.stop - it.start for it in self.sessions if it.entry == entry and it.stop)

    def _start(self, now: int, asked: int | None) -> int:
        if asked is None or now <= asked <= now + TOLERANCE:
            return max(now, self.earliest)
        if asked > now or asked < now - OLDEST_START:
            raise Refusal("invalid_attribute", "data/attributes/started_at")
        if asked < self.earliest:
            earliest = datetime.fromtimestamp(self.earliest, self.zone)
            shown = earliest.strftime("%Y-%m-%dT%H:%M:%S.000%z")
            raise Refusal(
                "overlaps_session", "data/attributes/started_at", f"{shown[:-2]}:{shown[-2:]}"
            )
        return asked
