"""Responses as plain values, and their conversion for Chalice."""

from collections.abc import Mapping
from typing import Any

from chalice.app import CORSConfig, Response
from msgspec import Struct, field

from chalicelib.core.errors import MethodNotAllowed, RateLimited, StintError
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
]
_PREFLIGHT_SECONDS = 600
# A year. Without includeSubDomains: a custom domain may have other hosts below it.
_HTTPS_ONLY_SECONDS = 365 * 24 * 3600


def cors_config(allowed_origin: str) -> CORSConfig:
    """Return the CORS configuration of responses and preflight requests. Contract section 1."""
    return CORSConfig(
        allow_origin=allowed_origin,
        allow_headers=_ALLOWED_HEADERS,
        expose_headers=_EXPOSED_HEADERS,
        max_age=_PREFLIGHT_SECONDS,
    )


def common_headers(allowed_origin: str) -> Mapping[str, str]:
    """Return the headers of every response, errors included."""
    return {
        "Content-Type": CONTENT_TYPE,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Origin, Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": f"max-age={_HTTPS_ONLY_SECONDS}",
        "Access-Control-Allow-Origin": allowed_origin,
        "Access-Control-Expose-Headers": ",".join(_EXPOSED_HEADERS),
    }


def to_chalice(response: HttpResponse, allowed_origin: str) -> Response:
    """Convert a response for Chalice, and add the common headers."""
    headers: dict[str, str | list[str]] = {**common_headers(allowed_origin), **response.headers}
    return Response(body=response.body, status_code=response.status, headers=headers)


def error_response(error: StintError, error_id: str | None = None) -> HttpResponse:
    """Return the response for an error. ``error_id`` identifies the error in the log."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, RateLimited):
            headers["X-RateLimit-Reset"] = headers["Retry-After"]
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return document_response(status_of(error), error_document(error, error_id), headers)
