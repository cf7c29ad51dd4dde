"""The registration of a resource in ``chalicelib/registry.py``."""

from collections.abc import Callable, Iterable
from enum import Enum

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.http.includes import IncludedResources
from chalicelib.http.routing import Route
from chalicelib.jsonapi.resource import AnyResource


class PersonalData(Enum):
    """How export and erasure (GDPR) handle the records of a resource."""

    NONE = "none"
    """The records contain no personal data."""
    EXPORTED = "exported"
    """A person's records are exported. Erasure leaves them: they contain only ids and times."""
    EXPORTED_AND_ERASED = "exported_and_erased"
    """A person's records are exported. Erasure deletes them or overwrites their personal data."""


class Registration(Struct, frozen=True):
    """A resource, its routes and its personal data.

    :param resource: its declaration.
    :param routes: creates its routes.
    :param personal_data: how export and erasure handle its records.
    """

    resource: AnyResource
    routes: Callable[[Dependencies, IncludedResources], Iterable[Route]]
    personal_data: PersonalData
