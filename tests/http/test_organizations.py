"""Where the caller belongs: organizations, memberships, users. Contract sections 1 and 10."""

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from tests.support.api import Answer, Api
from tests.support.calls import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.tables import snapshot
from tests.support.world import ADMIN, ADMINS_ENTRY, KOLKATA, MEMBER, ZAGREB, World


def change(api: Api, **attributes: object) -> Answer:
    return api.patch(f"/organizations/{ZAGREB.id}", {"data": {"attributes": attributes}})


@pytest.fixture
def newcomer(app: Chalice, world: World) -> Api:
    """Somebody who knows their token, and not yet where it is good."""
    return Api(app, {"X-Auth-Token": world.tokens[MEMBER]})


def test_a_token_finds_out_where_it_belongs(newcomer: Api) -> None:
    answer = newcomer.get("/organization_memberships?include=person,organization")
    assert answer.data == [
        {
            "id": str(MEMBER),
            "type": "organization_memberships",
            "attributes": {"role_id": 3, "role": "member"},
            "relationships": {
                "person": {"data": {"type": "people", "id": str(MEMBER)}},
                "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
            },
        }
    ]
    types = {it["type"]: it["id"] for it in answer.document["included"]}
    assert types == {"people": str(MEMBER), "organizations": str(ZAGREB.id)}
    assert newcomer.get(f"/organization_memberships/{MEMBER}").data == answer.data[0]


def test_users_are_the_caller(newcomer: Api) -> None:
    (user,) = newcomer.get("/users").data
    assert (user["id"], user["attributes"]["email"]) == (str(MEMBER), f"{MEMBER}@example.com")
    assert newcomer.get(f"/users/{MEMBER}").data == user
    assert newcomer.get(f"/users/{ADMIN}").status == 404


@pytest.mark.parametrize("said", ["", "x", "1", str(KOLKATA.id)])
def test_an_unknown_organization_is_ignored_there(app: Chalice, world: World, said: str) -> None:
    api = Api(app, {"X-Auth-Token": world.tokens[MEMBER], "X-Organization-Id": said})
    for path in ("/organizations", "/organization_memberships", "/users"):
        assert api.get(path).status == 200
    assert api.get("/organizations").ids == [str(ZAGREB.id)]


def test_not_knowing_the_organization_costs_one_call_more_once(
    newcomer: Api, connection: Connection
) -> None:
    with counted(connection) as calls:
        newcomer.get("/organization_memberships")
        newcomer.get("/organization_memberships")
        newcomer.get("/users")
        newcomer.get("/organizations")
    assert calls == ["BatchGetItem"] * 4


def test_settings_are_shown_and_changed(admin: Api, clock: FakeClock) -> None:
    answer = change(admin, name="Studio", time_zone="Asia/Kathmandu", auto_stop_after=3600)
    assert answer.attributes == {
        "name": "Studio",
        "time_zone": "Asia/Kathmandu",
        "auto_stop_after": 3600,
    }
    assert admin.get(f"/organizations/{ZAGREB.id}").data == answer.data
    assert admin.get("/organizations").data == [answer.data]
    # Whoever is remembered works by the old ones for a minute at the most.
    clock.advance(MINUTE)
    timer = admin.start(time_entry_id=ADMINS_ENTRY)
    assert timer.attributes["started_at"].endswith("+05:45")
    clock.advance(2 * HOUR)
    assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201
    assert admin.get(f"/timers/{timer.data['id']}").attributes["total_time"] == 60


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 256),
        ("time_zone", "Zagreb"),
        ("time_zone", "+02:00"),
        ("time_zone", "Europe"),
        ("time_zone", "../Europe/Zagreb"),
        ("time_zone", "localtime"),
        ("time_zone", None),
        ("auto_stop_after", 299),
        ("auto_stop_after", 604_801),
        ("auto_stop_after", 3600.0),
        ("auto_stop_after", None),
    ],
)
def test_what_breaks_a_rule_is_refused(
    admin: Api, connection: Connection, name: str, value: object
) -> None:
    before = snapshot(connection)
    answer = change(admin, **{name: value})
    assert (answer.status, answer.error["code"]) == (422, "invalid_attribute")
    assert answer.error["source"] == {"pointer": f"data/attributes/{name}"}
    assert snapshot(connection) == before


@pytest.mark.parametrize("seconds", [300, 604_800, "300"])
def test_the_bounds_are_allowed(admin: Api, seconds: object) -> None:
    assert change(admin, auto_stop_after=seconds).attributes["auto_stop_after"] == int(str(seconds))
