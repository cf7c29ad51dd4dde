"""Many at once on few people, in bad weather: contract sections 3, 4, 8 and 9.

32 threads, each with a clock and ids of its own as Lambda containers have, start, switch, stop,
repeat and sweep for a bounded number of acts. What they do is drawn from a seed; how they
interleave is not. STINT_RACES multiplies the number of acts.
"""

import os
import random
import secrets
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.directory import Caller, Organization, Role
from chalicelib.domain.errors import (
    Conflict,
    OverlapsSession,
    RecordNotFound,
    StintError,
    Unavailable,
)
from chalicelib.domain.idempotency import RequestKey, digest_of
from chalicelib.domain.ids import IdSource
from chalicelib.domain.timers import StopReason, TimeEntry, Timer
from chalicelib.services.settling import Answer
from chalicelib.services.sweeping import SweepReport, sweep
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox
from chalicelib.store.store import Store
from tests.support.books import TimerKey, key_of, timers, violations
from tests.support.chaos import Weather, intercepted
from tests.support.clock import MINUTE, MONDAY_NINE
from tests.support.engine import ENDPOINT
from tests.support.expiry import keep_expired
from tests.support.world import (
    ADMIN,
    DESIGN,
    DEVELOPMENT,
    FOREIGN_SERVICE,
    KOLKATA,
    MEMBER,
    OTHER_MEMBER,
    STRANGER,
    ZAGREB,
    put_all,
)

pytestmark = pytest.mark.usefixtures("world")

TIMES = int(os.environ.get("STINT_RACES", "1"))
THREADS = 32
ACTS = 4
"""Of each thread, and of each run."""

LIMIT = 2 * MINUTE
"""After which a timer counts as forgotten: short, so that the sweep finds some in every run."""

REFUSALS = (OverlapsSession, RecordNotFound)
"""What a caller may be told who was too late, or asked about nothing."""


def _caller(organization: Organization, person_id: int, role: Role) -> Caller:
    return Caller(replace(organization, auto_stop_after=LIMIT), person_id, role)


CALLERS = (
    _caller(ZAGREB, ADMIN, Role.ADMIN),
    _caller(ZAGREB, MEMBER, Role.MEMBER),
    _caller(ZAGREB, OTHER_MEMBER, Role.MEMBER),
    _caller(KOLKATA, STRANGER, Role.ADMIN),
)
ENTRIES = {caller.person_id: (900 + 2 * i, 901 + 2 * i) for i, caller in enumerate(CALLERS)}
SERVICES = {ZAGREB.id: (DESIGN, DEVELOPMENT), KOLKATA.id: (FOREIGN_SERVICE,)}

Command = StartTimer | StopTimer


@pytest.fixture(autouse=True)
def entries(connection: Connection) -> None:
    """Two entries for each of the four, so that everybody can switch between and within."""
    keep_expired(connection)
    put_all(
        *(
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
        )
    )


class SharedClock:
    """The one true time, moved by whoever acts."""

    def __init__(self) -> None:
        self._instant = MONDAY_NINE
        self._lock = threading.Lock()

    def __call__(self) -> int:
        return self._instant

    def advance(self, seconds: int) -> None:
        with self._lock:
            self._instant += seconds


@dataclass(frozen=True)
class Request:
    caller: Caller
    command: Command
    key: RequestKey | None = None


@dataclass(frozen=True)
class Heard:
    """What a caller got: an answer, or an error."""

    request: Request
    answer: Answer | None
    error: StintError | None = None


