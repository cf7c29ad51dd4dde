"""Permissions of every route in the route table: contract sections 1 and 5.

Each route has a sample request that a permitted person can send. These tests send it without a
token, from another organization and as a member. A route cannot be declared without an access
rule, and a route without a sample request fails here.
"""

from collections.abc import Callable, Iterator
from contextvars import Context
from functools import partial
from typing import Any

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Scope, Visibility
from chalicelib.core.settings import Settings
from chalicelib.http.absent_collections import absent_routes
from chalicelib.http.application import create_app
from chalicelib.http.public_pages import public_pages
from chalicelib.http.routing import Route, RouteKind
from chalicelib.people.model import Role
from chalicelib.registry import RESOURCES
from tests.support.access_endings import ENDINGS, add_admin
from tests.support.api import Api, Response
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import (
    ADMIN,
    KOLKATA,
    MEMBER,
    OTHER_MEMBERS_ENTRY,
    STRANGER,
    ZAGREB,
    Fixtures,
)
from tests.support.openapi_checks import ALL_ROUTES, TABLE
from tests.support.samples import samples, send_sample
from tests.support.table_snapshots import Snapshot, items, snapshot

each_route_and_method = pytest.mark.parametrize(
    ("route", "method"),
    [
        pytest.param(route, method, id=f"{method} {route.path}")
        for route in TABLE
        for method in route.methods
    ],
)

each_route_that_gives_access = pytest.mark.parametrize(
    ("route", "method"),
    [
        pytest.param(route, method, id=f"{method} {route.path}")
        for route in TABLE
        if route.needs_live_token
        for method in route.methods
    ],
)
each_ending = pytest.mark.parametrize("ending", ENDINGS)

OF_THE_CALLER = ("show_user", "show_organization_membership", "stop_running_timer")
"""Routes that find only what belongs to the caller. In these tests, only ``OTHER_MEMBER`` works."""

Send = Callable[[Api, Route, str], Response]


@pytest.fixture
def timer_id(other_member: Api) -> str:
    started = other_member.start(time_entry_id=OTHER_MEMBERS_ENTRY)
    assert started.status == 201
    return str(started.data["id"])


@pytest.fixture
def send(timer_id: str) -> Send:
    """Sends the sample request of a route."""

    def send(api: Api, route: Route, method: str) -> Response:
        return send_sample(api, route, method, timer_id)

    return send


def test_every_route_has_a_sample_request() -> None:
    assert samples().keys() == {route.name for route in ALL_ROUTES}
    assert len(samples()) == len(ALL_ROUTES)


def test_only_the_redemption_of_a_pairing_code_needs_no_token() -> None:
    assert {route.name for route in ALL_ROUTES if route.is_public} == {"redeem_pairing"}


def test_application_serves_exactly_the_route_table(dependencies: Dependencies) -> None:
    served_routes = create_app(Settings(), dependencies).routes
    routes = (*ALL_ROUTES, *absent_routes(RESOURCES))
    expected = {
        *((f"/api/v2{route.path}", method) for route in routes for method in route.methods),
        *((page.path, "GET") for page in public_pages(ALL_ROUTES, RESOURCES)),
    }
    expected |= {(path, "HEAD") for path, method in expected if method == "GET"}
    assert {
        (path, method) for path, methods in served_routes.items() for method in methods
    } == expected


@each_route_and_method
def test_admin_can_call_every_route(admin: Api, route: Route, method: str, send: Send) -> None:
    response = send(admin, route, method)
    if route.name in OF_THE_CALLER:
        # The sample names another person. These routes return only the caller's own record.
        assert response.status == 404
    else:
        assert response.status == route.success, response.body


