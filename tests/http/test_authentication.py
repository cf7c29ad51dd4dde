"""Tokens, the organization header and the cache of callers: contract sections 1 and 5."""

import hashlib
import logging

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import (
    CALLER_CACHE_SECONDS,
    Authenticator,
    digest,
    new_token,
)
from chalicelib.api_tokens.model import Credential
from chalicelib.api_tokens.repository import CredentialModel
from chalicelib.core.dependencies import Dependencies
from chalicelib.dynamodb.database import Database
from chalicelib.people.model import Role
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import FakeClock
from tests.support.fixtures import ADMIN, MEMBER, ZAGREB, Fixtures, token_id
from tests.support.table_snapshots import items


@pytest.mark.parametrize("token", ["", " ", "unknown", "x" * 201, "né", "a\tb"])
def test_invalid_token_is_rejected(app: Chalice, fixtures: Fixtures, token: str) -> None:
    headers = {**fixtures.headers(ADMIN), "X-Auth-Token": token}
    response = Api(app, headers).get("/timers")
    assert (response.status, response.error["code"]) == (401, "invalid_auth_token")


def test_unknown_token_is_rejected_before_the_organization_header(
    app: Chalice, fixtures: Fixtures
) -> None:
    assert fixtures.tokens
    assert Api(app, {"X-Auth-Token": new_token()}).get("/timers").status == 401


@pytest.mark.parametrize("organization", [None, "", "abc", "-1", "2149.0", "9" * 30])
def test_organization_header_must_be_a_number(
    app: Chalice, fixtures: Fixtures, organization: str | None
) -> None:
    headers = fixtures.headers(ADMIN)
    del headers["X-Organization-Id"]
    if organization is not None:
        headers["X-Organization-Id"] = organization
    response = Api(app, headers).get("/timers")
    assert (response.status, response.error["code"]) == (403, "no_organization_id")
    assert response.error["title"] == "Access Denied"


@pytest.mark.parametrize("organization", ["2150", "9999"])
def test_organization_header_must_match_the_token(
    app: Chalice, fixtures: Fixtures, organization: str
) -> None:
    headers = {**fixtures.headers(ADMIN), "X-Organization-Id": organization}
    response = Api(app, headers).get("/timers")
    assert (response.status, response.error["code"]) == (403, "access_denied")


def test_header_names_are_case_insensitive(app: Chalice, fixtures: Fixtures) -> None:
    headers = {name.lower(): value for name, value in fixtures.headers(ADMIN).items()}
    assert Api(app, headers).get("/timers").status == 200


def test_expired_token_is_rejected(
    app: Chalice, fixtures: Fixtures, database: Database, clock: FakeClock
) -> None:
    token = new_token()
    expires_at = int(clock.timestamp) + 30
    database.create(
        Credential(
            digest(token), ZAGREB.id, MEMBER, Role.MEMBER, "soon over", expires_at=expires_at
        )
    )
    api = Api(app, {**fixtures.headers(MEMBER), "X-Auth-Token": token})
    assert api.get("/timers").status == 200
    clock.advance(29)
    assert api.get("/timers").status == 200
    # A caller is cached for 60 seconds, but not beyond the expiry of the token.
    clock.advance(1)
    assert api.get("/timers").status == 401


@pytest.mark.parametrize("organization_required", [True, False])
def test_caller_has_the_id_of_the_token(
    fixtures: Fixtures, dependencies: Dependencies, *, organization_required: bool
) -> None:
    authenticator = Authenticator(dependencies)
    for _ in ("not cached", "cached"):
        caller = authenticator.authenticate(
            fixtures.tokens[MEMBER],
            str(ZAGREB.id),
            organization_required=organization_required,
        )
        assert (caller.person_id, caller.token_id) == (MEMBER, token_id(MEMBER))


def test_id_of_a_token_that_version_0_2_0_created_is_read_from_the_list_of_tokens(
    fixtures: Fixtures, dependencies: Dependencies, connection: Connection
) -> None:
    for token in CredentialModel.scan():
        token.update(actions=[CredentialModel.token_id.remove()])
    authenticator = Authenticator(dependencies)
    with counted(connection) as calls:
        for _ in ("not cached", "cached"):
            caller = authenticator.authenticate(fixtures.tokens[MEMBER], str(ZAGREB.id))
            assert caller.token_id == token_id(MEMBER)
    assert calls == ["BatchGetItem", "BatchGetItem"]


def test_caller_has_the_id_of_a_token_that_the_api_created(
    admin: Api, dependencies: Dependencies
) -> None:
    created = admin.post("/api_tokens", {"data": {"attributes": {"name": "phone"}}})
    authenticator = Authenticator(dependencies)
    caller = authenticator.authenticate(created.meta["token"], str(ZAGREB.id))
    assert str(caller.token_id) == created.data["id"]


def test_caller_is_cached_for_one_minute(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    with counted(connection) as calls:
        admin.get("/timers")
        clock.advance(CALLER_CACHE_SECONDS - 1)
        admin.get("/timers")
    assert calls.count("BatchGetItem") == 1
    for token in CredentialModel.scan():
        token.delete()
    assert admin.get("/timers").status == 200
    clock.advance(1)
    assert admin.get("/timers").status == 401


def test_token_is_stored_only_as_a_hash(fixtures: Fixtures, connection: Connection) -> None:
    token = fixtures.tokens[ADMIN]
    stored_tokens = items(connection, "tokens")
    assert hashlib.sha256(token.encode()).hexdigest() in {item["digest"] for item in stored_tokens}
    assert not any(token in str(item) for item in stored_tokens)


def test_token_is_never_logged(
    admin: Api, fixtures: Fixtures, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        admin.get("/timers")
        admin.get(f"/timers?filter[nothing]={fixtures.tokens[ADMIN]}")
    lines = [record for record in caplog.records if record.name == "stint"]
    assert [line.__dict__["status"] for line in lines] == [200, 400]
    assert not any(fixtures.tokens[ADMIN] in str(record.__dict__) for record in lines)
