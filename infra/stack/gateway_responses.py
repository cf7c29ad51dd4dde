"""Error responses that API Gateway generates itself, as the API's error documents and headers.

They are part of the API's definition, not separate resources: API Gateway serves only what was
deployed last, and SAM deploys again when the definition changes.
"""

from chalicelib.core.errors import (
    AccessDenied,
    InvalidAuthToken,
    MalformedDocument,
    PayloadTooLarge,
    RateLimited,
    RouteNotFound,
    ServerError,
    StintError,
    Unavailable,
    UnsupportedMediaType,
)
from chalicelib.http.responses import common_headers, error_response
from chalicelib.jsonapi.requests import JSON_API
from infra.stack.intrinsics import Json
from infra.stack.waf import WINDOW_SECONDS

# API Gateway's token buckets refill within a second.
_RATE_LIMITED = RateLimited(retry_after=1)
_UNAVAILABLE = Unavailable(
    "The service did not respond in time. Try again in a few seconds.", retry_after=2
)
_UNREADABLE = MalformedDocument("The request cannot be read. Check its URL, headers and body.")
_ERROR_ID = "$context.requestId"

RESPONSES: dict[str, StintError] = {
    # An unknown path. Signature errors occur only there: no route of this API checks signatures.
    "MISSING_AUTHENTICATION_TOKEN": RouteNotFound(),
    "RESOURCE_NOT_FOUND": RouteNotFound(),
    "INVALID_SIGNATURE": RouteNotFound(),
    "EXPIRED_TOKEN": RouteNotFound(),
    # This API has no API keys and no authorizer.
    "UNAUTHORIZED": InvalidAuthToken(),
    "ACCESS_DENIED": AccessDenied(),
    "INVALID_API_KEY": AccessDenied(),
    # The rules of AWS WAF in waf.py only limit rates.
    "WAF_FILTERED": RateLimited(retry_after=WINDOW_SECONDS),
    "REQUEST_TOO_LARGE": PayloadTooLarge(),
    # API Gateway uses it for both headers.
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType(
        f"Send the body with the header Content-Type: {JSON_API}. If it is compressed, the header "
        "Content-Encoding must be gzip or deflate."
    ),
    "BAD_REQUEST_BODY": _UNREADABLE,
    "BAD_REQUEST_PARAMETERS": _UNREADABLE,
    "THROTTLED": _RATE_LIMITED,
    "QUOTA_EXCEEDED": _RATE_LIMITED,
    "INTEGRATION_FAILURE": _UNAVAILABLE,
    "INTEGRATION_TIMEOUT": _UNAVAILABLE,
    "API_CONFIGURATION_ERROR": ServerError(),
    "AUTHORIZER_CONFIGURATION_ERROR": ServerError(),
    "AUTHORIZER_FAILURE": ServerError(),
    "DEFAULT_4XX": _UNREADABLE,
    "DEFAULT_5XX": ServerError(),
}
"""The error for each of API Gateway's response types; all types are listed."""


def gateway_responses() -> dict[str, Json]:
    """Return the API definition's ``x-amazon-apigateway-gateway-responses``."""
    return {name: _response(error) for name, error in RESPONSES.items()}


def _response(error: StintError) -> Json:
    is_fault = isinstance(error, ServerError)
    reply = error_response(error, _ERROR_ID if is_fault else None)
    # Every origin may read these errors, whatever the setting: they say nothing about anybody.
    headers = {**common_headers("*"), **reply.headers}
    return {
        "statusCode": str(reply.status),
        "responseParameters": {
            f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()
        },
        # API Gateway selects a template by the Accept header and falls back to this key; the header
        # above states the real content type.
        "responseTemplates": {"application/json": reply.body},
    }
