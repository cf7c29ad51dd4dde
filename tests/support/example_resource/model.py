"""Campaigns: what several services are sold for."""

from typing import ClassVar

from msgspec import Struct


class Campaign(Struct, frozen=True):
    """A campaign. ``budget_hours`` is None if it has no budget."""

    recorded_as: ClassVar[str] = "projects"
    unrecorded: ClassVar[tuple[str, ...]] = ()

    id: int
    organization_id: int
    name: str
    budget_hours: int | None = None
