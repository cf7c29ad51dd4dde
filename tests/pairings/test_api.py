"""Pairing: a one-time code becomes a token. Contract section 11."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.rules import MAX_TOKENS
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.http.application import create_app
from chalicelib.pairings.codes import digest_of_code
from tests.api_tokens.test_api import create
from tests.pairings.pairing import assert_refused, create_code, pair, redeem, redeemed
from tests.support.api import JSON_API, Api
from tests.support.call_counter import counted
from tests.support.clock import MINUTE, FakeClock
from tests.support.fixtures import DEACTIVATED, MEMBER, OTHER_MEMBER, ZAGREB
from tests.support.table_snapshots import items, snapshot


def test_code_becomes_a_token_of_its_person_once(
    app: Chalice,
    member: Api,
    connection: Connection,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        created = pair(member, name="My phone")
        clock.advance(14 * MINUTE)
        response = redeem(app, created.meta["code"])
    assert "Location" not in created.headers
    assert created.data == {
        "id": created.data["id"],
        "type": "pairings",
        "attributes": {
            "name": "My phone",
            "created_at": "2026-03-02T09:00:00.000+01:00",
            "expires_at": "2026-03-02T09:15:00.000+01:00",
        },
        "relationships": {
            "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
            "person": {"data": {"type": "people", "id": str(MEMBER)}},
        },
    }
    assert response.status == 201
    assert response.data == {
        "id": response.data["id"],
        "type": "api_tokens",
        "attributes": {
            "name": "My phone",
            "created_at": "2026-03-02T09:14:00.000+01:00",
            "expires_at": None,
            "last_used_on": None,
        },
        "relationships": created.data["relationships"],
    }
    assert response.headers["Location"].endswith(f"/api/v2/api_tokens/{response.data['id']}")
    token = response.meta["token"]
    paired = Api(app, {"X-Auth-Token": token, "X-Organization-Id": str(ZAGREB.id)})
    assert paired.get("/users").ids == [str(MEMBER)]
    shown = paired.get(f"/api_tokens/{response.data['id']}").attributes
    assert shown == {**response.attributes, "last_used_on": "2026-03-02"}
    assert_refused(redeem(app, created.meta["code"]))
    for secret in (token, created.meta["code"], created.meta["code"].replace("-", "")):
        assert secret not in json.dumps(snapshot(connection))
        assert secret not in caplog.text


def test_redemption_is_logged_with_the_ids_of_its_person_and_token(
    app: Chalice, member: Api, caplog: pytest.LogCaptureFixture
) -> None:
    code = create_code(member)
    with caplog.at_level(logging.INFO, logger="stint"):
        response = redeem(app, code)
        redeem(app, code)
    lines = [vars(line) for line in caplog.records if line.message == "request"]
    ids = [(line["status"], line.get("person_id"), line.get("token_id")) for line in lines]
    assert ids == [(201, MEMBER, int(response.data["id"])), (403, None, None)]


def test_admin_pairs_for_anybody_and_a_member_only_for_themselves(
    app: Chalice, admin: Api, member: Api
) -> None:
    assert redeemed(app, create_code(admin, person_id=OTHER_MEMBER)).get("/users").ids == [
        str(OTHER_MEMBER)
    ]
    assert redeemed(app, create_code(member, person_id=MEMBER)).get("/users").ids == [str(MEMBER)]
    refused = pair(member, person_id=OTHER_MEMBER)
    assert (refused.status, refused.error["code"]) == (403, "access_denied")


def test_code_ends_after_15_minutes(app: Chalice, member: Api, clock: FakeClock) -> None:
    code = create_code(member)
    clock.advance(15 * MINUTE)
    assert_refused(redeem(app, code))


def test_new_code_replaces_the_one_before(app: Chalice, admin: Api, member: Api) -> None:
    first, second = create_code(member), create_code(admin, person_id=MEMBER)
    assert_refused(redeem(app, first))
    assert redeem(app, second).status == 201


@pytest.mark.parametrize("code", ["7K3M-Q9XA-04TP", "nonsense", "UUUU-UUUU-UUUU", 7])
def test_unknown_and_malformed_codes_get_the_same_answer(
    app: Chalice, member: Api, connection: Connection, code: object
) -> None:
    create_code(member)
    before = snapshot(connection)
    if isinstance(code, str):
        assert_refused(redeem(app, code))
    else:
        assert redeem(app, code).error["source"] == {"pointer": "data/attributes/code"}
    assert snapshot(connection) == before


def test_missing_code_is_an_invalid_attribute(app: Chalice) -> None:
    response = redeem(app, None)
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/code"}


def test_headers_of_a_caller_do_not_matter(member: Api, stranger: Api) -> None:
    document = {"data": {"attributes": {"code": create_code(member)}}}
    body = json.dumps(document).encode()
    headers = {
        "Content-Type": JSON_API,
        "Idempotency-Key": "x" * 300,
        "X-Auth-Token": "stint_unknown",
    }
    response = stranger.send("POST", "/pairings/redeem", body, headers)
    assert response.status == 201
    person = response.data["relationships"]["person"]["data"]
    assert person == {"type": "people", "id": str(MEMBER)}


def test_response_can_include_the_person(app: Chalice, member: Api) -> None:
    document = {"data": {"attributes": {"code": create_code(member)}}}
    nobody = Api(app, {})
    # An invalid parameter does not use the code up.
    assert nobody.post("/pairings/redeem?include=nothing", document).status == 400
    response = nobody.post("/pairings/redeem?include=person,organization", document)
    included = {(each["type"], each["id"]) for each in response.document["included"]}
    assert included == {("people", str(MEMBER)), ("organizations", str(ZAGREB.id))}


def test_repeated_creation_does_not_return_the_code(member: Api) -> None:
    body = json.dumps({"data": {"attributes": {}}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "once"}
    first = member.send("POST", "/pairings", body, headers)
    repeated = member.send("POST", "/pairings", body, headers)
    assert (repeated.status, repeated.data, repeated.meta) == (201, first.data, {})
    assert first.attributes["name"] == "Paired device"


def test_maximum_number_of_tokens_holds_also_for_codes(
    app: Chalice, admin: Api, connection: Connection
) -> None:
    code = create_code(admin, person_id=MEMBER)
    extra = [create(admin, person_id=MEMBER) for _ in range(MAX_TOKENS - 1)]
    for response in (redeem(app, code), pair(admin, person_id=MEMBER)):
        assert (response.status, response.error["code"]) == (422, "invalid_attribute")
        assert "maximum of 20 tokens" in response.error["detail"]
    # The code is still valid.
    assert admin.send("DELETE", f"/api_tokens/{extra[0].data['id']}").status == 204
    assert redeem(app, code).status == 201
    assert sum(token["person_id"] == MEMBER for token in items(connection, "tokens")) == MAX_TOKENS


def test_person_must_exist_and_be_active(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    for person_id in (DEACTIVATED, 1):
        response = pair(admin, person_id=person_id)
        assert (response.status, response.error["code"]) == (422, "invalid_attribute")
        assert response.error["source"] == {"pointer": "data/attributes/person"}
    assert snapshot(connection) == before


def test_concurrent_redemptions_give_one_token(
    dependencies: Dependencies, member: Api, connection: Connection
) -> None:
    code = create_code(member)
    before = len(items(connection, "tokens"))
    # Each in a process of its own.
    apps = [create_app(Settings(), dependencies) for _ in range(6)]
    with ThreadPoolExecutor(len(apps)) as executor:
        responses = list(executor.map(lambda each: redeem(each, code), apps))
    assert sorted(response.status for response in responses) == [201, *[403] * (len(apps) - 1)]
    assert len(items(connection, "tokens")) == before + 1


def test_requests_use_the_expected_dynamodb_calls(
    app: Chalice, member: Api, connection: Connection
) -> None:
    member.get("/people/1")
    read, write = "BatchGetItem", "TransactWriteItems"
    with counted(connection) as calls:
        code = create_code(member)
    assert calls == [read, write]
    with counted(connection) as calls:
        redeem(app, code)
    assert calls == [read, read, write]
    with counted(connection) as calls:
        redeem(app, "7K3M-Q9XA-04TP")
    assert calls == [read]
    with counted(connection) as calls:
        redeem(app, "nonsense")
    assert calls == []


def test_guesses_of_an_address_are_slowed(
    app: Chalice, member: Api, connection: Connection, clock: FakeClock
) -> None:
    code = create_code(member)
    for left in range(19, -1, -1):
        response = redeem(app, "7K3M-Q9XA-04TP")
        assert_refused(response)
        assert response.headers["RateLimit-Policy"] == '"address";q=20;w=60'
        assert response.headers["RateLimit"].startswith(f'"address";r={left};')
    with counted(connection) as calls:
        response = redeem(app, code)
    assert (response.status, response.error["code"]) == (429, "rate_limited")
    assert calls == []
    # A person who comes back after that time gets through.
    clock.advance(int(response.headers["Retry-After"]))
    assert redeem(app, code).status == 201


def test_code_is_stored_as_a_hash_until_it_expires(member: Api, connection: Connection) -> None:
    code = create_code(member)
    (stored,) = (item for item in items(connection, "person_state") if item["name"] == "pairing")
    assert stored["digest"] == digest_of_code(code)
    # The time to live of the table.
    assert stored["expires_at"] == stored["created_at"] + 900
