"""API tokens: creation, one-time display, renaming, expiry, revocation."""

import json
import logging

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import digest
from chalicelib.api_tokens.repository import CredentialModel, PersonTokensModel
from chalicelib.api_tokens.rules import MAX_TOKENS
from tests.support.api import JSON_API, Api, Response
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.fixtures import ADMIN, DEACTIVATED, MEMBER, OTHER_MEMBER, ZAGREB, token_id
from tests.support.table_snapshots import items, snapshot


def create(api: Api, **attributes: object) -> Response:
    values = {"name": "phone", **attributes}
    return api.post("/api_tokens", {"data": {"type": "api_tokens", "attributes": values}})


def change(api: Api, record_id: int | str, **attributes: object) -> Response:
    return api.patch(f"/api_tokens/{record_id}", {"data": {"attributes": attributes}})


def with_token(app: Chalice, token: str) -> Api:
    return Api(app, {"X-Auth-Token": token, "X-Organization-Id": str(ZAGREB.id)})


def test_token_is_returned_only_on_creation(
    app: Chalice, member: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = create(member, expires_at="2026-03-03T09:00:00+01:00")
    assert response.status == 201
    token = response.meta["token"]
    assert token.startswith("stint_")
    assert response.data == {
        "id": response.data["id"],
        "type": "api_tokens",
        "attributes": {
            "name": "phone",
            "created_at": "2026-03-02T09:00:00.000+01:00",
            "expires_at": "2026-03-03T09:00:00.000+01:00",
            "last_used_on": None,
        },
        "relationships": {
            "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
            "person": {"data": {"type": "people", "id": str(MEMBER)}},
        },
    }
    assert with_token(app, token).get("/users").ids == [str(MEMBER)]
    assert token not in json.dumps(snapshot(connection))
    assert token not in caplog.text
    shown = member.get(f"/api_tokens/{response.data['id']}")
    attributes = {**response.attributes, "last_used_on": "2026-03-02"}
    assert (shown.data, shown.meta) == ({**response.data, "attributes": attributes}, {})
    assert digest(token) not in json.dumps(member.get("/api_tokens").document)


def test_replayed_create_does_not_return_the_token(member: Api, connection: Connection) -> None:
    body = json.dumps({"data": {"attributes": {"name": "phone"}}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "once"}
    first = member.send("POST", "/api_tokens", body, headers)
    before = snapshot(connection)
    replay = member.send("POST", "/api_tokens", body, headers)
    assert (replay.status, replay.data, replay.meta) == (201, first.data, {})
    assert replay.headers["Idempotency-Replayed"] == "true"
    assert snapshot(connection) == before
    assert first.meta["token"] not in json.dumps(before)


def test_only_admin_can_create_tokens_for_other_people(
    app: Chalice, admin: Api, member: Api
) -> None:
    created = create(admin, person_id=MEMBER)
    assert with_token(app, created.meta["token"]).get("/users").ids == [str(MEMBER)]
    # Productive's clients name the person in a relationship.
    relationships = {"person": {"data": {"type": "people", "id": str(OTHER_MEMBER)}}}
    data = {"attributes": {"name": "phone"}, "relationships": relationships}
    created = admin.post("/api_tokens", {"data": data})
    assert created.data["relationships"]["person"]["data"]["id"] == str(OTHER_MEMBER)
    assert create(member, person_id=MEMBER).status == 201
    refused = create(member, person_id=OTHER_MEMBER)
    assert (refused.status, refused.error["code"]) == (403, "access_denied")


def test_token_has_the_role_of_its_person(app: Chalice, admin: Api) -> None:
    created = create(admin, person_id=MEMBER)
    assert with_token(app, created.meta["token"]).post("/services", {}).status == 403


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"name": None}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"person_id": DEACTIVATED}, "person"),
        ({"person_id": 1}, "person"),
        ({"expires_at": "2026-03-02T09:00:00+01:00"}, "expires_at"),
        ({"expires_at": "2026-03-02"}, "expires_at"),
    ],
)
def test_invalid_attribute_is_rejected(
    admin: Api, connection: Connection, attributes: dict[str, object], name: str
) -> None:
    before = snapshot(connection)
    response = create(admin, **attributes)
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": f"data/attributes/{name}"}
    assert snapshot(connection) == before


def test_deactivated_person_cannot_create_a_token(admin: Api, member: Api) -> None:
    member.get("/users")
    admin.patch(f"/people/{MEMBER}/deactivate")
    assert create(member).status == 401


def test_person_cannot_exceed_the_maximum_number_of_tokens(
    admin: Api, connection: Connection
) -> None:
    for _ in range(MAX_TOKENS - 1):
        assert create(admin, person_id=MEMBER).status == 201
    before = snapshot(connection)
    response = create(admin, person_id=MEMBER)
    assert (response.status, response.error["source"]["pointer"]) == (422, "data/attributes/person")
    assert snapshot(connection) == before
    assert admin.send("DELETE", f"/api_tokens/{token_id(MEMBER)}").status == 204
    assert create(admin, person_id=MEMBER).status == 201
    # The revoked token leaves no item in the table.
    assert sum(token["person_id"] == MEMBER for token in items(connection, "tokens")) == MAX_TOKENS


