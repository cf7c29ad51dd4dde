"""Routes as data. The application serves them, and the OpenAPI document describes them.

A route's inputs and responses are declared only here and in its resource.
"""

from collections.abc import Callable
from enum import Enum

from msgspec import Struct

from chalicelib.core import errors
from chalicelib.core.permissions import Caller, Permission, Visibility
from chalicelib.http.request import AuthenticatedRequest, HttpRequest
from chalicelib.http.responses import HttpResponse
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.resource import AnyResource, Kind

BASE_PATH = "/api/v2"


class RouteKind(Enum):
    """The type of a route. It determines most parameters and responses."""

    LIST = "list"
    """Takes the resource's ``filter`` and ``sort`` parameters, and ``page``."""
    SHOW = "show"
    CREATE = "create"
    """Takes a document; returns ``Location``."""
    UPDATE = "update"
    """Takes a sparse document: absent values stay unchanged."""
    DELETE = "delete"
    ACTION = "action"
    """Another operation on a record. The document is optional."""


Errors = tuple[type[errors.StintError], ...]

_SUCCESS_STATUS = {RouteKind.CREATE: 201, RouteKind.DELETE: 204}

_COMMON_ERRORS: Errors = (
    errors.InvalidAuthToken,
    errors.AccessDenied,
    errors.NotAcceptable,
    errors.RateLimited,
    errors.ServerError,
    errors.Unavailable,
)
_VIEW_ERRORS: Errors = (errors.InvalidParameter, errors.UnsupportedInclude)
_LIST_ERRORS: Errors = (
    errors.UnsupportedFilter,
    errors.UnsupportedFilterOperation,
    errors.UnsupportedFilterValue,
    errors.UnsupportedSort,
    errors.CursorConflict,
    errors.InvalidCursor,
    errors.QueryTooBroad,
)
_WRITE_ERRORS: Errors = (errors.Conflict, errors.InvalidHeader, errors.IdempotencyKeyReused)
_OF_CALLERS: Errors = (
    errors.InvalidAuthToken,
    errors.InvalidHeader,
    errors.IdempotencyKeyReused,
    errors.RecordNotFound,
)
"""Errors that need a token, or a header of which only a request with a token makes use."""
_DOCUMENT_ERRORS: Errors = (
    errors.MalformedDocument,
    errors.TypeConflict,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.InvalidAttribute,
)


class MetaField(Struct, frozen=True):
    """An optional member of the ``meta`` of a response document."""

    name: str
    kind: Kind
    description: str
    is_list: bool = False


class PublicView(Struct, frozen=True):
    """The view of a route that needs no token.

    :param respond: returns the response, and the person who got access with it.
    """

    respond: Callable[[HttpRequest], tuple[HttpResponse, Caller]]


class QueryParameter(Struct, frozen=True):
    """A query parameter of one route, in addition to those of its kind.

    :param choices: the values that it takes.
    :param is_list: whether it takes several of them, separated by commas: ``max_items`` at most.
    """

    name: str
    description: str
    choices: tuple[str, ...]
    is_list: bool = False
    max_items: int = 1


class Route(Struct, frozen=True):
    """A path below :data:`BASE_PATH`, its methods and its view.

    A route needs a token, and its view takes an :class:`AuthenticatedRequest`, unless the view is
    declared as a :class:`PublicView`.

    :param name: the unique name of the operation, such as ``start_timer``.
    :param permission: who can call it.
    :param resource: the resource in the response.
    :param subject: the resource in the path and in the request's document.
    :param inputs: the values in the request's document or query.
    :param meta: additional members of the response's ``meta``.
    :param own_errors: errors in addition to those of its kind.
    :param has_location: whether a record that it creates has a URL: then it returns ``Location``.
    :param parameters: its own query parameters.
    :param has_csv: whether it also answers CSV.
    """

    name: str
    methods: tuple[str, ...]
    path: str
    view: Callable[[AuthenticatedRequest], HttpResponse] | PublicView
    permission: Permission
    kind: RouteKind
    resource: AnyResource
    subject: AnyResource
    description: str
    inputs: tuple[Input, ...] = ()
    meta: tuple[MetaField, ...] = ()
    own_errors: Errors = ()
    has_location: bool = True
    parameters: tuple[QueryParameter, ...] = ()
    has_csv: bool = False

    @property
    def success(self) -> int:
        """The HTTP status of a successful response."""
        return _SUCCESS_STATUS.get(self.kind, 200)

    @property
    def is_public(self) -> bool:
        """Whether it needs no token."""
        return isinstance(self.view, PublicView)

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return self.kind not in (RouteKind.LIST, RouteKind.SHOW)

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether it takes an Idempotency-Key: every write of a person, whose key it is."""
        return self.is_write and not self.is_public

    @property
    def takes_if_match(self) -> bool:
        """Whether it changes a record that the path names: then it takes If-Match."""
        return self.is_write and self.names_record

    @property
    def needs_live_token(self) -> bool:
        """Whether it gives or shapes access: then it requires the live token of the caller."""
        return self.is_write and self.subject.needs_live_token and not self.is_public

    @property
    def takes_document(self) -> bool:
        """Whether the request has a required or optional document."""
        return self.kind in (RouteKind.CREATE, RouteKind.UPDATE, RouteKind.ACTION)

    @property
    def follows_client_clock(self) -> bool:
        """Whether the request can have timestamps of the client's clock: it takes Client-Time."""
        return any(declared.follows_client_clock for declared in self.inputs)

    @property
    def names_record(self) -> bool:
        """Whether the path contains the id of a record."""
        return "{id}" in self.path

    @property
    def _replays_to_owners(self) -> bool:
        """Whether a repeated creation is not found once its record is somebody else's."""
        return self.kind is RouteKind.CREATE and self.resource.view.visibility is Visibility.OWNER

    @property
    def errors(self) -> Errors:
        """All errors that the route can return. Contract section 7."""
        all_errors = [*_COMMON_ERRORS, *self.own_errors]
        if self.permission.organization_required:
            all_errors.append(errors.NoOrganizationId)
        if self.names_record or self._replays_to_owners:
            all_errors.append(errors.RecordNotFound)
        if self.kind is not RouteKind.DELETE:
            all_errors += _VIEW_ERRORS
        if self.kind is RouteKind.LIST:
            all_errors += _LIST_ERRORS
        if self.takes_document:
            all_errors += _DOCUMENT_ERRORS
            if self.names_record:
                all_errors.append(errors.IdConflict)
        if self.is_write:
            all_errors += _WRITE_ERRORS
        if self.takes_if_match:
            all_errors.append(errors.PreconditionFailed)
        return tuple(
            error for error in all_errors if not self.is_public or error not in _OF_CALLERS
        )
