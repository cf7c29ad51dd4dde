"""Concurrent deactivation and work, and limits under concurrent requests."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.api_tokens.rules import MAX_TOKENS
from chalicelib.core.errors import AccessDenied, InvalidAttribute, StintError
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Person, Role
from chalicelib.people.operations import People
from chalicelib.timers.model import PersonState, StopReason
from chalicelib.timers.operations import StartCommand, Timers
from tests.support.concurrent_requests import (
    CALLERS,
    ENTRIES,
    Run,
    VirtualUser,
    all_at_once,
    random_faults,
    tried,
)
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import ADMIN, MEMBER, OTHER_MEMBER, ZAGREB
from tests.support.invariants import timers, violations
from tests.support.table_snapshots import items

pytestmark = pytest.mark.usefixtures("concurrent_people")

BOSS, WORKER = CALLERS[0], CALLERS[1]


def _start(user: VirtualUser, number: int = 0) -> Any:
    entry_id = ENTRIES[MEMBER][number % 2]
    return Timers(user.dependencies).start(WORKER, StartCommand(time_entry_id=entry_id))


def _check_deactivation(
    database: Database, connection: Connection, person_id: int = MEMBER
) -> None:
    """Check that a deactivated person has no running timer, cannot start one, and has no token."""
    loaded = database.get_many(ZAGREB.id, [(Person, person_id), (PersonState, person_id)])
    person = loaded.get(Person, person_id)
    assert person is not None
    state = loaded.require(PersonState, person_id)
    assert state.disabled is (person.deactivated_at is not None)
    if state.disabled:
        assert state.running is None
        tokens = items(connection, "tokens")
        assert [token for token in tokens if token["person_id"] == person_id] == []
    assert violations(connection) == []


def test_concurrent_starts_and_deactivation_leave_no_running_timer(
    database: Database, connection: Connection
) -> None:
    run = Run()
    outcomes: Counter[str] = Counter()

    def act(number: int) -> None:
        user = VirtualUser(run, database, f"leaving/{number}")
        people, tokens = People(user.dependencies), ApiTokens(user.dependencies)
        values = {"name": "phone", "person": MEMBER}
        operations: dict[int, Callable[[], object]] = {
            0: lambda: people.deactivate(BOSS, MEMBER),
            1: lambda: people.restore(BOSS, MEMBER),
            2: lambda: tokens.create(BOSS, values),
        }
        for _ in range(3):
            run.clock.advance(7)
            operation = operations.get(number % 16, lambda: _start(user, number))
            result = tried(operation, AccessDenied, InvalidAttribute)
            outcomes[type(result).__name__] += 1

    with intercepted(connection, random_faults("leaving").wrap):
        all_at_once(act)
    assert outcomes["Result"], outcomes
    _check_deactivation(database, connection)
    # Without faults, the final deactivation succeeds.
    People(VirtualUser(run, database, "").dependencies).deactivate(BOSS, MEMBER)
    _check_deactivation(database, connection)
    assert [timer for timer in timers(connection).values() if timer.stopped_at is None] == []


@pytest.mark.parametrize("has_running_timer", [False, True])
def test_start_is_refused_when_person_is_deactivated_meanwhile(
    database: Database, connection: Connection, has_running_timer: bool
) -> None:
    run = Run()
    one, other = (VirtualUser(run, database, str(number)) for number in (1, 2))
    if has_running_timer:
        _start(one)
        run.clock.advance(60)
    deactivate = lambda: People(other.dependencies).deactivate(BOSS, MEMBER)  # noqa: E731
    with intercepted(connection, once_before_a_write(deactivate)), pytest.raises(AccessDenied):
        _start(one, 1)
    _check_deactivation(database, connection)
    assert {timer.stop_reason for timer in timers(connection).values()} == (
        {StopReason.DEACTIVATED} if has_running_timer else set()
    )


def test_timer_started_during_deactivation_is_stopped(
    database: Database, connection: Connection
) -> None:
    run = Run()
    one, other = (VirtualUser(run, database, str(number)) for number in (1, 2))
    with intercepted(connection, once_before_a_write(lambda: _start(other))):
        People(one.dependencies).deactivate(BOSS, MEMBER)
    _check_deactivation(database, connection)
    (timer,) = timers(connection).values()
    assert timer.stop_reason is StopReason.DEACTIVATED


@pytest.mark.parametrize("change", ["deactivate", "demote"])
def test_token_created_during_role_change_has_the_new_role_or_is_removed(
    database: Database, connection: Connection, change: str
) -> None:
    run = Run()
    one, other = (VirtualUser(run, database, str(number)) for number in (1, 2))
    people = People(one.dependencies)
    values = {"name": "phone", "person": MEMBER}
    people.update(BOSS, MEMBER, {"role": Role.ADMIN})
    create = lambda: ApiTokens(other.dependencies).create(BOSS, values)  # noqa: E731
    with intercepted(connection, once_before_a_write(create)):
        if change == "deactivate":
            people.deactivate(BOSS, MEMBER)
        else:
            people.update(BOSS, MEMBER, {"role": Role.MEMBER})
    tokens = items(connection, "tokens")
    roles = [token["role"] for token in tokens if token["person_id"] == MEMBER]
    assert roles == ([] if change == "deactivate" else ["member", "member"])


def test_concurrent_token_creation_does_not_exceed_the_limit(
    database: Database, connection: Connection
) -> None:
    run = Run()
    results: list[object] = []

    def act(number: int) -> None:
        tokens = ApiTokens(VirtualUser(run, database, f"tokens/{number}").dependencies)
        values = {"name": str(number), "person": OTHER_MEMBER}
        results.extend(
            tried(lambda: tokens.create(BOSS, values), InvalidAttribute) for _ in range(3)
        )

    all_at_once(act)
    stored = items(connection, "tokens")
    token_count = len([token for token in stored if token["person_id"] == OTHER_MEMBER])
    created = [result for result in results if not isinstance(result, StintError)]
    assert token_count == 1 + len(created) <= MAX_TOKENS
    # Without concurrency, every creation up to the limit succeeds.
    tokens = ApiTokens(VirtualUser(run, database, "").dependencies)
    while token_count < MAX_TOKENS:
        tokens.create(BOSS, {"name": "one more", "person": OTHER_MEMBER})
        token_count += 1
    with pytest.raises(InvalidAttribute):
        tokens.create(BOSS, {"name": "too many", "person": OTHER_MEMBER})


def test_two_admins_who_deactivate_each_other_leave_one_admin(
    database: Database, connection: Connection
) -> None:
    run = Run()
    people = People(VirtualUser(run, database, "").dependencies)
    people.update(BOSS, MEMBER, {"role": Role.ADMIN})
    second = Caller(WORKER.organization, MEMBER, Role.ADMIN)

    def act(number: int) -> None:
        people = People(VirtualUser(run, database, f"admins/{number}").dependencies)
        caller, other = ((BOSS, MEMBER), (second, ADMIN))[number % 2]
        if number % 4 < 2:
            tried(lambda: people.deactivate(caller, other), InvalidAttribute)
        else:
            values = {"role": Role.MEMBER}
            tried(lambda: people.update(caller, other, values), InvalidAttribute)

    with intercepted(connection, random_faults("admins").wrap):
        all_at_once(act)
    everyone = database.directory(Person, ZAGREB.id)
    assert len([person for person in everyone if person.is_active_admin]) == 1
    for person_id in (ADMIN, MEMBER):
        _check_deactivation(database, connection, person_id)


def test_concurrent_requests_give_an_email_to_one_person(database: Database) -> None:
    run = Run()

    def act(number: int) -> None:
        people = People(VirtualUser(run, database, f"addresses/{number}").dependencies)
        values = {"first_name": "A", "last_name": "B", "email": "wanted@example.com"}
        if number % 2:
            tried(lambda: people.create(BOSS, values), InvalidAttribute)
        else:
            person_id = (MEMBER, OTHER_MEMBER)[number // 2 % 2]
            new_email = {"email": values["email"]}
            tried(lambda: people.update(BOSS, person_id, new_email), InvalidAttribute)

    all_at_once(act)
    emails = Counter(person.email for person in database.directory(Person, ZAGREB.id))
    assert emails["wanted@example.com"] == 1
    assert set(emails.values()) == {1}
