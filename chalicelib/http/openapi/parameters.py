"""Query, path and header parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.domain.idempotency import LONGEST_KEY
from chalicelib.http.openapi.schemas import reachable, value
from chalicelib.http.routes import Act, Route
from chalicelib.jsonapi.filters import LONGEST_TEXT, MOST_IDS, operators_of
from chalicelib.jsonapi.inputs import InParameter
from chalicelib.jsonapi.parameters import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from chalicelib.jsonapi.resource import AnyFilter, AnyResource, FilterKind, Kind

Parameter = dict[str, Any]

_COUNT = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
_SIZE = f"How many a page holds; {DEFAULT_PAGE_SIZE}, unless said. More than {MAX_PAGE_SIZE} is"
_SIZE += f" {MAX_PAGE_SIZE}."
_ID_LIST = {"type": "array", "items": value(Kind.ID), "minItems": 1, "maxItems": MOST_IDS}
_NAMES = {"type": "array", "items": {"type": "string"}}

_SHARED: Mapping[str, Parameter] = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The record's id.",
        "schema": value(Kind.ID),
    },
    "page_number": {
        "name": "page[number]",
        "in": "query",
        "description": "Page mode: which page, with exact totals; the first, unless said.",
        "schema": _COUNT,
    },
    "page_size": {
        "name": "page[size]",
        "in": "query",
        "description": _SIZE,
        "schema": _COUNT,
    },
    "page_after": {
        "name": "page[after]",
        "in": "query",
        "description": "Cursor mode: empty to begin with; then follow `links.next` to the end. "
        "Excludes `page[number]`.",
        "allowEmptyValue": True,
        "schema": {"type": "string"},
    },
    "page": {
        "name": "page",
        "in": "query",
        "description": "The same as `page[number]`.",
        "schema": _COUNT,
    },
    "per_page": {
        "name": "per_page",
        "in": "query",
        "description": "The same as `page[size]`.",
        "schema": _COUNT,
    },
    "if_none_match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of what you have: 304, without a body, where it still holds.",
        "schema": {"type": "string"},
    },
    "idempotency_key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Yours, random, one an act: a repeat within 24 hours is not done again, and "
        "answers what the first one answered.",
        "schema": {"type": "string", "maxLength": LONGEST_KEY},
    },
}

_PAGES = ("page_number", "page_size", "page_after", "page", "per_page")

# What a filter compares with. Lists are joined by commas.
_FILTERS: Mapping[FilterKind, Any] = {
    FilterKind.ID: _ID_LIST,
    FilterKind.TIME: {
        "anyOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "format": "date-time"},
            {"enum": ["", "null"]},
        ]
    },
    FilterKind.TEXT: {"type": "string", "maxLength": LONGEST_TEXT},
    FilterKind.QUERY: {"type": "string", "maxLength": LONGEST_TEXT},
    FilterKind.BOOLEAN: {"type": "boolean"},
    FilterKind.DATE: {"type": "string", "format": "date"},
    FilterKind.AFTER: {"type": "string", "format": "date"},
    FilterKind.BEFORE: {"type": "string", "format": "date"},
    FilterKind.LACKING: {"type": "string"},
    FilterKind.IGNORED: {"type": "string"},
}
_WITH_OPERATORS = frozenset(FilterKind) - {FilterKind.LACKING, FilterKind.IGNORED}


def parameters_of(route: Route, resources: Mapping[str, AnyResource]) -> list[Parameter]:
    """All that a route takes beside its document."""
    found: list[Parameter] = []
    if route.is_about_one:
        found.append(_shared("id"))
    found += _inputs(route)
    if route.act is Act.LIST:
        found += _filters(route.resource.filters)
        found.append(_sort(route.resource))
        found += map(_shared, _PAGES)
    if route.act is not Act.DELETE:
        found += _view(route.resource, resources)
    if route.keyed:
        found.append(_shared("idempotency_key"))
    if route.act in (Act.LIST, Act.SHOW):
        found.append(_shared("if_none_match"))
    if route.act is Act.LIST:
        # Last: there are many, and few who need them.
        found += _operators(route.resource.filters)
    return found


def _shared(name: str) -> Parameter:
    return {"$ref": f"#/components/parameters/{name}"}


def _inputs(route: Route) -> Iterable[Parameter]:
    for declared in route.inputs:
        for source in declared.sources:
            if isinstance(source, InParameter):
                yield {
                    "name": source.name,
                    "in": "query",
                    "description": f"{declared.meaning} The document's word counts more.",
                    "schema": value(declared.kind),
                }


def _filters(filters: Iterable[AnyFilter]) -> Iterable[Parameter]:
    for declared in filters:
        yield _filter(declared, f"filter[{declared.name}]", declared.meaning)


def _operators(filters: Iterable[AnyFilter]) -> Iterable[Parameter]:
    yield {
        "name": "filter[$op]",
        "in": "query",
        "description": "How groups of filters, `filter[0][name]`, `filter[1][name]`, are joined.",
        "schema": {"const": "and"},
    }
    for declared in filters:
        if declared.kind in _WITH_OPERATORS:
            for operator in operators_of(declared.kind):
                name = f"filter[{declared.name}][{operator}]"
                yield _filter(declared, name, f"`{operator}`: {declared.meaning}")


def _filter(declared: AnyFilter, name: str, meaning: str) -> Parameter:
    if declared.kind is FilterKind.NUMBER:
        words = {"type": "integer", "enum": list(declared.choices)}
        schema: Any = {"type": "array", "items": words, "minItems": 1}
    else:
        schema = _FILTERS[declared.kind]
    found = {"name": name, "in": "query", "description": meaning, "schema": schema}
    if declared.kind is FilterKind.TIME:
        found["allowEmptyValue"] = True
    return _commas(found)


def _sort(resource: AnyResource) -> Parameter:
    names = [f"{sign}{name}" for name in resource.sorts for sign in ("", "-")]
    return {
        "name": "sort",
        "in": "query",
        "description": "`-`: descending.",
        "schema": {"type": "string", "enum": names, "default": names[0]},
    }


def _view(resource: AnyResource, resources: Mapping[str, AnyResource]) -> Iterable[Parameter]:
    if resource.includes:
        paths = {"type": "string", "enum": list(resource.includes)}
        yield _commas(
            {
                "name": "include",
                "in": "query",
                "description": "What is related and should come along, in `included`.",
                "schema": {"type": "array", "items": paths, "uniqueItems": True},
            }
        )
    for shown in (resource, *reachable(resource, resources)):
        yield _shared(f"fields.{shown.type}")


def shared(resources: Iterable[AnyResource]) -> dict[str, Parameter]:
    """The parameters that several operations take, by their names here."""
    return {**_SHARED, **{f"fields.{it.type}": _fields(it) for it in resources}}


def _fields(resource: AnyResource) -> Parameter:
    return _commas(
        {
            "name": f"fields[{resource.type}]",
            "in": "query",
            "description": "The attributes and relationships to show; all, unless said.",
            "schema": _NAMES,
        }
    )


def _commas(parameter: Parameter) -> Parameter:
    if parameter["schema"].get("type") != "array":
        return parameter
    return {**parameter, "style": "form", "explode": False}