@dataclass
class Run:
    """What all threads share. Appending to a list is atomic."""

    clock: SharedClock = field(default_factory=SharedClock)
    heard: list[Heard] = field(default_factory=list)
    keyed: list[Request] = field(default_factory=list)
    seen: list[tuple[Caller, int]] = field(default_factory=list)
    reports: list[SweepReport] = field(default_factory=list)

    def send(self, tools: Toolbox, request: Request) -> Answer | None:
        """Do it, and remember what was heard. Anything but the contract's errors is a failure."""
        command = request.command
        try:
            if isinstance(command, StartTimer):
                answer = start_timer(tools, request.caller, command, request.key)
                self.seen.append((request.caller, answer.outcome.timer.id))
            else:
                answer = stop_timer(tools, request.caller, command, request.key)
        except (Conflict, Unavailable, *REFUSALS) as error:
            self.heard.append(Heard(request, None, error))
            return None
        self.heard.append(Heard(request, answer))
        return answer


class Phone:
    """One thread: a container of its own, which draws what it does."""

    def __init__(self, run: Run, store: Store, seed: str) -> None:
        self.run = run
        self.random = random.Random(seed)  # noqa: S311
        skew = self.random.choice((-1, 0, 0, 1))

        def clock() -> int:
            return run.clock() + skew

        self.tools = Toolbox(
            store,
            IdSource(lambda: clock() * 1000, self.random.getrandbits),
            clock=clock,
            pause=lambda seconds: time.sleep(seconds / 20),
            jitter=self.random.random,
        )

    def act(self) -> None:
        """Whatever comes to mind."""
        self.run.clock.advance(self.random.choice((0, 0, 1, 20, 60)))
        (act,) = self.random.choices(
            (self._start, self._stop, self._say_when, self._repeat, self._sweep),
            weights=(38, 22, 12, 18, 10),
        )
        act()

    def _start(self) -> None:
        caller = self.random.choice(CALLERS)
        command = StartTimer(time_entry_id=self.random.choice(ENTRIES[caller.person_id]))
        kind = self.random.randrange(6)
        if kind == 0:
            command = StartTimer(service_id=self.random.choice(SERVICES[caller.organization.id]))
        elif kind == 1:
            late = self.random.choice((0, 5, 60))
            command = replace(command, started_at=self.tools.now() - late)
        elif kind == 2 and caller.organization.id == ZAGREB.id:
            # Somebody else's work, started by the admin.
            command = replace(command, person_id=caller.person_id)
            caller = CALLERS[0]
        self._send(caller, command)

    def _stop(self) -> None:
        if self.random.randrange(3) == 0:
            caller = self.random.choice(CALLERS)
            entry_id = self.random.choice(ENTRIES[caller.person_id])
            self._send(caller, StopTimer(time_entry_id=entry_id))
        elif self.run.seen:
            caller, timer_id = self.random.choice(self.run.seen[-12:])
            self._send(caller, StopTimer(timer_id))

    def _say_when(self) -> None:
        # Of a timer that another start or the sweep has stopped, this moves the stop.
        if self.run.seen:
            caller, timer_id = self.random.choice(self.run.seen[-40:])
            earlier = self.tools.now() - self.random.choice((0, 10, 60, 200))
            self._send(caller, StopTimer(timer_id, stopped_at=earlier))

    def _repeat(self) -> None:
        if self.run.keyed:
            self.run.send(self.tools, self.random.choice(self.run.keyed[-20:]))
        else:
            self._start()

    def _sweep(self) -> None:
        self.run.reports.append(sweep(self.tools))

    def _send(self, caller: Caller, command: Command) -> None:
        if self.random.randrange(2):
            self.run.send(self.tools, Request(caller, command))
            return
        request = Request(caller, command, _key(caller, command, self.random.randbytes(8)))
        # Others may repeat it before it is answered, and before it is sent.
        self.run.keyed.append(request)
        self.run.send(self.tools, request)


def _key(caller: Caller, command: Command, key: bytes) -> RequestKey:
    return RequestKey(
        caller.organization.id, caller.person_id, digest_of(key), digest_of(repr(command).encode())
    )


def _weather(seed: str) -> Weather:
    # moto knows no ClientRequestToken: a transaction whose answer was lost would count twice there.
    return Weather(seed, conflicts=12, stale=60, lost=0 if ENDPOINT is None else 6)


