"""What is left of deleted time entries is cleared away, whatever comes between."""

import logging
from dataclasses import replace

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.directory import Caller, Role
from chalicelib.domain.time_entries import MOST_TIMERS_A_STEP
from chalicelib.domain.timers import TimeEntry
from chalicelib.services.clearing import PAGE, ClearingReport, clear_deleted
from chalicelib.services.time_entries import TimeEntries
from chalicelib.services.timers import StartTimer, StopTimer, start_timer, stop_timer
from chalicelib.services.toolbox import Toolbox
from chalicelib.store import keys
from chalicelib.store.models import TimeEntryModel
from infra.bulk import write_all
from infra.ledger import Ledger
from tests.support.books import violations
from tests.support.calls import counted
from tests.support.chaos import WRITE, Fault, Injection, Killed, intercepted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.faults import failing
from tests.support.tables import items
from tests.support.world import ADMIN, ADMINS_ENTRY, ADMINS_SECOND_ENTRY, ZAGREB, World, put_all

CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
MANY = 2 * MOST_TIMERS_A_STEP + 7
QUERY, READ = "Query", "BatchGetItem"


@pytest.fixture
def deleted(tools: Toolbox, world: World, clock: FakeClock) -> int:
    """An entry that was deleted, with so many timers that two more steps are needed."""
    assert world.tokens
    for _ in range(MANY):
        start_timer(tools, CALLER, StartTimer(time_entry_id=ADMINS_ENTRY))
        clock.advance(MINUTE)
    stop_timer(tools, CALLER, StopTimer(time_entry_id=ADMINS_ENTRY))
    TimeEntries(tools).delete(CALLER, ADMINS_ENTRY)
    return ADMINS_ENTRY


def entries(connection: Connection) -> set[int]:
    return {it["id"] for it in items(connection, "time_entries")}


def test_it_goes_step_by_step_until_nothing_is_left(
    deleted: int, tools: Toolbox, connection: Connection
) -> None:
    with counted(connection) as calls:
        assert clear_deleted(tools) == ClearingReport(1, 0, 0)
    # What is deleted; then for each step the entry, its timers by the index, and as they are.
    assert calls == [QUERY, *([READ, QUERY, READ, WRITE] * 2)]
    assert items(connection, "timers") == []
    assert deleted not in entries(connection)
    assert violations(connection) == []
    with counted(connection) as calls:
        assert clear_deleted(tools) == ClearingReport(0, 0, 0)
    assert calls == [QUERY]


@pytest.mark.usefixtures("deleted")
def test_whenever_it_dies_the_books_are_right_and_the_next_run_goes_on(
    tools: Toolbox, connection: Connection
) -> None:
    total = len([QUERY, *([READ, QUERY, READ, WRITE] * 2)])
    position = 0
    died = 0
    while ADMINS_ENTRY in entries(connection):
        for sent in (False, True):
            injection = Injection(Fault(lambda _: Killed(), sent=sent), position)
            try:
                with intercepted(connection, injection.wrap):
                    clear_deleted(tools)
            except Killed:
                died += 1
            assert violations(connection) == []
        position = (position + 1) % total
    assert died > 3
    assert items(connection, "timers") == []


@pytest.mark.usefixtures("deleted")
def test_it_carries_on_where_its_time_ended(tools: Toolbox, connection: Connection) -> None:
    time_for = iter([True, True])
    assert clear_deleted(tools, lambda: next(time_for, False)) == ClearingReport(0, 0, 1)
    assert len(items(connection, "timers")) == 7
    assert violations(connection) == []
    assert clear_deleted(tools, lambda: False) == ClearingReport(0, 0, 0)
    assert clear_deleted(tools) == ClearingReport(1, 0, 0)


