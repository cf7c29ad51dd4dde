"""Responses as plain values, and their conversion for Chalice."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from chalice.app import Response
from msgspec import Struct, field

from chalicelib.core.errors import InvalidAuthToken, MethodNotAllowed, RateLimited, StintError
from chalicelib.jsonapi.documents import encode
from chalicelib.jsonapi.errors import error_document, status_of
from chalicelib.jsonapi.requests import CONTENT_TYPE


class HttpResponse(Struct, frozen=True):
    """A response. Its body is text; it can be empty.

    ``version`` is the version of the record in the body; None: the body is not that of a record.
    """

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None


def document_response(
    status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a response with a document."""
    return HttpResponse(status, encode(document), headers or {})


_ALLOWED_HEADERS = [
    "X-Auth-Token",
    "X-Organization-Id",
    "X-Feature-Flags",
    "Content-Type",
    "Accept",
    "Idempotency-Key",
    "If-None-Match",
    "If-Match",
    "Client-Time",
]
# The server, or API Gateway, adds Date to every response.
_EXPOSED_HEADERS = [
    "Location",
    "ETag",
    "Retry-After",
    "X-RateLimit-Reset",
    "Idempotency-Replayed",
    "Date",
    "RateLimit",
    "RateLimit-Policy",
    "Content-Disposition",
]
# The maximum of Chromium. Every preflight request is an invocation of the function.
_PREFLIGHT_SECONDS = 7200
# A year. Without includeSubDomains: a custom domain may have other hosts below it.
_HTTPS_ONLY_SECONDS = 365 * 24 * 3600


def allow_origin(allowed: Sequence[str], origin: str | None) -> str | None:
    """Return the value of Access-Control-Allow-Origin. Contract section 1.

    :param allowed: the origins of the setting; ``*`` allows any.
    :param origin: the Origin header of the request.
    :return: None if the origin may not read the response.
    """
    if "*" in allowed:
        return "*"
    return origin if origin in allowed else None


def common_headers(allowed_origin: str | None) -> Mapping[str, str]:
    """Return the headers of every response, errors included.

    ``allowed_origin`` is the origin that may read it, ``*`` for any; None: no other origin.
    """
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Origin, Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": f"max-age={_HTTPS_ONLY_SECONDS}",
        "Access-Control-Expose-Headers": ",".join(_EXPOSED_HEADERS),
    }
    if allowed_origin is not None:
        headers["Access-Control-Allow-Origin"] = allowed_origin
    return headers


def preflight_response(methods: Iterable[str]) -> HttpResponse:
    """Return the response to a CORS preflight request. ``methods`` are those of the path."""
    headers = {
        "Access-Control-Allow-Methods": ",".join(sorted(methods)),
        "Access-Control-Allow-Headers": ",".join(_ALLOWED_HEADERS),
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
    return HttpResponse(204, headers=headers)


def to_chalice(response: HttpResponse, allowed_origin: str | None) -> Response:
    """Convert a response for Chalice, and add the common headers."""
    headers: dict[str, str | list[str]] = {**common_headers(allowed_origin), **response.headers}
    if response.status == HTTPStatus.NO_CONTENT:
        del headers["Content-Type"]
    return Response(body=response.body, status_code=response.status, headers=headers)


# RFC 9110 requires it with a 401. Some HTTP clients, such as Java's, fail without it.
_CHALLENGE = 'Token realm="stint"'


def error_response(error: StintError, error_id: str | None = None) -> HttpResponse:
    """Return the response for an error. ``error_id`` identifies the error in the log."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, RateLimited):
            headers["X-RateLimit-Reset"] = headers["Retry-After"]
    if isinstance(error, InvalidAuthToken):
        headers["WWW-Authenticate"] = _CHALLENGE
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return document_response(status_of(error), error_document(error, error_id), headers)