def _all_at_once(act: Callable[[int], None]) -> None:
    together = threading.Barrier(THREADS)

    def begin(number: int) -> None:
        together.wait()
        act(number)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(begin, range(THREADS)))


SEEDS = ("nine on a Monday", "a train through a tunnel", f"random {secrets.token_hex(4)}")


# The id of a test should not change from run to run: collectors compare them.
@pytest.mark.parametrize("seed", SEEDS, ids=("monday", "tunnel", "random"))
def test_whatever_happens_at_once_the_books_are_right(
    seed: str, store: Store, connection: Connection
) -> None:
    run = Run()
    weather = _weather(seed)

    def phone(number: int) -> None:
        own = Phone(run, store, f"{seed}/{number}")
        for _ in range(ACTS * TIMES):
            own.act()

    with intercepted(connection, weather.wrap):
        _all_at_once(phone)
    said = f"seed {seed!r}: {_summary(run, weather)}"
    print(said)  # noqa: T201 - pytest shows it where the test fails
    assert weather.happened["conflicts"], said
    assert violations(connection) == [], said
    kept = timers(connection)
    _check_starts(run, kept)
    _check_stops(run, kept)
    _check_keys(run)
    _check_switches(kept)


def _summary(run: Run, weather: Weather) -> str:
    errors = Counter(type(it.error).__name__ for it in run.heard if it.error)
    swept = sum(report.stopped for report in run.reports)
    return (
        f"{len(run.heard)} requests, {dict(errors)}, {dict(weather.happened)}, "
        f"{sum(it.answer.replayed for it in run.heard if it.answer)} replayed, {swept} swept"
    )


def _check_starts(run: Run, kept: dict[TimerKey, Timer]) -> None:
    """Every timer that was answered is there, as answered; no other is, but where nobody knows."""
    answered: set[TimerKey] = set()
    in_doubt = 0
    settled = {it.request.key for it in run.heard if it.answer and it.request.key}
    for heard in run.heard:
        command = heard.request.command
        if not isinstance(command, StartTimer):
            continue
        if heard.answer is None:
            # Of all errors, only this one leaves open whether it was done.
            in_doubt += isinstance(heard.error, Unavailable) and heard.request.key not in settled
            continue
        outcome = heard.answer.outcome
        timer = kept[key_of(outcome.timer)]
        assert outcome.timer == replace(timer, stopped_at=None, stop_reason=None, version=1)
        assert timer.person_id == (command.person_id or heard.request.caller.person_id)
        assert command.time_entry_id in (None, timer.time_entry_id)
        answered.add(key_of(timer))
        if outcome.stopped_timer_id is not None:
            stopped = timer.organization_id, outcome.stopped_timer_id
            _check_superseded(kept[stopped], timer.started_at)
    assert len(kept.keys() - answered) <= in_doubt


def _check_superseded(timer: Timer, by: int) -> None:
    stop = min(by, timer.auto_stop_at)
    assert timer.stopped_at is not None
    assert timer.stopped_at == stop or (timer.stop_reason is None and timer.stopped_at < stop)


def _check_stops(run: Run, kept: dict[TimerKey, Timer]) -> None:
    """Every stop that was answered is there, as answered, unless an earlier one replaced it."""
    by_hand: Counter[TimerKey] = Counter()
    for heard in run.heard:
        if heard.answer is None or isinstance(heard.request.command, StartTimer):
            continue
        outcome = heard.answer.outcome
        answered, timer = outcome.timer, kept[key_of(outcome.timer)]
        assert answered.stopped_at is not None
        if answered.stop_reason is None:
            # The first stop by hand wins, and is final.
            assert timer == answered
        elif timer != answered:
            assert outcome.already_stopped
            assert timer.stop_reason is None
            assert timer.stopped_at is not None
            assert timer.stopped_at < answered.stopped_at
        by_hand[key_of(timer)] += not outcome.already_stopped and not heard.answer.replayed
    assert all(times <= 1 for times in by_hand.values()), by_hand


