"""Commands for organizations, people, services and tokens; the rules are those of the API."""

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.people.rules import LAST_ADMIN
from tests.support.api import Api
from tests.support.clock import DAY, FakeClock
from tests.support.failing_calls import failing
from tests.support.fault_injection import WRITE, Fault, Injection, Killed, intercepted
from tests.support.fixtures import ADMIN, ARCHIVED, DESIGN, MEMBER, ZAGREB, Fixtures, token_id
from tests.support.operator import Operator
from tests.support.table_snapshots import items, snapshot

CREATION = (
    *("organizations", "create", "Example Studio", "--time-zone", "Europe/Zagreb"),
    *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
)
IN_ZAGREB = ("-o", ZAGREB.id)


def test_new_organization_can_be_used_through_api(operator: Operator, app: Chalice) -> None:
    limits = ("--auto-stop-after", "10h", "--auto-stop-at-time", "19:00", "--remind-after", "8h")
    result = operator.run(*CREATION, *limits, "--id", 7)
    assert result.exit_code == 0
    headers = dict(line.split(": ") for line in result.stdout.splitlines())
    assert headers["X-Organization-Id"] == "7"
    assert headers["X-Auth-Token"] not in result.stderr
    api = Api(app, headers)
    assert api.get("/organizations/7").attributes == {
        "name": "Example Studio",
        "time_zone": "Europe/Zagreb",
        "auto_stop_after": 36_000,
        "auto_stop_at_time": "19:00",
        "remind_after": 480,
        "closed_until": None,
        "closed_effective_at": None,
    }
    assert api.get("/users").data[0]["attributes"]["role"] == "admin"
    service = operator.json("services", "create", "-o", 7, "--name", "Design")
    assert api.start(service_id=service["id"]).status == 201


def test_create_organization_prints_token_once_as_json(
    operator: Operator, connection: Connection
) -> None:
    created = operator.json(*CREATION)
    assert created["organization"]["auto_stop_after"] == 12 * 3600
    assert created["organization"]["auto_stop_at_time"] is None
    assert created["organization"]["remind_after"] is None
    assert created["admin"]["time_zone"] is None
    assert created["token"].startswith("stint_")
    assert created["token"] not in str(snapshot(connection))
    assert (
        operator.json("tokens", "list", "-o", created["organization"]["id"])[0]["name"] == "first"
    )


def test_organization_id_in_use_is_refused(
    operator: Operator, fixtures: Fixtures, connection: Connection
) -> None:
    assert fixtures.tokens
    before = snapshot(connection)
    assert "id: This id belongs to Adriatic Studio." in operator.refused(
        *CREATION, "--id", ZAGREB.id
    )
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*CREATION[:4], "Mars/Olympus", *CREATION[5:]), "time_zone: Use an IANA time zone"),
        ((*CREATION[:-1], "ana"), "email: Use a valid e-mail address."),
        ((*CREATION, "--auto-stop-after", "8d"), "auto_stop_after: The number must be at most"),
        ((*CREATION, "--auto-stop-at-time", "7pm"), "auto_stop_at_time: Use a time of day"),
        ((*CREATION, "--remind-after", "8d"), "remind_after: The number must be at most"),
        ((*CREATION[:2], " ", *CREATION[3:]), "name: This attribute is required."),
    ],
)
def test_invalid_organization_values_are_refused(
    operator: Operator, connection: Connection, arguments: tuple[str, ...], message: str
) -> None:
    assert message in operator.refused(*arguments)
    assert not any(snapshot(connection).values())


@pytest.mark.parametrize("sent", [False, True])
def test_crash_leaves_no_organization_without_token(
    operator: Operator, connection: Connection, sent: bool
) -> None:
    injection = Injection(Fault(lambda _: Killed(), sent=sent, only=WRITE), 0)
    with intercepted(connection, injection.wrap), pytest.raises(Killed):
        operator.run(*CREATION)
    assert len(items(connection, "tokens")) == len(operator.json("organizations", "list")) == sent


def test_organizations_are_listed_and_changed(operator: Operator, fixtures: Fixtures) -> None:
    assert fixtures.tokens
    organizations = operator.json("organizations", "list")
    assert [organization["id"] for organization in organizations] == [2149, 2150]
    changed = operator.here("organizations", "change", "--auto-stop-after", "90m")
    assert (changed["auto_stop_after"], changed["name"]) == (5_400, ZAGREB.name)
    limits = ("--auto-stop-at-time", "19:00", "--remind-after", 90)
    changed = operator.here("organizations", "change", *limits)
    assert (changed["auto_stop_at_time"], changed["remind_after"]) == ("19:00", 90)
    changed = operator.here("organizations", "change", "--name", "Studio")
    assert (changed["auto_stop_at_time"], changed["remind_after"]) == ("19:00", 90)
    nothing = ("--auto-stop-at-time", "none", "--remind-after", "none")
    changed = operator.here("organizations", "change", *nothing)
    assert (changed["auto_stop_at_time"], changed["remind_after"]) == (None, None)
    assert "There is no organization 9" in operator.refused("people", "list", "-o", 9)


