"""Closing a period while people work: contract section 10a, "in force within 60 s".

What is guaranteed: a request that arrives at ``closed_effective_at`` or later changes nothing in
the period, whichever process answers it; the only exception is the stop of a running timer. Within
the 60 seconds before, a request is refused or done as a whole, and the data is consistent.
"""

from collections.abc import Callable
from typing import Any

import pytest
from chalice.app import Chalice
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import CALLER_CACHE_SECONDS, COMMIT_SECONDS
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import PeriodClosed, StintError, TimersRunning
from chalicelib.core.permissions import Caller
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.organizations.model import Organization
from chalicelib.organizations.operations import CurrentUser
from chalicelib.organizations.periods import CLOSING_DELAY_SECONDS, is_closed_date, is_closed_start
from chalicelib.people.model import Role
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import Timer
from chalicelib.timers.operations import StartCommand, StopCommand
from tests.organizations.test_closed_writes import CASES, Case
from tests.properties.bounds import bounded
from tests.support.api import Api, Response
from tests.support.clock import HOUR, MINUTE, MONDAY_NINE, FakeClock, rfc3339
from tests.support.closed_period import CLOSED_UNTIL, MIDNIGHT, close, record_time
from tests.support.concurrent_requests import (
    CALLERS,
    ENTRIES,
    Run,
    VirtualUser,
    all_at_once,
    random_faults,
    time_entries,
    tried,
)
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    FIRST_DAY,
    MEMBER,
    ZAGREB,
    Fixtures,
    create_fixtures,
    put_all,
)
from tests.support.invariants import violations
from tests.support.tables import empty_tables
from tests.support.timer_commands import DeleteCommand, EditCommand, perform
from tools.ops.snapshot import SnapshotReader

CLOSED = replace(ZAGREB, closed_until=CLOSED_UNTIL)
Closed = tuple[dict[int, Timer], dict[int, TimeEntry]]


def closed_time(connection: Connection) -> Closed:
    """The sessions and time entries of the period."""
    snapshots = SnapshotReader(connection).read_all().values()
    timers = [timer for each in snapshots for timer in each.timers]
    entries = [entry for each in snapshots for entry in each.entries.values()]
    return (
        {timer.id: timer for timer in timers if is_closed_start(CLOSED, timer.started_at)},
        {entry.id: entry for entry in entries if is_closed_date(CLOSED, entry.date)},
    )


def assert_only_stopped(before: Closed, after: Closed) -> None:
    """Check that closed time is unchanged, except by the stops of timers that were running."""
    timers, entries = before
    timers_after, entries_after = after
    assert timers.keys() == timers_after.keys()
    assert entries.keys() == entries_after.keys()
    for id_, timer in timers.items():
        if timer.stopped_at is not None:
            assert timers_after[id_] == timer
        assert timers_after[id_].started_at == timer.started_at
        assert timers_after[id_].time_entry_id == timer.time_entry_id
    for id_, entry in entries.items():
        if entry.running_timer_id is None:
            assert entries_after[id_] == entry


def insert(api: Api, minutes: int) -> Response:
    """Insert a session of a minute into the period."""
    start = MIDNIGHT - minutes * MINUTE
    times = {"started_at": rfc3339(start), "stopped_at": rfc3339(start + MINUTE)}
    return api.start(service_id=DESIGN, **times)


