"""Concurrent callers: their seeded random requests, and the checks of all responses."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import (
    Conflict,
    OverlapsSession,
    RecordNotFound,
    StintError,
    Unavailable,
)
from chalicelib.core.idempotency import IdempotencyKey, fingerprint_of
from chalicelib.core.ids import IdGenerator
from chalicelib.core.permissions import Caller
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import WriteOptions
from chalicelib.dynamodb.database import Database
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Role
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.auto_stop import AutoStop, AutoStopReport
from chalicelib.timers.model import StopReason, Timer, TimerOutcome
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.clock import MINUTE, MONDAY_NINE
from tests.support.engine import ENDPOINT
from tests.support.fault_injection import RandomFaults
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    DEVELOPMENT,
    FOREIGN_SERVICE,
    KOLKATA,
    MEMBER,
    OTHER_MEMBER,
    STRANGER,
    ZAGREB,
)
from tests.support.invariants import TimerKey, key_of

THREADS = 32

LIMIT = 2 * MINUTE
"""Seconds until a timer is overdue. It is short, so that auto-stop stops timers in every run."""

REFUSALS = (OverlapsSession, RecordNotFound)
"""Errors that are valid responses to a late request or to a request for a missing record."""


def _caller(organization: Organization, person_id: int, role: Role) -> Caller:
    return Caller(replace(organization, auto_stop_after=LIMIT), person_id, role)


CALLERS = (
    _caller(ZAGREB, ADMIN, Role.ADMIN),
    _caller(ZAGREB, MEMBER, Role.MEMBER),
    _caller(ZAGREB, OTHER_MEMBER, Role.MEMBER),
    _caller(KOLKATA, STRANGER, Role.ADMIN),
)
ENTRIES = {
    caller.person_id: (900 + 2 * number, 901 + 2 * number) for number, caller in enumerate(CALLERS)
}
SERVICES = {ZAGREB.id: (DESIGN, DEVELOPMENT), KOLKATA.id: (FOREIGN_SERVICE,)}

Command = StartCommand | StopCommand


def time_entries() -> list[TimeEntry]:
    """Return two entries for each of the four people, so that they can switch between entries."""
    return [
        TimeEntry(
            entry_id,
            caller.organization.id,
            caller.person_id,
            SERVICES[caller.organization.id][0],
            "2026-03-02",
            MONDAY_NINE,
            MONDAY_NINE,
            caller.person_id,
        )
        for caller in CALLERS
        for entry_id in ENTRIES[caller.person_id]
    ]


class SharedClock:
    """A clock that all threads share and advance. Its values are Unix times in seconds."""

    def __init__(self) -> None:
        self._timestamp = MONDAY_NINE
        self._lock = threading.Lock()

    def __call__(self) -> int:
        return self._timestamp

    def advance(self, seconds: int) -> None:
        with self._lock:
            self._timestamp += seconds


@dataclass(frozen=True)
class Request:
    caller: Caller
    command: Command
    key: IdempotencyKey | None = None


@dataclass(frozen=True)
class RequestResult:
    """The result of a request: a response or an error."""

    request: Request
    response: Result[TimerOutcome] | None
    error: StintError | None = None


@dataclass
class Run:
    """The state that all threads share. Appending to a list is atomic."""

    clock: SharedClock = field(default_factory=SharedClock)
    results: list[RequestResult] = field(default_factory=list)
    keyed: list[Request] = field(default_factory=list)
    seen: list[tuple[Caller, int]] = field(default_factory=list)
    reports: list[AutoStopReport] = field(default_factory=list)

    def send(self, dependencies: Dependencies, request: Request) -> Result[TimerOutcome] | None:
        """Send a request and record its result. Any error outside the contract fails the test."""
        command, options = request.command, WriteOptions(request.key)
        try:
            if isinstance(command, StartCommand):
                response = Timers(dependencies).start(request.caller, command, options)
                self.seen.append((request.caller, response.outcome.timer.id))
            else:
                response = Timers(dependencies).stop(request.caller, command, options)
        except (Conflict, Unavailable, *REFUSALS) as error:
            self.results.append(RequestResult(request, None, error))
            return None
        self.results.append(RequestResult(request, response))
        return response


class VirtualUser:
    """A virtual user: one thread with separate dependencies, which sends random requests."""

    def __init__(self, run: Run, database: Database, seed: str) -> None:
        self.run = run
        self.random = random.Random(seed)  # noqa: S311
        skew = self.random.choice((-1, 0, 0, 1))

        def clock() -> int:
            return run.clock() + skew

        self.dependencies = Dependencies(
            database,
            IdGenerator(lambda: clock() * 1000, self.random.getrandbits),
            clock=clock,
            sleep=lambda seconds: time.sleep(seconds / 20),
            jitter=self.random.random,
        )

    def act(self) -> None:
        """Advance the clock and do a random operation."""
        self.run.clock.advance(self.random.choice((0, 0, 1, 20, 60)))
        (operation,) = self.random.choices(
            (self._start, self._stop, self._stop_earlier, self._repeat, self._auto_stop),
            weights=(38, 22, 12, 18, 10),
        )
        operation()

    def _start(self) -> None:
        caller = self.random.choice(CALLERS)
        command = StartCommand(time_entry_id=self.random.choice(ENTRIES[caller.person_id]))
        kind = self.random.randrange(6)
        if kind == 0:
            command = StartCommand(service_id=self.random.choice(SERVICES[caller.organization.id]))
        elif kind == 1:
            delay = self.random.choice((0, 5, 60))
            command = replace(command, started_at=self.dependencies.now() - delay)
        elif kind == 2 and caller.organization.id == ZAGREB.id:
            # The admin starts a timer for another person.
            command = replace(command, person_id=caller.person_id)
            caller = CALLERS[0]
        self._send(caller, command)

    def _stop(self) -> None:
        if self.random.randrange(3) == 0:
            caller = self.random.choice(CALLERS)
            entry_id = self.random.choice(ENTRIES[caller.person_id])
            self._send(caller, StopCommand(time_entry_id=entry_id))
        elif self.run.seen:
            caller, timer_id = self.random.choice(self.run.seen[-12:])
            self._send(caller, StopCommand(timer_id))

    def _stop_earlier(self) -> None:
        # If another start or auto-stop has stopped the timer, this corrects its stop.
        if self.run.seen:
            caller, timer_id = self.random.choice(self.run.seen[-40:])
            earlier = self.dependencies.now() - self.random.choice((0, 10, 60, 200))
            self._send(caller, StopCommand(timer_id, stopped_at=earlier))

    def _repeat(self) -> None:
        if self.run.keyed:
            self.run.send(self.dependencies, self.random.choice(self.run.keyed[-20:]))
        else:
            self._start()

    def _auto_stop(self) -> None:
        self.run.reports.append(AutoStop(self.dependencies).run())

    def _send(self, caller: Caller, command: Command) -> None:
        if self.random.randrange(2):
            self.run.send(self.dependencies, Request(caller, command))
            return
        request = Request(caller, command, key_for(caller, command, self.random.randbytes(8)))
        # Other threads may repeat the request before the response, and even before it is sent.
        self.run.keyed.append(request)
        self.run.send(self.dependencies, request)


def key_for(caller: Caller, command: Command, key: bytes) -> IdempotencyKey:
    return IdempotencyKey(
        caller.organization.id,
        caller.person_id,
        fingerprint_of(key),
        fingerprint_of(repr(command).encode()),
    )


def random_faults(seed: str) -> RandomFaults:
    """Return the random faults of a run."""
    # moto ignores ClientRequestToken: it would write a transaction with a lost response twice.
    return RandomFaults(seed, conflicts=12, stale=60, lost=0 if ENDPOINT is None else 6)


def all_at_once(act: Callable[[int], None]) -> None:
    """Call ``act`` in all threads at the same time, with the number of the thread."""
    barrier = threading.Barrier(THREADS)

    def begin(number: int) -> None:
        barrier.wait()
        act(number)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(begin, range(THREADS)))


def summary(run: Run, faults: RandomFaults) -> str:
    errors = Counter(type(result.error).__name__ for result in run.results if result.error)
    replayed = sum(result.response.replayed for result in run.results if result.response)
    auto_stopped = sum(report.stopped for report in run.reports)
    return (
        f"{len(run.results)} requests, {dict(errors)}, {dict(faults.happened)}, "
        f"{replayed} replayed, {auto_stopped} auto-stopped"
    )


def check_starts(run: Run, stored: dict[TimerKey, Timer]) -> None:
    """Check the started timers.

    Each timer in a response is stored as in the response. Other timers may exist only for requests
    whose result is unknown.
    """
    answered: set[TimerKey] = set()
    unknown = 0
    answered_keys = {
        result.request.key for result in run.results if result.response and result.request.key
    }
    for result in run.results:
        request = result.request
        command = request.command
        if not isinstance(command, StartCommand):
            continue
        if result.response is None:
            # Only after this error it is unknown whether the timer was started.
            unknown += isinstance(result.error, Unavailable) and request.key not in answered_keys
            continue
        outcome = result.response.outcome
        timer = stored[key_of(outcome.timer)]
        assert outcome.timer == replace(
            timer, stopped_at=None, stop_reason=None, edited=False, version=1
        )
        assert timer.person_id == (command.person_id or request.caller.person_id)
        assert command.time_entry_id in (None, timer.time_entry_id)
        answered.add(key_of(timer))
        if outcome.stopped_timer_id is not None:
            stopped = timer.organization_id, outcome.stopped_timer_id
            _check_superseded(stored[stopped], timer.started_at)
    assert len(stored.keys() - answered) <= unknown


def _check_superseded(timer: Timer, started_at: int) -> None:
    stop = min(started_at, timer.auto_stop_at)
    assert timer.stopped_at is not None
    assert timer.stopped_at == stop or (timer.stop_reason is None and timer.stopped_at < stop)


def check_stops(run: Run, stored: dict[TimerKey, Timer]) -> None:
    """Each stop in a response is stored as in the response, unless an earlier stop replaced it."""
    manual_stops: Counter[TimerKey] = Counter()
    for result in run.results:
        if result.response is None or isinstance(result.request.command, StartCommand):
            continue
        outcome = result.response.outcome
        answered, timer = outcome.timer, stored[key_of(outcome.timer)]
        assert answered.stopped_at is not None
        if answered.stop_reason is None:
            # The first manual stop is final.
            assert timer == answered
        elif timer != answered:
            assert outcome.already_stopped
            assert timer.stop_reason is None
            assert timer.stopped_at is not None
            assert timer.stopped_at < answered.stopped_at
        manual_stops[key_of(timer)] += not outcome.already_stopped and not result.response.replayed
    assert all(times <= 1 for times in manual_stops.values()), manual_stops


def check_keys(run: Run) -> None:
    """An idempotency key has one effect, and all requests with it get the same response."""
    by_key: dict[IdempotencyKey, list[RequestResult]] = defaultdict(list)
    for result in run.results:
        if result.request.key is not None:
            by_key[result.request.key].append(result)
    effects = Counter[TimerKey]()
    for results in by_key.values():
        responses = [result.response for result in results if result.response]
        assert len({response.outcome for response in responses}) <= 1
        first = sum(not response.replayed for response in responses)
        is_unknown = any(isinstance(result.error, Unavailable) for result in results)
        assert first <= 1
        assert first == 1 or is_unknown or not responses
        for result in results[:1]:
            if responses and isinstance(result.request.command, StartCommand):
                effects[key_of(responses[0].outcome.timer)] += 1
    assert all(times == 1 for times in effects.values()), "two keys returned the same timer"


def check_switches(stored: dict[TimerKey, Timer]) -> None:
    """A timer that a start stopped ends in the second in which the new timer starts."""
    starts = {(timer.person_id, timer.started_at) for timer in stored.values()}
    for timer in stored.values():
        if timer.stop_reason is StopReason.SUPERSEDED:
            assert (timer.person_id, timer.stopped_at) in starts


def tried(act: Callable[[], Any], *refusals: type[StintError]) -> Any:
    """Return the result of ``act``, or its error: one of ``refusals``, Conflict or Unavailable."""
    try:
        return act()
    except StintError as error:
        if not isinstance(error, (Conflict, Unavailable, *refusals)):
            raise
        return error
