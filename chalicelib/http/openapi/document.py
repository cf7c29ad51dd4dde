"""The complete OpenAPI document."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.http.absent_collections import absent_routes
from chalicelib.http.openapi.absent import ABSENT_TAG, EMPTY_LIST, absent_paths
from chalicelib.http.openapi.examples import error_examples
from chalicelib.http.openapi.operations import paths_of
from chalicelib.http.openapi.parameters import shared_parameters
from chalicelib.http.openapi.responses import ERRORS_SCHEMA, HEADERS
from chalicelib.http.openapi.schemas import (
    NULL_RELATIONSHIP,
    document_name,
    document_schema,
    resource_schema,
    schema_name,
)
from chalicelib.http.routing import BASE_PATH, Route, RouteKind
from chalicelib.jsonapi.errors import ERROR_STATUS
from chalicelib.jsonapi.parameters import MAX_PAGE_SIZE
from chalicelib.jsonapi.resource import AnyResource

_OVERVIEW = Path(__file__).with_name("overview.md")
_LINE_BREAK = re.compile(r"(?<=[^\n|])\n(?=[^\n|])")
_COUNT = {"type": "integer", "minimum": 0}
_LINK = {"type": "string", "format": "uri"}


def openapi_document(
    routes: Iterable[Route], resources: Mapping[str, AnyResource], base_url: str
) -> dict[str, Any]:
    """Return the OpenAPI document. ``base_url`` is the part of URLs before ``/api/v2``."""
    routes = tuple(routes)
    tags = dict.fromkeys(route.subject.type for route in routes)
    return {
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


def _overview() -> str:
    rows = [
        f"| {status.value} | `{code}` | {title} |" for code, (status, title) in ERROR_STATUS.items()
    ]
    # Swagger UI shows each line break, so a paragraph becomes one line.
    text = _LINE_BREAK.sub(" ", _OVERVIEW.read_text())
    return text.replace("{errors}", "\n".join(rows))


def _components(routes: Iterable[Route], resources: Mapping[str, AnyResource]) -> dict[str, Any]:
    routes_with_document = [route for route in routes if route.kind is not RouteKind.DELETE]
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
        "schemas": {
            **{schema_name(each): resource_schema(each) for each in resources.values()},
            **{
                document_name(route): document_schema(route, resources)
                for route in routes_with_document
            },
            "EmptyList": EMPTY_LIST,
            "Errors": ERRORS_SCHEMA,
            "NullRelationship": NULL_RELATIONSHIP,
            "PageLinks": _page_links(),
            "PageMeta": _page_meta(),
        },
    }


def _page_links() -> dict[str, Any]:
    names = ("first", "last", "prev", "next")
    return {
        "type": "object",
        "description": "Links to other pages. In cursor mode: `first`, and `next` if more follow.",
        "required": ["first"],
        "properties": dict.fromkeys(names, _LINK),
    }


def _page_meta() -> dict[str, Any]:
    totals = ("current_page", "total_pages", "total_count")
    return {
        "type": "object",
        "description": "Position and totals. Cursor mode has no totals.",
        "required": ["page_size", "max_page_size"],
        "properties": {
            **dict.fromkeys(totals, _COUNT),
            "page_size": _COUNT,
            "max_page_size": {"const": MAX_PAGE_SIZE},
        },
    }
