"""Idempotency-Key and If-Match on every write route: contract sections 4c and 8.

The tests send the sample request of each route. A resource whose operation forgets one of the
headers fails here.
"""

from collections.abc import Callable

import pytest
from pynamodb.connection import Connection

from chalicelib.http.routing import Route, RouteKind
from tests.support.api import JSON_API, Api, Response
from tests.support.event_services import EventServices
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, OTHER_MEMBERS_ENTRY
from tests.support.openapi_checks import TABLE
from tests.support.samples import TIMER, samples, send_sample
from tests.support.table_snapshots import snapshot

KEY = {"Idempotency-Key": "tap-1"}
STALE = {"If-Match": 'W/"ffffffff-0"'}
OTHER_TAGS = (STALE["If-Match"], '"ffffffff-0", W/"0-0"', '"nonsense"', "nonsense", 'W/""', "*, *")
SECRETS = {"secret", "token", "code", "url"}
SENDS_EVENTS = {"test_webhook", "replay_webhook"}
"""Routes that send events before they write: a change after that refuses nothing."""
WRITES_NOTHING = {"restore_service", "restore_person", "activate_person"}
"""Routes whose sample request changes no record: no other request can come before their write."""

Send = Callable[[Route, str, dict[str, str]], Response]


def _write_routes(routes: list[Route]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("route", "method"),
        [
            pytest.param(route, method, id=f"{method} {route.path}")
            for route in routes
            for method in route.methods
        ],
    )


WRITES = [route for route in TABLE if route.kind not in (RouteKind.LIST, RouteKind.SHOW)]
each_write = _write_routes(WRITES)
each_write_of_a_record = _write_routes([route for route in WRITES if "{id}" in route.path])
each_update = _write_routes([route for route in WRITES if route.kind is RouteKind.UPDATE])


@pytest.fixture(autouse=True)
def _empty_queues(event_services: EventServices) -> None:
    """Provides empty queues, with the clock of the test."""


@pytest.fixture
def timer_id(other_member: Api) -> str:
    return str(other_member.start(time_entry_id=OTHER_MEMBERS_ENTRY).data["id"])


@pytest.fixture
def send(admin: Api, timer_id: str) -> Send:
    """Sends the sample request of a route with headers."""

    # `PATCH /timers/stop` stops what runs of the caller.
    assert admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201

    def send(route: Route, method: str, headers: dict[str, str]) -> Response:
        return send_sample(admin, route, method, timer_id, headers=headers)

    return send


@pytest.fixture
def tag_of(admin: Api, timer_id: str) -> Callable[..., dict[str, str]]:
    """Returns If-Match with the ETag of a GET of the record that a route's sample names."""

    def tag_of(route: Route, query: str = "") -> dict[str, str]:
        record_id = samples()[route.name].record_id
        name = timer_id if record_id == TIMER else record_id
        shown = admin.get(f"/{route.subject.type}/{name}{query}")
        assert shown.status == 200
        return {"If-Match": shown.headers["ETag"]}

    return tag_of


TagOf = Callable[..., dict[str, str]]


@each_write
def test_repeat_with_one_key_returns_the_first_response(
    connection: Connection, route: Route, method: str, send: Send
) -> None:
    first = send(route, method, KEY)
    assert first.status == route.success, first.body
    assert "Idempotency-Replayed" not in first.headers
    before = snapshot(connection)
    repeated = send(route, method, KEY)
    assert (repeated.status, repeated.headers["Idempotency-Replayed"]) == (first.status, "true")
    assert repeated.headers.get("Location") == first.headers.get("Location")
    assert snapshot(connection) == before
    if route.kind is RouteKind.DELETE:
        assert repeated.body == first.body == b""
        return
    repeated_meta = {name: value for name, value in first.meta.items() if name not in SECRETS}
    assert repeated.document == {**first.document, "meta": repeated_meta}


@each_write
def test_one_time_values_are_not_stored(
    connection: Connection, route: Route, method: str, send: Send
) -> None:
    response = send(route, method, KEY)
    secrets = SECRETS & response.meta.keys() if response.body else set()
    assert secrets == SECRETS & {field.name for field in route.meta}
    stored = str(snapshot(connection))
    assert not [name for name in secrets if response.meta[name] in stored]


@each_write
def test_key_of_another_request_is_rejected(
    admin: Api, connection: Connection, route: Route, method: str, send: Send
) -> None:
    assert admin.send("POST", f"/timers?time_entry_id={ADMINS_ENTRY}", headers=KEY).status == 201
    before = snapshot(connection)
    response = send(route, method, KEY)
    assert (response.status, response.error["code"]) == (422, "idempotency_key_reused")
    assert snapshot(connection) == before