def test_every_process_knows_the_closing_when_it_is_in_force(
    settings: Settings, dependencies: Dependencies, fixtures: Fixtures, clock: FakeClock
) -> None:
    apps = [create_app(settings, dependencies) for _ in range(3)]
    old, new, closing = (Api(app, fixtures.headers(MEMBER)) for app in apps)
    admin = Api(apps[2], fixtures.headers(ADMIN))
    assert old.get("/timers").status == 200
    assert close(admin).status == 200
    # A process that has not served the caller reads the organization; the other one remembers it.
    assert insert(new, 100).status == 422
    clock.advance(CALLER_CACHE_SECONDS - 1)
    assert insert(old, 100).status == 201
    clock.advance(CLOSING_DELAY_SECONDS - CALLER_CACHE_SECONDS + 1)
    for api in (old, new, closing):
        assert insert(api, 200).error["code"] == "period_closed"
    # Lifting takes as long.
    assert close(admin, None).status == 200
    clock.advance(CALLER_CACHE_SECONDS - 1)
    assert insert(old, 200).status == 422
    clock.advance(CLOSING_DELAY_SECONDS - CALLER_CACHE_SECONDS + 1)
    for number, api in enumerate((old, new, closing)):
        assert insert(api, 200 + number).status == 201


def test_process_that_reads_the_organization_while_the_closing_is_written_knows_it_in_time(
    settings: Settings, dependencies: Dependencies, fixtures: Fixtures, clock: FakeClock
) -> None:
    old = Api(create_app(settings, dependencies), fixtures.headers(MEMBER))
    admin = Api(create_app(settings, dependencies), fixtures.headers(ADMIN))
    closed_at = clock.timestamp

    def read_late() -> None:
        clock.advance(COMMIT_SECONDS)
        assert old.get("/timers").status == 200

    with intercepted(fixtures.database.connection, once_before_a_write(read_late)):
        assert close(admin).status == 200
    clock.timestamp = closed_at + CLOSING_DELAY_SECONDS - 1
    assert insert(old, 100).status == 201
    clock.advance(1)
    assert insert(old, 200).error["code"] == "period_closed"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.route}: {case.what}")
def test_closing_between_the_read_and_the_write_of_a_request(
    admin: Api,
    app: Chalice,
    fixtures: Fixtures,
    dependencies: Dependencies,
    connection: Connection,
    case: Case,
) -> None:
    ids = record_time(app, fixtures, dependencies)
    api = Api(app, fixtures.headers(case.owner))
    statuses: list[int] = []

    def close_now() -> None:
        statuses.append(close(admin).status)

    with intercepted(connection, once_before_a_write(close_now)):
        response = case.send(api, ids)
    # Both are done: the closing is in force only after the request.
    assert (response.status, statuses) in [(200, [200]), (201, [200]), (204, [200])], response.body
    assert violations(connection) == []


def test_start_between_the_read_and_the_write_of_the_closing(
    admin: Api, member: Api, connection: Connection, clock: FakeClock
) -> None:
    clock.timestamp = MIDNIGHT + HOUR
    started: list[str] = []

    def start() -> None:
        response = member.start(service_id=DESIGN, started_at=rfc3339(MIDNIGHT - MINUTE))
        started.append(response.data["id"])

    with intercepted(connection, once_before_a_write(start)):
        assert close(admin).status == 200
    clock.advance(CLOSING_DELAY_SECONDS)
    # It runs in the period, and can be stopped, and nothing else.
    assert member.send("DELETE", f"/timers/{started[0]}").status == 422
    assert member.stop(started[0]).status == 200
    assert violations(connection) == []


