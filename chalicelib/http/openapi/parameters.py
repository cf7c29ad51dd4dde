"""Query, path and header parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.idempotency import MAX_KEY_LENGTH
from chalicelib.http.client_clock import CLIENT_TIME, CLOCK_SKEW
from chalicelib.http.formats import FORMAT_PARAMETER, FORMATS
from chalicelib.http.openapi.parameter_examples import filter_example
from chalicelib.http.openapi.schemas import Resources, includable_resources, schema_name
from chalicelib.http.openapi.values import INTEGER, Schema, schema_reference, value_schema
from chalicelib.http.routing import QueryParameter, Route, RouteKind
from chalicelib.jsonapi.filters import (
    MAX_IDS,
    MAX_QUERY_WORDS,
    MAX_TEXT_LENGTH,
    operators_of,
)
from chalicelib.jsonapi.inputs import InParameter
from chalicelib.jsonapi.parameters import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from chalicelib.jsonapi.resource import AnyFilter, AnyResource, FilterKind, Kind

Parameter = dict[str, Any]

_COUNT = {**INTEGER, "minimum": 1, "maximum": 10**18 - 1}
_PAGE_NUMBER = {**_COUNT, "examples": [1]}
_PAGE_SIZE = {**_COUNT, "examples": [DEFAULT_PAGE_SIZE]}
_SIZE_DESCRIPTION = (
    f"Records per page. Default: {DEFAULT_PAGE_SIZE}. Maximum: {MAX_PAGE_SIZE}; a greater number "
    f"counts as {MAX_PAGE_SIZE}."
)
_ID_LIST = {"type": "array", "items": value_schema(Kind.ID), "minItems": 1, "maxItems": MAX_IDS}
_ENTITY_TAG = '"b1946ac92492d2347c6235b4d2611184"'

# Examples are in the schemas. Swagger UI writes an ``example`` of a parameter into its form, and
# then a list would be called with all of its filters.

_DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
# One text instead of a choice of types: generated clients cannot send such a choice in a query.
_TIME_FILTER = f"^(null|{_DATE}({_TIME})?)?$"

_SHARED: Mapping[str, Parameter] = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Id of the record.",
        "schema": value_schema(Kind.ID),
    },
    "page_number": {
        "name": "page[number]",
        "in": "query",
        "description": "Page mode: page number, from 1. Default: 1. Totals are exact.",
        "schema": _PAGE_NUMBER,
    },
    "page_size": {
        "name": "page[size]",
        "in": "query",
        "description": _SIZE_DESCRIPTION,
        "schema": _PAGE_SIZE,
    },
    "page_after": {
        "name": "page[after]",
        "in": "query",
        "description": "Cursor mode: start with an empty value, then follow `links.next` until the "
        "last page. Cannot be combined with `page[number]`.",
        "allowEmptyValue": True,
        "schema": {"type": "string", "examples": [""]},
    },
    "page": {
        "name": "page",
        "in": "query",
        "description": "Same as `page[number]`.",
        "schema": _PAGE_NUMBER,
    },
    "per_page": {
        "name": "per_page",
        "in": "query",
        "description": "Same as `page[size]`.",
        "schema": _PAGE_SIZE,
    },
    "format": {
        "name": FORMAT_PARAMETER,
        "in": "query",
        "description": "`csv` returns the whole list as CSV, up to 5 MB, as `Accept: text/csv` "
        "does. Pages and `include` have no effect then, and `fields` selects columns.",
        "schema": {"type": "string", "enum": list(FORMATS), "default": "json", "examples": ["csv"]},
    },
    "if_none_match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "`ETag` of an earlier response. The response is 304 if nothing has changed.",
        "schema": {"type": "string", "examples": [_ENTITY_TAG]},
    },
    "if_match": {
        "name": "If-Match",
        "in": "header",
        "description": "`ETag` that a GET of this record returned, or several, or `*`. If the "
        "record has changed since, the response is 412 and nothing is written. The `ETag` of any "
        "`include` and `fields` works.",
        "schema": {"type": "string", "examples": [_ENTITY_TAG]},
    },
    "idempotency_key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A random key, chosen by the client for each operation. A repeated request "
        "within 24 hours changes nothing and returns the result of the first request.",
        "schema": {
            "type": "string",
            "maxLength": MAX_KEY_LENGTH,
            "examples": ["0b9a2a4e-6a8e-4c8e-9a53-1f0f5b6f6a51"],
        },
    },
    "client_time": {
        "name": CLIENT_TIME,
        "in": "header",
        "description": "The present time on the client's clock, with an offset or `Z`. If it "
        "differs from the server's clock by 2 seconds or more, the times of the document are "
        f"corrected by the difference, and `meta.{CLOCK_SKEW.name}` shows it.",
        "schema": {
            # Not the format "date-time": some generators have no headers with times.
            "type": "string",
            "pattern": f"^{_DATE}{_TIME}$",
            "examples": ["2026-03-02T09:00:00.000+01:00"],
        },
    },
}

PAGE_PARAMETERS = ("page_number", "page_size", "page_after", "page", "per_page")
_CURSOR_PARAMETERS = ("page_size", "page_after", "per_page")

# The schemas of filter values. The values of a list are separated by commas.
_FILTER_SCHEMAS: Mapping[FilterKind, Any] = {
    FilterKind.ID: _ID_LIST,
    FilterKind.TIME: {"type": "string", "pattern": _TIME_FILTER},
    FilterKind.TEXT: {"type": "string", "maxLength": MAX_TEXT_LENGTH},
    FilterKind.QUERY: {
        "type": "string",
        "maxLength": MAX_TEXT_LENGTH,
        "pattern": rf"^\s*(?:\S+\s+){{0,{MAX_QUERY_WORDS - 1}}}\S*$",
    },
    FilterKind.BOOLEAN: {"type": "boolean"},
    FilterKind.DATE: {"type": "string", "format": "date"},
    FilterKind.AFTER: {"type": "string", "format": "date"},
    FilterKind.BEFORE: {"type": "string", "format": "date"},
    FilterKind.ALWAYS_EMPTY: {"type": "string"},
    FilterKind.IGNORED: {"type": "string"},
    FilterKind.QUANTITY: {**INTEGER, "minimum": 0, "maximum": 10**15 - 1},
    FilterKind.TIME_AFTER: {"type": "string", "format": "date"},
    FilterKind.TIME_BEFORE: {"type": "string", "format": "date"},
}
_KINDS_WITH_OPERATORS = frozenset(FilterKind) - {FilterKind.ALWAYS_EMPTY, FilterKind.IGNORED}


def parameters_of(route: Route, resources: Resources) -> list[Parameter]:
    """Return the path, query and header parameters of a route."""
    parameters: list[Parameter] = []
    if route.names_record:
        parameters.append(parameter_reference("id"))
    parameters += _input_parameters(route)
    parameters += map(_own_parameter, route.parameters)
    if route.kind is RouteKind.LIST:
        parameters += _filter_parameters(route.resource)
        parameters.append(_sort_parameter(route.resource))
        cursor_only = route.resource.cursor_only
        parameters += map(
            parameter_reference, _CURSOR_PARAMETERS if cursor_only else PAGE_PARAMETERS
        )
    if route.has_csv:
        parameters.append(parameter_reference("format"))
    if route.kind is not RouteKind.DELETE:
        parameters += _view_parameters(route.resource, resources)
    if route.takes_idempotency_key:
        parameters.append(parameter_reference("idempotency_key"))
    elif not route.is_write:
        parameters.append(parameter_reference("if_none_match"))
    if route.takes_if_match:
        parameters.append(parameter_reference("if_match"))
    if route.follows_client_clock:
        parameters.append(parameter_reference("client_time"))
    if route.kind is RouteKind.LIST:
        # Last: there are many, and few clients use them.
        parameters += _operator_parameters(route.resource)
    return parameters


def parameter_reference(name: str) -> Parameter:
    """Return a reference to a shared parameter."""
    return {"$ref": f"#/components/parameters/{name}"}


def _input_parameters(route: Route) -> Iterable[Parameter]:
    for declared in route.inputs:
        for source in declared.sources:
            if isinstance(source, InParameter):
                precedence = "A value in the document takes precedence."
                yield {
                    "name": source.name,
                    "in": "query",
                    "description": f"{declared.description} {precedence}",
                    "schema": {**value_schema(declared.kind), "examples": ["364"]},
                }


def _own_parameter(declared: QueryParameter) -> Parameter:
    schema: Schema = {"type": "string", "enum": list(declared.choices)}
    if declared.is_list:
        schema = {
            "type": "array",
            "items": schema,
            "minItems": 1,
            "maxItems": declared.max_items,
            "examples": [list(declared.choices[:1])],
        }
    return _comma_separated(
        {
            "name": declared.name,
            "in": "query",
            "description": declared.description,
            "schema": {"examples": list(declared.choices[:1]), **schema},
        }
    )


def _filter_parameters(resource: AnyResource) -> Iterable[Parameter]:
    for declared in resource.filters:
        name = f"filter[{declared.name}]"
        parameter = _filter_parameter(resource, declared, name, declared.description)
        if declared.default is not None:
            parameter["schema"] = {**parameter["schema"], "default": declared.default}
        yield parameter


def _operator_parameters(resource: AnyResource) -> Iterable[Parameter]:
    yield {
        "name": "filter[$op]",
        "in": "query",
        "description": "Joins filter groups such as `filter[0][name]` and `filter[1][name]`.",
        "schema": {"type": "string", "enum": ["and"], "examples": ["and"]},
    }
    for declared in resource.filters:
        if declared.kind in _KINDS_WITH_OPERATORS:
            for operator in operators_of(declared.kind):
                name = f"filter[{declared.name}][{operator}]"
                description = f"`{operator}`: {declared.description}"
                yield _filter_parameter(resource, declared, name, description)


def _filter_parameter(
    resource: AnyResource, declared: AnyFilter, name: str, description: str
) -> Parameter:
    if declared.kind is FilterKind.NUMBER:
        numbers = {**INTEGER, "enum": list(declared.choices)}
        schema: Any = {"type": "array", "items": numbers, "minItems": 1}
    else:
        schema = _FILTER_SCHEMAS[declared.kind]
    schema = {**schema, "examples": [filter_example(resource, declared)]}
    parameter = {"name": name, "in": "query", "description": description, "schema": schema}
    if declared.kind is FilterKind.TIME:
        parameter["allowEmptyValue"] = True
    return _comma_separated(parameter)


def _sort_parameter(resource: AnyResource) -> Parameter:
    signs = ("-", "") if resource.descending else ("", "-")
    names = [f"{sign}{name}" for name in resource.sorts for sign in signs]
    return {
        "name": "sort",
        "in": "query",
        "description": "Sort field. `-` sorts in descending order.",
        "schema": {
            "type": "string",
            "enum": names,
            "default": names[0],
            "examples": [names[0]],
        },
    }


def _view_parameters(resource: AnyResource, resources: Resources) -> Iterable[Parameter]:
    if resource.includes:
        items = schema_reference(include_name(resource))
        examples = [[resource.includes[0]]]
        yield _comma_separated(
            {
                "name": "include",
                "in": "query",
                "description": "Related records to return in `included`.",
                "schema": {"type": "array", "items": items, "examples": examples},
            }
        )
    for each in (resource, *includable_resources(resource, resources)):
        yield parameter_reference(f"fields.{each.type}")


def include_name(resource: AnyResource) -> str:
    """Return the name of the schema of the paths that ``include`` accepts."""
    return f"{schema_name(resource)}Include"


def include_schemas(resources: Iterable[AnyResource]) -> dict[str, Schema]:
    """Return the schemas of the paths that ``include`` accepts, by their names."""
    return {
        include_name(resource): {"type": "string", "enum": list(resource.includes)}
        for resource in resources
        if resource.includes
    }


def shared_parameters(resources: Iterable[AnyResource]) -> dict[str, Parameter]:
    """Return the parameters that several operations take, by their names in ``components``."""
    fields = {f"fields.{resource.type}": _fields_parameter(resource) for resource in resources}
    return {**_SHARED, **fields}


def _fields_parameter(resource: AnyResource) -> Parameter:
    return _comma_separated(
        {
            "name": f"fields[{resource.type}]",
            "in": "query",
            "description": "Attributes and relationships to return. Default: all.",
            "schema": {
                "type": "array",
                "items": {"type": "string"},
                "examples": [[attribute.name for attribute in resource.attributes[:2]]],
            },
        }
    )


def _comma_separated(parameter: Parameter) -> Parameter:
    if parameter["schema"].get("type") != "array":
        return parameter
    return {**parameter, "style": "form", "explode": False}
