"""A token never gets a longer life than the token that creates or changes it: contract section 11.

Also: a request that ends the access of its own token.
"""

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.timestamps import format_timestamp
from tests.api_tokens.test_api import change, create, with_token
from tests.support.access_endings import OPERATOR, add_admin
from tests.support.api import JSON_API, Api, Response
from tests.support.clock import HOUR, MONDAY_NINE, FakeClock
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import ADMIN, MEMBER, OTHER_MEMBER, ZAGREB, token_id
from tests.support.table_snapshots import snapshot


def at(hours: int) -> str:
    """The time so many hours after the start of the test, as the API shows it."""
    return format_timestamp(MONDAY_NINE + hours * HOUR, ZAGREB.zone)


@pytest.fixture
def expiring(admin: Api, app: Chalice) -> Api:
    """A caller with a token of the admin that expires after two hours."""
    created = create(admin, name="expiring", expires_at=at(2))
    api = with_token(app, created.meta["token"])
    assert api.get("/users").ids == [str(ADMIN)]
    return api


@pytest.fixture
def expiring_id(expiring: Api) -> str:
    (record_id,) = expiring.get("/api_tokens?filter[name]=expiring").ids
    return record_id


def refused(response: Response) -> None:
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": "data/attributes/expires_at"}


@pytest.mark.parametrize("person_id", [ADMIN, MEMBER])
def test_created_token_expires_at_the_latest_with_the_token_that_creates_it(
    expiring: Api, connection: Connection, person_id: int
) -> None:
    for requested, stored in ((at(1), at(1)), (at(2), at(2)), (None, at(2))):
        created = create(expiring, person_id=person_id, expires_at=requested)
        assert (created.status, created.attributes["expires_at"]) == (201, stored)
    assert create(expiring, person_id=person_id).attributes["expires_at"] == at(2)
    before = snapshot(connection)
    response = create(expiring, person_id=person_id, expires_at=at(3))
    refused(response)
    assert at(2) in response.error["detail"]
    assert snapshot(connection) == before


@pytest.mark.parametrize("expires_at", [None, at(3)])
def test_token_cannot_extend_itself(
    expiring: Api, expiring_id: str, connection: Connection, expires_at: str | None
) -> None:
    before = snapshot(connection)
    refused(change(expiring, expiring_id, expires_at=expires_at))
    assert snapshot(connection) == before


def test_token_can_shorten_its_own_life(expiring: Api, expiring_id: str, clock: FakeClock) -> None:
    # Clients may send unchanged values back.
    unchanged = change(expiring, expiring_id, name="renamed", expires_at=at(2))
    assert (unchanged.status, unchanged.attributes["name"]) == (200, "renamed")
    assert change(expiring, expiring_id, expires_at=at(1)).attributes["expires_at"] == at(1)
    refused(change(expiring, expiring_id, expires_at=at(2)))
    clock.advance(HOUR)
    assert expiring.get("/users").status == 401


@pytest.mark.parametrize("expires_at", [None, at(3)])
def test_expiring_token_cannot_extend_another_one_beyond_its_own_expiry(
    admin: Api, expiring: Api, connection: Connection, expires_at: str | None
) -> None:
    other = create(admin, person_id=MEMBER, expires_at=at(1)).data["id"]
    before = snapshot(connection)
    refused(change(expiring, other, expires_at=expires_at))
    assert snapshot(connection) == before
    assert change(expiring, other, expires_at=at(2)).attributes["expires_at"] == at(2)


def test_expiring_token_can_shorten_another_one(admin: Api, expiring: Api) -> None:
    other = create(admin, person_id=MEMBER).data["id"]
    for hours in (5, 4, 1):
        assert change(expiring, other, expires_at=at(hours)).attributes["expires_at"] == at(hours)
    refused(change(expiring, other, expires_at=at(4)))


def test_token_that_never_expires_and_an_operator_can_extend_every_token(
    admin: Api, expiring_id: str, dependencies: Dependencies
) -> None:
    assert change(admin, expiring_id, expires_at=at(9)).attributes["expires_at"] == at(9)
    changed = ApiTokens(dependencies).update(OPERATOR, int(expiring_id), {"expires_at": None})
    assert changed.outcome.expires_at is None
    assert change(admin, expiring_id, expires_at=at(9)).attributes["expires_at"] == at(9)


def test_expiry_that_is_shortened_meanwhile_limits_the_new_token(
    admin: Api, expiring: Api, expiring_id: str, dependencies: Dependencies, connection: Connection
) -> None:
    def shorten() -> None:
        ApiTokens(dependencies).update(
            OPERATOR, int(expiring_id), {"expires_at": MONDAY_NINE + HOUR}
        )

    with intercepted(connection, once_before_a_write(shorten)):
        created = create(expiring)
    assert (created.status, created.attributes["expires_at"]) == (201, at(1))
    assert admin.get(f"/api_tokens/{created.data['id']}").attributes["expires_at"] == at(1)


def test_token_can_revoke_itself(expiring: Api, expiring_id: str) -> None:
    assert expiring.send("DELETE", f"/api_tokens/{expiring_id}").status == 204
    assert create(expiring).status == 401


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "tap-1"}])
def test_admin_can_demote_themselves(
    admin: Api, dependencies: Dependencies, key: dict[str, str]
) -> None:
    add_admin(dependencies)
    headers = {"Content-Type": JSON_API, **key}
    body = b'{"data": {"attributes": {"role": "member"}}}'
    demoted = admin.send("PATCH", f"/people/{ADMIN}", body, headers)
    assert (demoted.status, demoted.attributes["role"]) == (200, "member")
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 403
    # As a member.
    assert create(admin, name="mine").status == 201
    assert create(admin, person_id=MEMBER).status == 403


def test_admin_can_deactivate_themselves(admin: Api, dependencies: Dependencies) -> None:
    add_admin(dependencies)
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 200
    assert admin.patch(f"/people/{ADMIN}/restore").status == 401


def test_renamed_token_keeps_its_access(admin: Api, member: Api) -> None:
    assert member.get("/users").status == 200
    assert change(admin, token_id(MEMBER), name="renamed").status == 200
    assert create(member).status == 201
    assert change(member, token_id(OTHER_MEMBER), name="x").status == 404
