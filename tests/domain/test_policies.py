import pytest

from chalicelib.domain.directory import Caller, Role
from chalicelib.domain.errors import AccessDenied
from chalicelib.domain.policies import Visibility, acts_for, may_see
from tests.domain.builders import ORGANIZATION, PERSON

ADMIN = Caller(ORGANIZATION, PERSON, Role.ADMIN)
MEMBER = Caller(ORGANIZATION, PERSON, Role.MEMBER)
SOMEBODY_ELSE = PERSON + 1


@pytest.mark.parametrize(
    ("caller", "visibility", "owner", "seen"),
    [
        (ADMIN, Visibility.OWN, PERSON, True),
        (ADMIN, Visibility.OWN, SOMEBODY_ELSE, True),
        (ADMIN, Visibility.OWN, None, True),
        (ADMIN, Visibility.EVERYBODY, SOMEBODY_ELSE, True),
        (MEMBER, Visibility.OWN, PERSON, True),
        (MEMBER, Visibility.OWN, SOMEBODY_ELSE, False),
        (MEMBER, Visibility.OWN, None, False),
        (MEMBER, Visibility.EVERYBODY, SOMEBODY_ELSE, True),
        (MEMBER, Visibility.EVERYBODY, None, True),
    ],
)
def test_members_see_their_own_and_what_is_everybodys_admins_see_everything(
    caller: Caller, visibility: Visibility, owner: int | None, seen: bool
) -> None:
    assert may_see(caller, visibility, owner) is seen


@pytest.mark.parametrize("caller", [ADMIN, MEMBER])
@pytest.mark.parametrize("named", [None, PERSON])
def test_anybody_acts_for_themselves(caller: Caller, named: int | None) -> None:
    assert acts_for(caller, named) == PERSON


def test_an_admin_acts_for_somebody_else() -> None:
    assert acts_for(ADMIN, SOMEBODY_ELSE) == SOMEBODY_ELSE


def test_a_member_who_names_somebody_else_is_refused() -> None:
    with pytest.raises(AccessDenied):
        acts_for(MEMBER, SOMEBODY_ELSE)
