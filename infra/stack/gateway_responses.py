"""What API Gateway answers by itself, in our error documents and with our headers.

They are part of the API's definition, and not resources of their own, since API Gateway serves
only what was there when it was last deployed, and SAM deploys when the definition changes.
"""

from chalicelib.domain.errors import (
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
from chalicelib.http.replies import common_headers, error_reply
from infra.stack.intrinsics import Json, sub

# API Gateway's buckets fill again within a second.
_RATE_LIMITED = RateLimited(retry_after=1)
_UNAVAILABLE = Unavailable("the service did not answer in time; please try again", retry_after=2)
_UNREADABLE = MalformedDocument("the request cannot be read")
_QUOTABLE = "$context.requestId"

RESPONSES: dict[str, StintError] = {
    # An unknown path. The signature's troubles arise there alone: no route of ours looks at one.
    "MISSING_AUTHENTICATION_TOKEN": RouteNotFound(),
    "RESOURCE_NOT_FOUND": RouteNotFound(),
    "INVALID_SIGNATURE": RouteNotFound(),
    "EXPIRED_TOKEN": RouteNotFound(),
    # Nothing here asks for an API key or an authorizer; a firewall may be put in front.
    "UNAUTHORIZED": InvalidAuthToken(),
    "ACCESS_DENIED": AccessDenied(),
    "INVALID_API_KEY": AccessDenied(),
    "WAF_FILTERED": AccessDenied(),
    "REQUEST_TOO_LARGE": PayloadTooLarge(),
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType(),
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
"""What each of API Gateway's own refusals means to a caller: all of them are here."""


def gateway_responses() -> dict[str, Json]:
    """The API definition's ``x-amazon-apigateway-gateway-responses``."""
    return {name: _response(error) for name, error in RESPONSES.items()}


def _response(error: StintError) -> Json:
    is_fault = isinstance(error, ServerError)
    reply = error_reply(error, _QUOTABLE if is_fault else None)
    headers = {**common_headers("${AllowedOrigin}"), **reply.headers}
    return {
        "statusCode": str(reply.status),
        "responseParameters": {
            f"gatewayresponse.header.{name}": sub(f"'{value}'") for name, value in headers.items()
        },
        # API Gateway picks a template by what the request accepts, and falls back to this key;
        # the header above says what it really is.
        "responseTemplates": {"application/json": reply.body},
    }
