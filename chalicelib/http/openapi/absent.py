"""The lists of collections that Productive has and stint lacks."""

from collections.abc import Iterable
from typing import Any

from chalicelib.http.openapi.parameters import PAGE_PARAMETERS, parameter_reference
from chalicelib.http.openapi.responses import error_responses, headers
from chalicelib.http.openapi.values import schema_reference
from chalicelib.http.routing import Route, RouteKind
from chalicelib.jsonapi.requests import JSON_API

ABSENT_TAG = {
    "name": "not_in_stint",
    "description": "Collections that Productive has and stint lacks. Their lists are empty. One "
    "record is a 404 `record_not_found`, and a write is a 403 `access_denied`.",
}


def absent_paths(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the operations of the lists, by path and method."""
    return {
        route.path: {"get": _operation(route)} for route in routes if route.kind is RouteKind.LIST
    }


def _operation(route: Route) -> dict[str, Any]:
    names = (*PAGE_PARAMETERS, "if_none_match")
    return {
        "operationId": route.name,
        "tags": [ABSENT_TAG["name"]],
        "summary": route.description.rstrip("."),
        "description": f"{route.resource.description} All members and admins.",
        "security": [{"token": [], "organization": []}],
        "parameters": [parameter_reference(name) for name in names],
        "responses": {
            "200": {
                "description": "An empty list.",
                "content": {JSON_API: {"schema": schema_reference("EmptyList")}},
                "headers": headers("ETag"),
            },
            "304": {"description": "Not modified.", "headers": headers("ETag")},
            **error_responses(route),
        },
    }
