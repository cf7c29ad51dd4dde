"""Who may see and do what. Contract section 5."""

from enum import Enum

from chalicelib.core.errors import AccessDenied
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Caller, Role


class Visibility(Enum):
    """Who sees a record of a kind, within its organization."""

    OWN = "own"
    """Its owner, and admins."""
    EVERYBODY = "everybody"
    """Everybody."""


def may_see(caller: Caller, visibility: Visibility, owner_id: int | None) -> bool:
    """Whether the caller may see a record that belongs to that person."""
    return visibility is Visibility.EVERYBODY or caller.is_admin or owner_id == caller.person_id


def acts_for(caller: Caller, person_id: int | None) -> int:
    """Whose time the caller means: their own, or that of whom an admin names.

    Raises :class:`AccessDenied` where a member names somebody else (contract section 3).
    """
    if person_id is None or person_id == caller.person_id:
        return caller.person_id
    if caller.is_admin:
        return person_id
    raise AccessDenied("Only an admin can act for another person.")


class Reach(Enum):
    """Whose records an act takes, of those who may do it at all. Admins reach everybody's."""

    OWN = "own"
    """A member's own: somebody else's is as good as not there."""
    OWN_OF_SEEN = "own_of_seen"
    """A member's own, of what they see of everybody: to touch somebody else's is forbidden."""
    EVERYBODYS = "everybodys"
    """Everybody's."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do something: everybody or, with role admin, admins alone; and to whose records.

    ``organization_needed`` says that the request must name the organization.
    """

    role: Role
    reach: Reach
    organization_needed: bool = True

    def check(self, caller: Caller) -> None:
        """Raises :class:`AccessDenied` where the caller's role does not allow it."""
        if self.role is Role.ADMIN and not caller.is_admin:
            raise AccessDenied("Only an admin can do this.")


ADMINS = Access(Role.ADMIN, Reach.EVERYBODYS)
EVERYBODY = Access(Role.MEMBER, Reach.EVERYBODYS)
OWN = Access(Role.MEMBER, Reach.OWN)
OWN_OF_SEEN = Access(Role.MEMBER, Reach.OWN_OF_SEEN)
