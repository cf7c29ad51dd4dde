"""The ways in which the access of the admin of the fixtures ends, while a process remembers it."""

from collections.abc import Callable, Mapping

from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.people.model import Role
from chalicelib.people.operations import People
from tests.support.fixtures import ADMIN, MEMBER, ZAGREB, token_id

OPERATOR = Caller(ZAGREB, 0, Role.ADMIN)
"""A caller without a token."""

End = Callable[[Dependencies], object]


def _revoke(dependencies: Dependencies) -> object:
    return ApiTokens(dependencies).revoke(OPERATOR, token_id(ADMIN))


def _expire(dependencies: Dependencies) -> object:
    expired = {"expires_at": dependencies.now() - 1}
    return ApiTokens(dependencies).update(OPERATOR, token_id(ADMIN), expired)


def _demote(dependencies: Dependencies) -> object:
    return People(dependencies).update(OPERATOR, ADMIN, {"role": Role.MEMBER})


def _deactivate(dependencies: Dependencies) -> object:
    return People(dependencies).deactivate(OPERATOR, ADMIN)


ENDINGS: Mapping[str, End] = {
    "revoked": _revoke,
    "expired": _expire,
    "demoted": _demote,
    "deactivated": _deactivate,
}


def add_admin(dependencies: Dependencies) -> None:
    """Make a second person an admin, so that the first one can leave."""
    People(dependencies).update(OPERATOR, MEMBER, {"role": Role.ADMIN})
