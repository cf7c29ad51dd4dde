"""Organizations, people, services and tokens by the command line: by the rules of the API."""

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.domain.people import LAST_ADMIN
from tests.support.api import Api
from tests.support.chaos import WRITE, Fault, Injection, Killed, intercepted
from tests.support.clock import DAY, FakeClock
from tests.support.faults import failing
from tests.support.operator import Operator
from tests.support.tables import items, snapshot
from tests.support.world import ADMIN, ARCHIVED, DESIGN, MEMBER, ZAGREB, World, token_id

CREATION = (
    *("organizations", "create", "Example Studio", "--time-zone", "Europe/Zagreb"),
    *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
)
HERE = ("-o", ZAGREB.id)


def test_a_new_organization_can_be_worked_in(operator: Operator, app: Chalice) -> None:
    result = operator.run(*CREATION, "--auto-stop-after", "10h", "--id", 7)
    assert result.exit_code == 0
    headers = dict(line.split(": ") for line in result.stdout.splitlines())
    assert headers["X-Organization-Id"] == "7"
    assert headers["X-Auth-Token"] not in result.stderr
    api = Api(app, headers)
    assert api.get("/organizations/7").attributes == {
        "name": "Example Studio",
        "time_zone": "Europe/Zagreb",
        "auto_stop_after": 36_000,
    }
    assert api.get("/users").data[0]["attributes"]["role"] == "admin"
    service = operator.json("services", "create", "-o", 7, "--name", "Design")
    assert api.start(service_id=service["id"]).status == 201


def test_a_new_organization_is_told_as_json_with_its_token_once(
    operator: Operator, connection: Connection
) -> None:
    made = operator.json(*CREATION)
    assert made["organization"]["auto_stop_after"] == 12 * 3600
    assert made["token"].startswith("stint_")
    assert made["token"] not in str(snapshot(connection))
    assert operator.json("tokens", "list", "-o", made["organization"]["id"])[0]["name"] == "first"


def test_an_id_that_is_taken_is_not_overwritten(
    operator: Operator, world: World, connection: Connection
) -> None:
    assert world.tokens
    before = snapshot(connection)
    assert "id: is taken, by Adriatic Studio" in operator.refused(*CREATION, "--id", ZAGREB.id)
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*CREATION[:4], "Mars/Olympus", *CREATION[5:]), "time_zone: must be an IANA time zone"),
        ((*CREATION[:-1], "ana"), "email: must be an e-mail address"),
        ((*CREATION, "--auto-stop-after", "8d"), "auto_stop_after: must be at most"),
        ((*CREATION[:2], " ", *CREATION[3:]), "name: must be given"),
    ],
)
def test_what_the_api_would_refuse_is_refused(
    operator: Operator, connection: Connection, arguments: tuple[str, ...], said: str
) -> None:
    assert said in operator.refused(*arguments)
    assert not any(snapshot(connection).values())


@pytest.mark.parametrize("sent", [False, True])
def test_a_crash_leaves_no_organization_that_nobody_can_enter(
    operator: Operator, connection: Connection, sent: bool
) -> None:
    injection = Injection(Fault(lambda _: Killed(), sent=sent, only=WRITE), 0)
    with intercepted(connection, injection.wrap), pytest.raises(Killed):
        operator.run(*CREATION)
    assert len(items(connection, "tokens")) == len(operator.json("organizations", "list")) == sent


def test_organizations_are_listed_and_changed(operator: Operator, world: World) -> None:
    assert world.tokens
    found = operator.json("organizations", "list")
    assert [it["id"] for it in found] == [2149, 2150]
    changed = operator.here("organizations", "change", "--auto-stop-after", "90m")
    assert (changed["auto_stop_after"], changed["name"]) == (5_400, ZAGREB.name)
    assert "there is no organization 9" in operator.refused("people", "list", "-o", 9)


