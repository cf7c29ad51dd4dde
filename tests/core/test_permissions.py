import pytest

from chalicelib.core.errors import AccessDenied
from chalicelib.core.permissions import Visibility, acts_for, may_see
from chalicelib.domain.directory import Caller, Role
from tests.support.builders import ORGANIZATION, PERSON

ADMIN = Caller(ORGANIZATION, PERSON, Role.ADMIN)
MEMBER = Caller(ORGANIZATION, PERSON, Role.MEMBER)
OTHER_PERSON = PERSON + 1


@pytest.mark.parametrize(
    ("caller", "visibility", "owner", "visible"),
    [
        (ADMIN, Visibility.OWN, PERSON, True),
        (ADMIN, Visibility.OWN, OTHER_PERSON, True),
        (ADMIN, Visibility.OWN, None, True),
        (ADMIN, Visibility.EVERYBODY, OTHER_PERSON, True),
        (MEMBER, Visibility.OWN, PERSON, True),
        (MEMBER, Visibility.OWN, OTHER_PERSON, False),
        (MEMBER, Visibility.OWN, None, False),
        (MEMBER, Visibility.EVERYBODY, OTHER_PERSON, True),
        (MEMBER, Visibility.EVERYBODY, None, True),
    ],
)
def test_members_see_own_and_shared_records_and_admins_see_all_records(
    caller: Caller, visibility: Visibility, owner: int | None, visible: bool
) -> None:
    assert may_see(caller, visibility, owner) is visible


@pytest.mark.parametrize("caller", [ADMIN, MEMBER])
@pytest.mark.parametrize("person_id", [None, PERSON])
def test_caller_can_act_for_themselves(caller: Caller, person_id: int | None) -> None:
    assert acts_for(caller, person_id) == PERSON


def test_admin_can_act_for_another_person() -> None:
    assert acts_for(ADMIN, OTHER_PERSON) == OTHER_PERSON


def test_member_cannot_act_for_another_person() -> None:
    with pytest.raises(AccessDenied):
        acts_for(MEMBER, OTHER_PERSON)
