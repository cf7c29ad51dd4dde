"""A request and its answer, as plain values: nothing behind the edge sees Chalice."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from chalice.app import Request

from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Caller
from chalicelib.jsonapi.documents import encode
from chalicelib.jsonapi.parameters import Parameters


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What came in. Header names are lower-case; ``path`` is as the client wrote it.

    ``base_url`` is what links begin with, before the path; no slash at its end.
    """

    method: str
    path: str
    base_url: str
    route_arguments: Mapping[str, str]
    parameters: Parameters
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request whose caller is known."""

    request: HttpRequest
    caller: Caller


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out: a JSON:API document as text, or an empty body."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def document_reply(
    status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Reply:
    """A reply that carries a document."""
    return Reply(status, encode(document), headers or {})


def from_chalice(
    request: Request, route_arguments: Mapping[str, str], public_base_url: str
) -> HttpRequest:
    """Chalice's request, as ours."""
    given = request.query_params
    body = request.raw_body
    return HttpRequest(
        method=request.method,
        path=request.path.format(**route_arguments),
        # API Gateway itself says which API was called; no client can.
        base_url=public_base_url.replace("{api_id}", request.context.get("apiId", "")),
        route_arguments=route_arguments,
        parameters=[] if given is None else [(k, v) for k in given for v in given.getlist(k)],
        headers={name.lower(): value.strip() for name, value in request.headers.items()},
        body=body.encode() if isinstance(body, str) else body,
    )