@pytest.mark.usefixtures("deleted")
def test_a_database_that_is_busy_is_left_in_peace(tools: Toolbox, connection: Connection) -> None:
    for operation in (QUERY, WRITE):
        with failing(connection, operation, "ThrottlingException"):
            done = clear_deleted(tools)
        assert (done.cleared, done.failed) == (0, 0)
        assert violations(connection) == []
    assert clear_deleted(tools).cleared == 1


def test_one_spoilt_entry_does_not_hold_up_the_others(
    deleted: int, tools: Toolbox, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    (raw,) = tools.store.deleted_entries(PAGE).items
    key = keys.scoped(ZAGREB.id, 1)
    place = {"key": {"S": key}, "deleted_key": {"S": "0000000001#0000000000000001"}}
    write_all(connection, [(TimeEntryModel, {**raw, **place, "track_method": {"N": "9"}})])
    try:
        with caplog.at_level(logging.ERROR, "stint"):
            assert clear_deleted(tools) == ClearingReport(1, 1, 0)
    finally:
        TimeEntryModel(key=key).delete()
    (line,) = caplog.records
    assert line.__dict__["time_entry_key"] == {"S": key}
    assert deleted not in entries(connection)


@pytest.mark.usefixtures("deleted")
def test_an_index_that_is_behind_leaves_it_to_the_next_run(
    tools: Toolbox, connection: Connection
) -> None:
    # Nothing is found, though something is counted: never is an entry taken for empty.
    real = connection.client._make_api_call

    def blind(name: str, arguments: dict[str, object]) -> object:
        if arguments.get("IndexName") == "by_time_entry":
            return {"Items": [], "Count": 0}
        return real(name, arguments)

    with intercepted(connection, lambda _: blind):
        assert clear_deleted(tools) == ClearingReport(0, 0, 1)
    assert ADMINS_ENTRY in entries(connection)
    assert clear_deleted(tools) == ClearingReport(1, 0, 0)


def test_a_correction_of_a_stop_in_between_is_taken_back_with_the_rest(
    tools: Toolbox, world: World, clock: FakeClock, connection: Connection
) -> None:
    assert world.tokens
    first = start_timer(tools, CALLER, StartTimer(time_entry_id=ADMINS_ENTRY)).outcome.timer
    for _ in range(MOST_TIMERS_A_STEP + 1):
        clock.advance(HOUR)
        start_timer(tools, CALLER, StartTimer(time_entry_id=ADMINS_ENTRY))
    clock.advance(HOUR)
    last = start_timer(tools, CALLER, StartTimer(time_entry_id=ADMINS_SECOND_ENTRY)).outcome
    TimeEntries(tools).delete(CALLER, ADMINS_ENTRY)
    assert tools.store.timer(ZAGREB.id, first.id) is None
    # The one that the switch stopped is still there: its phone was offline, and knows better.
    left = last.stopped_timer_id
    assert left is not None
    timer = tools.store.timer(ZAGREB.id, left)
    assert timer is not None
    stop_timer(tools, CALLER, StopTimer(left, stopped_at=timer.started_at + MINUTE))
    assert violations(connection) == []
    assert clear_deleted(tools) == ClearingReport(1, 0, 0)
    assert violations(connection) == []
    (books,) = (it for it in Ledger(connection).read_all().values() if it.person_id == ADMIN)
    assert [it.id for it in books.timers] == [last.timer.id]


def test_more_than_a_page_of_entries_is_cleared_away(
    tools: Toolbox, world: World, connection: Connection
) -> None:
    assert world.tokens
    found = tools.store.look(ZAGREB.id, [(TimeEntry, ADMINS_ENTRY)])
    plain = found.record(TimeEntry, ADMINS_ENTRY)
    assert plain is not None
    put_all(*(replace(plain, id=7_000 + n, deleted_at=9 + n) for n in range(PAGE + 5)))
    assert violations(connection) == []
    assert clear_deleted(tools).cleared == PAGE + 5
    assert not {it for it in entries(connection) if it >= 7_000}
