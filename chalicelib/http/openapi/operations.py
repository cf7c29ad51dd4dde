"""Operations: parameters, request body, responses and links of each route."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.permissions import Scope
from chalicelib.http.openapi.examples import request_example
from chalicelib.http.openapi.parameters import parameters_of
from chalicelib.http.openapi.request_bodies import body_name, requires_document
from chalicelib.http.openapi.responses import responses_of
from chalicelib.http.openapi.values import schema_reference
from chalicelib.http.routing import BASE_PATH, Route, RouteKind
from chalicelib.jsonapi.requests import JSON_API
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.people.model import Role

Operation = dict[str, Any]

_TOKEN_AND_ORGANIZATION: dict[str, list[str]] = {"token": [], "organization": []}
_TOKEN_ONLY: dict[str, list[str]] = {"token": []}


def paths_of(
    routes: Iterable[Route], resources: Mapping[str, AnyResource], base_url: str
) -> dict[str, dict[str, Operation]]:
    """Return all operations by path and method."""
    routes = tuple(routes)
    paths: dict[str, dict[str, Operation]] = {}
    for route in routes:
        links = _links(route, routes)
        for method in route.methods:
            operation = _operation(route, method, resources, base_url, links)
            paths.setdefault(route.path, {})[method.lower()] = operation
    return paths


def _operation(
    route: Route,
    method: str,
    resources: Mapping[str, AnyResource],
    base_url: str,
    links: Mapping[str, Any],
) -> Operation:
    alias = "" if method == route.methods[0] else f"Same as `{route.methods[0]}`. "
    operation: Operation = {
        "operationId": route.name if not alias else f"{route.name}_by_{method.lower()}",
        "tags": [route.subject.type],
        "summary": route.description.rstrip("."),
        "description": alias + _permission_text(route),
        "security": _security(route),
        "parameters": parameters_of(route, resources),
    }
    if route.takes_document:
        operation["requestBody"] = _request_body(route, resources)
    url = f"{base_url}{BASE_PATH}{route.path}"
    operation["responses"] = responses_of(route, url, links)
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.is_public:
        return []
    if route.permission.organization_required:
        return [_TOKEN_AND_ORGANIZATION]
    return [_TOKEN_AND_ORGANIZATION, _TOKEN_ONLY]


def _permission_text(route: Route) -> str:
    permission, kind = route.permission, route.kind
    if route.is_public:
        return "Everybody: it needs no token."
    if permission.role is Role.ADMIN:
        return "Admins only."
    if permission.scope is Scope.EVERYONES:
        return "All members and admins."
    if permission.scope is Scope.OWN_OF_VISIBLE:
        return "Admins, for any record. Members, only for their own."
    return _OWN_TEXTS.get(
        kind, "Admins, for any record. Members, for their own: other records are 404."
    )


_OWN_TEXTS = {
    RouteKind.LIST: "Admins see all records. Members see only their own.",
    RouteKind.CREATE: "Admins, for any person. Members, only for themselves.",
}


def _request_body(route: Route, resources: Mapping[str, AnyResource]) -> dict[str, Any]:
    return {
        "required": requires_document(route),
        "content": {
            JSON_API: {
                "schema": schema_reference(body_name(route)),
                "example": request_example(route, resources),
            }
        },
    }


def _links(route: Route, routes: Iterable[Route]) -> dict[str, Any]:
    """Return links from a create to all operations on the new record."""
    if route.kind is not RouteKind.CREATE:
        return {}
    return {
        other.name: {
            "operationId": other.name,
            "description": other.description,
            "parameters": {"id": "$response.body#/data/id"},
        }
        for other in routes
        if other.names_record and other.subject.type == route.resource.type
    }
