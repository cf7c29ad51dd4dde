"""Services."""

from typing import ClassVar

from msgspec import Struct


class Service(Struct, frozen=True):
    """Billable or internal work on which people track time.

    ``archived_at`` and ``deleted_at`` are timestamps.
    """

    recorded_as: ClassVar[str] = "services"
    unrecorded: ClassVar[tuple[str, ...]] = ()

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
        """Whether people may track time on the service."""
        return self.time_tracking_enabled and self.archived_at is None and self.deleted_at is None