def test_people_are_added_listed_deactivated_and_restored(
    operator: Operator, fixtures: Fixtures, member: Api
) -> None:
    assert fixtures.tokens
    person = ("--first-name", "Ivan", "--last-name", "Babić", "--email", "ivan@example.com")
    added = operator.here("people", "create", *person, "--id", 12)
    assert (added["id"], added["role"]) == (12, "member")
    assert "id: Another person already has this value." in operator.refused(
        "people", "create", *IN_ZAGREB, *person[:-1], "other@example.com", "--id", 12
    )
    assert "email: Another person already has this value." in operator.refused(
        "people", "create", *IN_ZAGREB, *person
    )
    assert "Babić" in operator.done("people", "list", *IN_ZAGREB)
    member.start(service_id=DESIGN)
    limits = ("--time-zone", "Europe/Lisbon", "--auto-stop-at-time", "19:00")
    changed = operator.here("people", "change", "ivan@example.com", *limits)
    assert (changed["time_zone"], changed["auto_stop_at_time"]) == ("Europe/Lisbon", "19:00")
    changed = operator.here("people", "change", 12, "--time-zone", "none", "--title", "Designer")
    assert (changed["time_zone"], changed["auto_stop_at_time"]) == (None, "19:00")
    assert changed["title"] == "Designer"
    assert "first_name: This attribute cannot be empty." in operator.refused(
        "people", "change", *IN_ZAGREB, 12, "--first-name", "none"
    )
    deactivated = operator.here("people", "deactivate", f"{MEMBER}@example.com")
    assert deactivated["deactivated_at"] is not None
    assert operator.here("tokens", "list", MEMBER) == []
    assert operator.here("people", "restore", MEMBER)["deactivated_at"] is None


def test_last_admin_cannot_be_deactivated_or_erased(operator: Operator, fixtures: Fixtures) -> None:
    assert fixtures.tokens
    assert LAST_ADMIN in operator.refused("people", "deactivate", ADMIN, *IN_ZAGREB)
    assert LAST_ADMIN in operator.refused(
        "people", "erase", ADMIN, *IN_ZAGREB, "--deactivate", "--yes"
    )


@pytest.mark.parametrize("who", ["1", "nobody@example.com", "Ana", f"{2**60}"])
def test_unknown_person_is_refused(operator: Operator, fixtures: Fixtures, who: str) -> None:
    assert fixtures.tokens
    assert "There is no person" in operator.refused("people", "deactivate", who, *IN_ZAGREB)


def test_services_are_created_archived_and_restored(operator: Operator, fixtures: Fixtures) -> None:
    assert fixtures.tokens
    created = operator.here("services", "create", "--name", "Support", "--no-billable")
    assert created["billable"] is False
    archived = operator.here("services", "archive", created["id"])
    assert archived["archived_at"] == "2026-03-02T09:00:00.000+01:00"
    assert operator.here("services", "restore", ARCHIVED)["archived_at"] is None
    listed = operator.done("services", "list", *IN_ZAGREB)
    assert len(listed.splitlines()) == 1 + 5
    assert "record does not exist" in operator.refused("services", "archive", 1, *IN_ZAGREB)


def test_token_is_valid_until_revoked(
    operator: Operator, fixtures: Fixtures, app: Chalice, clock: FakeClock
) -> None:
    assert fixtures.tokens
    created = operator.here("tokens", "create", MEMBER, "--name", "phone")
    headers = {"X-Auth-Token": created["token"], "X-Organization-Id": "2149"}
    assert Api(app, headers).get("/users").ids == [str(MEMBER)]
    assert "digest" not in created
    tokens = operator.here("tokens", "list", MEMBER)
    assert [token["name"] for token in tokens] == ["test", "phone"]
    assert "token" not in tokens[1]
    operator.done("tokens", "revoke", created["id"], *IN_ZAGREB)
    clock.advance(DAY)
    assert Api(app, headers).get("/users").status == 401
    assert "does not exist" in operator.refused("tokens", "revoke", created["id"], *IN_ZAGREB)


def test_token_creation_follows_rules_of_api(operator: Operator, fixtures: Fixtures) -> None:
    assert fixtures.tokens
    past = ("--expires-at", "2020-01-01T00:00:00Z")
    create = ("tokens", "create", MEMBER, *IN_ZAGREB, "--name", "old")
    assert "expires_at: The time must be in the future." in operator.refused(*create, *past)
    for _ in range(19):
        operator.done(*create)
    assert "person: This person has the maximum of 20 tokens." in operator.refused(*create)
    result = operator.run("people", "deactivate", MEMBER, *IN_ZAGREB)
    assert result.exit_code == 0
    assert "person: attribute is invalid" in operator.refused(*create)


def test_token_is_printed_on_stdout_only(operator: Operator, fixtures: Fixtures) -> None:
    assert fixtures.tokens
    result = operator.run("tokens", "create", MEMBER, *IN_ZAGREB, "--name", "phone")
    assert result.stdout.count("stint_") == 1
    assert "stint_" not in result.stderr


def test_failed_token_creation_is_reported(
    operator: Operator, fixtures: Fixtures, connection: Connection
) -> None:
    assert fixtures.tokens
    with failing(connection, WRITE, "ThrottlingException"):
        message = operator.refused("tokens", "create", MEMBER, *IN_ZAGREB, "--name", "phone")
    assert "The database is not available" in message
    assert [token["id"] for token in operator.here("tokens", "list", MEMBER)] == [token_id(MEMBER)]
