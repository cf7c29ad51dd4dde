"""Permissions: who may view which records, and perform which operations. Contract section 5."""

from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

from chalicelib.api_tokens.model import Credential
from chalicelib.core.errors import AccessDenied, RecordNotFound
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Role

Record = TypeVar("Record")


class Caller(Struct, frozen=True):
    """The person who sends a request, once their token is authenticated.

    ``token_id`` is the id of that API token, ``credential`` the token as it was when the process
    authenticated it; None: an admin command, which has no token.
    """

    organization: Organization
    person_id: int
    role: Role
    token_id: int | None = None
    credential: Credential | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which times are shown to the caller: the organization's."""
        return self.organization.zone

    @property
    def is_admin(self) -> bool:
        """Whether the caller may see and do everything in the organization."""
        return self.role is Role.ADMIN


class Visibility(Enum):
    """Who sees a record, within its organization. Admins see all records."""

    ADMINS = "admins"
    """Only admins."""
    OWNER = "owner"
    """The record's owner, and admins."""
    EVERYONE = "everyone"
    """Every member."""


class ViewPolicy(Struct, Generic[Record], frozen=True):
    """Who sees the records of a resource. Each resource names its policy; there is no default.

    :param owner_id: returns the id of the person a record belongs to; None: it belongs to nobody.
    :param owner_changes: whether a record can be assigned to another person.
    """

    visibility: Visibility
    owner_id: Callable[[Record], int | None]
    owner_changes: bool = False


def can_view(caller: Caller, policy: ViewPolicy[Record], record: Record) -> bool:
    """Whether the caller may see a record of the caller's organization."""
    if caller.is_admin or policy.visibility is Visibility.EVERYONE:
        return True
    return policy.visibility is Visibility.OWNER and policy.owner_id(record) == caller.person_id


def require_view(caller: Caller, policy: ViewPolicy[Record], record: Record | None) -> Record:
    """The record, if it exists and the caller may see it. Raises :class:`RecordNotFound`."""
    if record is None or not can_view(caller, policy, record):
        raise RecordNotFound
    return record


def limit_to_caller(caller: Caller, person_ids: frozenset[int] | None) -> frozenset[int] | None:
    """The ids of the people whose records the caller may list: for a member, only the caller.

    ``person_ids`` are the requested people; None: everyone.
    """
    if caller.is_admin:
        return person_ids
    own = frozenset({caller.person_id})
    return own if person_ids is None else own & person_ids


def resolve_person(caller: Caller, person_id: int | None) -> int:
    """The person whose time the caller means: the caller, or the person an admin names.

    Raises :class:`AccessDenied` if a member names another person (contract section 3).
    """
    if person_id is None or person_id == caller.person_id:
        return caller.person_id
    if caller.is_admin:
        return person_id
    raise AccessDenied("Only an admin can act for another person.")


class Scope(Enum):
    """The records on which a caller may perform an operation. Admins may use all records."""

    OWN = "own"
    """A member's own. Another person's record is not found."""
    OWN_OF_VISIBLE = "own_of_visible"
    """A member's own, of records that every member sees. Another person's record is forbidden."""
    EVERYONES = "everyones"
    """Every record."""


class Permission(Struct, frozen=True):
    """Who may perform an operation: every member, or admins only; and on whose records.

    ``organization_required``: the request must name the organization.
    """

    role: Role
    scope: Scope
    organization_required: bool = True

    def check(self, caller: Caller) -> None:
        """Raises :class:`AccessDenied` if the caller's role does not allow the operation."""
        if self.role is Role.ADMIN and not caller.is_admin:
            raise AccessDenied("Only an admin can do this.")


ANYBODY = Permission(Role.MEMBER, Scope.EVERYONES, organization_required=False)
"""Of a public route, which has no caller."""
ADMINS = Permission(Role.ADMIN, Scope.EVERYONES)
EVERYONE = Permission(Role.MEMBER, Scope.EVERYONES)
OWN = Permission(Role.MEMBER, Scope.OWN)
OWN_OF_VISIBLE = Permission(Role.MEMBER, Scope.OWN_OF_VISIBLE)
