"""Requests as plain values, independent of Chalice."""

from collections.abc import Mapping

from msgspec import Struct

from chalicelib.core.permissions import Caller
from chalicelib.jsonapi.parameters import Parameters


class HttpRequest(Struct, frozen=True):
    """A request.

    :param path: the path as the client sent it.
    :param base_url: the start of links, before the path, without a slash at its end.
    :param headers: values by lower-case names.
    :param address: the client's IP address, or that of a proxy in front of the API.
    """

    method: str
    path: str
    base_url: str
    route_arguments: Mapping[str, str]
    parameters: Parameters
    headers: Mapping[str, str]
    body: bytes
    address: str = ""


class AuthenticatedRequest(Struct, frozen=True):
    """A request and its authenticated caller.

    :param clock_skew: seconds by which the client's clock is ahead of the server's; 0: unknown, or
        less than 2. See ``http/client_clock.py``.
    :param needs_live_token: whether a write requires the live token. See ``core/live_access.py``.
    """

    request: HttpRequest
    caller: Caller
    clock_skew: int = 0
    needs_live_token: bool = False
