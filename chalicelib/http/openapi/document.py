"""The whole description."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chalicelib.http.openapi.answers import ERRORS_SCHEMA, HEADERS
from chalicelib.http.openapi.examples import error_examples
from chalicelib.http.openapi.operations import paths_of
from chalicelib.http.openapi.parameters import shared
from chalicelib.http.openapi.schemas import (
    document_name,
    document_schema,
    name_of,
    resource_schema,
)
from chalicelib.http.routing import BASE_PATH, Act, Route
from chalicelib.jsonapi.errors import CATALOGUE
from chalicelib.jsonapi.parameters import MAX_PAGE_SIZE
from chalicelib.registry import RESOURCES

_OVERVIEW = Path(__file__).with_name("overview.md")
_COUNT = {"type": "integer", "minimum": 0}
_LINK = {"type": "string", "format": "uri"}


def describe(routes: Iterable[Route], base_url: str) -> dict[str, Any]:
    """The OpenAPI document of routes that are served at a base URL, before ``/api/v2``."""
    routes = tuple(routes)
    tags = dict.fromkeys(route.document.type for route in routes)
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
        "tags": [{"name": it, "description": RESOURCES[it].meaning} for it in tags],
        "paths": paths_of(routes, RESOURCES, base_url),
        "components": _components(routes),
    }


def _overview() -> str:
    rows = [
        f"| {status.value} | `{code}` | {title} |" for code, (status, title) in CATALOGUE.items()
    ]
    return _OVERVIEW.read_text().replace("{errors}", "\n".join(rows))


def _components(routes: Iterable[Route]) -> dict[str, Any]:
    answered = [it for it in routes if it.act is not Act.DELETE]
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
        "parameters": shared(RESOURCES.values()),
        "headers": dict(HEADERS),
        "examples": error_examples(),
        "schemas": {
            **{name_of(it): resource_schema(it) for it in RESOURCES.values()},
            **{document_name(it): document_schema(it, RESOURCES) for it in answered},
            "Errors": ERRORS_SCHEMA,
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
    counted = ("current_page", "total_pages", "total_count")
    return {
        "type": "object",
        "description": "Position and totals. Cursor mode has no totals.",
        "required": ["page_size", "max_page_size"],
        "properties": {
            **dict.fromkeys(counted, _COUNT),
            "page_size": _COUNT,
            "max_page_size": {"const": MAX_PAGE_SIZE},
        },
    }
