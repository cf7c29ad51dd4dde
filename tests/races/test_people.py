"""Letting people go while they work, and what only one of many may have."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.api_tokens import MOST_TOKENS
from chalicelib.domain.directory import Caller, Person, Role
from chalicelib.domain.errors import (
    AccessDenied,
    InvalidAttribute,
    StintError,
)
from chalicelib.domain.timers import StopReason
from chalicelib.services.api_tokens import ApiTokens
from chalicelib.services.people import People
from chalicelib.services.timers import StartTimer, start_timer
from chalicelib.store.store import Store
from tests.races.crowd import CALLERS, ENTRIES, Phone, Run, all_at_once, tried, weather_of
from tests.support.books import timers, violations
from tests.support.chaos import intercepted, once_before_a_write
from tests.support.tables import items
from tests.support.world import ADMIN, MEMBER, OTHER_MEMBER, ZAGREB

BOSS, WORKER = CALLERS[0], CALLERS[1]


def _start(phone: Phone, number: int = 0) -> Any:
    entry_id = ENTRIES[MEMBER][number % 2]
    return start_timer(phone.tools, WORKER, StartTimer(time_entry_id=entry_id))


def _check_gone(store: Store, connection: Connection, person_id: int = MEMBER) -> None:
    """Whoever is deactivated has no timer, no way to start one, and no token."""
    found = store.look(ZAGREB.id, [(Person, person_id)], slots=[person_id])
    person = found.record(Person, person_id)
    assert person is not None
    slot = found.slots[person_id]
    assert slot.blocked is (person.deactivated_at is not None)
    if slot.blocked:
        assert slot.running is None
        assert [it for it in items(connection, "tokens") if it["person_id"] == person_id] == []
    assert violations(connection) == []


def test_whoever_starts_while_they_are_deactivated_runs_nothing(
    store: Store, connection: Connection
) -> None:
    run = Run()
    outcomes: Counter[str] = Counter()

    def act(number: int) -> None:
        phone = Phone(run, store, f"leaving/{number}")
        people, tokens = People(phone.tools), ApiTokens(phone.tools)
        values = {"name": "phone", "person": MEMBER}
        acts: dict[int, Callable[[], object]] = {
            0: lambda: people.deactivate(BOSS, MEMBER),
            1: lambda: people.restore(BOSS, MEMBER),
            2: lambda: tokens.create(BOSS, values, None),
        }
        for _ in range(3):
            run.clock.advance(7)
            own = acts.get(number % 16, lambda: _start(phone, number))
            done = tried(own, AccessDenied, InvalidAttribute)
            outcomes[type(done).__name__] += 1

    with intercepted(connection, weather_of("leaving").wrap):
        all_at_once(act)
    assert outcomes["Answer"], outcomes
    _check_gone(store, connection)
    # Whatever the weather was, in the end it is settled.
    People(Phone(run, store, "").tools).deactivate(BOSS, MEMBER)
    _check_gone(store, connection)
    assert [it for it in timers(connection).values() if it.stopped_at is None] == []


@pytest.mark.parametrize("works", [False, True])
def test_a_deactivation_in_the_middle_of_a_start_wins(
    store: Store, connection: Connection, works: bool
) -> None:
    run = Run()
    one, other = (Phone(run, store, str(number)) for number in (1, 2))
    if works:
        _start(one)
        run.clock.advance(60)
    leave = lambda: People(other.tools).deactivate(BOSS, MEMBER)  # noqa: E731
    with intercepted(connection, once_before_a_write(leave)), pytest.raises(AccessDenied):
        _start(one, 1)
    _check_gone(store, connection)
    assert {it.stop_reason for it in timers(connection).values()} == (
        {StopReason.DEACTIVATED} if works else set()
    )


def test_a_start_in_the_middle_of_a_deactivation_is_stopped(
    store: Store, connection: Connection
) -> None:
    run = Run()
    one, other = (Phone(run, store, str(number)) for number in (1, 2))
    with intercepted(connection, once_before_a_write(lambda: _start(other))):
        People(one.tools).deactivate(BOSS, MEMBER)
    _check_gone(store, connection)
    (timer,) = timers(connection).values()
    assert timer.stop_reason is StopReason.DEACTIVATED


@pytest.mark.parametrize("change", ["deactivate", "demote"])
def test_a_token_in_the_middle_of_a_change_has_the_right_role_or_none(
    store: Store, connection: Connection, change: str
) -> None:
    run = Run()
    one, other = (Phone(run, store, str(number)) for number in (1, 2))
    people = People(one.tools)
    values = {"name": "phone", "person": MEMBER}
    people.change(BOSS, MEMBER, {"role": Role.ADMIN})
    make = lambda: ApiTokens(other.tools).create(BOSS, values, None)  # noqa: E731
    with intercepted(connection, once_before_a_write(make)):
        if change == "deactivate":
            people.deactivate(BOSS, MEMBER)
        else:
            people.change(BOSS, MEMBER, {"role": Role.MEMBER})
    roles = [it["role"] for it in items(connection, "tokens") if it["person_id"] == MEMBER]
    assert roles == ([] if change == "deactivate" else ["member", "member"])


def test_twenty_tokens_are_twenty_however_many_ask(store: Store, connection: Connection) -> None:
    run = Run()
    made: list[object] = []

    def act(number: int) -> None:
        tokens = ApiTokens(Phone(run, store, f"tokens/{number}").tools)
        values = {"name": str(number), "person": OTHER_MEMBER}
        made.extend(
            tried(lambda: tokens.create(BOSS, values, None), InvalidAttribute) for _ in range(3)
        )

    all_at_once(act)
    kept = [it for it in items(connection, "tokens") if it["person_id"] == OTHER_MEMBER]
    answered = [it for it in made if not isinstance(it, StintError)]
    assert len(kept) == 1 + len(answered) <= MOST_TOKENS
    # Few at a time always get through.
    tokens = ApiTokens(Phone(run, store, "").tools)
    while len(kept) < MOST_TOKENS:
        tokens.create(BOSS, {"name": "one more", "person": OTHER_MEMBER}, None)
        kept.append({})
    with pytest.raises(InvalidAttribute):
        tokens.create(BOSS, {"name": "too many", "person": OTHER_MEMBER}, None)


def test_two_admins_who_deactivate_each_other_leave_one(
    store: Store, connection: Connection
) -> None:
    run = Run()
    quiet = People(Phone(run, store, "").tools)
    quiet.change(BOSS, MEMBER, {"role": Role.ADMIN})
    second = Caller(WORKER.organization, MEMBER, Role.ADMIN)

    def act(number: int) -> None:
        people = People(Phone(run, store, f"admins/{number}").tools)
        caller, other = ((BOSS, MEMBER), (second, ADMIN))[number % 2]
        if number % 4 < 2:
            tried(lambda: people.deactivate(caller, other), InvalidAttribute)
        else:
            values = {"role": Role.MEMBER}
            tried(lambda: people.change(caller, other, values), InvalidAttribute)

    with intercepted(connection, weather_of("admins").wrap):
        all_at_once(act)
    everybody = store.directory(Person, ZAGREB.id)
    assert len([it for it in everybody if it.is_active_admin]) == 1
    for person_id in (ADMIN, MEMBER):
        _check_gone(store, connection, person_id)


def test_an_address_that_all_want_is_one_persons(store: Store) -> None:
    run = Run()

    def act(number: int) -> None:
        people = People(Phone(run, store, f"addresses/{number}").tools)
        values = {"first_name": "A", "last_name": "B", "email": "wanted@example.com"}
        if number % 2:
            tried(lambda: people.add(BOSS, values, None), InvalidAttribute)
        else:
            holder = (MEMBER, OTHER_MEMBER)[number // 2 % 2]
            said = {"email": values["email"]}
            tried(lambda: people.change(BOSS, holder, said), InvalidAttribute)

    all_at_once(act)
    emails = Counter(it.email for it in store.directory(Person, ZAGREB.id))
    assert emails["wanted@example.com"] == 1
    assert set(emails.values()) == {1}
