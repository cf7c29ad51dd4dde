import pytest

from chalicelib.core.errors import AccessDenied
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility, can_view, resolve_person
from chalicelib.people.model import Role
from tests.support.builders import ORGANIZATION, PERSON

ADMIN = Caller(ORGANIZATION, PERSON, Role.ADMIN)
MEMBER = Caller(ORGANIZATION, PERSON, Role.MEMBER)
OTHER_PERSON = PERSON + 1


@pytest.mark.parametrize(
    ("caller", "visibility", "owner", "visible"),
    [
        (ADMIN, Visibility.OWNER, PERSON, True),
        (ADMIN, Visibility.OWNER, OTHER_PERSON, True),
        (ADMIN, Visibility.OWNER, None, True),
        (ADMIN, Visibility.EVERYONE, OTHER_PERSON, True),
        (MEMBER, Visibility.OWNER, PERSON, True),
        (MEMBER, Visibility.OWNER, OTHER_PERSON, False),
        (MEMBER, Visibility.OWNER, None, False),
        (MEMBER, Visibility.EVERYONE, OTHER_PERSON, True),
        (MEMBER, Visibility.EVERYONE, None, True),
    ],
)
def test_members_see_own_and_shared_records_and_admins_see_all_records(
    caller: Caller, visibility: Visibility, owner: int | None, visible: bool
) -> None:
    policy = ViewPolicy[int | None](visibility, owner_id=lambda record: record)
    assert can_view(caller, policy, owner) is visible


@pytest.mark.parametrize("caller", [ADMIN, MEMBER])
@pytest.mark.parametrize("person_id", [None, PERSON])
def test_caller_can_act_for_themselves(caller: Caller, person_id: int | None) -> None:
    assert resolve_person(caller, person_id) == PERSON


def test_admin_can_act_for_another_person() -> None:
    assert resolve_person(ADMIN, OTHER_PERSON) == OTHER_PERSON


def test_member_cannot_act_for_another_person() -> None:
    with pytest.raises(AccessDenied):
        resolve_person(MEMBER, OTHER_PERSON)
