"""Replies as Chalice sends them: headers that every answer has, errors as documents."""

from collections.abc import Mapping

from chalice.app import CORSConfig, Response

from chalicelib.core.errors import MethodNotAllowed, RateLimited, StintError
from chalicelib.http.responses import Reply, document_reply
from chalicelib.jsonapi.errors import error_document, status_of
from chalicelib.jsonapi.media_types import CONTENT_TYPE

_ALLOWED_HEADERS = [
    "X-Auth-Token",
    "X-Organization-Id",
    "X-Feature-Flags",
    "Content-Type",
    "Accept",
    "Idempotency-Key",
    "If-None-Match",
]
_EXPOSED_HEADERS = ["Location", "ETag", "Retry-After", "X-RateLimit-Reset", "Idempotency-Replayed"]
_PREFLIGHT_SECONDS = 600


def cors_config(allowed_origin: str) -> CORSConfig:
    """What browsers are told, in answers and preflights. Contract section 1."""
    return CORSConfig(
        allow_origin=allowed_origin,
        allow_headers=_ALLOWED_HEADERS,
        expose_headers=_EXPOSED_HEADERS,
        max_age=_PREFLIGHT_SECONDS,
    )


def common_headers(allowed_origin: str) -> Mapping[str, str]:
    """What every answer carries, errors included."""
    return {
        "Content-Type": CONTENT_TYPE,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Origin, Accept-Encoding",
        "Access-Control-Allow-Origin": allowed_origin,
        "Access-Control-Expose-Headers": ",".join(_EXPOSED_HEADERS),
    }


def to_chalice(reply: Reply, allowed_origin: str) -> Response:
    """A reply, with what every answer carries."""
    headers: dict[str, str | list[str]] = {**common_headers(allowed_origin), **reply.headers}
    return Response(body=reply.body, status_code=reply.status, headers=headers)


def error_reply(error: StintError, error_id: str | None = None) -> Reply:
    """The reply that tells a caller about an error."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, RateLimited):
            headers["X-RateLimit-Reset"] = headers["Retry-After"]
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return document_reply(status_of(error), error_document(error, error_id), headers)
