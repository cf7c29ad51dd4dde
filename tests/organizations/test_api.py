"""Organizations, memberships and users of the caller: contract sections 1 and 10."""

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from tests.support.api import Api, Response
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, KOLKATA, MEMBER, ZAGREB, Fixtures
from tests.support.table_snapshots import snapshot


def change(api: Api, **attributes: object) -> Response:
    return api.patch(f"/organizations/{ZAGREB.id}", {"data": {"attributes": attributes}})


@pytest.fixture
def token_only_client(app: Chalice, fixtures: Fixtures) -> Api:
    """A client that has a token but does not know its organization."""
    return Api(app, {"X-Auth-Token": fixtures.tokens[MEMBER]})


def test_token_alone_can_list_its_memberships(token_only_client: Api) -> None:
    response = token_only_client.get("/organization_memberships?include=person,organization")
    assert response.data == [
        {
            "id": str(MEMBER),
            "type": "organization_memberships",
            "attributes": {"role_id": 3, "role": "member"},
            "relationships": {
                "person": {"data": {"type": "people", "id": str(MEMBER)}},
                "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
                "user": {"meta": {"included": False}},
            },
        }
    ]
    included_ids = {record["type"]: record["id"] for record in response.document["included"]}
    assert included_ids == {"people": str(MEMBER), "organizations": str(ZAGREB.id)}
    assert token_only_client.get(f"/organization_memberships/{MEMBER}").data == response.data[0]


def test_users_contain_only_the_caller(token_only_client: Api) -> None:
    (user,) = token_only_client.get("/users").data
    assert (user["id"], user["attributes"]["email"]) == (str(MEMBER), f"{MEMBER}@example.com")
    assert token_only_client.get(f"/users/{MEMBER}").data == user
    assert token_only_client.get(f"/users/{ADMIN}").status == 404


@pytest.mark.parametrize("organization_id", ["", "x", "1", str(KOLKATA.id)])
def test_unknown_organization_header_is_ignored(
    app: Chalice, fixtures: Fixtures, organization_id: str
) -> None:
    api = Api(app, {"X-Auth-Token": fixtures.tokens[MEMBER], "X-Organization-Id": organization_id})
    for path in ("/organizations", "/organization_memberships", "/users"):
        assert api.get(path).status == 200
    assert api.get("/organizations").ids == [str(ZAGREB.id)]


def test_missing_organization_header_costs_one_extra_call_once(
    token_only_client: Api, connection: Connection
) -> None:
    with counted(connection) as calls:
        token_only_client.get("/organization_memberships")
        token_only_client.get("/organization_memberships")
        token_only_client.get("/users")
        token_only_client.get("/organizations")
    assert calls == ["BatchGetItem"] * 4


def test_organization_settings_can_be_read_and_changed(admin: Api, clock: FakeClock) -> None:
    response = change(
        admin,
        name="Studio",
        time_zone="Asia/Kathmandu",
        auto_stop_after=3600,
        auto_stop_at_time="23:30",
        remind_after=30,
    )
    assert response.attributes == {
        "name": "Studio",
        "time_zone": "Asia/Kathmandu",
        "auto_stop_after": 3600,
        "auto_stop_at_time": "23:30",
        "remind_after": 30,
        "closed_until": None,
        "closed_effective_at": None,
    }
    assert admin.get(f"/organizations/{ZAGREB.id}").data == response.data
    assert admin.get("/organizations").data == [response.data]
    # A cached caller keeps the old settings for at most one minute.
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
        ("auto_stop_at_time", "24:00"),
        ("auto_stop_at_time", "19:60"),
        ("auto_stop_at_time", "7:00"),
        ("auto_stop_at_time", "19:00:00"),
        ("auto_stop_at_time", "19:0\u0660"),
        ("auto_stop_at_time", 19),
        ("remind_after", 0),
        ("remind_after", 10_081),
        ("remind_after", "8h"),
    ],
)
def test_invalid_setting_is_rejected(
    admin: Api, connection: Connection, name: str, value: object
) -> None:
    before = snapshot(connection)
    response = change(admin, **{name: value})
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": f"data/attributes/{name}"}
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_stop_at_time", "00:00"),
        ("auto_stop_at_time", "23:59"),
        ("remind_after", 1),
        ("remind_after", 10_080),
    ],
)
def test_optional_setting_can_be_set_and_cleared(admin: Api, name: str, value: object) -> None:
    assert change(admin, **{name: value}).attributes[name] == value
    assert change(admin, name="Studio").attributes[name] == value
    assert change(admin, **{name: None}).attributes[name] is None
    assert admin.get(f"/organizations/{ZAGREB.id}").attributes[name] is None


@pytest.mark.parametrize("seconds", [300, 604_800, "300"])
def test_auto_stop_after_accepts_its_limits(admin: Api, seconds: object) -> None:
    assert change(admin, auto_stop_after=seconds).attributes["auto_stop_after"] == int(str(seconds))
