"""Admin commands are recorded as admin revisions without an author. Contract section 11."""

import json
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import digest
from tests.support.fixtures import MEMBER, ZAGREB, Fixtures, token_id
from tests.support.operator import Operator
from tests.support.table_snapshots import items


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


def recorded(connection: Connection, organization_id: int = ZAGREB.id) -> list[dict[str, Any]]:
    """The admin revisions of an organization that an operator caused."""
    rows = [item for item in items(connection, "revision_log") if "subject_type" in item]
    return [
        row for row in rows if row["organization_id"] == organization_id and not row["creator_id"]
    ]


def test_acts_of_an_operator_are_recorded_without_an_author(
    operator: Operator, connection: Connection
) -> None:
    operator.here("people", "change", MEMBER, "--title", "Boss")
    operator.here("people", "deactivate", MEMBER)
    operator.here("people", "restore", MEMBER)
    operator.here("tokens", "create", MEMBER, "--name", "phone")
    operator.here("services", "create", "--name", "Print")
    operator.here("organizations", "change", "--remind-after", "30")
    operator.here("services", "import", "-", typed="name\nResearch\n")
    rows = recorded(connection)
    assert sorted((row["subject_type"], row["action"]) for row in rows) == [
        ("api_tokens", "created"),
        ("organizations", "updated"),
        ("people", "updated"),
        ("people", "updated"),
        ("people", "updated"),
        ("services", "created"),
        ("services", "created"),
    ]
    assert all("token_id" not in row for row in rows)


def test_new_organization_is_recorded_without_the_token(
    operator: Operator, connection: Connection
) -> None:
    created = operator.json(
        *("organizations", "create", "Studio", "--time-zone", "UTC"),
        *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
    )
    rows = recorded(connection, created["organization"]["id"])
    assert sorted(row["subject_type"] for row in rows) == ["api_tokens", "organizations", "people"]
    stored = json.dumps(rows)
    assert created["token"] not in stored
    assert digest(created["token"]) not in stored


def test_revoked_token_of_a_command_is_recorded(operator: Operator, connection: Connection) -> None:
    operator.done("tokens", "revoke", token_id(MEMBER), "-o", ZAGREB.id)
    (row,) = recorded(connection)
    assert (row["action"], row["person_id"]) == ("deleted", MEMBER)
