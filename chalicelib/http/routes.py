"""The route table's words. A route is data, so that tests and descriptions can walk the table."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.http.exchange import Exchange, Reply

BASE_PATH = "/api/v2"


@dataclass(frozen=True, slots=True)
class Route:
    """A path below :data:`BASE_PATH`, its methods, and the view that answers.

    Every route wants a token: a view gets an :class:`Exchange`, and there is no exchange without
    a caller.
    """

    name: str
    methods: tuple[str, ...]
    path: str
    view: Callable[[Exchange], Reply]