def test_admin_lists_all_tokens_and_member_lists_own(admin: Api, member: Api) -> None:
    assert set(admin.get("/api_tokens").ids) >= {
        str(token_id(person_id)) for person_id in (ADMIN, MEMBER)
    }
    assert member.get("/api_tokens").ids == [str(token_id(MEMBER))]
    filtered_path = f"/api_tokens?filter[person_id]={OTHER_MEMBER}"
    assert admin.get(filtered_path).ids == [str(token_id(OTHER_MEMBER))]
    assert member.get(filtered_path).ids == []
    assert admin.get(f"/api_tokens?filter[id]={token_id(MEMBER)}").ids == [str(token_id(MEMBER))]
    assert admin.get("/api_tokens?filter[name][contains]=nothing&sort=-name").ids == []
    included = admin.get("/api_tokens?include=person").document["included"]
    assert {person["id"] for person in included} >= {str(ADMIN), str(MEMBER)}


def test_token_can_be_renamed(member: Api, connection: Connection) -> None:
    response = change(member, token_id(MEMBER), name="laptop")
    assert (response.status, response.attributes["name"]) == (200, "laptop")
    (stored,) = (token for token in items(connection, "tokens") if token["person_id"] == MEMBER)
    assert stored["name"] == "laptop"


def test_token_expires_and_can_be_extended(app: Chalice, admin: Api, clock: FakeClock) -> None:
    created = create(admin, expires_at="2026-03-02T10:00:00+01:00")
    token_api = with_token(app, created.meta["token"])
    assert token_api.get("/users").status == 200
    clock.advance(HOUR)
    assert token_api.get("/users").status == 401
    assert change(admin, created.data["id"], expires_at=None).attributes["expires_at"] is None
    assert token_api.get("/users").status == 200
    # An expiry in the past ends the token at once.
    assert change(admin, created.data["id"], expires_at="2026-03-02T09:00:00+01:00").status == 200
    clock.advance(MINUTE)
    assert token_api.get("/users").status == 401


def test_revoked_token_is_rejected_within_one_minute(
    app: Chalice, admin: Api, clock: FakeClock, connection: Connection
) -> None:
    created = create(admin, person_id=MEMBER)
    token_api = with_token(app, created.meta["token"])
    assert token_api.get("/users").status == 200
    revoked = admin.send("DELETE", f"/api_tokens/{created.data['id']}")
    assert (revoked.status, revoked.body) == (204, b"")
    assert token_api.get("/users").status == 200
    clock.advance(MINUTE)
    assert token_api.get("/users").status == 401
    assert admin.send("DELETE", f"/api_tokens/{created.data['id']}").status == 404
    assert digest(created.meta["token"]) not in json.dumps(snapshot(connection))


def test_token_requests_use_the_expected_dynamodb_calls(
    admin: Api, member: Api, connection: Connection
) -> None:
    admin.get("/people/1"), member.get("/people/1")
    with counted(connection) as calls:
        created = create(admin)
        admin.get("/api_tokens")
        change(admin, created.data["id"], name="laptop")
        admin.send("DELETE", f"/api_tokens/{created.data['id']}")
    write = "TransactWriteItems"
    read = "BatchGetItem"
    assert calls == [read, write, "Query", read, read, read, write, read, write]
    with counted(connection) as calls:
        member.get("/api_tokens")
    assert calls == [read, read]


def test_current_is_the_token_of_the_request(
    app: Chalice, admin: Api, member: Api, clock: FakeClock
) -> None:
    created = create(member, name="phone")
    phone = with_token(app, created.meta["token"])
    assert phone.get("/api_tokens/current").data["id"] == created.data["id"]
    assert change(phone, "current", name="old phone").attributes["name"] == "old phone"
    assert phone.send("DELETE", "/api_tokens/current").status == 204
    clock.advance(MINUTE)
    assert phone.get("/users").status == 401
    assert member.get("/api_tokens").ids == [str(token_id(MEMBER))]
    # Other resources have no such record.
    assert admin.get("/people/current").status == 404


def test_current_token_without_a_known_id_is_not_found(member: Api, connection: Connection) -> None:
    """A token of version 0.2.0 whose entry in the list is missing."""
    for token in CredentialModel.scan():
        token.update(actions=[CredentialModel.token_id.remove()])
    for tokens in PersonTokensModel.scan(PersonTokensModel.tokens.exists()):
        tokens.update(actions=[PersonTokensModel.tokens.set(())])
    before = snapshot(connection)
    response = member.send("DELETE", "/api_tokens/current")
    assert (response.status, response.error["code"]) == (404, "record_not_found")
    assert snapshot(connection) == before