@each_write
def test_key_is_limited_on_every_write(
    connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = snapshot(connection)
    response = send(route, method, {"Idempotency-Key": "k" * 256})
    assert (response.status, response.error["source"]) == (400, {"header": "Idempotency-Key"})
    assert snapshot(connection) == before


@pytest.mark.parametrize("query", ["", "?include={includes}", "?fields[{type}]=name"])
@each_write_of_a_record
def test_tag_of_the_record_permits_the_write(
    route: Route, method: str, send: Send, tag_of: TagOf, query: str
) -> None:
    subject = route.subject
    query = query.format(includes=",".join(subject.includes), type=subject.type)
    assert send(route, method, tag_of(route, query)).status == route.success


@each_write_of_a_record
def test_asterisk_permits_the_write(route: Route, method: str, send: Send) -> None:
    assert send(route, method, {"If-Match": "*"}).status == route.success


@each_write_of_a_record
def test_other_tags_refuse_the_write(
    connection: Connection, route: Route, method: str, send: Send
) -> None:
    before = snapshot(connection)
    for if_match in OTHER_TAGS:
        response = send(route, method, {"If-Match": if_match})
        assert (response.status, response.error["code"]) == (412, "precondition_failed"), if_match
        assert response.error["title"] == "Precondition Failed"
        assert response.error["source"] == {"header": "If-Match"}
    assert snapshot(connection) == before


@each_write_of_a_record
def test_refused_write_is_not_stored_under_its_key(
    route: Route, method: str, send: Send, tag_of: TagOf
) -> None:
    assert send(route, method, {**KEY, **STALE}).status == 412
    response = send(route, method, {**KEY, **tag_of(route)})
    assert response.status == route.success
    assert "Idempotency-Replayed" not in response.headers


@each_write_of_a_record
def test_replay_comes_before_the_precondition(
    route: Route, method: str, send: Send, tag_of: TagOf
) -> None:
    # After the first request, its own tag is stale.
    assert send(route, method, {**KEY, **tag_of(route)}).status == route.success
    repeated = send(route, method, {**KEY, **STALE})
    assert (repeated.status, repeated.headers["Idempotency-Replayed"]) == (route.success, "true")


@each_update
def test_update_that_changes_nothing_needs_the_present_version_too(
    route: Route, method: str, send: Send, tag_of: TagOf
) -> None:
    before = tag_of(route)
    assert send(route, method, before).status == 200
    after = tag_of(route)
    assert before["If-Match"].partition("-")[0] != after["If-Match"].partition("-")[0]
    assert send(route, method, before).status == 412
    # The last update changed nothing: the version is still the same.
    assert [send(route, method, after).status for _ in range(2)] == [200, 200]


@pytest.mark.every_engine
@each_write_of_a_record
def test_record_that_changes_between_load_and_write_refuses_the_write(
    admin: Api,
    connection: Connection,
    timer_id: str,
    route: Route,
    method: str,
    send: Send,
    tag_of: TagOf,
) -> None:
    changes = {each.subject.type: each for each in WRITES if each.kind is RouteKind.UPDATE}
    after_change = []

    record_id = samples()[route.name].record_id
    path = f"/{route.subject.type}/{timer_id if record_id == TIMER else record_id}"

    def change() -> None:
        if route.subject.type == "timers":
            assert admin.stop(timer_id).status == 200
        else:
            attributes = samples()[changes[route.subject.type].name].attributes
            assert admin.patch(path, {"data": {"attributes": attributes}}).status == 200
        after_change.append(admin.get(path).document)

    tag = tag_of(route)
    with intercepted(connection, once_before_a_write(change)):
        response = send(route, method, tag)
    if route.name in WRITES_NOTHING:
        assert (response.status, after_change) == (200, [])
    elif route.name in SENDS_EVENTS:
        assert (response.status, len(after_change)) == (200, 1)
    else:
        assert (response.status, response.error["code"]) == (412, "precondition_failed")
        assert [admin.get(path).document] == after_change


@each_write_of_a_record
def test_missing_record_is_not_found_before_the_precondition(
    admin: Api, route: Route, method: str
) -> None:
    path = route.path.replace("{id}", "999999")
    for if_match in ("*", 'W/"1-0"'):
        headers = {"Content-Type": JSON_API, "If-Match": if_match}
        response = admin.send(method, path, b'{"data":{}}', headers)
        assert (response.status, response.error["code"]) == (404, "record_not_found")
