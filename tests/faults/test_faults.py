"""Every act, with a fault at each of its calls: contract sections 7, 8 and 9.

The calls of an act are found by doing it: the fault moves along until it strikes none of them.
After each fault the books are those before the act or those after it, and the caller was told the
truth; after a retry with the same key they are those of one act, down to the version of each item.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.directory import Caller, Role, Service
from chalicelib.domain.errors import Conflict, StintError, Unavailable
from chalicelib.domain.idempotency import Outcome, RequestKey, digest_of
from chalicelib.domain.timers import TimeEntry
from chalicelib.services.settling import Answer
from chalicelib.services.sweeping import sweep
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox
from infra.invariants import Books
from infra.ledger import Ledger
from tests.support.books import outline, violations_of
from tests.support.chaos import (
    WRITE,
    Fault,
    Injection,
    Killed,
    cancelled,
    intercepted,
    silent,
    throttled,
    unreachable,
)
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.engine import ENDPOINT
from tests.support.world import ZAGREB, put_all

SERVICE = Service(1294, ZAGREB.id, "Design")

FAULTS = {
    "throttled": Fault(throttled),
    "cancelled while throttled": Fault(lambda _: cancelled("ThrottlingError"), only=WRITE),
    "cancelled by a conflict": Fault(lambda _: cancelled("TransactionConflict"), only=WRITE),
    "never sent": Fault(lambda _: unreachable()),
    "silent, and not written": Fault(lambda _: silent()),
    "silent, but written": Fault(lambda _: silent(), sent=True),
    "killed before": Fault(lambda _: Killed()),
    "killed after": Fault(lambda _: Killed(), sent=True),
}
"""By what a maintainer would call them."""

ALONG_A_SWEEP = ("throttled", "killed before")
"""What is tried at each of a sweep's queries, which are alike; the others only at its write."""

PASSING = [name for name in FAULTS if not name.startswith("killed")]


@dataclass
class Person:
    """Somebody to whom nothing has happened yet, but for what an act needs."""

    number: int
    timer_id: int | None = None

    @property
    def id(self) -> int:
        return 5_000 + self.number

    @property
    def entries(self) -> tuple[int, int]:
        return 10_000 + 2 * self.number, 10_001 + 2 * self.number

    @property
    def caller(self) -> Caller:
        return Caller(ZAGREB, self.id, Role.MEMBER)


@dataclass(frozen=True)
class Act:
    """``command`` is what is sent, or None for a sweep, which nobody sends."""

    prepare: Callable[[Toolbox, FakeClock, Person], None]
    command: Callable[[Person], StartTimer | StopTimer] | None
    calls: tuple[str, ...]

    def do(self, tools: Toolbox, person: Person, key: RequestKey | None) -> Answer[Outcome] | None:
        if self.command is None:
            sweep(tools)
            return None
        command = self.command(person)
        if isinstance(command, StartTimer):
            return start_timer(tools, person.caller, command, key)
        return stop_timer(tools, person.caller, command, key)

    def starts(self, person: Person) -> bool:
        return self.command is not None and isinstance(self.command(person), StartTimer)


def _idle(tools: Toolbox, clock: FakeClock, person: Person) -> None:
    del tools, clock, person


def _working(tools: Toolbox, clock: FakeClock, person: Person) -> None:
    command = StartTimer(time_entry_id=person.entries[0])
    person.timer_id = start_timer(tools, person.caller, command).outcome.timer.id
    clock.advance(HOUR + 29)


def _forgetful(tools: Toolbox, clock: FakeClock, person: Person) -> None:
    _working(tools, clock, person)
    clock.advance(ZAGREB.auto_stop_after)


def _swept(tools: Toolbox, clock: FakeClock, person: Person) -> None:
    _forgetful(tools, clock, person)
    assert sweep(tools).stopped == 1


READ_AND_WRITE = ("BatchGetItem", WRITE)
TWO_READS_AND_WRITE = ("BatchGetItem", *READ_AND_WRITE)

