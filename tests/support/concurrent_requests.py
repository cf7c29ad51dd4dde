"""Concurrent callers: their seeded random requests. Their checks: ``request_checks.py``."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import (
    Conflict,
    InvalidAttribute,
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
from chalicelib.timers.operations import StartCommand, StopCommand
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
from tests.support.timer_commands import Command, DeleteCommand, EditCommand, perform

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
    response: Result[Any] | None
    error: StintError | None = None


@dataclass
class Run:
    """The state that all threads share. Appending to a list is atomic.

    ``refusals`` are valid responses to every request. An edit may be invalid too, such as a stop
    before the start.
    """

    clock: SharedClock = field(default_factory=SharedClock)
    results: list[RequestResult] = field(default_factory=list)
    keyed: list[Request] = field(default_factory=list)
    seen: list[tuple[Caller, int]] = field(default_factory=list)
    reports: list[AutoStopReport] = field(default_factory=list)
    refusals: tuple[type[StintError], ...] = REFUSALS
    deleted_entries: set[int] = field(default_factory=set)

    def send(self, dependencies: Dependencies, request: Request) -> Result[Any] | None:
        """Send a request and record its result. Any error outside the contract fails the test."""
        command, options = request.command, WriteOptions(request.key)
        refusals: tuple[type[StintError], ...] = (Conflict, Unavailable, *self.refusals)
        if isinstance(command, EditCommand):
            refusals = (*refusals, InvalidAttribute)
        try:
            response = perform(dependencies, request.caller, command, options)
        except refusals as error:
            self.results.append(RequestResult(request, None, error))
            return None
        if isinstance(command, StartCommand):
            self.seen.append((request.caller, response.outcome.timer.id))
        self.results.append(RequestResult(request, response))
        return response


class VirtualUser:
    """A virtual user: one thread with separate dependencies, which sends random requests.

    :param skew: seconds by which its clock is ahead; None: at random.
    """

    def __init__(self, run: Run, database: Database, seed: str, skew: int | None = None) -> None:
        self.run = run
        self.random = random.Random(seed)  # noqa: S311
        if skew is None:
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
            (
                self._start,
                self._stop,
                self._stop_earlier,
                self._insert,
                self._edit,
                self._delete,
                self._repeat,
                self._auto_stop,
            ),
            weights=(30, 14, 8, 10, 16, 4, 12, 6),
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

    def _insert(self) -> None:
        caller = self.random.choice(CALLERS)
        stop = self.dependencies.now() - self.random.choice((0, 10, 60, 200))
        command = StartCommand(
            time_entry_id=self.random.choice(ENTRIES[caller.person_id]),
            started_at=stop - self.random.choice((0, 10, 60)),
            stopped_at=stop,
        )
        self._send(caller, command)

    def _edit(self) -> None:
        if not self.run.seen:
            return
        caller, timer_id = self.random.choice(self.run.seen[-12:])
        now, earlier = self.dependencies.now(), self.random.choice((5, 20, 60, 200))
        length = self.random.choice((0, 5, 20, 60))
        edits = (
            EditCommand(timer_id, started_at=now - earlier),
            EditCommand(timer_id, stopped_at=now - earlier),
            EditCommand(timer_id, now - earlier - length, now - earlier),
            EditCommand(timer_id, stopped_at=None),
            EditCommand(timer_id, time_entry_id=self.random.choice(ENTRIES[caller.person_id])),
        )
        self._send(caller, self.random.choice(edits))

    def _delete(self) -> None:
        if self.run.seen:
            caller, timer_id = self.random.choice(self.run.seen[-12:])
            self._send(caller, DeleteCommand(timer_id))

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


def tried(act: Callable[[], Any], *refusals: type[StintError]) -> Any:
    """Return the result of ``act``, or its error: one of ``refusals``, Conflict or Unavailable."""
    try:
        return act()
    except StintError as error:
        if not isinstance(error, (Conflict, Unavailable, *refusals)):
            raise
        return error
