"""Concurrent changes of services, and the list of closed services of their organization."""

from collections.abc import Callable
from itertools import permutations

import pytest
from pynamodb.connection import Connection

from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Role
from chalicelib.services.operations import Services
from tests.support.closed_services import listed
from tests.support.concurrent_requests import (
    Run,
    VirtualUser,
    all_at_once,
    random_faults,
    tried,
)
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import ADMIN, ARCHIVED, CLOSED, DESIGN, DEVELOPMENT, ZAGREB, Fixtures
from tools.ops.closed_services import find_wrong_services

BOSS = Caller(ZAGREB, ADMIN, Role.ADMIN)

Change = Callable[[Services], object]

CHANGES: dict[str, Change] = {
    "archive": lambda services: services.archive(BOSS, DESIGN),
    "restore": lambda services: services.restore(BOSS, DESIGN),
    "disable": lambda services: services.update(BOSS, DESIGN, {"time_tracking_enabled": False}),
    "enable": lambda services: services.update(BOSS, DESIGN, {"time_tracking_enabled": True}),
}


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


def test_two_services_archived_at_the_same_time_are_both_listed(
    database: Database, connection: Connection
) -> None:
    run = Run()
    first, second = (Services(VirtualUser(run, database, name).dependencies) for name in "ab")
    archive_other = lambda: second.archive(BOSS, DEVELOPMENT)  # noqa: E731
    with intercepted(connection, once_before_a_write(archive_other)):
        first.archive(BOSS, DESIGN)
    assert listed(database) == (DESIGN, DEVELOPMENT, ARCHIVED, CLOSED)
    assert find_wrong_services(connection) == []


@pytest.mark.parametrize("before", [(), ("archive",), ("disable",), ("archive", "disable")])
@pytest.mark.parametrize(("one", "other"), list(permutations(CHANGES, 2)))
def test_change_between_read_and_write_of_another_change_keeps_the_list_true(
    database: Database, connection: Connection, before: tuple[str, ...], one: str, other: str
) -> None:
    run = Run()
    services = [Services(VirtualUser(run, database, name).dependencies) for name in "ab"]
    for name in before:
        CHANGES[name](services[0])
    with intercepted(connection, once_before_a_write(lambda: CHANGES[other](services[1]))):
        CHANGES[one](services[0])
    assert find_wrong_services(connection) == []


def test_concurrent_changes_with_faults_keep_the_list_true(
    database: Database, connection: Connection
) -> None:
    run = Run()

    def act(number: int) -> None:
        services = Services(VirtualUser(run, database, f"services/{number}").dependencies)
        service_id = (DESIGN, DEVELOPMENT, ARCHIVED, CLOSED)[number % 4]
        for step in range(4):
            if (number // 4 + step) % 2:
                tried(lambda: services.archive(BOSS, service_id))
            else:
                tried(lambda: services.restore(BOSS, service_id))

    with intercepted(connection, random_faults("services").wrap):
        all_at_once(act)
    assert find_wrong_services(connection) == []