ACTS = {
    "start on an entry": Act(
        _idle, lambda it: StartTimer(time_entry_id=it.entries[0]), READ_AND_WRITE
    ),
    "start on a service": Act(_idle, lambda _: StartTimer(service_id=SERVICE.id), READ_AND_WRITE),
    "switch": Act(_working, lambda it: StartTimer(time_entry_id=it.entries[1]), READ_AND_WRITE),
    "switch within an entry": Act(
        _working, lambda it: StartTimer(time_entry_id=it.entries[0]), READ_AND_WRITE
    ),
    "stop": Act(_working, lambda it: StopTimer(it.timer_id), READ_AND_WRITE),
    "stop by entry": Act(
        _working, lambda it: StopTimer(time_entry_id=it.entries[0]), TWO_READS_AND_WRITE
    ),
    "correct an automatic stop": Act(
        _swept,
        lambda it: StopTimer(it.timer_id, stopped_at=MONDAY_NINE + HOUR),
        TWO_READS_AND_WRITE,
    ),
    "sweep": Act(_forgetful, None, (*["Query"] * 8, WRITE)),
}
KEYED = [name for name, act in ACTS.items() if act.command is not None]

RELIES_ON_TOKENS = (
    "an identical resend without a key relies on ClientRequestToken, which moto ignores"
)


class Stage:
    """One act, done as often as wanted, each time by somebody new and at the same time of day."""

    _undisturbed: ClassVar[dict[Act, "Undisturbed"]] = {}

    def __init__(self, act: Act, tools: Toolbox, clock: FakeClock, connection: Connection) -> None:
        self.act, self.tools, self.clock, self.connection = act, tools, clock, connection
        self._people = count()
        put_all(SERVICE)
        if act not in self._undisturbed:
            self._undisturbed[act] = self._do_it_once()
        undisturbed = self._undisturbed[act]
        self.before, self.answer, self.after = undisturbed
        assert self.before != self.after

    def _do_it_once(self) -> "Undisturbed":
        person = self.enter()
        before = self.look()[person.id].outline
        calls = Injection(FAULTS["throttled"], position=-1)
        with intercepted(self.connection, calls.wrap):
            answer = self.act.do(self.tools, person, None)
        assert sorted(calls.calls) == sorted(self.act.calls)
        seen = self.look()[person.id]
        return before, seen.told(answer), seen.outline

    def enter(self) -> Person:
        """Somebody new, about to act."""
        person = Person(next(self._people))
        self.clock.instant = MONDAY_NINE
        put_all(
            *(
                TimeEntry(
                    entry_id,
                    ZAGREB.id,
                    person.id,
                    SERVICE.id,
                    "2026-03-02",
                    MONDAY_NINE,
                    MONDAY_NINE,
                    person.id,
                )
                for entry_id in person.entries
            )
        )
        self.act.prepare(self.tools, self.clock, person)
        return person

    def key(self, person: Person) -> RequestKey:
        digest = digest_of(b"key")
        return RequestKey(ZAGREB.id, person.id, digest, digest_of(str(person.number).encode()))

    def look(self) -> dict[int, "Seen"]:
        """Everybody's books, which must be right, by person."""
        everybody = Ledger(self.connection).read_all()
        assert violations_of(everybody) == []
        return {books.person_id: Seen(books) for books in everybody.values()}


Told = tuple[object, ...] | None
Undisturbed = tuple[dict[str, object], Told, dict[str, object]]
"""An act without a fault: the books before, what the caller was told, the books after."""


class Seen:
    """What a person's books say, but for ids."""

    def __init__(self, books: Books) -> None:
        self.outline = outline(books)
        self._timers = {timer.id: rank for rank, timer in enumerate(books.timers)}
        self._entries = {entry_id: rank for rank, entry_id in enumerate(sorted(books.entries))}

    def told(self, answer: Answer[Outcome] | None) -> Told:
        """What an answer says, but for ids. None for a sweep, which answers nobody."""
        if answer is None:
            return None
        outcome, timer = answer.outcome, answer.outcome.timer
        return (
            self._timers[timer.id],
            self._entries[timer.time_entry_id],
            timer.started_at,
            timer.stopped_at,
            timer.stop_reason,
            timer.version,
            self._timers.get(outcome.stopped_timer_id or 0),
            outcome.already_stopped,
        )


@dataclass
class Trial:
    """One fault at one call: who acted, what was struck, and what they heard, if anything."""

    person: Person
    key: RequestKey | None
    injection: Injection
    answer: Answer[Outcome] | None = None
    error: BaseException | None = None
    done: bool = False


