"""Commands that change services keep the list of closed services of the organization."""

import pytest
from pynamodb.connection import Connection

from chalicelib.dynamodb.database import Database
from tests.support.closed_services import listed
from tests.support.fixtures import ARCHIVED, CLOSED, DESIGN, ZAGREB, Fixtures
from tests.support.operator import Operator
from tools.ops.closed_services import find_wrong_services

IN_ZAGREB = ("-o", ZAGREB.id)


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


def test_archive_and_restore_change_the_list(operator: Operator, database: Database) -> None:
    assert listed(database) == (ARCHIVED, CLOSED)
    operator.here("services", "archive", DESIGN, *IN_ZAGREB)
    operator.here("services", "restore", ARCHIVED, *IN_ZAGREB)
    assert listed(database) == (DESIGN, CLOSED)


def test_created_service_without_time_tracking_is_listed(
    operator: Operator, database: Database
) -> None:
    created = operator.here(
        "services", "create", *IN_ZAGREB, "--name", "Fixed", "--no-time-tracking-enabled"
    )
    assert listed(database) == (ARCHIVED, CLOSED, created["id"])


def test_import_changes_the_list(
    operator: Operator, database: Database, connection: Connection
) -> None:
    rows = "name,time_tracking_enabled\nSupport,{}\nResearch,{}\n"
    file = rows.format("no", "yes")
    report = operator.here("services", "import", "-", *IN_ZAGREB, typed=file)
    support, research = (row["id"] for row in report["created"])
    assert listed(database) == (ARCHIVED, CLOSED, support)
    file = rows.format("yes", "no")
    operator.here("services", "import", "-", "--update", *IN_ZAGREB, typed=file)
    assert listed(database) == (ARCHIVED, CLOSED, research)
    assert find_wrong_services(connection) == []


def test_organizations_are_shown_without_the_list(operator: Operator) -> None:
    rows = {row["id"]: row for row in operator.json("organizations", "list")}
    assert "closed_service_ids" not in rows[ZAGREB.id]
    assert {"id", "name", "time_zone", "auto_stop_after"} <= set(rows[ZAGREB.id])
