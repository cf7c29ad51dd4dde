"""Who works here, and on what: organizations, people, services, callers."""

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

DEFAULT_AUTO_STOP_AFTER = 12 * 3600


class Role(StrEnum):
    """What a person may do in their organization (contract section 5)."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant. ``time_zone`` is an IANA name; ``auto_stop_after`` is in seconds."""

    id: int
    name: str
    time_zone: str
    auto_stop_after: int = DEFAULT_AUTO_STOP_AFTER

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this organization's times are shown and its dates are meant."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who tracks time. ``deactivated_at`` and ``created_at`` are instants."""

    id: int
    organization_id: int
    first_name: str
    last_name: str
    email: str
    role: Role
    created_at: int
    title: str | None = None
    nickname: str | None = None
    avatar_url: str | None = None
    deactivated_at: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """What time is sold as. ``archived_at`` and ``deleted_at`` are instants."""

    id: int
    organization_id: int
    name: str
    billable: bool = True
    time_tracking_enabled: bool = True
    position: int = 0
    archived_at: int | None = None
    deleted_at: int | None = None

    @property
    def takes_time(self) -> bool:
        """Whether work may be started on it."""
        return self.time_tracking_enabled and self.archived_at is None and self.deleted_at is None


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as the store knows it: by its digest alone. ``expires_at`` is an instant."""

    digest: str
    organization_id: int
    person_id: int
    role: Role
    name: str
    expires_at: int | None = None

    def expired(self, now: int) -> bool:
        """Whether the token has run out at that instant."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, once the token is known to be good."""

    organization: Organization
    person_id: int
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether everything in the organization is open to the caller."""
        return self.role is Role.ADMIN
