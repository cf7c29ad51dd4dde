"""Tokens, organizations and what is remembered of them: contract sections 1 and 5."""

import hashlib
import logging

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.domain.directory import Role, Token
from chalicelib.domain.tokens import digest, new_token
from chalicelib.services.authentication import REMEMBERED_SECONDS
from chalicelib.store.models import TokenModel
from chalicelib.store.store import Store
from tests.support.api import Api
from tests.support.calls import counted
from tests.support.clock import FakeClock
from tests.support.tables import items
from tests.support.world import ADMIN, MEMBER, ZAGREB, World


@pytest.mark.parametrize("token", ["", " ", "unknown", "x" * 201, "né", "a\tb"])
def test_a_token_that_is_none_is_refused(app: Chalice, world: World, token: str) -> None:
    headers = {**world.headers(ADMIN), "X-Auth-Token": token}
    answer = Api(app, headers).get("/timers")
    assert (answer.status, answer.error["code"]) == (401, "invalid_auth_token")


def test_an_unknown_token_is_told_nothing_about_the_organization_header(
    app: Chalice, world: World
) -> None:
    assert world.tokens
    assert Api(app, {"X-Auth-Token": new_token()}).get("/timers").status == 401


@pytest.mark.parametrize("organization", [None, "", "abc", "-1", "2149.0", "9" * 30])
def test_the_organization_must_be_a_number(
    app: Chalice, world: World, organization: str | None
) -> None:
    headers = world.headers(ADMIN)
    del headers["X-Organization-Id"]
    if organization is not None:
        headers["X-Organization-Id"] = organization
    answer = Api(app, headers).get("/timers")
    assert (answer.status, answer.error["code"]) == (403, "no_organization_id")
    assert answer.error["title"] == "Access Denied"


@pytest.mark.parametrize("organization", ["2150", "9999"])
def test_the_organization_must_be_that_of_the_token(
    app: Chalice, world: World, organization: str
) -> None:
    headers = {**world.headers(ADMIN), "X-Organization-Id": organization}
    answer = Api(app, headers).get("/timers")
    assert (answer.status, answer.error["code"]) == (403, "access_denied")


def test_header_names_are_taken_in_any_case(app: Chalice, world: World) -> None:
    headers = {name.lower(): value for name, value in world.headers(ADMIN).items()}
    assert Api(app, headers).get("/timers").status == 200


def test_an_expired_token_is_refused(
    app: Chalice, world: World, store: Store, clock: FakeClock
) -> None:
    token = new_token()
    expires_at = int(clock.instant) + 30
    store.create(
        Token(digest(token), ZAGREB.id, MEMBER, Role.MEMBER, "soon over", expires_at=expires_at)
    )
    api = Api(app, {**world.headers(MEMBER), "X-Auth-Token": token})
    assert api.get("/timers").status == 200
    clock.advance(29)
    assert api.get("/timers").status == 200
    # Within the 60 seconds for which a caller is remembered, and over all the same.
    clock.advance(1)
    assert api.get("/timers").status == 401


def test_a_caller_is_remembered_for_a_minute_and_no_longer(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    with counted(connection) as calls:
        admin.get("/timers")
        clock.advance(REMEMBERED_SECONDS - 1)
        admin.get("/timers")
    assert calls.count("BatchGetItem") == 1
    for token in TokenModel.scan():
        token.delete()
    assert admin.get("/timers").status == 200
    clock.advance(1)
    assert admin.get("/timers").status == 401


def test_a_token_is_kept_as_its_digest_alone(world: World, connection: Connection) -> None:
    token = world.tokens[ADMIN]
    kept = items(connection, "tokens")
    assert hashlib.sha256(token.encode()).hexdigest() in {item["digest"] for item in kept}
    assert not any(token in str(item) for item in kept)


def test_a_token_is_never_logged(
    admin: Api, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        admin.get("/timers")
        admin.get(f"/timers?filter[nothing]={world.tokens[ADMIN]}")
    lines = [record for record in caplog.records if record.name == "stint"]
    assert [line.__dict__["status"] for line in lines] == [200, 400]
    assert not any(world.tokens[ADMIN] in str(record.__dict__) for record in lines)