def _struck(stage: Stage, name: str, lasting: bool, keyed: bool) -> None:
    """Move a fault along the calls of an act; each time somebody new does it, and retries."""
    fault = FAULTS[name]
    if stage.act.command is None and name not in ALONG_A_SWEEP:
        fault = replace(fault, only=WRITE)
    # Whatever it strikes, the calls before it are those of an act without faults.
    positions = [call for call in stage.act.calls if fault.only in (None, call)]
    trials = []
    for position in range(len(positions)):
        person = stage.enter()
        key = stage.key(person) if keyed else None
        trial = Trial(person, key, Injection(fault, position, lasting))
        _disturb(stage, trial)
        assert trial.injection.struck
        _check_error(name, trial.error)
        trials.append(trial)
        if stage.act.command is None:
            # A sweep is for everybody: the next one would finish what this one has left.
            _check_and_retry(stage, trials)
            trials.clear()
    _check_and_retry(stage, trials)


def _disturb(stage: Stage, trial: Trial) -> None:
    try:
        with intercepted(stage.connection, trial.injection.wrap):
            trial.answer = stage.act.do(stage.tools, trial.person, trial.key)
    except (Conflict, Unavailable, Killed) as error:
        trial.error = error


def _check_error(name: str, error: BaseException | None) -> None:
    if name.startswith("killed"):
        assert isinstance(error, Killed)
    elif error is not None:
        expected = Conflict if name == "cancelled by a conflict" else Unavailable
        assert isinstance(error, expected)
        assert isinstance(error, StintError)
        assert error.retry_after


def _check_and_retry(stage: Stage, trials: list[Trial]) -> None:
    seen = stage.look()
    for trial in trials:
        _check(stage, trial, seen[trial.person.id])
    answers = [_retry(stage, trial) for trial in trials]
    seen = stage.look()
    for trial, heard in zip(trials, answers, strict=True):
        mine = seen[trial.person.id]
        assert mine.outline == stage.after
        if trial.key is not None:
            assert {mine.told(answer) for answer in heard} == {stage.answer}
            assert [answer.replayed for answer in heard if answer] == [trial.done, True]


def _check(stage: Stage, trial: Trial, seen: Seen) -> None:
    """All or nothing, and the caller was told no lie."""
    injection = trial.injection
    trial.done = seen.outline == stage.after
    if stage.act.command is None:
        # A sweep leaves to the next what it could not stop, or did not come to.
        assert trial.done or seen.outline == stage.before
    elif trial.error is None:
        assert seen.told(trial.answer) == stage.answer
        assert trial.done
    else:
        written = injection.fault.sent and WRITE in injection.struck
        assert seen.outline == (stage.after if written else stage.before)


def _retry(stage: Stage, trial: Trial) -> list[Answer[Outcome] | None]:
    """The same request again, in good weather; with a key, once more."""
    if trial.key is None and trial.done and stage.act.starts(trial.person):
        # Without a key, another start is another start.
        return []
    return [
        stage.act.do(stage.tools, trial.person, trial.key) for _ in range(2 if trial.key else 1)
    ]


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, tools: Toolbox, clock: FakeClock, connection: Connection
) -> Stage:
    """The act that the test names."""
    return Stage(ACTS[request.param], tools, clock, connection)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("stage", KEYED, indirect=True)
def test_a_fault_at_any_call_and_a_retry_with_the_key_are_one_act(stage: Stage, name: str) -> None:
    _struck(stage, name, lasting=False, keyed=True)


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("stage", KEYED, indirect=True)
def test_a_fault_that_lasts_and_a_retry_with_the_key_are_one_act(stage: Stage, name: str) -> None:
    _struck(stage, name, lasting=True, keyed=True)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("stage", ACTS, indirect=True)
def test_a_fault_at_any_call_does_all_or_nothing_without_a_key(stage: Stage, name: str) -> None:
    if ENDPOINT is None and name == "silent, but written" and stage.act.command is not None:
        pytest.skip(RELIES_ON_TOKENS)
    _struck(stage, name, lasting=False, keyed=False)


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("stage", ["sweep"], indirect=True)
def test_a_fault_that_lasts_leaves_it_to_the_next_sweep(stage: Stage, name: str) -> None:
    _struck(stage, name, lasting=True, keyed=False)
