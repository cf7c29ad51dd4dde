"""An organization whose people and tokens are too many for a list: acts on one record still work.

The lists of people and of tokens are more than 5 MB each, and the admins have the last ids.
"""

from collections.abc import Iterator

import pytest
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import digest
from chalicelib.api_tokens.model import ApiToken, PersonTokens, TokenOwner
from chalicelib.core.dependencies import Dependencies
from chalicelib.people.model import Person, Role
from tests.support.access_endings import add_admin
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.fixtures import ADMIN, MEMBER, OTHER_MEMBER, ZAGREB, put_all, token_id
from tests.support.operator import Operator
from tests.support.table_snapshots import TABLE_PREFIX
from tools.admin.context import AdminContext

READ, QUERY, COMMIT = "BatchGetItem", "Query", "TransactWriteItems"

_PEOPLE = range(1, 2_601)
_WITH_TOKENS = range(1, 701)
_TOKENS_EACH = 20


def _person(person_id: int) -> Person:
    picture = f"https://example.com/{'x' * 2_000}"
    email = f"{person_id}@example.com"
    return Person(person_id, ZAGREB.id, "A", "B", email, Role.MEMBER, 60, avatar_url=picture)


def _tokens(person_id: int) -> PersonTokens:
    tokens = (
        ApiToken(
            1_000 * person_id + number, ZAGREB.id, person_id, "n" * 255, digest(str(number)), 60
        )
        for number in range(_TOKENS_EACH)
    )
    return PersonTokens(person_id, ZAGREB.id, 1, tuple(tokens))


@pytest.fixture(autouse=True)
def _many_people(admin: Api, dependencies: Dependencies) -> None:
    tokens = [_tokens(person_id) for person_id in _WITH_TOKENS]
    put_all(*map(_person, _PEOPLE), *tokens)
    add_admin(dependencies)
    for path in ("/people", "/api_tokens"):
        response = admin.get(path)
        assert (response.status, response.error["code"]) == (400, "query_too_broad")


@pytest.fixture
def calls(connection: Connection) -> Iterator[list[str]]:
    with counted(connection) as names:
        yield names


@pytest.fixture
def operator(connection: Connection, dependencies: Dependencies) -> Operator:
    place = f"{TABLE_PREFIX}-* at test"
    return Operator(AdminContext(place, connection, dependencies, on_aws=False))


def test_one_token_is_shown_changed_and_revoked(admin: Api, calls: list[str]) -> None:
    path = f"/api_tokens/{token_id(OTHER_MEMBER)}"
    assert admin.get(path).status == 200
    assert calls == [READ, READ, READ]
    calls.clear()
    assert admin.patch(path, {"data": {"attributes": {"name": "renamed"}}}).status == 200
    assert calls == [READ, READ, READ, COMMIT]
    calls.clear()
    assert admin.send("DELETE", path).status == 204
    assert calls == [READ, READ, COMMIT]
    calls.clear()
    assert admin.get(path).status == 404
    assert calls == [READ]


def test_admin_is_demoted_and_the_last_one_stays(admin: Api, calls: list[str]) -> None:
    document = {"data": {"attributes": {"role": "member"}}}
    assert admin.patch(f"/people/{MEMBER}", document).status == 200
    assert calls == [READ, QUERY, READ, COMMIT]
    calls.clear()
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 422
    assert calls == [READ, QUERY, READ]


def test_person_is_erased_and_their_tokens_are_listed(operator: Operator) -> None:
    rows = operator.here("tokens", "list", OTHER_MEMBER)
    assert [row["id"] for row in rows] == [token_id(OTHER_MEMBER)]
    result = operator.here("people", "erase", OTHER_MEMBER, "--deactivate", "--yes")
    assert result["records overwritten"] == 1
    # With all 20 tokens.
    put_all(*(TokenOwner(token.id, ZAGREB.id, 7) for token in _tokens(7).tokens))
    assert operator.here("people", "deactivate", 7)["deactivated_at"] is not None
    assert operator.here("tokens", "list", 7) == []
