"""Does each act over HTTP and on the reference model, and compares the answers and the data."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.ids import IdGenerator
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.people.model import Person, Role
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from tests.properties.model import DAY, Entry, Model, Outcome, Refusal, Session
from tests.properties.requests import ZONE, Answer, Request, answer_of, check_refusal, shown_session
from tests.support.api import Api, Response
from tests.support.clock import MONDAY_NINE, FakeClock
from tests.support.fixtures import ZAGREB, credentials, put_all
from tests.support.invariants import violations
from tests.support.tables import empty_tables
from tools.ops.snapshot import SnapshotReader

SERVICE = Service(1294, ZAGREB.id, "Design")
BOSS = 8779
PEOPLE = (BOSS, 8784, 8796, 8801, 8802)
TOKENS = {person: f"stint_{person:043d}" for person in PEOPLE}
DATE = "2026-03-02"
ACTS_PER_CHECK = 10

Moment = tuple[str, int, int]
"""A base time, a number that picks one of several, and an offset in seconds."""

T = TypeVar("T")


class Driver:
    """Five people of an organization, and the model of them. The test sets the class variables.

    :cvar total_acts: how many acts all examples did.
    """

    connection: Connection
    settings: Settings
    total_acts = 0

    def set_up(self, timestamp: int) -> None:
        """Begin a new example at a timestamp."""
        empty_tables()
        self.clock = FakeClock(timestamp)
        self.dependencies = Dependencies(
            Database(self.connection),
            IdGenerator(self.clock.milliseconds),
            clock=self.clock,
            sleep=self.clock.advance,
            jitter=lambda: 0.0,
            settings=self.settings,
        )
        app = create_app(self.settings, self.dependencies)
        organization = {"X-Organization-Id": str(ZAGREB.id)}
        self.apis = {
            person: Api(app, {"X-Auth-Token": token, **organization})
            for person, token in TOKENS.items()
        }
        self.model = Model(ZONE, ZAGREB.auto_stop_after, BOSS)
        self.gone: list[Session] = []
        self.sent: list[tuple[int, str, Callable[[], Any], Request]] = []
        self.acts = 0
        self.latest = self.clock.timestamp
        self.skew = 0
        people = [person_record(person) for person in PEOPLE]
        entries = [_entry(400 + number, person) for number, person in enumerate(2 * PEOPLE)]
        put_all(ZAGREB, SERVICE, *people, *entries)
        put_all(*(record for person in people for record in credentials(person, TOKENS[person.id])))
        self.model.entries += [Entry(entry.id, entry.person_id, DATE) for entry in entries]

    def check_stored_data(self) -> None:
        assert violations(self.connection) == []
        snapshots = SnapshotReader(self.connection).read_all().values()
        stored = {timer.id: timer for snapshot in snapshots for timer in snapshot.timers}
        for session in self.model.sessions:
            timer = stored.pop(session.id)
            limit = session.limit if session.stop is None else timer.auto_stop_at
            assert (
                timer.person_id,
                timer.time_entry_id,
                timer.started_at,
                timer.stopped_at,
                timer.stop_reason,
                timer.auto_stop_at,
            ) == (
                session.person,
                session.entry.id,
                session.start,
                session.stop,
                session.reason,
                limit,
            )
        assert stored == {}
        entries = {id_: entry for snapshot in snapshots for id_, entry in snapshot.entries.items()}
        for entry in self.model.entries:
            kept = entries.pop(entry.id)
            seconds = sum(session.seconds for session in self.model.on(entry))
            running = next((s for s in self.model.on(entry) if s.stop is None), None)
            assert (kept.person_id, kept.date, kept.note) == (entry.person, entry.date, entry.note)
            assert (kept.tracked_seconds, kept.time) == (seconds, self.model.minutes(entry))
            assert kept.tracked_seconds + kept.adjusted_seconds == self.model.seconds(entry)
            assert kept.timer_started_at == (running.start if running else None)
        assert entries == {}

    # Requests

    def send_start(
        self,
        person: int,
        who: str,
        work: int | None,
        started_at: int | None,
        stopped_at: int | None,
        key: str | None,
    ) -> None:
        caller = self.caller(who, person)
        entry = None
        if work is not None:
            own = [entry for entry in self.model.entries if entry.person == person]
            # Sometimes an entry of another person.
            entry = choose(own if own and work % 8 else self.model.entries, work)
        named = {"service_id": SERVICE.id} if entry is None else {"time_entry_id": entry.id}
        if caller != person:
            named["person_id"] = person
        times = {"started_at": started_at, "stopped_at": stopped_at}
        if caller not in (BOSS, person) or (started_at is None and stopped_at is not None):
            # Refused before the key is looked at.
            key = None
        self.send(
            caller,
            key,
            lambda: self.model.start(self.now, caller, person, entry, started_at, stopped_at),
            Request("POST", "/timers", skew=self.skew, **named, **times),
        )

    def send_stop(
        self, session: Session, who: str, stopped_at: int | None, key: str | None
    ) -> None:
        caller, skew = self.caller(who, session.person), self.skew
        self.send(
            caller,
            key,
            lambda: self.model.stop(self.now, caller, session, stopped_at, skew),
            Request("PATCH", f"/timers/{session.id}/stop", skew=skew, stopped_at=stopped_at),
        )

    def send_edit(
        self, session: Session, who: str, values: dict[str, Any], key: str | None
    ) -> None:
        caller, skew = self.caller(who, session.person), self.skew
        attributes = {name: value for name, value in values.items() if name != "entry"}
        if "entry" in values:
            attributes["time_entry_id"] = values["entry"].id
        self.send(
            caller,
            key,
            lambda: self.model.edit(self.now, caller, session, skew, **values),
            Request("PATCH", f"/timers/{session.id}", skew=skew, **attributes),
        )

    def send_update(self, entry: Entry, who: str, values: dict[str, Any], key: str | None) -> None:
        caller = self.caller(who, entry.person)

        def update() -> Entry:
            self.model.update(caller, entry, **values)
            return entry

        self.send(caller, key, update, Request("PATCH", f"/time_entries/{entry.id}", **values))

    def send(self, caller: int, key: str | None, act: Callable[[], Any], request: Request) -> None:
        """Do the act on the model and over HTTP, and compare the answers.

        Only a success makes the model store the answer under the key.
        """
        self.acts += 1
        Driver.total_acts += 1
        if self.acts % 10 == 0:
            self.check_stored_data()
        if key == "new":
            key = f"act {self.acts}"
        try:
            answer = self.model.replayed(self.now, caller, key, request)
            is_replay, expected = answer is not None, None
            if not is_replay:
                expected = act()
        except Refusal as refusal:
            check_refusal(self._response(caller, key, request), refusal)
            return
        response = self._response(caller, key, request)
        assert response.status in (200, 201, 204), response.body
        assert ("Idempotency-Replayed" in response.headers) is is_replay
        if not is_replay:
            answer = self._expected_answer(expected, response)
        *shown, meta = answer_of(response)
        assert meta.pop("clock_skew_seconds", 0) == request.skew
        assert (*shown, meta) == answer
        if key is not None and not is_replay:
            self.model.store(self.now, caller, key, request, answer)
            self.sent.append((caller, key, act, request))

    def _response(self, caller: int, key: str | None, request: Request) -> Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return request.send(self.apis[caller], self.now, headers)

    def _expected_answer(self, expected: Any, response: Response) -> Answer:
        if expected is None:
            return 204, {}, {}, {}
        if isinstance(expected, Entry):
            return 200, self._shown_entry(expected), {}, {}
        assert isinstance(expected, Outcome)
        session = expected.session
        status = 200
        if session.id == 0:
            status = 201
            self._store_ids(session, response)
        related = response.data["relationships"]["time_entry"]["data"]
        assert related == {"type": "time_entries", "id": str(session.entry.id)}
        (included,) = response.document["included"]
        assert included["attributes"]["time"] == self.model.minutes(session.entry)
        meta: dict[str, Any] = {}
        if expected.stopped is not None:
            meta["stopped_timer_ids"] = [str(expected.stopped.id)]
        if expected.already_stopped:
            meta["already_stopped"] = True
        if expected.adjusted:
            meta["adjusted"] = list(expected.adjusted)
        reason = {} if session.reason is None else {"stop_reason": session.reason}
        return status, shown_session(session), reason, meta

    def _store_ids(self, session: Session, response: Response) -> None:
        """Store the ids that the service generates, and check that timer ids increase."""
        session.id = int(response.data["id"])
        others = [other for other in self.model.of(session.person) if other is not session]
        assert session.id > max((other.id for other in others), default=0)
        if session.entry.id == 0:
            session.entry.id = int(response.data["relationships"]["time_entry"]["data"]["id"])
            assert [entry.id for entry in self.model.entries].count(session.entry.id) == 1

    def _shown_entry(self, entry: Entry) -> dict[str, Any]:
        return {
            "id": str(entry.id),
            "date": entry.date,
            "note": entry.note,
            "time": self.model.minutes(entry),
        }

    # Choices

    @property
    def now(self) -> int:
        return int(self.clock.timestamp)

    def running(self) -> list[Session]:
        return [session for session in self.model.sessions if session.stop is None]

    def stopped(self) -> list[Session]:
        return [session for session in self.model.sessions if session.stop is not None]

    def stopped_automatically(self) -> list[Session]:
        return [session for session in self.model.sessions if session.reason is not None]

    def last_sessions(self) -> list[Session]:
        """The last session of each person who has no running timer."""
        idle = [person for person in PEOPLE if not self.model.running(person)]
        sessions = [self.model.of(person) for person in idle]
        return [max(own, key=lambda s: (s.start, s.seconds)) for own in sessions if own]

    def pick_entry(self, pick: int) -> Entry:
        """An entry, mostly one that has sessions."""
        used = self.used_entries()
        entry: Entry = choose(used if used and pick % 8 else self.model.entries, pick)
        return entry

    def used_entries(self) -> list[Entry]:
        return [entry for entry in self.model.entries if self.model.on(entry)]

    def caller(self, who: str, person: int) -> int:
        """The person, the admin or somebody else. A person who is deactivated cannot call."""
        others = [other for other in PEOPLE[1:] if other != person]
        caller = {"owner": person, "boss": BOSS, "other": others[person % len(others)]}[who]
        return BOSS if caller in self.model.deactivated else caller

    def timestamp(self, person: int, at: Moment | None) -> int | None:
        if at is None:
            return None
        base, pick, offset = at
        edges = [
            edge
            for session in self.model.of(person)
            for edge in (session.start, session.stop)
            if edge is not None
        ]
        return offset + (self.now if base == "now" or not edges else choose(edges, pick))


def choose(values: Sequence[T], number: int) -> T:
    """One of some values, by a number that may be larger."""
    return values[number % len(values)]


def person_record(person: int) -> Person:
    """A person as they are stored."""
    role = Role.ADMIN if person == BOSS else Role.MEMBER
    email = f"{person}@example.com"
    return Person(person, ZAGREB.id, "First", f"Last {person}", email, role, MONDAY_NINE - DAY)


def _entry(entry: int, person: int) -> TimeEntry:
    created = MONDAY_NINE - DAY
    return TimeEntry(entry, ZAGREB.id, person, SERVICE.id, DATE, created, created, person)
