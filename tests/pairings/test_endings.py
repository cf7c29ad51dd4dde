"""An open pairing code ends with the access of its person, and with that of its creator."""

from collections.abc import Callable

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.core.dependencies import Dependencies
from chalicelib.pairings.operations import Pairings
from chalicelib.people.model import Role
from chalicelib.people.operations import People
from tests.api_tokens.test_api import create, with_token
from tests.pairings.pairing import assert_refused, create_code, redeem, redeemed
from tests.support.access_endings import ENDINGS, OPERATOR, add_admin
from tests.support.api import Api
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import ADMIN, MEMBER, OTHER_MEMBER, token_id
from tests.support.table_snapshots import items

pytestmark = pytest.mark.usefixtures("fixtures")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("person_id", [ADMIN, OTHER_MEMBER])
def test_code_ends_with_the_access_of_its_maker(
    app: Chalice, admin: Api, dependencies: Dependencies, person_id: int, ending: str
) -> None:
    add_admin(dependencies)
    code = create_code(admin, person_id=person_id)
    ENDINGS[ending](dependencies)
    assert_refused(redeem(app, code))


@pytest.mark.parametrize("ending", ENDINGS)
def test_access_of_the_maker_that_ends_before_the_commit_gives_no_token(
    app: Chalice, admin: Api, dependencies: Dependencies, connection: Connection, ending: str
) -> None:
    add_admin(dependencies)
    code = create_code(admin, person_id=OTHER_MEMBER)

    def end() -> None:
        ENDINGS[ending](dependencies)

    with intercepted(connection, once_before_a_write(end)):
        assert_refused(redeem(app, code))
    owned = [token["person_id"] for token in items(connection, "tokens")]
    assert owned.count(OTHER_MEMBER) == 1


def _deactivate_and_restore(dependencies: Dependencies) -> None:
    People(dependencies).deactivate(OPERATOR, MEMBER)
    People(dependencies).restore(OPERATOR, MEMBER)


def _promote(dependencies: Dependencies) -> None:
    People(dependencies).update(OPERATOR, MEMBER, {"role": Role.ADMIN})


def _promote_and_demote(dependencies: Dependencies) -> None:
    _promote(dependencies)
    People(dependencies).update(OPERATOR, MEMBER, {"role": Role.MEMBER})


@pytest.mark.parametrize("change", [_deactivate_and_restore, _promote, _promote_and_demote])
@pytest.mark.parametrize("has_tokens", [True, False])
def test_code_ends_for_good_when_its_person_is_deactivated_or_gets_another_role(
    app: Chalice,
    dependencies: Dependencies,
    change: Callable[[Dependencies], None],
    has_tokens: bool,
) -> None:
    if not has_tokens:
        ApiTokens(dependencies).revoke(OPERATOR, token_id(MEMBER))
    created = Pairings(dependencies).create(OPERATOR, {"person": MEMBER})
    change(dependencies)
    assert_refused(redeem(app, created.one_time_meta["code"]))


def test_other_tokens_of_the_person_may_come_and_go_meanwhile(
    app: Chalice, admin: Api, member: Api
) -> None:
    code = create_code(member)
    created = create(admin, person_id=MEMBER)
    assert admin.send("DELETE", f"/api_tokens/{created.data['id']}").status == 204
    assert redeem(app, code).status == 201


def test_new_token_ends_with_the_token_that_created_the_code(
    app: Chalice, admin: Api, clock: FakeClock
) -> None:
    short = create(admin, expires_at="2026-03-02T10:00:00+01:00")
    maker = with_token(app, short.meta["token"])
    codes = create_code(maker, person_id=OTHER_MEMBER), create_code(maker)
    paired = redeem(app, codes[0])
    assert paired.attributes["expires_at"] == "2026-03-02T10:00:00.000+01:00"
    # The expiry at the time of the redemption counts.
    earlier = {"expires_at": "2026-03-02T09:30:00+01:00"}
    path = f"/api_tokens/{short.data['id']}"
    assert admin.patch(path, {"data": {"attributes": earlier}}).status == 200
    clock.advance(MINUTE)
    other = redeemed(app, codes[1])
    assert other.get("/users").status == 200
    clock.advance(HOUR)
    assert other.get("/users").status == 401


def test_operators_code_never_ends_its_token(app: Chalice, dependencies: Dependencies) -> None:
    created = Pairings(dependencies).create(OPERATOR, {"person": MEMBER, "name": "phone"})
    response = redeem(app, created.one_time_meta["code"])
    assert (response.status, response.attributes["expires_at"]) == (201, None)
