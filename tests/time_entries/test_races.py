"""Manual edits and deletions of time entries, concurrent with starts and stops."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.errors import (
    AccessDenied,
    Conflict,
    InvalidAttribute,
    OverlapsSession,
    RecordNotFound,
)
from chalicelib.core.unit_of_work import Result
from chalicelib.dynamodb.database import Database
from chalicelib.people.operations import People
from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.operations import StartCommand, StopCommand, Timers
from tests.support.clock import MINUTE
from tests.support.concurrent_requests import (
    CALLERS,
    ENTRIES,
    Run,
    VirtualUser,
    all_at_once,
    random_faults,
    tried,
)
from tests.support.fault_injection import (
    WRITE,
    Fault,
    Injection,
    intercepted,
    once_before_a_write,
    throttled,
)
from tests.support.fixtures import DESIGN, DEVELOPMENT, MEMBER, OTHER_MEMBER, ZAGREB
from tests.support.invariants import timers, violations
from tests.support.table_snapshots import items
from tests.support.timer_commands import Command, DeleteCommand, EditCommand, perform

pytestmark = pytest.mark.usefixtures("concurrent_people")

BOSS, WORKER = CALLERS[0], CALLERS[1]
ENTRY, SECOND = ENTRIES[MEMBER]


class Scenario:
    """Two virtual users of one person."""

    def __init__(self, database: Database) -> None:
        self.run = Run()
        self.one, self.other = (
            VirtualUser(self.run, database, str(number)).dependencies for number in (1, 2)
        )
        self.mine, self.theirs = TimeEntries(self.one), TimeEntries(self.other)
        self.database = database

    def start(self) -> object:
        return Timers(self.other).start(WORKER, StartCommand(time_entry_id=ENTRY))

    def stop(self) -> object:
        return Timers(self.other).stop(WORKER, StopCommand(time_entry_id=ENTRY))

    def entry(self) -> TimeEntry:
        entry = self.database.get_many(ZAGREB.id, [(TimeEntry, ENTRY)]).get(TimeEntry, ENTRY)
        assert entry is not None
        return entry


@pytest.fixture
def scenario(database: Database) -> Scenario:
    return Scenario(database)


def test_stop_during_a_manual_edit_is_not_lost(scenario: Scenario, connection: Connection) -> None:
    scenario.start()
    scenario.run.clock.advance(MINUTE)
    with intercepted(connection, once_before_a_write(scenario.stop)):
        corrected = scenario.mine.update(WORKER, ENTRY, {"time": 30}).outcome
    # The edit is after the stop, so the edited time includes the session.
    assert (corrected.time, corrected.running_timer_id) == (30, None)
    assert scenario.entry() == corrected
    assert violations(connection) == []


def test_manual_edit_during_a_stop_does_not_refuse_the_stop(
    scenario: Scenario, connection: Connection
) -> None:
    scenario.start()
    scenario.run.clock.advance(MINUTE)
    correct = lambda: scenario.mine.update(WORKER, ENTRY, {"time": 30})  # noqa: E731
    with intercepted(connection, once_before_a_write(correct)):
        scenario.stop()
    # The edit is before the stop, so the session is added to the edited time.
    assert scenario.entry().time == 31
    assert violations(connection) == []


def test_concurrent_manual_edits_are_both_recorded(
    scenario: Scenario, connection: Connection
) -> None:
    other = lambda: scenario.theirs.update(BOSS, ENTRY, {"time": 10, "note": "said"})  # noqa: E731
    with intercepted(connection, once_before_a_write(other)):
        scenario.mine.update(WORKER, ENTRY, {"time": 30})
    assert (scenario.entry().time, scenario.entry().note) == (30, "said")
    revisions = [item for item in items(connection, "revision_log") if item["subject_id"] == ENTRY]
    assert len(revisions) == 2
    assert any("10" in revision["before"] and "30" in revision["after"] for revision in revisions)


def test_deletion_is_refused_when_a_timer_starts_meanwhile(
    scenario: Scenario, connection: Connection
) -> None:
    with (
        intercepted(connection, once_before_a_write(scenario.start)),
        pytest.raises(Conflict, match="is running on this time entry"),
    ):
        scenario.mine.delete(WORKER, ENTRY)
    assert scenario.entry().running_timer_id is not None
    assert violations(connection) == []


def test_start_is_refused_when_the_entry_is_deleted_meanwhile(
    scenario: Scenario, connection: Connection
) -> None:
    delete = lambda: scenario.mine.delete(WORKER, ENTRY)  # noqa: E731
    with (
        intercepted(connection, once_before_a_write(delete)),
        pytest.raises(InvalidAttribute) as error,
    ):
        scenario.start()
    assert error.value.source == {"pointer": "data/attributes/time_entry"}
    assert timers(connection) == {}
    assert violations(connection) == []


def test_start_on_a_partly_deleted_entry_is_refused(
    scenario: Scenario, connection: Connection
) -> None:
    for _ in range(45):
        scenario.start()
        scenario.run.clock.advance(1)
    scenario.stop()

    def delete_partly() -> None:
        # The second transaction, with the other timers, is throttled.
        throttle = Injection(Fault(throttled, only=WRITE), position=1, lasting=True)
        with intercepted(connection, throttle.wrap):
            scenario.mine.delete(WORKER, ENTRY)

    intrude = once_before_a_write(delete_partly)
    with intercepted(connection, intrude), pytest.raises(InvalidAttribute):
        scenario.start()
    assert len(timers(connection)) == 5
    assert violations(connection) == []
    assert PurgeDeleted(scenario.one).run().purged == 1
    assert timers(connection) == {}


def test_manual_edit_is_refused_when_the_entry_is_deleted_meanwhile(
    scenario: Scenario, connection: Connection
) -> None:
    delete = lambda: scenario.theirs.delete(WORKER, ENTRY)  # noqa: E731
    with intercepted(connection, once_before_a_write(delete)), pytest.raises(RecordNotFound):
        scenario.mine.update(WORKER, ENTRY, {"time": 30})
    assert violations(connection) == []


def test_change_of_person_is_refused_when_a_timer_starts_meanwhile(
    scenario: Scenario, connection: Connection
) -> None:
    with intercepted(connection, once_before_a_write(scenario.start)), pytest.raises(Conflict):
        scenario.mine.update(BOSS, ENTRY, {"person": OTHER_MEMBER})
    assert scenario.entry().person_id == MEMBER
    assert violations(connection) == []


def test_start_is_refused_when_the_person_of_the_entry_changes_meanwhile(
    scenario: Scenario, connection: Connection
) -> None:
    change = lambda: scenario.mine.update(BOSS, ENTRY, {"person": OTHER_MEMBER})  # noqa: E731
    with intercepted(connection, once_before_a_write(change)), pytest.raises(InvalidAttribute):
        scenario.start()
    assert scenario.entry().person_id == OTHER_MEMBER
    assert violations(connection) == []


@pytest.mark.parametrize("caller", [WORKER, BOSS])
def test_entry_creation_is_refused_when_person_is_deactivated_meanwhile(
    scenario: Scenario, connection: Connection, caller: Any
) -> None:
    before = len(items(connection, "time_entries"))
    deactivate = lambda: People(scenario.other).deactivate(BOSS, MEMBER)  # noqa: E731
    values = {"service": DESIGN, "person": MEMBER, "time": 5}
    refusal = AccessDenied if caller is WORKER else InvalidAttribute
    with intercepted(connection, once_before_a_write(deactivate)), pytest.raises(refusal):
        scenario.mine.create(caller, values)
    assert len(items(connection, "time_entries")) == before


class RandomEditor:
    """Random operations on time entries, generated from a seed."""

    def __init__(self, run: Run, database: Database, number: int) -> None:
        user = VirtualUser(run, database, f"entries/{number}")
        self.dependencies, self.random, self.number = user.dependencies, user.random, number
        self.time_entries, self.seen = TimeEntries(user.dependencies), run.seen

    def act(self) -> object:
        operations = [
            self.start,
            self.stop,
            self.edit_time,
            self.edit_date_or_service,
            self.create,
            self.clean_up,
            self.insert,
            self.edit_session,
            self.delete_session,
        ]
        if self.number % 8 == 0:
            operations += 3 * [self.delete]
        return self.random.choice(operations)()

    def start(self) -> object:
        entry_id, service_id = self.random.choice(((ENTRY, None), (SECOND, None), (None, DESIGN)))
        return self._remember(self._perform(StartCommand(entry_id, service_id, MEMBER)))

    def stop(self) -> object:
        return self._perform(StopCommand(time_entry_id=self._entry()))

    def edit_time(self) -> object:
        return self.time_entries.update(BOSS, self._entry(), {"time": self.random.randrange(90)})

    def edit_date_or_service(self) -> object:
        day = f"2026-{self.random.randrange(2, 4):02d}-{self.random.randrange(1, 28):02d}"
        values = self.random.choice(({"date": day}, {"service": DESIGN}, {"service": DEVELOPMENT}))
        return self.time_entries.update(BOSS, self._entry(), values)

    def create(self) -> object:
        return self.time_entries.create(BOSS, {"service": DEVELOPMENT, "person": MEMBER})

    def insert(self) -> object:
        start = self.dependencies.now() - self.random.choice((5, 60, 600))
        stop = start + self.random.choice((0, 5, 60))
        command = StartCommand(self._entry(), None, MEMBER, started_at=start, stopped_at=stop)
        return self._remember(self._perform(command))

    def edit_session(self) -> object:
        now = self.dependencies.now()
        edits = ({"stopped_at": now - 5}, {"stopped_at": None}, {"time_entry_id": self._entry()})
        return self._perform(EditCommand(self._timer(), **self.random.choice(edits)))

    def delete_session(self) -> object:
        return self._perform(DeleteCommand(self._timer()))

    def clean_up(self) -> object:
        return AutoStop(self.dependencies).run(), PurgeDeleted(self.dependencies).run()

    def delete(self) -> object:
        self.time_entries.delete(BOSS, SECOND)
        return None

    def _entry(self) -> int:
        return self.random.choice((ENTRY, SECOND))

    def _timer(self) -> int:
        """One of the last timers."""
        return self.random.choice([timer_id for _, timer_id in self.seen[-8:]] or [1])

    def _perform(self, command: Command) -> Result[Any]:
        return perform(self.dependencies, BOSS, command)

    def _remember(self, result: Result[Any]) -> Result[Any]:
        self.seen.append((BOSS, result.outcome.timer.id))
        return result


def test_random_concurrent_edits_keep_all_invariants(
    database: Database, connection: Connection
) -> None:
    run = Run()
    outcomes: Counter[str] = Counter()

    def act(number: int) -> None:
        editor = RandomEditor(run, database, number)
        for _ in range(5):
            run.clock.advance(editor.random.choice((0, 1, 20)))
            result = tried(editor.act, RecordNotFound, InvalidAttribute, OverlapsSession)
            outcomes[type(result).__name__] += 1

    with intercepted(connection, random_faults("entries").wrap):
        all_at_once(act)
    assert outcomes["Result"], outcomes
    assert violations(connection) == []
    # Without faults, all remaining entries can be deleted, with their timers and counters.
    dependencies = VirtualUser(run, database, "").dependencies
    for entry_id in {entry["id"] for entry in items(connection, "time_entries")}:
        stop = StopCommand(time_entry_id=entry_id)
        tried(partial(Timers(dependencies).stop, BOSS, stop), RecordNotFound)
        tried(partial(TimeEntries(dependencies).delete, BOSS, entry_id), RecordNotFound)
    while PurgeDeleted(dependencies).run().purged:
        pass
    assert violations(connection) == []
    assert [timer for timer in timers(connection).values() if timer.person_id == MEMBER] == []


def test_timer_started_during_manual_edit_sets_track_method_both(
    scenario: Scenario, connection: Connection
) -> None:
    created = scenario.mine.create(WORKER, {"service": DESIGN, "time": 5}).outcome
    start = lambda: Timers(scenario.other).start(  # noqa: E731
        WORKER, StartCommand(time_entry_id=created.id)
    )
    with intercepted(connection, once_before_a_write(start)):
        corrected = scenario.mine.update(WORKER, created.id, {"time": 6}).outcome
    assert corrected.track_method is TrackMethod.BOTH
    assert corrected.time == 6
    assert violations(connection) == []