TIMES = st.integers(-5 * 60, 5 * 60).map(lambda minutes: MIDNIGHT + minutes * MINUTE)
DATES = st.sampled_from(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"])
NUMBERS = st.integers(0, 9)
ACTS = st.one_of(
    st.tuples(st.just("start"), TIMES),
    st.tuples(st.just("start_on"), NUMBERS),
    st.tuples(st.just("insert"), TIMES, st.integers(0, 120)),
    st.tuples(st.just("stop"), NUMBERS, TIMES),
    st.tuples(st.just("edit"), NUMBERS, TIMES, st.integers(0, 120)),
    st.tuples(st.just("move"), NUMBERS, NUMBERS),
    st.tuples(st.just("delete"), NUMBERS),
    st.tuples(st.just("create_entry"), DATES),
    st.tuples(st.just("edit_entry"), NUMBERS, DATES),
    st.tuples(st.just("delete_entry"), NUMBERS),
    st.tuples(st.just("auto_stop")),
)


class _Company:
    """Does random acts, through two processes that remember the organization."""

    def __init__(
        self, settings: Settings, dependencies: Dependencies, connection: Connection
    ) -> None:
        empty_tables()
        fixtures = create_fixtures(Database(connection))
        put_all(replace(ZAGREB, auto_stop_after=3 * HOUR))
        self.dependencies = dependencies
        apps = [create_app(settings, dependencies) for _ in range(2)]
        self.members = [Api(app, fixtures.headers(MEMBER)) for app in apps]
        self.admin = Api(apps[0], fixtures.headers(ADMIN))
        self.timers: list[str] = []
        self.entries: list[str] = []

    def act(self, process: int, act: tuple[Any, ...]) -> Response | None:
        """Do an act of a member, by its name, in one of the processes."""
        response: Response | None = getattr(self, act[0])(self.members[process], *act[1:])
        if response is not None and response.status == 201:
            self._remember(response)
        return response

    def start(self, api: Api, start: int) -> Response:
        return api.start(service_id=DESIGN, started_at=rfc3339(start))

    def start_on(self, api: Api, number: int) -> Response:
        return api.start(time_entry_id=_pick(self.entries, number))

    def insert(self, api: Api, start: int, minutes: int) -> Response:
        stop = rfc3339(start + minutes * MINUTE)
        return api.start(service_id=DESIGN, started_at=rfc3339(start), stopped_at=stop)

    def stop(self, api: Api, number: int, stop: int) -> Response:
        return api.stop(_pick(self.timers, number), stopped_at=rfc3339(stop))

    def edit(self, api: Api, number: int, start: int, minutes: int) -> Response:
        stop = rfc3339(start + minutes * MINUTE)
        timer_id = _pick(self.timers, number)
        return api.edit(timer_id, started_at=rfc3339(start), stopped_at=stop)

    def move(self, api: Api, number: int, to: int) -> Response:
        return api.edit(_pick(self.timers, number), time_entry_id=_pick(self.entries, to))

    def delete(self, api: Api, number: int) -> Response:
        return api.send("DELETE", f"/timers/{_pick(self.timers, number)}")

    def create_entry(self, api: Api, date: str) -> Response:
        attributes = {"service_id": DESIGN, "date": date, "time": 5}
        return api.post("/time_entries", {"data": {"attributes": attributes}})

    def edit_entry(self, api: Api, number: int, date: str) -> Response:
        return api.edit_entry(_pick(self.entries, number), date=date, note=date)

    def delete_entry(self, api: Api, number: int) -> Response:
        return api.send("DELETE", f"/time_entries/{_pick(self.entries, number)}")

    def auto_stop(self, api: Api) -> None:
        del api
        AutoStop(self.dependencies).run()

    def _remember(self, response: Response) -> None:
        if response.data["type"] == "time_entries":
            self.entries.append(response.data["id"])
            return
        self.timers.append(response.data["id"])
        path = f"/timers/{response.data['id']}?include=time_entry"
        included = self.admin.get(path).document["included"]
        self.entries += [each["id"] for each in included if each["id"] not in self.entries]


def _pick(ids: list[str], number: int) -> str:
    return ids[number % len(ids)] if ids else "1"


def test_no_act_changes_the_period_once_the_closing_is_in_force(
    settings: Settings, dependencies: Dependencies, connection: Connection, clock: FakeClock
) -> None:
    refused = [0]

    @bounded(20)
    @given(
        st.lists(st.tuples(st.integers(0, 1), ACTS), min_size=4, max_size=12),
        st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9), ACTS), max_size=5),
        st.lists(st.tuples(st.integers(0, 1), ACTS), min_size=6, max_size=12),
    )
    def run(before: Any, within: Any, after: Any) -> None:
        clock.timestamp = MONDAY_NINE - 23 * HOUR
        company = _Company(settings, dependencies, connection)
        for process, act in before:
            company.act(process, act)
        closing = close(company.admin)
        if closing.status == 409:
            for timer_id in closing.error["meta"]["timer_ids"]:
                assert company.admin.stop(timer_id).status == 200
            assert close(company.admin).status == 200
        effective_at = clock.timestamp + CLOSING_DELAY_SECONDS
        for process, seconds, act in within:
            clock.advance(seconds)
            company.act(process, act)
        assert violations(connection) == []
        clock.timestamp = effective_at
        closed = closed_time(connection)
        for process, act in after:
            response = company.act(process, act)
            if response is not None and response.status == 422:
                refused[0] += response.error["code"] == "period_closed"
            clock.advance(MINUTE)
        assert_only_stopped(closed, closed_time(connection))
        assert violations(connection) == []

    run()
    assert refused[0] >= 3