def test_people_are_added_listed_deactivated_and_restored(
    operator: Operator, world: World, member: Api
) -> None:
    assert world.tokens
    person = ("--first-name", "Ivan", "--last-name", "Babić", "--email", "ivan@example.com")
    added = operator.here("people", "create", *person, "--id", 12)
    assert (added["id"], added["role"]) == (12, "member")
    assert "id: is taken" in operator.refused(
        "people", "create", *HERE, *person[:-1], "other@example.com", "--id", 12
    )
    assert "email: is taken" in operator.refused("people", "create", *HERE, *person)
    assert "Babić" in operator.done("people", "list", *HERE)
    member.start(service_id=DESIGN)
    gone = operator.here("people", "deactivate", f"{MEMBER}@example.com")
    assert gone["deactivated_at"] is not None
    assert operator.here("tokens", "list", MEMBER) == []
    assert operator.here("people", "restore", MEMBER)["deactivated_at"] is None


def test_the_last_admin_stays(operator: Operator, world: World) -> None:
    assert world.tokens
    assert LAST_ADMIN in operator.refused("people", "deactivate", ADMIN, *HERE)
    assert LAST_ADMIN in operator.refused("people", "erase", ADMIN, *HERE, "--deactivate", "--yes")


@pytest.mark.parametrize("who", ["1", "nobody@example.com", "Ana", f"{2**60}"])
def test_nobody_is_mistaken_for_somebody(operator: Operator, world: World, who: str) -> None:
    assert world.tokens
    assert "there is nobody" in operator.refused("people", "deactivate", who, *HERE)


def test_services_are_created_archived_and_restored(operator: Operator, world: World) -> None:
    assert world.tokens
    made = operator.here("services", "create", "--name", "Support", "--no-billable")
    assert made["billable"] is False
    archived = operator.here("services", "archive", made["id"])
    assert archived["archived_at"] == "2026-03-02T09:00:00.000+01:00"
    assert operator.here("services", "restore", ARCHIVED)["archived_at"] is None
    listed = operator.done("services", "list", *HERE)
    assert len(listed.splitlines()) == 1 + 5
    assert "record does not exist" in operator.refused("services", "archive", 1, *HERE)


def test_a_token_lets_in_until_it_is_revoked(
    operator: Operator, world: World, app: Chalice, clock: FakeClock
) -> None:
    assert world.tokens
    made = operator.here("tokens", "create", MEMBER, "--name", "phone")
    headers = {"X-Auth-Token": made["token"], "X-Organization-Id": "2149"}
    assert Api(app, headers).get("/users").ids == [str(MEMBER)]
    assert "digest" not in made
    found = operator.here("tokens", "list", MEMBER)
    assert [it["name"] for it in found] == ["test", "phone"]
    assert "token" not in found[1]
    operator.done("tokens", "revoke", made["id"], *HERE)
    clock.advance(DAY)
    assert Api(app, headers).get("/users").status == 401
    assert "does not exist" in operator.refused("tokens", "revoke", made["id"], *HERE)


def test_a_token_keeps_the_rules(operator: Operator, world: World) -> None:
    assert world.tokens
    past = ("--expires-at", "2020-01-01T00:00:00Z")
    create = ("tokens", "create", MEMBER, *HERE, "--name", "old")
    assert "expires_at: must lie ahead" in operator.refused(*create, *past)
    for _ in range(19):
        operator.done(*create)
    assert "has 20 tokens" in operator.refused(*create)
    gone = operator.run("people", "deactivate", MEMBER, *HERE)
    assert gone.exit_code == 0
    assert "person: attribute is invalid" in operator.refused(*create)


def test_a_token_is_on_stdout_alone(operator: Operator, world: World) -> None:
    assert world.tokens
    result = operator.run("tokens", "create", MEMBER, *HERE, "--name", "phone")
    assert result.stdout.count("stint_") == 1
    assert "stint_" not in result.stderr


def test_a_write_without_an_answer_is_no_token_lost_in_silence(
    operator: Operator, world: World, connection: Connection
) -> None:
    assert world.tokens
    with failing(connection, WRITE, "ThrottlingException"):
        said = operator.refused("tokens", "create", MEMBER, *HERE, "--name", "phone")
    assert "does not answer" in said
    assert [it["id"] for it in operator.here("tokens", "list", MEMBER)] == [token_id(MEMBER)]
