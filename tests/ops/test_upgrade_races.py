"""The upgrade undoes nothing of what people do meanwhile, and an interrupted run continues."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.model import CounterKind, quarter_hour_counter
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb import keys
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.days import marks_of
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import PersonStateModel
from tests.ops.version_0_2_0.stage import NOW, RULE, run, shown_times
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, FakeClock, rfc3339
from tests.support.fault_injection import WRITE, Call, Killed, intercepted, throttled
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    MEMBER,
    MEMBERS_ENTRY,
    STRANGER,
    ZAGREB,
    put_all,
)
from tests.support.invariants import timers, violations
from tools.ops.upgrade_report import UpgradeReport

TIMER_KINDS = (CounterKind.STARTS, CounterKind.STOPS)


class Colleagues:
    """People who work between the reads and the writes of the upgrade."""

    def __init__(
        self, admin: Api, member: Api, stranger: Api, dependencies: Dependencies, clock: FakeClock
    ) -> None:
        self.apis = {ADMIN: admin, MEMBER: member, STRANGER: stranger}
        self.dependencies = dependencies
        self.clock = clock
        self.random = random.Random(0)  # noqa: S311
        self.statuses: list[int] = []
        self._is_working = False

    def wrap(self, real: Call) -> Call:
        """Do something before each write of the upgrade. For ``intercepted``."""

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == WRITE and not self._is_working:
                self._is_working = True
                try:
                    self.work()
                finally:
                    self._is_working = False
            return real(operation, arguments)

        return call

    def work(self) -> None:
        self.clock.advance(self.random.choice((0, 1, 60, HOUR)))
        act = self.random.choice(
            (self.start, self.stop, self.edit, self.delete_timer, self.correct, self.auto_stop)
            if self.random.random() < 0.95
            else (self.delete_entry,)
        )
        act()

    def repeat(self, act: Callable[[], None]) -> None:
        for _ in range(6):
            act()

    def start(self) -> None:
        api = self._someone()
        entry_id = self._some_entry(api)
        self.statuses.append(api.start(time_entry_id=entry_id).status)

    def stop(self) -> None:
        for api in self.apis.values():
            for timer_id in api.get("/timers?filter[stopped_at]=null").ids[:1]:
                self.statuses.append(api.stop(timer_id).status)

    def edit(self) -> None:
        """Make a session shorter, which needs no days, or move its start."""
        api, timer = self._some_timer()
        by = self.random.choice((60, -60))
        started_at = rfc3339(timer.started_at + by)
        self.statuses.append(api.edit(timer.id, started_at=started_at).status)

    def delete_timer(self) -> None:
        api, timer = self._some_timer()
        self.statuses.append(api.send("DELETE", f"/timers/{timer.id}").status)

    def delete_entry(self) -> None:
        api = self._someone()
        entry_id = self._some_entry(api)
        self.statuses.append(api.send("DELETE", f"/time_entries/{entry_id}").status)

    def correct(self) -> None:
        api = self._someone()
        entry_id = self._some_entry(api)
        time = self.random.choice((None, 10, 1000))
        self.statuses.append(api.edit_entry(entry_id, time=time).status)

    def auto_stop(self) -> None:
        AutoStop(self.dependencies).run()

    def _someone(self) -> Api:
        return self.apis[self.random.choice(sorted(self.apis))]

    def _some_entry(self, api: Api) -> str:
        ids = api.get("/time_entries?page[size]=50").ids
        return str(self.random.choice(ids or ["1"]))

    def _some_timer(self) -> tuple[Api, Timer]:
        connection = self.dependencies.database.connection
        candidates = [
            timer for timer in timers(connection).values() if timer.person_id in self.apis
        ]
        timer = self.random.choice(sorted(candidates, key=lambda timer: timer.id))
        return self.apis[timer.person_id], timer


@pytest.fixture
def colleagues(
    admin: Api, member: Api, stranger: Api, dependencies: Dependencies, clock: FakeClock
) -> Colleagues:
    return Colleagues(admin, member, stranger, dependencies, clock)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("stage")
def test_upgrade_undoes_nothing_of_what_people_do_meanwhile(
    colleagues: Colleagues, connection: Connection, dependencies: Dependencies, seed: int
) -> None:
    colleagues.random.seed(seed)
    with intercepted(connection, colleagues.wrap):
        report = run(dependencies)
    # Somebody who works at each write may be left for the next run.
    assert all("changed at each attempt" in problem for problem in report.problems), report
    assert run(dependencies).problems == []
    assert violations(connection) == []
    assert {200, 201, 204} <= set(colleagues.statuses) <= {200, 201, 204, 404, 409, 422, 503}


ACTS: dict[str, Callable[[Colleagues], object]] = {
    "stop": lambda people: people.stop(),
    "start": lambda people: people.apis[ADMIN].start(time_entry_id=ADMINS_ENTRY),
    "deletion of an entry": lambda people: [
        people.apis[MEMBER].send("DELETE", f"/time_entries/{MEMBERS_ENTRY}"),
        people.apis[ADMIN].send("DELETE", f"/time_entries/{ADMINS_ENTRY}"),
    ],
    "deletion of timers": lambda people: people.repeat(people.delete_timer),
    "edits": lambda people: people.repeat(people.edit),
    "corrected times": lambda people: people.repeat(people.correct),
}


@pytest.mark.parametrize("number", [0, 8, 20])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.usefixtures("stage")
def test_act_between_read_and_write_is_not_undone(
    colleagues: Colleagues,
    connection: Connection,
    dependencies: Dependencies,
    act: Callable[[Colleagues], object],
    number: int,
) -> None:
    seen: list[int] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == WRITE:
                seen.append(1)
                if len(seen) == number + 1:
                    act(colleagues)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        report = run(dependencies)
    assert len(seen) > number
    assert report.problems == []
    assert violations(connection) == []


@pytest.mark.usefixtures("stage")
def test_session_that_the_old_version_adds_meanwhile_is_listed_by_the_next_run(
    connection: Connection, dependencies: Dependencies
) -> None:
    added: list[int] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            # The first Query reads the days of a person, after the scan.
            if operation == "Query" and not added:
                added.append(1)
                _add_old_session()
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        (problem,) = run(dependencies).problems
    assert f"person {MEMBER}: " in problem
    second = run(dependencies)
    assert (second.problems, second.people) == ([], 1)
    assert violations(connection) == []


@pytest.mark.parametrize("position", [0, 3, 11, 25, 30])
@pytest.mark.usefixtures("stage")
def test_interrupted_run_is_continued(
    connection: Connection, dependencies: Dependencies, position: int
) -> None:
    writes: list[str] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation in (WRITE, "PutItem"):
                if len(writes) == position:
                    raise Killed
                writes.append(operation)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap), pytest.raises(Killed):
        run(dependencies)
    assert run(dependencies).problems == []
    assert violations(connection) == []
    assert shown_times(connection) == RULE
    assert run(dependencies) == UpgradeReport()


@pytest.mark.usefixtures("stage")
def test_throttled_calls_are_repeated(connection: Connection, dependencies: Dependencies) -> None:
    calls: list[str] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            calls.append(operation)
            if len(calls) % 3 == 0:
                raise throttled(operation)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        assert run(dependencies).problems == []
    assert violations(connection) == []
    assert shown_times(connection) == RULE


def _add_old_session() -> None:
    """Add a session of a minute on the member's entry, as version 0.2.0 stored it."""
    start, timer_id = NOW - HOUR, 2**52
    timer = Timer(timer_id, ZAGREB.id, MEMBER, MEMBERS_ENTRY, start, start + DAY, start + 60)
    put_all(timer)
    entry = TimeEntryModel(key=keys.scoped(ZAGREB.id, MEMBERS_ENTRY))
    entry.update(
        [
            Path("tracked_seconds").add(60),
            Path("timer_count").add(1),
            Path("version").add(1),
            Path("latest_timer_id").set(timer_id),
            Path("timer_stopped_at").set(start + 60),
        ]
    )
    scope = keys.scoped(ZAGREB.id, MEMBER)
    PersonStateModel(person_key=scope, name=keys.RUNNING_TIMER).update(
        [
            Path("version").add(1),
            Path("last_timer_id").set(timer_id),
            Path("last_stopped_at").set(start + 60),
        ]
    )
    (day,) = marks_of(start, start + 60)
    record = CounterModel(scope=scope, bucket=keys.day_bucket_name(day))
    counters = [quarter_hour_counter(kind, start) for kind in TIMER_KINDS]
    record.update([Path(counter).add(1) for counter in counters])