@each_route_and_method
def test_request_without_token_is_unauthenticated(
    app: Chalice, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = snapshot(connection)
    response = send(Api(app, {"X-Organization-Id": str(ZAGREB.id)}), route, method)
    assert (response.status, response.error["code"]) == (401, "invalid_auth_token")
    assert response.error["title"] == "Unauthenticated"
    assert snapshot(connection) == before


@each_route_and_method
def test_organization_header_is_required_where_the_route_needs_it(
    app: Chalice, fixtures: Fixtures, route: Route, method: str, send: Send
) -> None:
    api_without_organization = Api(app, {"X-Auth-Token": fixtures.tokens[ADMIN]})
    response = send(api_without_organization, route, method)
    if route.permission.organization_required:
        assert (response.status, response.error["code"]) == (403, "no_organization_id")
    else:
        assert response.status in (route.success, 404)
        assert response.status == send(Api(app, fixtures.headers(ADMIN)), route, method).status


def test_only_memberships_organizations_and_users_need_no_organization() -> None:
    types_without_organization = {
        route.resource.type for route in TABLE if not route.permission.organization_required
    }
    assert types_without_organization == {"organization_memberships", "organizations", "users"}


@each_route_and_method
def test_admin_of_another_organization_cannot_access_records(
    stranger: Api, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = _items_of_zagreb(connection)
    response = send(stranger, route, method)
    if "{id}" in route.path:
        assert (response.status, response.error["code"]) == (404, "record_not_found")
    elif route.kind is RouteKind.LIST:
        assert response.status == 200
        assert set(_organization_ids(response)) <= {str(KOLKATA.id)}
    elif route.name in OF_THE_CALLER:
        assert response.status == 404
    elif route.name in ("start_timer", "create_time_entry"):
        # The service of the sample does not exist in the caller's organization.
        assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    else:
        assert set(_organization_ids(response)) == {str(KOLKATA.id)}
    assert _items_of_zagreb(connection) == before


@each_route_and_method
def test_token_is_valid_only_in_its_own_organization(
    app: Chalice, fixtures: Fixtures, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = _items_of_zagreb(connection)
    response = send(Api(app, fixtures.headers(STRANGER, ZAGREB)), route, method)
    if route.permission.organization_required:
        assert (response.status, response.error["code"]) == (403, "access_denied")
    elif "{id}" in route.path:
        assert response.status == 404
    else:
        assert set(_organization_ids(response)) <= {str(KOLKATA.id)}
    assert _items_of_zagreb(connection) == before


@each_route_and_method
def test_member_is_held_to_the_permission_of_each_route(
    member: Api, connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = snapshot(connection)
    response = send(member, route, method)
    has_record_id = "{id}" in route.path
    if route.permission.role is Role.ADMIN or (
        has_record_id and route.permission.scope is Scope.OWN_OF_VISIBLE
    ):
        assert (response.status, response.error["code"]) == (403, "access_denied")
        assert snapshot(connection) == before
    elif has_record_id and route.permission.scope is Scope.OWN:
        assert (response.status, response.error["code"]) == (404, "record_not_found")
        assert snapshot(connection) == before
    elif route.name in OF_THE_CALLER:
        assert response.status == 404
    else:
        assert response.status == route.success


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in TABLE
        if route.kind is RouteKind.LIST and route.permission.role is Role.MEMBER
    ],
    ids=lambda route: route.path,
)
def test_member_list_is_limited_by_the_view_policy(
    member: Api, other_member: Api, route: Route, timer_id: str
) -> None:
    assert timer_id
    own_ids = {record["id"] for record in member.get(route.path).data}
    other_ids = {record["id"] for record in other_member.get(route.path).data}
    if route.permission.scope is Scope.EVERYONES:
        assert own_ids == other_ids != set()
    else:
        assert not own_ids & other_ids
        assert other_ids


def test_permission_matches_the_view_policy_of_the_resource() -> None:
    # Operations enforce the visibility of the resource; the route table documents the permission.
    # Both must agree.
    for route in TABLE:
        visibility = route.resource.view.visibility
        is_read = route.kind in (RouteKind.LIST, RouteKind.SHOW)
        if is_read and visibility is not Visibility.EVERYONE:
            is_admin_route = route.permission.role is Role.ADMIN
            is_own_route = visibility is Visibility.OWNER and route.permission.scope is Scope.OWN
            assert is_admin_route or is_own_route, route.name


def test_every_write_needs_the_live_token_except_those_of_time() -> None:
    others = {
        route.subject.type for route in TABLE if route.is_write and not route.needs_live_token
    }
    assert others == {"timers", "time_entries"}


@each_ending
@each_route_that_gives_access
def test_ended_access_gives_no_access_while_a_process_remembers_the_token(
    admin: Api,
    dependencies: Dependencies,
    connection: Connection,
    route: Route,
    method: str,
    ending: str,
    send: Send,
) -> None:
    add_admin(dependencies)
    assert admin.get("/users").ids == [str(ADMIN)]
    ENDINGS[ending](dependencies)
    dependencies.sleep(1)
    before = snapshot(connection)
    response = send(admin, route, method)
    _check_refusal(response, ending, route, before, connection)
    # It is the response of a process that does not remember the token.
    fresh = send(Api(create_app(Settings(), dependencies), admin.headers), route, method)
    assert response.status == fresh.status
    # And the process does not remember it any longer.
    assert admin.get("/users").status == (200 if ending == "demoted" else 401)


@pytest.mark.every_engine
@each_ending
@each_route_that_gives_access
def test_access_that_ends_between_read_and_commit_gives_no_access(
    admin: Api,
    dependencies: Dependencies,
    connection: Connection,
    route: Route,
    method: str,
    ending: str,
    timer_id: str,
) -> None:
    add_admin(dependencies)
    assert admin.get("/users").ids == [str(ADMIN)]
    after_the_end: list[Snapshot] = []

    def end() -> None:
        ENDINGS[ending](dependencies)
        after_the_end.append(snapshot(connection))

    # In a context of its own: it is not a part of the request.
    with intercepted(connection, once_before_a_write(partial(Context().run, end))):
        # With a key, also a request that changes nothing writes something.
        key = {"Idempotency-Key": "tap-1"}
        response = send_sample(admin, route, method, timer_id, headers=key)
    (before,) = after_the_end
    _check_refusal(response, ending, route, before, connection)


def _check_refusal(
    response: Response, ending: str, route: Route, before: Snapshot, connection: Connection
) -> None:
    """Check that nothing was written, and the error."""
    if ending != "demoted":
        assert (response.status, response.error["code"]) == (401, "invalid_auth_token")
    elif route.permission.role is Role.ADMIN or route.permission.scope is Scope.OWN_OF_VISIBLE:
        assert (response.status, response.error["code"]) == (403, "access_denied")
    elif route.names_record:
        assert (response.status, response.error["code"]) == (404, "record_not_found")
    else:
        # A member may create a token, a code or a ticket, for themselves and as a member.
        assert route.name in ("create_api_token", "create_pairing", "create_live_ticket")
        assert response.status == 201
        roles = {each["role"] for each in items(connection, "tokens") if each["person_id"] == ADMIN}
        assert roles == {"member"}
        return
    assert snapshot(connection) == before


def _items_of_zagreb(connection: Connection) -> list[str]:
    return sorted(_items_containing(snapshot(connection), str(ZAGREB.id)))


def _items_containing(tables: Any, text: str) -> Iterator[str]:
    for name, stored in tables.items():
        yield from (f"{name}: {item}" for item in stored if text in repr(item))


def _organization_ids(response: Response) -> Iterator[str]:
    """The organization id of each record in a response."""
    data = response.data
    for record in data if isinstance(data, list) else [data]:
        if record["type"] == "organizations":
            yield record["id"]
        else:
            yield record["relationships"]["organization"]["data"]["id"]


def test_member_client_belongs_to_the_member(member: Api) -> None:
    assert member.get("/users").ids == [str(MEMBER)]
