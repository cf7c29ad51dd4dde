"""Organizations and memberships."""

from typing import ClassVar

from msgspec import Struct

from chalicelib.core.time_zones import ZoneInfo, zone_of
from chalicelib.people.model import Role

# In seconds. The limits make sure that a timer does not stop too early, but stops at some time.
DEFAULT_AUTO_STOP_AFTER = 12 * 3600
MIN_AUTO_STOP_AFTER = 5 * 60
MAX_AUTO_STOP_AFTER = 7 * 24 * 3600

# In minutes.
MIN_REMIND_AFTER = 1
MAX_REMIND_AFTER = MAX_AUTO_STOP_AFTER // 60


class Organization(Struct, frozen=True):
    """A tenant, and its settings.

    :param time_zone: an IANA name.
    :param auto_stop_after: how long a timer may run, in seconds.
    :param auto_stop_at_time: the time of day (``19:00``) at which a timer stops; None: at none.
    :param remind_after: after how many minutes an event says that a timer still runs; None: never.
    :param closed_until: the last date of the closed period, ``YYYY-MM-DD``; None: no period is
        closed. Contract section 10a, decision 0033.
    :param closed_effective_at: the timestamp from which every process knows ``closed_until``; None:
        it was never set.
    :param closed_service_ids: the sorted ids of the services that take no time. Each change of such
        a service writes them too, so that a start on a time entry need not read the service.
        Decision 0022.
    :param is_indexed: whether all tokens have a ``TokenOwner``, and all active admins are listed as
        ``ActiveAdmin``. False for organizations of earlier versions until they are upgraded.
    """

    recorded_as: ClassVar[str] = "organizations"
    unversioned: ClassVar[tuple[str, ...]] = ("closed_service_ids", "is_indexed")
    unrecorded: ClassVar[tuple[str, ...]] = (*unversioned, "closed_effective_at")

    id: int
    name: str
    time_zone: str
    auto_stop_after: int = DEFAULT_AUTO_STOP_AFTER
    auto_stop_at_time: str | None = None
    remind_after: int | None = None
    closed_service_ids: tuple[int, ...] = ()
    is_indexed: bool = False
    closed_until: str | None = None
    closed_effective_at: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the organization's times and dates."""
        return zone_of(self.time_zone, self.id)


class Membership(Struct, frozen=True):
    """The membership of a person in an organization. Its id is the person's id."""

    id: int
    organization_id: int
    role: Role
