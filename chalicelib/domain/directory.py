"""Who works here, and on what: organizations, people, services, callers."""

from enum import StrEnum
from zoneinfo import ZoneInfo

from chalicelib.core.errors import RecordNotFound
from chalicelib.dataclass import dataclass

DEFAULT_AUTO_STOP_AFTER = 12 * 3600
SHORTEST_AUTO_STOP_AFTER = 5 * 60
LONGEST_AUTO_STOP_AFTER = 7 * 24 * 3600
"""Seconds: nobody's timer should end before it began, and a forgotten one should end at all."""


class Role(StrEnum):
    """What a person may do in their organization (contract section 5)."""

    ADMIN = "admin"
    MEMBER = "member"


ROLE_IDS = {Role.ADMIN: 1, Role.MEMBER: 3}
"""Productive numbers its roles; an admin is 1 there and an ordinary member of staff 3."""


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
    """Somebody who tracks time. ``deactivated_at`` and ``created_at`` are instants.

    ``email`` is None for a reader who may not see it; everybody has one.
    """

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

    @property
    def is_active_admin(self) -> bool:
        """Whether they may, at present, do everything in their organization."""
        return self.role is Role.ADMIN and self.deactivated_at is None


@dataclass(frozen=True, slots=True)
class Membership:
    """That a person works for an organization; its id is the person's."""

    id: int
    organization_id: int
    role: Role


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
class ApiToken:
    """An API token as people see it: never the token itself. Instants are seconds."""

    id: int
    organization_id: int
    person_id: int
    name: str
    digest: str
    created_at: int
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class TokenList:
    """All tokens of one person, whose id it has. ``version`` is 0 where there never was one."""

    id: int
    organization_id: int
    version: int = 0
    tokens: tuple[ApiToken, ...] = ()

    def find(self, token_id: int) -> ApiToken:
        """The token with that id. Raises :class:`RecordNotFound`."""
        for token in self.tokens:
            if token.id == token_id:
                return token
        raise RecordNotFound


@dataclass(frozen=True, slots=True)
class Claim:
    """That a name, such as an e-mail address, is taken in an organization; ``id`` is whose."""

    name: str
    organization_id: int
    id: int


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
