"""Operations: what a route takes and answers, and which others its answer leads to."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.permissions import Access, Reach
from chalicelib.domain.directory import Role
from chalicelib.http.openapi.answers import responses_of
from chalicelib.http.openapi.examples import request_example
from chalicelib.http.openapi.parameters import parameters_of
from chalicelib.http.openapi.schemas import needs_document, request_schema
from chalicelib.http.routing import BASE_PATH, Act, Route
from chalicelib.jsonapi.media_types import JSON_API
from chalicelib.jsonapi.resource import AnyResource

Operation = dict[str, Any]

_BOTH: dict[str, list[str]] = {"token": [], "organization": []}
_TOKEN_ALONE: dict[str, list[str]] = {"token": []}


def paths_of(
    routes: Iterable[Route], resources: Mapping[str, AnyResource], base_url: str
) -> dict[str, dict[str, Operation]]:
    """Every operation, by path and method."""
    routes = tuple(routes)
    found: dict[str, dict[str, Operation]] = {}
    for route in routes:
        links = _links(route, routes)
        for method in route.methods:
            operation = _operation(route, method, resources, base_url, links)
            found.setdefault(route.path, {})[method.lower()] = operation
    return found


def _operation(
    route: Route,
    method: str,
    resources: Mapping[str, AnyResource],
    base_url: str,
    links: Mapping[str, Any],
) -> Operation:
    said = route.meaning.rstrip(".")
    alias = "" if method == route.methods[0] else f"Same as `{route.methods[0]}`. "
    operation: Operation = {
        "operationId": route.name if not alias else f"{route.name}_by_{method.lower()}",
        "tags": [route.document.type],
        "summary": said,
        "description": alias + _who(route.access, route.act),
        "security": [_BOTH] if route.access.organization_needed else [_BOTH, _TOKEN_ALONE],
        "parameters": parameters_of(route, resources),
    }
    if route.takes_document:
        operation["requestBody"] = _body(route)
    url = f"{base_url}{BASE_PATH}{route.path}"
    operation["responses"] = responses_of(route, url, links)
    return operation


def _who(access: Access, act: Act) -> str:
    if access.role is Role.ADMIN:
        return "Admins only."
    if access.reach is Reach.EVERYBODYS:
        return "All members and admins."
    if access.reach is Reach.OWN_OF_SEEN:
        return "Admins, for any record. Members, only for their own."
    return _OWN.get(act, "Admins, for any record. Members, for their own: other records are 404.")


_OWN = {
    Act.LIST: "Admins see all records. Members see only their own.",
    Act.CREATE: "Admins, for any person. Members, only for themselves.",
}


def _body(route: Route) -> dict[str, Any]:
    return {
        "required": needs_document(route),
        "content": {JSON_API: {"schema": request_schema(route), "example": request_example(route)}},
    }


def _links(route: Route, routes: Iterable[Route]) -> dict[str, Any]:
    """From what was created to whatever can be done with it."""
    if route.act is not Act.CREATE:
        return {}
    return {
        other.name: {
            "operationId": other.name,
            "description": other.meaning,
            "parameters": {"id": "$response.body#/data/id"},
        }
        for other in routes
        if other.is_about_one and other.document.type == route.resource.type
    }
