"""Every act on time entries, with a fault at each of its calls: contract sections 7 and 8.

After each fault all or nothing is written, and the caller was told the truth; after a retry it is
what one act has made of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.directory import Caller, Role
from chalicelib.domain.errors import Conflict, RecordNotFound, StintError, Unavailable
from chalicelib.domain.idempotency import RequestKey, digest_of
from chalicelib.domain.time_entries import MOST_TIMERS_A_STEP
from chalicelib.domain.timers import TimeEntry
from chalicelib.services.time_entries import TimeEntries
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox
from tests.faults.test_faults import FAULTS, RELIES_ON_TOKENS
from tests.support.books import violations
from tests.support.chaos import WRITE, Injection, Killed, intercepted
from tests.support.clock import MINUTE, MONDAY_NINE, FakeClock
from tests.support.engine import ENDPOINT
from tests.support.tables import items
from tests.support.world import DESIGN, MEMBER, ZAGREB, World, put_all

CALLER = Caller(ZAGREB, MEMBER, Role.MEMBER)
READ, QUERY = "BatchGetItem", "Query"

State = tuple[object, ...]


@dataclass(frozen=True)
class Act:
    """Something that is done to an entry, which has so many sessions, and the calls it takes."""

    do: Callable[[TimeEntries, int, RequestKey], object]
    calls: tuple[str, ...]
    sessions: int = 0


def _create(verbs: TimeEntries, entry_id: int, key: RequestKey) -> object:
    return verbs.create(CALLER, {"service": DESIGN, "time": 5, "note": f"for {entry_id}"}, key)


def _correct(verbs: TimeEntries, entry_id: int, key: RequestKey) -> object:
    del key
    return verbs.change(CALLER, entry_id, {"time": 30, "date": "2026-03-05", "note": "said"})


def _delete(verbs: TimeEntries, entry_id: int, key: RequestKey) -> object:
    del key
    verbs.delete(CALLER, entry_id)
    return None


ACTS = {
    "create": Act(_create, (READ, WRITE)),
    "correct": Act(_correct, (READ, WRITE), sessions=1),
    "delete": Act(_delete, (READ, WRITE)),
    "delete with timers": Act(_delete, (READ, QUERY, READ, WRITE), sessions=2),
    "delete with many timers": Act(
        _delete, (READ, QUERY, READ, WRITE), sessions=MOST_TIMERS_A_STEP + 1
    ),
}


class Stage:
    """An entry of its own for each trial."""

    def __init__(self, act: Act, tools: Toolbox, clock: FakeClock, connection: Connection) -> None:
        self.act, self.tools, self.clock, self.connection = act, tools, clock, connection
        self.verbs = TimeEntries(tools)
        self._numbers = count(30_000)
        entry_id = self.enter()
        self.before = self.state(entry_id)
        with intercepted(connection, (calls := Injection(FAULTS["throttled"], -1)).wrap):
            self.do(entry_id)
        assert tuple(calls.calls) == act.calls
        self.after = self.state(entry_id)
        assert self.before != self.after

    def enter(self) -> int:
        entry_id = next(self._numbers)
        known = (DESIGN, "2026-03-02", MONDAY_NINE, MONDAY_NINE, MEMBER)
        put_all(TimeEntry(entry_id, ZAGREB.id, MEMBER, *known))
        for _ in range(self.act.sessions):
            start_timer(self.tools, CALLER, StartTimer(time_entry_id=entry_id))
            self.clock.advance(MINUTE)
        if self.act.sessions:
            stop_timer(self.tools, CALLER, StopTimer(time_entry_id=entry_id))
        return entry_id

    def do(self, entry_id: int) -> object:
        digest = digest_of(str(entry_id).encode())
        return self.act.do(self.verbs, entry_id, RequestKey(ZAGREB.id, MEMBER, digest, digest))

    def state(self, entry_id: int) -> State:
        """What is there of an entry, and of those that were made for it; everything adds up."""
        assert violations(self.connection) == []
        entries = [
            it
            for it in items(self.connection, "time_entries")
            if it["id"] == entry_id or it.get("note") == f"for {entry_id}"
        ]
        own = [it for it in items(self.connection, "timers") if it["time_entry_id"] == entry_id]
        kept = [it for it in items(self.connection, "revisions") if it["time_entry_id"] == entry_id]
        shown = sorted(str(_without_ids(it)) for it in entries)
        return (*shown, len(own), [(it["act"], it["before"], it["after"]) for it in kept])


def _without_ids(item: dict[str, Any]) -> dict[str, Any]:
    names = ("date", "adjusted_seconds", "tracked_seconds", "timer_count", "version")
    return {name: item[name] for name in names} | {"hidden": "deleted_at" in item}


@pytest.fixture
def stage(
    request: pytest.FixtureRequest,
    tools: Toolbox,
    clock: FakeClock,
    connection: Connection,
    world: World,
) -> Stage:
    assert world.tokens
    return Stage(ACTS[request.param], tools, clock, connection)


MANY = "delete with many timers"
OF_MANY = ("throttled", "silent, but written", "killed after")
"""What is tried of the act that takes long to prepare; its calls are those of another one."""


@pytest.mark.parametrize(
    ("stage", "name", "lasting"),
    [
        (act, name, lasting)
        for act in ACTS
        for name in FAULTS
        for lasting in (False, True)
        if act != MANY or (name in OF_MANY and not lasting)
    ],
    indirect=["stage"],
)
def test_a_fault_at_any_call_does_all_or_nothing(stage: Stage, name: str, lasting: bool) -> None:
    fault = FAULTS[name]
    if ENDPOINT is None and name == "silent, but written" and stage.act.do is not _create:
        pytest.skip(RELIES_ON_TOKENS)
    positions = [call for call in stage.act.calls if fault.only in (None, call)]
    for position in range(len(positions)):
        entry_id = stage.enter()
        injection = Injection(fault, position, lasting)
        error: BaseException | None = None
        try:
            with intercepted(stage.connection, injection.wrap):
                stage.do(entry_id)
        except (Conflict, Unavailable, Killed) as caught:
            error = caught
        assert injection.struck
        state = stage.state(entry_id)
        if error is None:
            assert state == stage.after
        else:
            written = fault.sent and WRITE in injection.struck
            assert state == (stage.after if written else stage.before)
            assert isinstance(error, Killed) or (
                isinstance(error, StintError) and error.retry_after
            )
        _retry(stage, entry_id)
        assert stage.state(entry_id) == stage.after


def _retry(stage: Stage, entry_id: int) -> None:
    try:
        stage.do(entry_id)
    except RecordNotFound:
        # Deleted is deleted, whoever was told.
        assert stage.act.do is _delete
