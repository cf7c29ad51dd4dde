"""Responses: documents, headers, and every error by its status."""

from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.core.errors import Conflict, RateLimited, StintError, Unavailable
from chalicelib.http.openapi.examples import answer_example
from chalicelib.http.openapi.schemas import document_name, reference, value
from chalicelib.http.routing import Act, Route
from chalicelib.jsonapi.errors import CATALOGUE
from chalicelib.jsonapi.media_types import JSON_API
from chalicelib.jsonapi.resource import Kind

Response = dict[str, Any]

_SECONDS = {"type": "integer", "minimum": 0}

HEADERS: Mapping[str, Any] = {
    "ETag": {
        "description": "Entity tag of this response, for `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "URL of the new record.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Idempotency-Replayed": {
        "description": "Present when an earlier request with this key already did this.",
        "schema": {"const": "true"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": _SECONDS,
    },
    "X-RateLimit-Reset": {"description": "Same as `Retry-After`.", "schema": _SECONDS},
}

_OF_ERRORS: Mapping[type[StintError], tuple[str, ...]] = {
    Conflict: ("Retry-After",),
    RateLimited: ("Retry-After", "X-RateLimit-Reset"),
    Unavailable: ("Retry-After",),
}

ERRORS_SCHEMA = {
    "type": "object",
    "description": "Error document.",
    "required": ["errors"],
    "properties": {
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["status", "code", "title", "detail"],
                "properties": {
                    "id": {
                        "type": "string",
                        "description": "Id of a 500 error. Quote it in reports.",
                    },
                    "status": {"type": "string", "description": "HTTP status."},
                    "code": {
                        "type": "string",
                        "description": "Stable error code.",
                        "enum": list(CATALOGUE),
                    },
                    "title": {"type": "string", "description": "Short summary of the error."},
                    "detail": {"type": "string", "description": "What is wrong and what to do."},
                    "source": {
                        "type": "object",
                        "description": "Part of the request that caused the error.",
                        "properties": {
                            "pointer": {"type": "string"},
                            "parameter": {"type": "string"},
                            "header": {"type": "string"},
                        },
                    },
                    "meta": {
                        "type": "object",
                        "properties": {
                            "earliest_started_at": {
                                **value(Kind.INSTANT),
                                "description": "For `overlaps_session`: the earliest valid start.",
                            }
                        },
                    },
                },
            },
        }
    },
}


def responses_of(route: Route, url: str, links: Mapping[str, Any]) -> dict[str, Response]:
    """Every answer of a route, by status."""
    found = {str(route.success): _success(route, url, links)}
    if route.act in (Act.LIST, Act.SHOW):
        found["304"] = {
            "description": "Not modified.",
            "headers": _headers("ETag"),
        }
    return {**found, **_failures(route)}


def _success(route: Route, url: str, links: Mapping[str, Any]) -> Response:
    if route.act is Act.DELETE:
        return {"description": "Success."}
    found: Response = {
        "description": _SUCCESSES.get(route.act, "Success."),
        "content": {
            JSON_API: {
                "schema": reference(document_name(route)),
                "example": answer_example(route, url),
            }
        },
    }
    names = []
    if route.act in (Act.LIST, Act.SHOW):
        names.append("ETag")
    if route.act is Act.CREATE:
        names.append("Location")
    if route.keyed:
        names.append("Idempotency-Replayed")
    if names:
        found["headers"] = _headers(*names)
    return {**found, "links": links} if links else found


_SUCCESSES = {
    Act.LIST: "A page of the list.",
    Act.SHOW: "The record.",
    Act.CREATE: "The new record.",
}


def _failures(route: Route) -> dict[str, Response]:
    by_status: dict[HTTPStatus, dict[str, type[StintError]]] = defaultdict(dict)
    for error in route.errors:
        by_status[CATALOGUE[error.code][0]][error.code] = error
    return {str(status.value): _failure(status, by_status[status]) for status in sorted(by_status)}


def _failure(status: HTTPStatus, found: Mapping[str, type[StintError]]) -> Response:
    codes = [code for code in CATALOGUE if code in found]
    headers = dict.fromkeys(name for it in found.values() for name in _OF_ERRORS.get(it, ()))
    failure: Response = {
        "description": f"{status.phrase}: {', '.join(f'`{code}`' for code in codes)}.",
        "content": {
            JSON_API: {
                "schema": reference("Errors"),
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }
    return {**failure, "headers": _headers(*headers)} if headers else failure


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
