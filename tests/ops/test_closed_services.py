"""The list of closed services of an organization is compared with its services, and repaired."""

from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.dynamodb.database import Database
from chalicelib.services.model import Service
from chalicelib.services.rules import closed_service_ids
from tests.support.api import Api
from tests.support.closed_services import listed
from tests.support.fault_injection import Call, intercepted, once_before_a_write
from tests.support.fixtures import (
    ARCHIVED,
    CLOSED,
    DESIGN,
    DEVELOPMENT,
    FOREIGN_SERVICE,
    KOLKATA,
    ZAGREB,
    put_all,
)
from tests.support.rollups import roll_up_all
from tests.support.table_snapshots import snapshot
from tools.ops.check_invariants import report
from tools.ops.closed_services import find_wrong_services, repair

MISSING = 5


def test_list_is_derived_from_the_services() -> None:
    services = (
        Service(9, 1, "Archived", archived_at=7),
        Service(2, 1, "Open"),
        Service(4, 1, "Fixed price", time_tracking_enabled=False),
        Service(3, 1, "Both", time_tracking_enabled=False, archived_at=7),
        Service(1, 1, "Deleted", deleted_at=7),
    )
    assert closed_service_ids(services) == (1, 3, 4, 9)
    assert closed_service_ids(()) == ()


@pytest.mark.usefixtures("fixtures")
@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ((), {ARCHIVED: False, CLOSED: False}),
        ((ARCHIVED,), {CLOSED: False}),
        ((DESIGN, ARCHIVED, CLOSED), {DESIGN: True}),
        ((ARCHIVED, CLOSED, FOREIGN_SERVICE), {FOREIGN_SERVICE: True}),
        ((MISSING, DESIGN), {MISSING: True, DESIGN: True, ARCHIVED: False, CLOSED: False}),
    ],
)
def test_wrong_list_is_found_and_repaired(
    database: Database,
    connection: Connection,
    dependencies: Dependencies,
    capsys: pytest.CaptureFixture[str],
    stored: tuple[int, ...],
    found: dict[int, bool],
) -> None:
    roll_up_all(connection)
    assert report(connection, dependencies, with_repair=False) == 0
    put_all(replace(ZAGREB, closed_service_ids=stored))
    wrong = find_wrong_services(connection)
    assert {service.service_id: service.is_listed for service in wrong} == found
    before = snapshot(connection)
    assert report(connection, dependencies, with_repair=False) == 1
    assert snapshot(connection) == before
    assert f"organization 2149: service {min(found)} " in capsys.readouterr().out
    assert report(connection, dependencies, with_repair=True) == 0
    assert f"repaired {len(found)} services; 0 changed meanwhile" in capsys.readouterr().out
    assert listed(database) == (ARCHIVED, CLOSED)
    assert report(connection, dependencies, with_repair=True) == 0
    assert "all invariants hold" in capsys.readouterr().out


@pytest.mark.usefixtures("fixtures")
def test_many_closed_services_of_two_organizations_are_listed(
    database: Database, connection: Connection
) -> None:
    services = {
        organization.id: [
            Service(number, organization.id, "Old", archived_at=7)
            for number in range(10, 10 + count)
        ]
        for organization, count in ((ZAGREB, 205), (KOLKATA, 1))
    }
    put_all(*(service for group in services.values() for service in group))
    assert repair(database, find_wrong_services(connection)) == 0
    assert listed(database, KOLKATA.id) == (10,)
    assert listed(database) == (*range(10, 215), ARCHIVED, CLOSED)
    assert find_wrong_services(connection) == []


@pytest.mark.parametrize(
    ("stored", "path"),
    [
        # Restored, after it was found to be missing in the list.
        ((CLOSED,), f"/services/{ARCHIVED}/restore"),
        # Archived, after it was found to be in the list by mistake.
        ((DEVELOPMENT, ARCHIVED, CLOSED), f"/services/{DEVELOPMENT}/archive"),
    ],
)
def test_repair_does_not_undo_a_concurrent_change(
    admin: Api, database: Database, connection: Connection, stored: tuple[int, ...], path: str
) -> None:
    put_all(replace(ZAGREB, closed_service_ids=stored))
    wrong = find_wrong_services(connection)
    assert len(wrong) == 1
    with intercepted(connection, once_before_a_write(lambda: admin.patch(path))):
        assert repair(database, wrong) == 1
    assert find_wrong_services(connection) == []


def test_service_that_changes_between_scan_and_comparison_is_not_reported(
    admin: Api, connection: Connection
) -> None:
    put_all(replace(ZAGREB, closed_service_ids=(CLOSED,)))
    assert len(find_wrong_services(connection)) == 1
    reads: list[str] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            reads.append(operation)
            if reads == ["Scan", "BatchGetItem"]:
                admin.patch(f"/services/{ARCHIVED}/restore")
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        assert find_wrong_services(connection) == []
    assert reads[:2] == ["Scan", "BatchGetItem"]
