"""The route table's words. A route is data: tests walk the table, and descriptions are made of it.

What it takes and answers is declared here and in its resource, and nowhere else.
"""

from collections.abc import Callable
from enum import Enum

from chalicelib.dataclass import dataclass
from chalicelib.domain.policies import Access
from chalicelib.http.exchange import Exchange, Reply
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.resource import AnyResource

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


_SUCCESSES = {Act.CREATE: 201, Act.DELETE: 204}
_ALWAYS = (401, 403, 429, 500, 503)
_WITH_DOCUMENT = (409, 413, 415, 422)


@dataclass(frozen=True, slots=True)
class Route:
    """A path below :data:`BASE_PATH`, its methods, and the view that answers.

    Every route wants a token: a view gets an :class:`Exchange`, and there is no exchange without
    a caller, whom ``access`` lets in. ``resource`` is what is answered; ``document`` what the
    request's document, and the path, are about. ``keyed`` says that it takes an
    Idempotency-Key.
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

    @property
    def success(self) -> int:
        """The status of its answer when all is well."""
        return _SUCCESSES.get(self.act, 200)

    @property
    def failures(self) -> tuple[int, ...]:
        """The statuses with which it may refuse, or fail."""
        statuses = {400, 406, *_ALWAYS} if self.act is not Act.DELETE else {406, 409, *_ALWAYS}
        if "{" in self.path:
            statuses.add(404)
        if self.act in (Act.CREATE, Act.UPDATE, Act.PERFORM):
            statuses.update(_WITH_DOCUMENT)
        return tuple(sorted(statuses))
