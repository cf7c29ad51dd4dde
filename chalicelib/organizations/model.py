"""Organizations and memberships."""

from zoneinfo import ZoneInfo

from msgspec import Struct

from chalicelib.people.model import Role

# In seconds. The limits make sure that a timer does not stop too early, but stops at some time.
DEFAULT_AUTO_STOP_AFTER = 12 * 3600
MIN_AUTO_STOP_AFTER = 5 * 60
MAX_AUTO_STOP_AFTER = 7 * 24 * 3600


class Organization(Struct, frozen=True):
    """A tenant. ``time_zone`` is an IANA name; ``auto_stop_after`` is in seconds."""

    id: int
    name: str
    time_zone: str
    auto_stop_after: int = DEFAULT_AUTO_STOP_AFTER

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the organization's times and dates."""
        return ZoneInfo(self.time_zone)


class Membership(Struct, frozen=True):
    """The membership of a person in an organization. Its id is the person's id."""

    id: int
    organization_id: int
    role: Role