def _check_keys(run: Run) -> None:
    """A key has one effect, and everybody who used it hears of the same."""
    by_key: dict[RequestKey, list[Heard]] = defaultdict(list)
    for heard in run.heard:
        if heard.request.key is not None:
            by_key[heard.request.key].append(heard)
    assert any(len(all_heard) > 1 for all_heard in by_key.values())
    effects = Counter[TimerKey]()
    for all_heard in by_key.values():
        answers = [heard.answer for heard in all_heard if heard.answer]
        assert len({answer.outcome for answer in answers}) <= 1
        first = sum(not answer.replayed for answer in answers)
        in_doubt = any(isinstance(heard.error, Unavailable) for heard in all_heard)
        assert first <= 1
        assert first == 1 or in_doubt or not answers
        for heard in all_heard[:1]:
            if answers and isinstance(heard.request.command, StartTimer):
                effects[key_of(answers[0].outcome.timer)] += 1
    assert all(times == 1 for times in effects.values()), "two keys, one timer"


def _check_switches(kept: dict[TimerKey, Timer]) -> None:
    """Whatever a start has stopped ends at the very second at which that start begins."""
    begins = {(timer.person_id, timer.started_at) for timer in kept.values()}
    for timer in kept.values():
        if timer.stop_reason is StopReason.SUPERSEDED:
            assert (timer.person_id, timer.stopped_at) in begins


@pytest.mark.parametrize("command", [StartTimer(time_entry_id=902), StartTimer(service_id=DESIGN)])
def test_one_key_sent_by_all_at_once_starts_one_timer(
    store: Store, connection: Connection, command: StartTimer
) -> None:
    run = Run()
    request = Request(CALLERS[1], command, _key(CALLERS[1], command, b"tap"))
    with intercepted(connection, _weather("taps").wrap):
        _all_at_once(lambda number: _again(run, store, request, f"taps/{number}"))
    assert violations(connection) == []
    answers = [heard.answer for heard in run.heard if heard.answer]
    assert answers
    assert len({answer.outcome for answer in answers}) == 1
    assert timers(connection).keys() == {key_of(answers[0].outcome.timer)}


def _again(run: Run, store: Store, request: Request, seed: str) -> None:
    run.send(Phone(run, store, seed).tools, request)


def test_stops_by_hand_and_sweeps_at_once_stop_a_timer_once(
    store: Store, connection: Connection
) -> None:
    run = Run()
    limits = {}
    for caller in CALLERS:
        command = StartTimer(time_entry_id=ENTRIES[caller.person_id][0])
        answer = run.send(Phone(run, store, "").tools, Request(caller, command))
        assert answer is not None
        limits[key_of(answer.outcome.timer)] = answer.outcome.timer.auto_stop_at
    run.clock.advance(2 * LIMIT)
    weather = _weather("sweeps")

    def act(number: int) -> None:
        own = Phone(run, store, f"sweeps/{number}")
        if number % 2:
            run.reports.append(sweep(own.tools))
        else:
            caller, timer_id = run.seen[number // 2 % len(CALLERS)]
            run.send(own.tools, Request(caller, StopTimer(timer_id)))

    with intercepted(connection, weather.wrap):
        _all_at_once(act)
    # In the worst weather each was told to come again; whoever does, finishes it.
    assert sweep(Phone(run, store, "").tools).left == 0
    assert violations(connection) == []
    _check_stops(run, kept := timers(connection))
    for timer in kept.values():
        assert timer.version == 2
        assert timer.stopped_at is not None
        if timer.stop_reason is None:
            assert timer.stopped_at > limits[key_of(timer)]
        else:
            assert (timer.stop_reason, timer.stopped_at) == (StopReason.AUTO, limits[key_of(timer)])
