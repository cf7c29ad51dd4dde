"""The route table's words. A route is data: tests walk the table, and descriptions are made of it.

What it takes and answers is declared here and in its resource, and nowhere else.
"""

from collections.abc import Callable
from enum import Enum

from chalicelib.core import errors
from chalicelib.core.permissions import Access
from chalicelib.dataclass import dataclass
from chalicelib.http.responses import Exchange, Reply
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.resource import AnyResource, Kind

BASE_PATH = "/api/v2"


class Act(Enum):
    """What a route does; most of what it takes and answers follows from that."""

    LIST = "list"
    """``filter``, ``sort`` and ``page``, as the resource declares them."""
    SHOW = "show"
    CREATE = "create"
    """A document, and an Idempotency-Key; answers ``Location``."""
    UPDATE = "update"
    """A sparse document: what it does not mention stays."""
    DELETE = "delete"
    PERFORM = "perform"
    """Something else that is done to a record; the document may be missing."""


Errors = tuple[type[errors.StintError], ...]

_SUCCESSES = {Act.CREATE: 201, Act.DELETE: 204}

_ALWAYS: Errors = (
    errors.InvalidAuthToken,
    errors.AccessDenied,
    errors.NotAcceptable,
    errors.RateLimited,
    errors.ServerError,
    errors.Unavailable,
)
_OF_A_VIEW: Errors = (errors.InvalidParameter, errors.UnsupportedInclude)
_OF_A_LIST: Errors = (
    errors.UnsupportedFilter,
    errors.UnsupportedFilterOperation,
    errors.UnsupportedFilterValue,
    errors.UnsupportedSort,
    errors.CursorConflict,
    errors.InvalidCursor,
    errors.QueryTooBroad,
)
_OF_A_DOCUMENT: Errors = (
    errors.MalformedDocument,
    errors.TypeConflict,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.InvalidAttribute,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the ``meta`` of an answer's document may say, beside what every answer says.

    With ``several`` it is a list of such values.
    """

    name: str
    kind: Kind
    meaning: str
    several: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A path below :data:`BASE_PATH`, its methods, and the view that answers.

    Every route wants a token: a view gets an :class:`Exchange`, and there is no exchange without
    a caller, whom ``access`` lets in. ``resource`` is what is answered; ``document`` what the
    request's document, and the path, are about. ``keyed`` says that it takes an
    Idempotency-Key; ``tells`` is what the meta of its answer may say, and ``refuses`` are errors
    of its own, beside those that follow from its act.
    """

    name: str
    methods: tuple[str, ...]
    path: str
    view: Callable[[Exchange], Reply]
    access: Access
    act: Act
    resource: AnyResource
    meaning: str
    document: AnyResource
    inputs: tuple[Input, ...] = ()
    keyed: bool = False
    tells: tuple[Told, ...] = ()
    refuses: Errors = ()

    @property
    def success(self) -> int:
        """The status of its answer when all is well."""
        return _SUCCESSES.get(self.act, 200)

    @property
    def takes_document(self) -> bool:
        """Whether a document comes with it, or may."""
        return self.act in (Act.CREATE, Act.UPDATE, Act.PERFORM)

    @property
    def is_about_one(self) -> bool:
        """Whether its path names a record."""
        return "{id}" in self.path

    @property
    def errors(self) -> Errors:
        """Whatever it may refuse or fail with (contract section 7)."""
        found = [*_ALWAYS, *self.refuses]
        if self.access.organization_needed:
            found.append(errors.NoOrganizationId)
        if self.is_about_one:
            found.append(errors.RecordNotFound)
        if self.act is not Act.DELETE:
            found += _OF_A_VIEW
        if self.act is Act.LIST:
            found += _OF_A_LIST
        elif self.act is not Act.SHOW:
            found.append(errors.Conflict)
        if self.takes_document:
            found += _OF_A_DOCUMENT
            if self.is_about_one:
                found.append(errors.IdConflict)
        if self.keyed:
            found += (errors.InvalidHeader, errors.IdempotencyKeyReused)
        return tuple(found)
