"""People and their roles."""

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct


class Role(StrEnum):
    """The role of a person in their organization (contract section 5)."""

    ADMIN = "admin"
    MEMBER = "member"


ROLE_IDS = {Role.ADMIN: 1, Role.MEMBER: 3}
"""Productive's numbers for the roles: 1 is an admin, 3 a member of staff."""


class Person(Struct, frozen=True):
    """A person who tracks time. ``created_at`` and ``deactivated_at`` are timestamps.

    Every person has an e-mail address. ``email`` is None if the caller may not see it.

    :param time_zone: an IANA name; None: the organization's time zone.
    :param auto_stop_at_time: the time of day (``19:00``) at which the person's timers stop; None:
        the organization's.
    :param erased_at: when the erasure of the person's data began, as a timestamp; None: it did not.
        From then on, nothing changes the person, and events about them have only ids.
    """

    recorded_as: ClassVar[str] = "people"
    unrecorded: ClassVar[tuple[str, ...]] = ()

    id: int
    organization_id: int
    first_name: str
    last_name: str
    email: str | None
    role: Role
    created_at: int
    title: str | None = None
    nickname: str | None = None
    avatar_url: str | None = None
    deactivated_at: int | None = None
    time_zone: str | None = None
    auto_stop_at_time: str | None = None
    erased_at: int | None = None

    @property
    def is_erased(self) -> bool:
        """Whether the erasure of the person's data began. It cannot be undone."""
        return self.erased_at is not None

    @property
    def is_active_admin(self) -> bool:
        """Whether the person is an admin and not deactivated."""
        return self.role is Role.ADMIN and self.deactivated_at is None


class ActiveAdmin(Struct, frozen=True):
    """Lists the person ``id`` as an active admin, so that a few reads find another admin."""

    id: int
    organization_id: int


class UniqueConstraint(Struct, frozen=True):
    """Reserves a name, such as an e-mail address, in an organization for the person ``id``."""

    name: str
    organization_id: int
    id: int
