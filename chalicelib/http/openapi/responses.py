"""Responses: documents, headers and errors."""

from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.core.errors import (
    Conflict,
    InvalidAuthToken,
    RateLimited,
    StintError,
    Unavailable,
)
from chalicelib.core.reasons import Reason
from chalicelib.http.formats import CSV
from chalicelib.http.openapi.examples import response_example
from chalicelib.http.openapi.response_documents import document_name
from chalicelib.http.openapi.values import (
    COUNT,
    Schema,
    constant,
    schema_reference,
    value_schema,
)
from chalicelib.http.routing import Route, RouteKind
from chalicelib.jsonapi.errors import ERROR_STATUS
from chalicelib.jsonapi.requests import JSON_API
from chalicelib.jsonapi.resource import Kind

Response = dict[str, Any]

HEADERS: Mapping[str, Any] = {
    "ETag": {
        "description": "Entity tag of this response, for `If-None-Match`. That of a record is "
        "also for `If-Match`.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "Of CSV: the name of the file.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="time_entries.csv"',
    },
    "Location": {
        "description": "URL of the new record.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Idempotency-Replayed": {
        "description": "Present when an earlier request with this key already did this.",
        "schema": constant("true"),
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": COUNT,
    },
    "WWW-Authenticate": {
        "description": "The token is in `X-Auth-Token`. API Gateway renames this header to "
        "`x-amzn-remapped-www-authenticate`.",
        "schema": {"type": "string"},
    },
    "X-RateLimit-Reset": {"description": "Same as `Retry-After`.", "schema": COUNT},
    "RateLimit": {
        "description": "Requests that are left to this API token (`r`), and the seconds until all "
        "of them are back (`t`). Without a token: to this address. Absent if the server has no "
        "budget per token.",
        "schema": {"type": "string"},
        "example": '"token";r=57;t=5',
    },
    "RateLimit-Policy": {
        "description": "Requests (`q`) that an API token, or without a token an address, may send "
        "in a number of seconds (`w`). Absent if the server has no budget per token.",
        "schema": {"type": "string"},
        "example": '"token";q=100;w=10',
    },
}

_CSV = "The whole list, as RFC 4180 describes: UTF-8, a header row, lines that end with CRLF."
_BUDGET = ("RateLimit", "RateLimit-Policy")

_ERROR_HEADERS: Mapping[type[StintError], tuple[str, ...]] = {
    Conflict: ("Retry-After",),
    InvalidAuthToken: ("WWW-Authenticate",),
    RateLimited: ("Retry-After", "X-RateLimit-Reset", *_BUDGET),
    Unavailable: ("Retry-After",),
}

ERROR_SCHEMAS: Mapping[str, Schema] = {
    "Errors": {
        "type": "object",
        "description": "Error document.",
        "required": ["errors"],
        "properties": {
            "errors": {"type": "array", "minItems": 1, "items": schema_reference("ErrorObject")},
        },
    },
    "ErrorObject": {
        "type": "object",
        "required": ["status", "code", "title", "detail", "source"],
        "properties": {
            "id": {"type": "string", "description": "Id of a 500 error. Quote it in reports."},
            "status": {"type": "string", "description": "HTTP status."},
            "code": schema_reference("ErrorCode"),
            "title": {"type": "string", "description": "Short summary of the error."},
            "detail": {"type": "string", "description": "What is wrong and what to do."},
            "source": schema_reference("ErrorSource"),
            "meta": schema_reference("ErrorMeta"),
        },
    },
    "ErrorCode": {
        "type": "string",
        "description": "Stable error code.",
        "enum": list(ERROR_STATUS),
    },
    "ErrorSource": {
        "type": "object",
        "description": "Part of the request that caused the error. It is empty if the error is not "
        "about a part.",
        "properties": {
            "pointer": {"type": "string"},
            "parameter": {"type": "string"},
            "header": {"type": "string"},
        },
    },
    "ErrorMeta": {
        "type": "object",
        "properties": {
            "reason": schema_reference("ErrorReason"),
            "earliest_started_at": {
                **value_schema(Kind.TIMESTAMP),
                "description": "For `overlaps_session` of a running timer: the earliest valid "
                "start.",
            },
            "conflicting_timer_id": {
                **value_schema(Kind.ID),
                "description": "For `overlaps_session`: the timer in the way.",
            },
            "closed_until": {
                **value_schema(Kind.DATE),
                "description": "For `period_closed`: the last date of the closed period.",
            },
            "timer_ids": {
                "type": "array",
                "items": value_schema(Kind.ID),
                "description": "For `timers_running`: the timers to stop.",
            },
        },
    },
    "ErrorReason": {
        "type": "string",
        "description": "Why an id of a service or another record is refused.",
        "enum": [reason.value for reason in Reason],
    },
}
"""The schemas of an error document, by their names in ``components``."""


def responses_of(route: Route, url: str, links: Mapping[str, Any]) -> dict[str, Response]:
    """Return all responses of a route by HTTP status.

    ``url`` is the URL of the route, ``links`` are the links of the successful response.
    """
    responses = {str(route.success): _success(route, url, links)}
    if not route.is_write:
        responses["304"] = {
            "description": "Not modified.",
            "headers": headers("ETag"),
        }
    return {**responses, **error_responses(route)}


def _success(route: Route, url: str, links: Mapping[str, Any]) -> Response:
    if route.kind is RouteKind.DELETE:
        return {"description": "Success.", "headers": headers("Idempotency-Replayed", *_BUDGET)}
    response: Response = {
        "description": _SUCCESS_DESCRIPTIONS.get(route.kind, "Success."),
        "content": {
            JSON_API: {
                "schema": schema_reference(document_name(route)),
                "example": response_example(route, url),
            }
        },
    }
    header_names = []
    if route.has_csv:
        response["content"][CSV] = {"schema": {"type": "string", "description": _CSV}}
        header_names.append("Content-Disposition")
    if not route.is_write:
        header_names.append("ETag")
    if route.kind is RouteKind.CREATE and route.has_location:
        header_names.append("Location")
    if route.takes_idempotency_key:
        header_names.append("Idempotency-Replayed")
    response["headers"] = headers(*header_names, *_BUDGET)
    return {**response, "links": links} if links else response


_SUCCESS_DESCRIPTIONS = {
    RouteKind.LIST: "A page of the list.",
    RouteKind.SHOW: "The record.",
    RouteKind.CREATE: "The new record.",
}


def error_responses(route: Route) -> dict[str, Response]:
    """Return the error responses of a route, by HTTP status."""
    by_status: dict[HTTPStatus, dict[str, type[StintError]]] = defaultdict(dict)
    for error in route.errors:
        by_status[ERROR_STATUS[error.code][0]][error.code] = error
    return {
        str(status.value): _error_response(status, by_status[status])
        for status in sorted(by_status)
    }


def _error_response(status: HTTPStatus, errors: Mapping[str, type[StintError]]) -> Response:
    codes = [code for code in ERROR_STATUS if code in errors]
    header_names = dict.fromkeys(
        name for error in errors.values() for name in _ERROR_HEADERS.get(error, ())
    )
    response: Response = {
        "description": f"{status.phrase}: {', '.join(f'`{code}`' for code in codes)}.",
        "content": {
            JSON_API: {
                "schema": schema_reference("Errors"),
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }
    return {**response, "headers": headers(*header_names)} if header_names else response


def headers(*names: str) -> dict[str, Any]:
    """Return references to headers."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
