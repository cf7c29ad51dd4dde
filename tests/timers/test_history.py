"""History that an operator brings: who may receive it, and keys that never expire."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.idempotency import IdempotencyKey
from chalicelib.core.permissions import Caller
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.people.model import Role
from chalicelib.people.operations import People
from chalicelib.time_entries.operations import TimeEntries
from chalicelib.timers.operations import StartCommand, Timers
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.fixtures import ARCHIVED, CLOSED, DEACTIVATED, DESIGN, MEMBER, ZAGREB, Fixtures
from tests.support.invariants import violations

OPERATOR = Caller(ZAGREB, 0, Role.ADMIN)
HISTORY = WriteOptions(is_history=True)


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


def session(person_id: int, service_id: int, **values: Any) -> StartCommand:
    start = MONDAY_NINE - 400 * DAY
    return StartCommand(
        person_id=person_id,
        service_id=service_id,
        started_at=start,
        stopped_at=start + HOUR,
        **values,
    )


def entry(person_id: int, service_id: int) -> dict[str, Any]:
    return {"person": person_id, "service": service_id, "date": "2025-01-20", "time": 60}


@pytest.mark.parametrize(
    ("person_id", "service_id"), [(DEACTIVATED, DESIGN), (MEMBER, ARCHIVED), (MEMBER, CLOSED)]
)
def test_only_history_may_belong_to_deactivated_people_and_closed_services(
    dependencies: Dependencies, connection: Connection, person_id: int, service_id: int
) -> None:
    timers, entries = Timers(dependencies), TimeEntries(dependencies)
    with pytest.raises(InvalidAttribute):
        timers.start(OPERATOR, session(person_id, service_id), NO_OPTIONS)
    with pytest.raises(InvalidAttribute):
        entries.create(OPERATOR, entry(person_id, service_id), NO_OPTIONS)
    timer = timers.start(OPERATOR, session(person_id, service_id), HISTORY).outcome.timer
    created = entries.create(OPERATOR, entry(person_id, service_id), HISTORY).outcome
    of_timer = entries.show(OPERATOR, timer.time_entry_id)
    assert [record.creator_id for record in (created, of_timer)] == [person_id] * 2
    assert [record.time for record in (created, of_timer)] == [60, 60]
    assert violations(connection) == []


def test_erased_people_and_unknown_records_receive_no_history(
    dependencies: Dependencies,
) -> None:
    People(dependencies).begin_erasure(OPERATOR, DEACTIVATED)
    for person_id, service_id in ((DEACTIVATED, DESIGN), (4, DESIGN), (MEMBER, 4)):
        with pytest.raises(InvalidAttribute):
            Timers(dependencies).start(OPERATOR, session(person_id, service_id), HISTORY)
        with pytest.raises(InvalidAttribute):
            TimeEntries(dependencies).create(OPERATOR, entry(person_id, service_id), HISTORY)


def test_billable_minutes_of_a_session_are_those_of_its_time_entry(
    dependencies: Dependencies,
) -> None:
    command = session(MEMBER, DESIGN, billable_minutes=0)
    timer = Timers(dependencies).start(OPERATOR, command, HISTORY).outcome.timer
    created = TimeEntries(dependencies).show(OPERATOR, timer.time_entry_id)
    assert (created.time, created.billable_time) == (60, 0)


def test_permanent_key_is_shared_by_sessions_and_entries_and_never_expires(
    dependencies: Dependencies, clock: FakeClock, connection: Connection
) -> None:
    key = IdempotencyKey(ZAGREB.id, MEMBER, "digest", "digest", is_permanent=True)
    options = WriteOptions(key=key, is_history=True)
    timers, entries = Timers(dependencies), TimeEntries(dependencies)
    assert timers.start(OPERATOR, session(MEMBER, DESIGN), options).replayed is False
    clock.advance(50 * 365 * DAY)
    assert timers.start(OPERATOR, session(MEMBER, DESIGN), options).replayed is True
    assert entries.create(OPERATOR, entry(MEMBER, DESIGN), options).replayed is True
    assert violations(connection) == []
