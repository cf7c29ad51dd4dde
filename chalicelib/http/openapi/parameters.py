"""Query, path and header parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.idempotency import LONGEST_KEY
from chalicelib.http.openapi.schemas import reachable, value
from chalicelib.http.routing import Act, Route
from chalicelib.jsonapi.filters import LONGEST_TEXT, MOST_IDS, operators_of
from chalicelib.jsonapi.inputs import InParameter
from chalicelib.jsonapi.parameters import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from chalicelib.jsonapi.resource import AnyFilter, AnyResource, FilterKind, Kind

Parameter = dict[str, Any]

_COUNT = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
_SIZE = (
    f"Records per page. Default: {DEFAULT_PAGE_SIZE}. Maximum: {MAX_PAGE_SIZE}; a greater number "
)
_SIZE += f"counts as {MAX_PAGE_SIZE}."
_ID_LIST = {"type": "array", "items": value(Kind.ID), "minItems": 1, "maxItems": MOST_IDS}
_NAMES = {"type": "array", "items": {"type": "string"}}

_SHARED: Mapping[str, Parameter] = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Id of the record.",
        "schema": value(Kind.ID),
    },
    "page_number": {
        "name": "page[number]",
        "in": "query",
        "description": "Page mode: page number, from 1. Default: 1. Totals are exact.",
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
        "description": "Cursor mode: start with an empty value, then follow `links.next` until the "
        "last page. Cannot be combined with `page[number]`.",
        "allowEmptyValue": True,
        "schema": {"type": "string"},
    },
    "page": {
        "name": "page",
        "in": "query",
        "description": "Same as `page[number]`.",
        "schema": _COUNT,
    },
    "per_page": {
        "name": "per_page",
        "in": "query",
        "description": "Same as `page[size]`.",
        "schema": _COUNT,
    },
    "if_none_match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "`ETag` of an earlier response. The response is 304 if nothing has changed.",
        "schema": {"type": "string"},
    },
    "idempotency_key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A random key, chosen by the client for each operation. A repeated request "
        "within 24 hours changes nothing and returns the result of the first request.",
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
                    "description": f"{declared.meaning} A value in the document takes precedence.",
                    "schema": value(declared.kind),
                }


def _filters(filters: Iterable[AnyFilter]) -> Iterable[Parameter]:
    for declared in filters:
        yield _filter(declared, f"filter[{declared.name}]", declared.meaning)


def _operators(filters: Iterable[AnyFilter]) -> Iterable[Parameter]:
    yield {
        "name": "filter[$op]",
        "in": "query",
        "description": "Joins filter groups such as `filter[0][name]` and `filter[1][name]`.",
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
        "description": "Sort field. `-` sorts in descending order.",
        "schema": {"type": "string", "enum": names, "default": names[0]},
    }


def _view(resource: AnyResource, resources: Mapping[str, AnyResource]) -> Iterable[Parameter]:
    if resource.includes:
        paths = {"type": "string", "enum": list(resource.includes)}
        yield _commas(
            {
                "name": "include",
                "in": "query",
                "description": "Related records to return in `included`.",
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
            "description": "Attributes and relationships to return. Default: all.",
            "schema": _NAMES,
        }
    )


def _commas(parameter: Parameter) -> Parameter:
    if parameter["schema"].get("type") != "array":
        return parameter
    return {**parameter, "style": "form", "explode": False}