def test_threads_change_nothing_in_the_period_once_the_closing_is_in_force(
    database: Database, connection: Connection, fixtures: Fixtures
) -> None:
    assert fixtures.tokens
    run = Run()
    # Of each person, one entry is in the period.
    put_all(
        *(replace(each, date=(CLOSED_UNTIL, FIRST_DAY)[each.id % 2]) for each in time_entries())
    )
    timer_ids: list[int] = []
    refused: list[PeriodClosed] = []

    def work(user: VirtualUser, organization: Organization) -> None:
        caller = replace(user.random.choice(CALLERS[:3]), organization=organization)
        entry_id = user.random.choice(ENTRIES[caller.person_id])
        start = MIDNIGHT + user.random.randrange(-5 * HOUR, 5 * HOUR)
        timer_id = user.random.choice(timer_ids or [1])
        entries = TimeEntries(user.dependencies)
        acts: tuple[Callable[[], Any], ...] = (
            lambda: _insert(user, caller, entry_id, start),
            lambda: _insert(user, caller, entry_id, start),
            lambda: perform(user.dependencies, caller, StartCommand(entry_id, started_at=start)),
            lambda: perform(user.dependencies, caller, StopCommand(timer_id, stopped_at=start)),
            lambda: perform(user.dependencies, caller, EditCommand(timer_id, started_at=start)),
            lambda: perform(user.dependencies, caller, DeleteCommand(timer_id)),
            lambda: entries.update(caller, entry_id, {"time": user.random.randrange(90)}),
        )
        result = tried(user.random.choice(acts), StintError)
        if isinstance(result, PeriodClosed):
            refused.append(result)

    def _insert(user: VirtualUser, caller: Caller, entry_id: int, start: int) -> None:
        command = StartCommand(entry_id, started_at=start, stopped_at=start + MINUTE)
        outcome = perform(user.dependencies, caller, command).outcome
        timer_ids.append(outcome.timer.id)

    def close_period(user: VirtualUser) -> None:
        boss = Caller(ZAGREB, ADMIN, Role.ADMIN)
        values = {"closed_until": CLOSED_UNTIL}
        current = CurrentUser(user.dependencies)
        tried(lambda: current.update_organization(boss, ZAGREB.id, values), TimersRunning)

    def closing(number: int) -> None:
        user = VirtualUser(run, database, f"closing/{number}", skew=0)
        for step in range(6):
            if number == 0 and step == 3:
                close_period(user)
            work(user, ZAGREB)

    def closed(number: int) -> None:
        user = VirtualUser(run, database, f"closed/{number}", skew=0)
        for _ in range(6):
            work(user, CLOSED)

    with intercepted(connection, random_faults("closing").wrap):
        all_at_once(closing)
        before = closed_time(connection)
        all_at_once(closed)
    assert_only_stopped(before, closed_time(connection))
    assert violations(connection) == []
    assert len(before[0]) > 10
    assert len(refused) > 20
