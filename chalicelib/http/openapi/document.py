"""The complete OpenAPI document."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.http.absent_collections import absent_routes
from chalicelib.http.openapi.absent import ABSENT_TAG, absent_paths
from chalicelib.http.openapi.examples import error_examples
from chalicelib.http.openapi.operations import paths_of
from chalicelib.http.openapi.parameters import include_schemas, shared_parameters
from chalicelib.http.openapi.request_bodies import body_schemas
from chalicelib.http.openapi.response_documents import response_schemas
from chalicelib.http.openapi.responses import ERROR_SCHEMAS, HEADERS
from chalicelib.http.openapi.schemas import SHARED_RELATIONSHIPS, resource_schemas
from chalicelib.http.openapi.values import ID_SCHEMAS, Schema
from chalicelib.http.routing import BASE_PATH, Route
from chalicelib.jsonapi.errors import ERROR_STATUS
from chalicelib.jsonapi.resource import AnyResource

_OVERVIEW = Path(__file__).with_name("overview.md")
_LINE_BREAK = re.compile(r"(?<=[^\n|])\n(?=[^\n|])")


def openapi_document(
    routes: Iterable[Route], resources: Mapping[str, AnyResource], base_url: str
) -> dict[str, Any]:
    """Return the OpenAPI document. ``base_url`` is the part of URLs before ``/api/v2``."""
    routes = tuple(routes)
    tags = dict.fromkeys(route.subject.type for route in routes)
    document = {
        "openapi": "3.1.1",
        "info": {
            "title": "stint",
            "summary": "Time tracking with timers, in JSON:API.",
            "description": _overview(),
            "version": "2",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": f"{base_url}{BASE_PATH}"}],
        "tags": [
            *({"name": tag, "description": resources[tag].description} for tag in tags),
            ABSENT_TAG,
        ],
        "paths": {
            **paths_of(routes, resources, base_url),
            **absent_paths(absent_routes(resources)),
        },
        "components": _components(routes, resources),
    }
    _remove_unused(document)
    return document


def _remove_unused(document: dict[str, Any]) -> None:
    """Remove components that no operation refers to, such as the identifier of a revision."""
    components = document["components"]
    used = _references(document["paths"])
    found = used
    while found:
        parts = [components[kind].get(name) for kind, name in found]
        found = _references(parts) - used
        used |= found
    for kind in ("parameters", "schemas"):
        components[kind] = {
            name: part for name, part in components[kind].items() if (kind, name) in used
        }


def _references(part: Any) -> set[tuple[str, str]]:
    """Return the kind and the name of the components that a part refers to."""
    if isinstance(part, list):
        return set().union(*map(_references, part))
    if not isinstance(part, dict):
        return set()
    below = _references(list(part.values()))
    if isinstance(part.get("$ref"), str):
        _, _, kind, name = part["$ref"].split("/")
        return below | {(kind, name)}
    return below


def _overview() -> str:
    rows = [
        f"| {status.value} | `{code}` | {title} |" for code, (status, title) in ERROR_STATUS.items()
    ]
    # Swagger UI shows each line break, so a paragraph becomes one line.
    text = _LINE_BREAK.sub(" ", _OVERVIEW.read_text())
    return text.replace("{errors}", "\n".join(rows))


def _components(routes: Iterable[Route], resources: Mapping[str, AnyResource]) -> dict[str, Any]:
    return {
        "securitySchemes": {
            "token": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Auth-Token",
                "description": "A person's API token.",
            },
            "organization": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Organization-Id",
                "description": "The organization's id. `GET /organization_memberships` returns it.",
            },
        },
        "parameters": shared_parameters(resources.values()),
        "headers": dict(HEADERS),
        "examples": error_examples(),
        "schemas": _schemas(routes, resources),
    }


def _schemas(routes: Iterable[Route], resources: Mapping[str, AnyResource]) -> dict[str, Schema]:
    schemas: dict[str, Schema] = {}
    for resource in resources.values():
        schemas |= resource_schemas(resource, resources)
    return {
        **schemas,
        **response_schemas(routes, resources),
        **body_schemas(routes, resources),
        **include_schemas(resources.values()),
        **ERROR_SCHEMAS,
        **SHARED_RELATIONSHIPS,
        **ID_SCHEMAS,
    }
