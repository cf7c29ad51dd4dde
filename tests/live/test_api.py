"""Tickets and connections of live updates."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from chalice.app import Chalice
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import digest
from chalicelib.core.dependencies import Dependencies
from chalicelib.handlers import composition, live_connect
from chalicelib.http.application import create_app
from chalicelib.live.model import MAX_CONNECTIONS
from tests.live.live import (
    connect,
    connect_event,
    connection_ids,
    create_ticket,
    open_connection,
    secret_of,
)
from tests.support.api import JSON_API, Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fixtures import ADMIN, KOLKATA, MEMBER, STRANGER, ZAGREB
from tests.support.table_snapshots import items, snapshot


def test_ticket_opens_one_connection_of_its_person(
    dependencies: Dependencies,
    member: Api,
    connection: Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        created = create_ticket(member)
        secret = secret_of(created)
        assert secret not in json.dumps(snapshot(connection))
        assert connect(dependencies, secret) == 200
        assert connect(dependencies, secret, "two") == 403
    assert created.status == 201
    assert "Location" not in created.headers
    assert created.meta == {"url": f"wss://live.stint.test/live?ticket={secret}"}
    assert created.data == {
        "id": created.data["id"],
        "type": "live_tickets",
        "attributes": {
            "created_at": "2026-03-02T09:00:00.000+01:00",
            "expires_at": "2026-03-02T09:01:00.000+01:00",
        },
        "relationships": {
            "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
            "person": {"data": {"type": "people", "id": str(MEMBER)}},
        },
    }
    assert connection_ids(dependencies) == ["one"]
    assert secret not in caplog.text


def test_connection_is_of_the_person_and_organization_of_its_ticket(
    dependencies: Dependencies, member: Api, admin: Api, stranger: Api
) -> None:
    for api, name in ((member, "a"), (admin, "b"), (stranger, "c")):
        open_connection(dependencies, api, name)
    assert connection_ids(dependencies, MEMBER) == ["a"]
    assert connection_ids(dependencies, ADMIN) == ["b"]
    assert connection_ids(dependencies, STRANGER, KOLKATA.id) == ["c"]
    assert connection_ids(dependencies, STRANGER) == []


def test_ticket_ends_after_a_minute(
    dependencies: Dependencies, member: Api, clock: FakeClock
) -> None:
    first, second = (secret_of(create_ticket(member)) for _ in range(2))
    clock.advance(MINUTE - 1)
    assert connect(dependencies, first) == 200
    clock.advance(1)
    # DynamoDB deletes expired items late: this one still exists.
    assert connect(dependencies, second, "two") == 403
    assert connection_ids(dependencies) == ["one"]


def test_other_tickets_open_nothing(
    dependencies: Dependencies, member: Api, connection: Connection
) -> None:
    secret = secret_of(create_ticket(member))
    before = snapshot(connection)
    wrong = (None, "", secret[:-1], secret + "x", secret.swapcase(), digest(secret), "é", "a" * 999)
    for text in (*wrong, member.headers["X-Auth-Token"]):
        assert connect(dependencies, text) == 403
    assert snapshot(connection) == before
    assert connect(dependencies, secret) == 200


def test_concurrent_connections_are_all_stored(dependencies: Dependencies, member: Api) -> None:
    secrets = [secret_of(create_ticket(member)) for _ in range(8)]

    def open_with(number: int) -> int:
        return connect(dependencies, secrets[number], f"c{number}")

    with ThreadPoolExecutor(len(secrets)) as threads:
        assert [*threads.map(open_with, range(len(secrets)))] == [200] * len(secrets)
    assert sorted(connection_ids(dependencies)) == [f"c{number}" for number in range(8)]


def test_concurrent_uses_of_a_ticket_open_one_connection(
    dependencies: Dependencies, member: Api
) -> None:
    secret = secret_of(create_ticket(member))
    with ThreadPoolExecutor(8) as threads:
        statuses = [*threads.map(lambda n: connect(dependencies, secret, f"c{n}"), range(8))]
    assert sorted(statuses) == [200, *[403] * 7]
    assert len(connection_ids(dependencies)) == 1


def test_new_connection_replaces_the_oldest_beyond_the_maximum(
    dependencies: Dependencies, member: Api, clock: FakeClock
) -> None:
    for number in range(MAX_CONNECTIONS + 2):
        open_connection(dependencies, member, f"c{number}")
        clock.advance(1)
    expected = [f"c{number}" for number in range(2, MAX_CONNECTIONS + 2)]
    assert connection_ids(dependencies) == expected


def test_connections_end_after_two_hours(
    dependencies: Dependencies, member: Api, clock: FakeClock, connection: Connection
) -> None:
    open_connection(dependencies, member, "first")
    clock.advance(2 * HOUR)
    open_connection(dependencies, member, "second")
    assert connection_ids(dependencies) == ["second"]
    (stored,) = (item for item in items(connection, "person_state") if item["name"] == "live")
    # The time to live of the table.
    assert stored["expires_at"] == clock() + 2 * HOUR


def test_stage_without_live_updates_says_so(
    dependencies: Dependencies, member: Api, connection: Connection
) -> None:
    settings = replace(dependencies.settings, live_url="")
    app = create_app(settings, replace(dependencies, settings=settings))
    before = snapshot(connection)
    response = create_ticket(Api(app, member.headers))
    assert (response.status, response.error["code"]) == (404, "live_unavailable")
    assert response.error["title"] == "Live Updates Unavailable"
    assert snapshot(connection) == before


def test_deactivated_person_gets_no_ticket(admin: Api, member: Api, clock: FakeClock) -> None:
    assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    clock.advance(2 * MINUTE)
    assert create_ticket(member).status == 401


def test_repeated_request_does_not_return_the_address(member: Api) -> None:
    body = json.dumps({"data": {"type": "live_tickets"}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "once"}
    first = member.send("POST", "/live_tickets", body, headers)
    repeated = member.send("POST", "/live_tickets", body, headers)
    assert (repeated.status, repeated.data, repeated.meta) == (201, first.data, {})


def test_person_can_be_included(member: Api) -> None:
    document = {"data": {"type": "live_tickets"}}
    assert member.post("/live_tickets?include=nothing", document).status == 400
    response = member.post("/live_tickets?include=person", document)
    (included,) = response.document["included"]
    assert (included["type"], included["id"]) == ("people", str(MEMBER))


def test_ticket_and_connection_take_few_calls(
    dependencies: Dependencies, member: Api, connection: Connection
) -> None:
    member.get("/people/1")
    with counted(connection) as calls:
        secret = secret_of(create_ticket(member))
    assert calls == ["TransactWriteItems"]
    with counted(connection) as calls:
        connect(dependencies, secret)
    assert calls == ["DeleteItem", "UpdateItem"]
    with counted(connection) as calls:
        connect(dependencies, "unknown")
    assert calls == ["DeleteItem"]
    with counted(connection) as calls:
        connect(dependencies, "")
    assert calls == []


def test_connect_fails_while_dynamodb_is_unavailable(
    dependencies: Dependencies, member: Api, connection: Connection
) -> None:
    secret = secret_of(create_ticket(member))
    with (
        failing(connection, "DeleteItem", "ThrottlingException"),
        pytest.raises(Exception, match="not available"),
    ):
        connect(dependencies, secret)
    assert connect(dependencies, secret) == 200


def test_function_answers_as_api_gateway_expects(
    dependencies: Dependencies,
    member: Api,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(composition, "dependencies", lambda: dependencies)
    event = connect_event(secret_of(create_ticket(member)), "dE_sdaXGoAMCEYQ=")
    # Lambda calls the function with an event and a context.
    handler: Any = live_connect.live_connect
    with caplog.at_level(logging.INFO, "stint"):
        assert handler(event, None) == {"statusCode": 200}
        assert handler(event, None) == {"statusCode": 403}
    lines = [vars(line) for line in caplog.records if line.message == "live connect"]
    logged = [(line["accepted"], line.get("person_id")) for line in lines]
    assert logged == [(True, MEMBER), (False, None)]
    assert connection_ids(dependencies) == ["dE_sdaXGoAMCEYQ="]


def test_app_declares_the_handler(app: Chalice) -> None:
    app.register_blueprint(live_connect.blueprint)
    (handler,) = app.websocket_handlers.values()
    assert handler.route_key_handled == "$connect"
    assert handler.handler_string == "chalicelib.handlers.live_connect.live_connect"
