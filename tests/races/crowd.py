"""Who races: callers, what they draw from a seed, and what must be true of all that they heard."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.domain.directory import Caller, Organization, Role
from chalicelib.domain.errors import (
    Conflict,
    OverlapsSession,
    RecordNotFound,
    StintError,
    Unavailable,
)
from chalicelib.domain.idempotency import Outcome, RequestKey, digest_of
from chalicelib.domain.ids import IdSource
from chalicelib.domain.timers import StopReason, TimeEntry, Timer
from chalicelib.services.settling import Answer
from chalicelib.services.sweeping import SweepReport, sweep
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox
from chalicelib.store.store import Store
from tests.support.books import TimerKey, key_of
from tests.support.chaos import Weather
from tests.support.clock import MINUTE, MONDAY_NINE
from tests.support.engine import ENDPOINT
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
)

THREADS = 32

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


def time_entries() -> list[TimeEntry]:
    """Two for each of the four, so that everybody can switch between and within."""
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
    answer: Answer[Outcome] | None
    error: StintError | None = None


@dataclass
class Run:
    """What all threads share. Appending to a list is atomic."""

    clock: SharedClock = field(default_factory=SharedClock)
    heard: list[Heard] = field(default_factory=list)
    keyed: list[Request] = field(default_factory=list)
    seen: list[tuple[Caller, int]] = field(default_factory=list)
    reports: list[SweepReport] = field(default_factory=list)

    def send(self, tools: Toolbox, request: Request) -> Answer[Outcome] | None:
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
        request = Request(caller, command, key_for(caller, command, self.random.randbytes(8)))
        # Others may repeat it before it is answered, and before it is sent.
        self.run.keyed.append(request)
        self.run.send(self.tools, request)


def key_for(caller: Caller, command: Command, key: bytes) -> RequestKey:
    return RequestKey(
        caller.organization.id, caller.person_id, digest_of(key), digest_of(repr(command).encode())
    )


def weather_of(seed: str) -> Weather:
    # moto knows no ClientRequestToken: a transaction whose answer was lost would count twice there.
    return Weather(seed, conflicts=12, stale=60, lost=0 if ENDPOINT is None else 6)


def all_at_once(act: Callable[[int], None]) -> None:
    together = threading.Barrier(THREADS)

    def begin(number: int) -> None:
        together.wait()
        act(number)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(begin, range(THREADS)))


def summary(run: Run, weather: Weather) -> str:
    errors = Counter(type(it.error).__name__ for it in run.heard if it.error)
    swept = sum(report.stopped for report in run.reports)
    return (
        f"{len(run.heard)} requests, {dict(errors)}, {dict(weather.happened)}, "
        f"{sum(it.answer.replayed for it in run.heard if it.answer)} replayed, {swept} swept"
    )


def check_starts(run: Run, kept: dict[TimerKey, Timer]) -> None:
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


def check_stops(run: Run, kept: dict[TimerKey, Timer]) -> None:
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


def check_keys(run: Run) -> None:
    """A key has one effect, and everybody who used it hears of the same."""
    by_key: dict[RequestKey, list[Heard]] = defaultdict(list)
    for heard in run.heard:
        if heard.request.key is not None:
            by_key[heard.request.key].append(heard)
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


def check_switches(kept: dict[TimerKey, Timer]) -> None:
    """Whatever a start has stopped ends at the very second at which that start begins."""
    begins = {(timer.person_id, timer.started_at) for timer in kept.values()}
    for timer in kept.values():
        if timer.stop_reason is StopReason.SUPERSEDED:
            assert (timer.person_id, timer.stopped_at) in begins


def tried(act: Callable[[], Any], *refusals: type[StintError]) -> Any:
    """What it gave, or the error that it raised: one of these, or one that races may end in."""
    try:
        return act()
    except StintError as error:
        if not isinstance(error, (Conflict, Unavailable, *refusals)):
            raise
        return error
