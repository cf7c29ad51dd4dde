"""API tokens: made, shown once, renamed, expired, revoked."""

import json
import logging

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.domain.api_tokens import MOST_TOKENS
from chalicelib.domain.tokens import digest
from tests.support.api import JSON_API, Answer, Api
from tests.support.calls import counted
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.tables import items, snapshot
from tests.support.world import (
    ADMIN,
    DEACTIVATED,
    MEMBER,
    OTHER_MEMBER,
    ZAGREB,
    token_id,
)


def create(api: Api, **attributes: object) -> Answer:
    given = {"name": "phone", **attributes}
    return api.post("/api_tokens", {"data": {"type": "api_tokens", "attributes": given}})


def change(api: Api, record_id: int | str, **attributes: object) -> Answer:
    return api.patch(f"/api_tokens/{record_id}", {"data": {"attributes": attributes}})


def with_token(app: Chalice, token: str) -> Api:
    return Api(app, {"X-Auth-Token": token, "X-Organization-Id": str(ZAGREB.id)})


def test_a_token_is_told_once(
    app: Chalice, member: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = create(member, expires_at="2026-03-03T09:00:00+01:00")
    assert answer.status == 201
    token = answer.meta["token"]
    assert token.startswith("stint_")
    assert answer.data == {
        "id": answer.data["id"],
        "type": "api_tokens",
        "attributes": {
            "name": "phone",
            "created_at": "2026-03-02T09:00:00.000+01:00",
            "expires_at": "2026-03-03T09:00:00.000+01:00",
        },
        "relationships": {
            "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
            "person": {"data": {"type": "people", "id": str(MEMBER)}},
        },
    }
    assert with_token(app, token).get("/users").ids == [str(MEMBER)]
    assert token not in json.dumps(snapshot(connection))
    assert token not in caplog.text
    shown = member.get(f"/api_tokens/{answer.data['id']}")
    assert (shown.data, shown.meta) == (answer.data, {})
    assert digest(token) not in json.dumps(member.get("/api_tokens").document)


def test_a_repeat_does_not_tell_it_again(member: Api, connection: Connection) -> None:
    body = json.dumps({"data": {"attributes": {"name": "phone"}}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "once"}
    first = member.send("POST", "/api_tokens", body, headers)
    before = snapshot(connection)
    again = member.send("POST", "/api_tokens", body, headers)
    assert (again.status, again.data, again.meta) == (201, first.data, {})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert snapshot(connection) == before
    assert first.meta["token"] not in json.dumps(before)


def test_an_admin_makes_them_for_others_and_a_member_does_not(
    app: Chalice, admin: Api, member: Api
) -> None:
    made = create(admin, person_id=MEMBER)
    assert with_token(app, made.meta["token"]).get("/users").ids == [str(MEMBER)]
    # As Productive's clients name a person, too.
    related = {"person": {"data": {"type": "people", "id": str(OTHER_MEMBER)}}}
    data = {"attributes": {"name": "phone"}, "relationships": related}
    made = admin.post("/api_tokens", {"data": data})
    assert made.data["relationships"]["person"]["data"]["id"] == str(OTHER_MEMBER)
    assert create(member, person_id=MEMBER).status == 201
    refused = create(member, person_id=OTHER_MEMBER)
    assert (refused.status, refused.error["code"]) == (403, "access_denied")


def test_a_token_has_the_role_of_its_person(app: Chalice, admin: Api) -> None:
    made = create(admin, person_id=MEMBER)
    assert with_token(app, made.meta["token"]).post("/services", {}).status == 403


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
def test_what_breaks_a_rule_is_refused(
    admin: Api, connection: Connection, attributes: dict[str, object], name: str
) -> None:
    before = snapshot(connection)
    answer = create(admin, **attributes)
    assert (answer.status, answer.error["code"]) == (422, "invalid_attribute")
    assert answer.error["source"] == {"pointer": f"data/attributes/{name}"}
    assert snapshot(connection) == before


def test_who_was_deactivated_makes_none_for_themselves(admin: Api, member: Api) -> None:
    member.get("/users")
    admin.patch(f"/people/{MEMBER}/deactivate")
    assert create(member).status == 403


def test_twenty_are_as_many_as_may_be(admin: Api, connection: Connection) -> None:
    for _ in range(MOST_TOKENS - 1):
        assert create(admin, person_id=MEMBER).status == 201
    before = snapshot(connection)
    answer = create(admin, person_id=MEMBER)
    assert (answer.status, answer.error["source"]["pointer"]) == (422, "data/attributes/person")
    assert snapshot(connection) == before
    assert admin.send("DELETE", f"/api_tokens/{token_id(MEMBER)}").status == 204
    assert create(admin, person_id=MEMBER).status == 201
    # Beside the list, nothing is left of what is gone.
    assert sum(it["person_id"] == MEMBER for it in items(connection, "tokens")) == MOST_TOKENS


def test_an_admin_lists_everybodys_and_a_member_their_own(admin: Api, member: Api) -> None:
    assert set(admin.get("/api_tokens").ids) >= {str(token_id(it)) for it in (ADMIN, MEMBER)}
    assert member.get("/api_tokens").ids == [str(token_id(MEMBER))]
    only = f"/api_tokens?filter[person_id]={OTHER_MEMBER}"
    assert admin.get(only).ids == [str(token_id(OTHER_MEMBER))]
    assert member.get(only).ids == []
    assert admin.get(f"/api_tokens?filter[id]={token_id(MEMBER)}").ids == [str(token_id(MEMBER))]
    assert admin.get("/api_tokens?filter[name][contains]=nothing&sort=-name").ids == []
    included = admin.get("/api_tokens?include=person").document["included"]
    assert {it["id"] for it in included} >= {str(ADMIN), str(MEMBER)}


def test_a_token_is_renamed(member: Api, connection: Connection) -> None:
    answer = change(member, token_id(MEMBER), name="laptop")
    assert (answer.status, answer.attributes["name"]) == (200, "laptop")
    (kept,) = (it for it in items(connection, "tokens") if it["person_id"] == MEMBER)
    assert kept["name"] == "laptop"


def test_a_token_expires_and_may_be_given_longer(
    app: Chalice, admin: Api, clock: FakeClock
) -> None:
    made = create(admin, expires_at="2026-03-02T10:00:00+01:00")
    theirs = with_token(app, made.meta["token"])
    assert theirs.get("/users").status == 200
    clock.advance(HOUR)
    assert theirs.get("/users").status == 401
    assert change(admin, made.data["id"], expires_at=None).attributes["expires_at"] is None
    assert theirs.get("/users").status == 200
    # An admin ends it, were it in the past.
    assert change(admin, made.data["id"], expires_at="2026-03-02T09:00:00+01:00").status == 200
    clock.advance(MINUTE)
    assert theirs.get("/users").status == 401


def test_a_revoked_token_is_good_for_a_minute_at_the_most(
    app: Chalice, admin: Api, clock: FakeClock, connection: Connection
) -> None:
    made = create(admin, person_id=MEMBER)
    theirs = with_token(app, made.meta["token"])
    assert theirs.get("/users").status == 200
    gone = admin.send("DELETE", f"/api_tokens/{made.data['id']}")
    assert (gone.status, gone.body) == (204, b"")
    assert theirs.get("/users").status == 200
    clock.advance(MINUTE)
    assert theirs.get("/users").status == 401
    assert admin.send("DELETE", f"/api_tokens/{made.data['id']}").status == 404
    assert digest(made.meta["token"]) not in json.dumps(snapshot(connection))


def test_what_it_costs(admin: Api, member: Api, connection: Connection) -> None:
    admin.get("/people/1"), member.get("/people/1")
    with counted(connection) as calls:
        made = create(admin)
        admin.get("/api_tokens")
        change(admin, made.data["id"], name="laptop")
        admin.send("DELETE", f"/api_tokens/{made.data['id']}")
    write = "TransactWriteItems"
    assert calls == ["BatchGetItem", write, "Query", "Query", write, "Query", write]
    with counted(connection) as calls:
        member.get("/api_tokens")
    assert calls == ["BatchGetItem"]
