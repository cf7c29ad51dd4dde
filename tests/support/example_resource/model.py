"""Projects: what several services are sold for."""

from msgspec import Struct


class Project(Struct, frozen=True):
    """A project. ``budget_hours`` is None if it has no budget."""

    id: int
    organization_id: int
    name: str
    budget_hours: int | None = None
