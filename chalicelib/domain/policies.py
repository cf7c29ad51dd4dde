"""Who may see and do what. Contract section 5."""

from enum import Enum

from chalicelib.domain.directory import Caller
from chalicelib.domain.errors import AccessDenied


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
    raise AccessDenied("only an admin may act for somebody else")
