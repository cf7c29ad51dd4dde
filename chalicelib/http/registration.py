"""The registration of a resource in ``chalicelib/registry.py``."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.http.includes import IncludedResources
from chalicelib.http.routing import Route
from chalicelib.jsonapi.resource import AnyResource


class Registration(Struct, frozen=True):
    """A resource, its routes, and whether its records are personal data.

    :param resource: its declaration.
    :param routes: creates its routes.
    :param is_personal: whether its records say something about a person: export and erasure
        (GDPR) must handle them, see ``tools/admin/data_protection.py``.
    """

    resource: AnyResource
    routes: Callable[[Dependencies, IncludedResources], Iterable[Route]]
    is_personal: bool
