"""Stateful property test: random operations of one person, compared with the reference model.

The operations include offline times, clock skew, retries and auto-stop runs, also during the two
nights of the year on which clocks change.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import StintError
from chalicelib.core.idempotency import IdempotencyKey, fingerprint_of
from chalicelib.core.ids import IdGenerator
from chalicelib.core.permissions import Caller
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Role
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import Timer, TimerOutcome
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.properties.bounds import bounded
from tests.properties.model import (
    DAY,
    HOUR,
    OLDEST_START,
    TOLERANCE,
    Model,
    Refusal,
    Session,
)
from tests.properties.model import Result as ExpectedResult
from tests.support.clock import MONDAY_NINE, FakeClock
from tests.support.fixtures import ZAGREB, put_all
from tests.support.invariants import violations
from tools.ops.snapshot import SnapshotReader
from tools.tables import empty_tables

PERSON = 8784
CALLER = Caller(ZAGREB, PERSON, Role.MEMBER)
SERVICE = Service(1294, ZAGREB.id, "Design")
ENTRIES = (365, 366)
FOREIGN_ENTRY = 367

Command = StartCommand | StopCommand


def _utc(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


START_TIMES = {
    "an ordinary Monday": MONDAY_NINE,
    "the night with a missing hour": _utc(2026, 3, 28, 21, 30),
    "the night with a repeated hour": _utc(2026, 10, 24, 20, 30),
}

moments = st.one_of(
    st.none(),
    # A base time and an offset in seconds.
    st.tuples(st.just("now"), st.integers(-5 * HOUR, TOLERANCE)),
    st.tuples(st.just("now"), st.sampled_from((0, TOLERANCE, TOLERANCE + 1, -OLDEST_START))),
    st.tuples(st.just("now"), st.sampled_from((-OLDEST_START - 1, -DAY, DAY))),
    st.tuples(st.just("earliest"), st.sampled_from((-1, 0, 1, 89, 90, HOUR))),
)
keys = st.one_of(st.none(), st.none(), st.sampled_from("abc"))
positions = st.integers(0, 3)


class DayMachine(RuleBasedStateMachine):
    """Runs each operation on the services and on the model. The test sets ``connection``."""

    connection: Connection

    @initialize(start_time=st.sampled_from(sorted(START_TIMES)))
    def initialize_day(self, start_time: str) -> None:
        empty_tables()
        self.clock = FakeClock(START_TIMES[start_time])
        self.dependencies = Dependencies(
            Database(self.connection),
            IdGenerator(self.clock.milliseconds),
            clock=self.clock,
            sleep=self.clock.advance,
            jitter=lambda: 0.0,
        )
        self.model = Model(
            ZoneInfo("Europe/Zagreb"), 12 * HOUR, dict.fromkeys(ENTRIES, "2026-03-02")
        )
        self.sent: dict[str, Command] = {}
        put_all(
            SERVICE,
            *(_entry(entry_id, PERSON) for entry_id in ENTRIES),
            _entry(FOREIGN_ENTRY, PERSON + 1),
        )

    @rule(seconds=st.integers(0, 4 * HOUR))
    def advance_seconds(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(hours=st.sampled_from((11, 12, 13, 24, 25)))
    def advance_hours(self, hours: int) -> None:
        self.clock.advance(hours * HOUR)

    @rule(seconds=st.integers(1, 90))
    def set_clock_back(self, seconds: int) -> None:
        self.clock.advance(-seconds)

    @rule(entry=st.sampled_from((*ENTRIES, ENTRIES[0], FOREIGN_ENTRY)), at=moments, key=keys)
    def start_on_entry(self, entry: int, at: tuple[str, int] | None, key: str | None) -> None:
        self._send(StartCommand(time_entry_id=entry, started_at=self._timestamp(at)), key)

    @rule(at=moments, key=keys)
    def start_on_service(self, at: tuple[str, int] | None, key: str | None) -> None:
        self._send(StartCommand(service_id=SERVICE.id, started_at=self._timestamp(at)), key)

    @precondition(lambda self: self.model.running)
    @rule(at=moments, key=keys)
    def switch_within_entry(self, at: tuple[str, int] | None, key: str | None) -> None:
        running = self.model.running
        assert running is not None
        self._send(StartCommand(time_entry_id=running.entry, started_at=self._timestamp(at)), key)

    @precondition(lambda self: self.model.sessions)
    @rule(position=positions, at=moments, key=keys)
    def stop(self, position: int, at: tuple[str, int] | None, key: str | None) -> None:
        sessions = self.model.sessions
        session = sessions[-1 - position % len(sessions)]
        self._send(StopCommand(session.id, stopped_at=self._timestamp(at)), key)

    @precondition(lambda self: any(session.reason for session in self.model.sessions))
    @rule(position=positions, earlier=st.sampled_from((-1, 0, 1, 600, 13 * HOUR)), key=keys)
    def correct_stop(self, position: int, earlier: int, key: str | None) -> None:
        stopped = [
            session
            for session in self.model.sessions
            if session.reason and session.stop is not None
        ]
        session = stopped[-1 - position % len(stopped)]
        assert session.stop is not None
        self._send(StopCommand(session.id, stopped_at=session.stop - earlier), key)

    @rule(entry=st.sampled_from((*ENTRIES, FOREIGN_ENTRY)), at=moments, key=keys)
    def stop_by_entry(self, entry: int, at: tuple[str, int] | None, key: str | None) -> None:
        self._send(StopCommand(time_entry_id=entry, stopped_at=self._timestamp(at)), key)

    @precondition(lambda self: self.sent)
    @rule(position=positions)
    def retry(self, position: int) -> None:
        key = sorted(self.sent)[position % len(self.sent)]
        self._send(self.sent[key], key)

    @rule()
    def auto_stop(self) -> None:
        expected = self.model.auto_stop(self._now)
        report = AutoStop(self.dependencies).run()
        assert (report.found, report.stopped, report.complete) == (expected, expected, True)

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        assert violations(self.connection) == []
        snapshot = SnapshotReader(self.connection).read_all()[ZAGREB.id, PERSON]
        assert [_to_session(timer) for timer in snapshot.timers] == self.model.sessions
        assert {entry.id: entry.date for entry in snapshot.entries.values()} == self.model.entries
        for entry in snapshot.entries.values():
            seconds = self.model.worked(entry.id)
            assert (entry.tracked_seconds, entry.time) == (seconds, (seconds + 30) // 60)
            self._check_latest_session(entry)

    def _check_latest_session(self, entry: TimeEntry) -> None:
        latest = self.model.latest_on(entry.id)
        if latest is not None:
            assert (entry.timer_started_at, entry.timer_stopped_at) == (latest.start, latest.stop)

    @property
    def _now(self) -> int:
        return int(self.clock.timestamp)

    def _timestamp(self, at: tuple[str, int] | None) -> int | None:
        if at is None:
            return None
        base, offset = at
        return offset + (self._now if base == "now" else self.model.earliest or self._now)

    def _send(self, command: Command, key: str | None) -> None:
        """Run the command on the model and the service, and compare the responses.

        Only a successful response makes the model store the key.
        """
        try:
            expected: ExpectedResult | Refusal = self._run_on_model(command, key)
        except Refusal as refusal:
            expected = refusal
        actual = self._run_on_service(command, key)
        if isinstance(expected, Refusal):
            assert isinstance(actual, Refusal), actual
            assert actual == expected
            return
        assert isinstance(actual, Result), actual
        if expected.session.id == 0:
            self._store_ids(expected.session, actual.outcome.timer)
        assert _to_result(actual) == expected
        if key is not None and not expected.replayed:
            self.model.store(self._now, key, command, expected)
            self.sent[key] = command

    def _run_on_model(self, command: Command, key: str | None) -> ExpectedResult:
        replayed = self.model.replayed(self._now, key, command)
        if replayed is not None:
            return replayed
        if isinstance(command, StartCommand):
            return self.model.start(self._now, command.time_entry_id, command.started_at)
        if command.time_entry_id is not None:
            session = self.model.latest_on(command.time_entry_id)
        else:
            session = next(
                session for session in self.model.sessions if session.id == command.timer_id
            )
        return self.model.stop(self._now, session, command.stopped_at)

    def _run_on_service(self, command: Command, key: str | None) -> Result[TimerOutcome] | Refusal:
        options = NO_OPTIONS
        if key is not None:
            fingerprint = fingerprint_of(repr(command).encode())
            digest = fingerprint_of(key.encode())
            options = WriteOptions(IdempotencyKey(ZAGREB.id, PERSON, digest, fingerprint))
        try:
            if isinstance(command, StartCommand):
                return Timers(self.dependencies).start(CALLER, command, options)
            return Timers(self.dependencies).stop(CALLER, command, options)
        except StintError as error:
            meta: Any = error.meta or {}
            pointer = (error.source or {}).get("pointer")
            return Refusal(error.code, pointer, meta.get("earliest_started_at"))

    def _store_ids(self, session: Session, timer: Timer) -> None:
        """Store the ids that the service generates, and check that timer ids increase."""
        assert timer.id > max(session.id for session in self.model.sessions)
        session.id = timer.id
        if session.entry == 0:
            assert timer.time_entry_id not in self.model.entries
            session.entry = timer.time_entry_id
            self.model.entries[session.entry] = self.model.date(session.start)


def _entry(entry_id: int, person_id: int) -> TimeEntry:
    return TimeEntry(
        entry_id,
        ZAGREB.id,
        person_id,
        SERVICE.id,
        "2026-03-02",
        MONDAY_NINE,
        MONDAY_NINE,
        person_id,
    )


def _to_session(timer: Timer) -> Session:
    reason = None if timer.stop_reason is None else str(timer.stop_reason)
    return Session(
        timer.id,
        timer.time_entry_id,
        timer.started_at,
        timer.auto_stop_at,
        timer.stopped_at,
        reason,
    )


def _to_result(result: Result[TimerOutcome]) -> ExpectedResult:
    outcome = result.outcome
    return ExpectedResult(
        _to_session(outcome.timer),
        outcome.stopped_timer_id,
        outcome.already_stopped,
        result.replayed,
    )


def test_random_operations_match_the_reference_model(connection: Connection) -> None:
    DayMachine.connection = connection
    run_state_machine_as_test(DayMachine, settings=bounded(35, steps=20))
