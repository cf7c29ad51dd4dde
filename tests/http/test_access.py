"""Who may call what, for every route of the table: contract sections 1 and 5.

Each route has a request here that its own people may send. It is then sent by others: without a
token, by another organization, by a member. A route without a rule cannot be declared, and one
without a request here fails.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.domain.directory import Role
from chalicelib.domain.policies import Reach
from chalicelib.http.application import create_app
from chalicelib.http.pages import pages
from chalicelib.http.routes import Act, Route
from chalicelib.services.toolbox import Toolbox
from chalicelib.settings import Settings
from tests.support.api import Answer, Api
from tests.support.described import TABLE
from tests.support.samples import SAMPLES, send_sample
from tests.support.tables import snapshot
from tests.support.world import (
    ADMIN,
    KOLKATA,
    MEMBER,
    OTHER_MEMBERS_ENTRY,
    STRANGER,
    ZAGREB,
    World,
)

each_request = pytest.mark.parametrize(
    ("route", "method"),
    [
        pytest.param(route, method, id=f"{method} {route.path}")
        for route in TABLE
        for method in route.methods
    ],
)

Send = Callable[[Api, Route, str], Answer]


@pytest.fixture
def timer_id(other_member: Api) -> str:
    started = other_member.start(time_entry_id=OTHER_MEMBERS_ENTRY)
    assert started.status == 201
    return str(started.data["id"])


@pytest.fixture
def send(timer_id: str) -> Send:
    """Sends the request that a route has here."""

    def send(api: Api, route: Route, method: str) -> Answer:
        return send_sample(api, route, method, timer_id)

    return send


def test_every_route_has_a_request_here() -> None:
    assert SAMPLES.keys() == {route.name for route in TABLE}
    assert len(SAMPLES) == len(TABLE)


def test_the_table_is_what_is_served(tools: Toolbox) -> None:
    served = create_app(Settings(), tools).routes
    assert {(path, method) for path, methods in served.items() for method in methods} == {
        *((f"/api/v2{route.path}", method) for route in TABLE for method in route.methods),
        *((page.path, "GET") for page in pages(TABLE)),
    }


@each_request
def test_an_admin_may_send_it(admin: Api, route: Route, method: str, send: Send) -> None:
    answer = send(admin, route, method)
    if route.name in ("show_user", "show_organization_membership"):
        # Of somebody else: there is only the caller's own.
        assert answer.status == 404
    else:
        assert answer.status == route.success, answer.body


@each_request
def test_nobody_without_a_token_may(
    app: Chalice, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = snapshot(connection)
    answer = send(Api(app, {"X-Organization-Id": str(ZAGREB.id)}), route, method)
    assert (answer.status, answer.error["code"]) == (401, "invalid_auth_token")
    assert answer.error["title"] == "Unauthenticated"
    assert snapshot(connection) == before


@each_request
def test_the_organization_must_be_named_where_it_is_needed(
    app: Chalice, world: World, route: Route, method: str, send: Send
) -> None:
    nameless = Api(app, {"X-Auth-Token": world.tokens[ADMIN]})
    answer = send(nameless, route, method)
    if route.access.organization_needed:
        assert (answer.status, answer.error["code"]) == (403, "no_organization_id")
    else:
        assert answer.status in (route.success, 404)
        assert answer.status == send(Api(app, world.headers(ADMIN)), route, method).status


def test_only_what_tells_where_one_belongs_needs_no_organization() -> None:
    free = {route.resource.type for route in TABLE if not route.access.organization_needed}
    assert free == {"organization_memberships", "organizations", "users"}


@each_request
def test_another_organization_finds_nothing(
    stranger: Api, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = _of_zagreb(connection)
    answer = send(stranger, route, method)
    if "{id}" in route.path:
        assert (answer.status, answer.error["code"]) == (404, "record_not_found")
    elif route.act is Act.LIST:
        assert answer.status == 200
        assert set(_organizations(answer)) <= {str(KOLKATA.id)}
    elif route.name in ("start_timer", "create_time_entry"):
        # On a service that is not there, to them.
        assert (answer.status, answer.error["code"]) == (422, "invalid_attribute")
    else:
        assert set(_organizations(answer)) == {str(KOLKATA.id)}
    assert _of_zagreb(connection) == before


@each_request
def test_a_token_is_good_in_its_own_organization_only(
    app: Chalice, world: World, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = _of_zagreb(connection)
    answer = send(Api(app, world.headers(STRANGER, ZAGREB)), route, method)
    if route.access.organization_needed:
        assert (answer.status, answer.error["code"]) == (403, "access_denied")
    elif "{id}" in route.path:
        assert answer.status == 404
    else:
        assert set(_organizations(answer)) <= {str(KOLKATA.id)}
    assert _of_zagreb(connection) == before


@each_request
def test_a_member_may_what_the_rule_says(
    member: Api, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = snapshot(connection)
    answer = send(member, route, method)
    names_one = "{id}" in route.path
    if route.access.role is Role.ADMIN or (names_one and route.access.reach is Reach.OWN_OF_SEEN):
        assert (answer.status, answer.error["code"]) == (403, "access_denied")
        assert snapshot(connection) == before
    elif names_one and route.access.reach is Reach.OWN:
        assert (answer.status, answer.error["code"]) == (404, "record_not_found")
        assert snapshot(connection) == before
    else:
        assert answer.status == route.success


@pytest.mark.parametrize(
    "route",
    [it for it in TABLE if it.act is Act.LIST and it.access.role is Role.MEMBER],
    ids=lambda it: it.path,
)
def test_a_list_holds_a_members_own_where_the_rule_says_so(
    member: Api, other_member: Api, route: Route, timer_id: str
) -> None:
    assert timer_id
    own = {record["id"] for record in member.get(route.path).data}
    others = {record["id"] for record in other_member.get(route.path).data}
    if route.access.reach is Reach.EVERYBODYS:
        assert own == others != set()
    else:
        assert not own & others
        assert others


def test_whose_they_are_is_said_by_the_resource_too() -> None:
    # The services look at the resource, the table tells people: they must agree.
    for route in TABLE:
        if route.act in (Act.LIST, Act.SHOW) and route.resource.visibility.value == "own":
            # What is nobody's own is for admins.
            admins = route.access.role is Role.ADMIN
            assert admins or route.access.reach is Reach.OWN, route.name


def _of_zagreb(connection: Connection) -> list[str]:
    return sorted(_mentioning(snapshot(connection), str(ZAGREB.id)))


def _mentioning(tables: Any, text: str) -> Iterator[str]:
    for name, items in tables.items():
        yield from (f"{name}: {item}" for item in items if text in repr(item))


def _organizations(answer: Answer) -> Iterator[str]:
    """The organizations of everything that an answer shows."""
    data = answer.data
    for record in data if isinstance(data, list) else [data]:
        if record["type"] == "organizations":
            yield record["id"]
        else:
            yield record["relationships"]["organization"]["data"]["id"]


def test_the_members_of_these_tests_are_who_they_should_be(member: Api) -> None:
    assert member.get("/users").ids == [str(MEMBER)]
