"""JSON Schemas of the documents in successful responses."""

from collections.abc import Iterable

from chalicelib.http.openapi.schemas import (
    Resources,
    includable_resources,
    pascal_case,
    schema_name,
)
from chalicelib.http.openapi.values import (
    COUNT,
    INTEGER,
    Schema,
    object_schema,
    schema_reference,
    value_schema,
)
from chalicelib.http.routing import MetaField, Route, RouteKind
from chalicelib.jsonapi.parameters import MAX_PAGE_SIZE
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.productive.names import relationships as published_relationships

_NOTHING_INCLUDED: Schema = {"type": "array", "items": {"type": "object"}, "maxItems": 0}
_LINK = {"type": "string", "format": "uri"}

PAGE_LINKS: Schema = {
    "type": "object",
    "description": "Links to other pages. In cursor mode: `first`, and `next` if more follow.",
    "required": ["first"],
    "properties": dict.fromkeys(("first", "last", "prev", "next"), _LINK),
}

PAGE_META: Schema = {
    "type": "object",
    "description": "Position and totals. Cursor mode has no totals.",
    "required": ["page_size", "max_page_size"],
    "properties": {
        **dict.fromkeys(("current_page", "total_pages", "total_count"), COUNT),
        "page_size": COUNT,
        # Not a constant: a client must accept a greater maximum.
        "max_page_size": {**INTEGER, "minimum": MAX_PAGE_SIZE},
    },
}

EMPTY_LIST: Schema = {
    "type": "object",
    "description": "The list of a collection that stint lacks.",
    "properties": {
        "data": _NOTHING_INCLUDED,
        "included": _NOTHING_INCLUDED,
        "links": schema_reference("PageLinks"),
        "meta": schema_reference("PageMeta"),
    },
    "required": ["data", "links", "meta"],
}


def response_schemas(routes: Iterable[Route], resources: Resources) -> dict[str, Schema]:
    """Return the schemas of all response documents and of their parts, by their names."""
    schemas: dict[str, Schema] = {"NoMeta": object_schema(())}
    for route in routes:
        if route.kind is not RouteKind.DELETE:
            schemas[document_name(route)] = _document(route, resources)
            schemas.update(_included(route.resource, resources))
            if route.meta:
                schemas[_meta_name(route)] = _meta(route)
    return {**schemas, "EmptyList": EMPTY_LIST, "PageLinks": PAGE_LINKS, "PageMeta": PAGE_META}


def document_name(route: Route) -> str:
    """Return the name of a response document's schema. A route with ``meta`` has its own schema."""
    name = schema_name(route.resource)
    if route.kind is RouteKind.LIST:
        return f"{name}List"
    return f"{pascal_case(route.name)}Document" if route.meta else f"{name}Document"


def _document(route: Route, resources: Resources) -> Schema:
    data = schema_reference(schema_name(route.resource))
    properties: Schema
    if route.kind is RouteKind.LIST:
        properties = {
            "data": {"type": "array", "items": data},
            "links": schema_reference("PageLinks"),
            "meta": schema_reference(_meta_name(route) if route.meta else "PageMeta"),
        }
    else:
        meta = schema_reference(_meta_name(route) if route.meta else "NoMeta")
        properties = {"data": data, "meta": meta}
    required = list(properties)
    if includable_resources(route.resource, resources):
        items = schema_reference(_included_name(route.resource, resources))
        properties["included"] = {"type": "array", "items": items}
    elif published_relationships(route.resource.type):
        properties["included"] = _NOTHING_INCLUDED
    return {"type": "object", "properties": properties, "required": required}


def _meta_name(route: Route) -> str:
    return f"{pascal_case(route.name)}Meta"


def _meta(route: Route) -> Schema:
    schema = object_schema(map(_meta_field, route.meta))
    if route.kind is not RouteKind.LIST:
        return schema
    return {**PAGE_META, "properties": {**PAGE_META["properties"], **schema["properties"]}}


def _meta_field(meta_field: MetaField) -> tuple[str, Schema]:
    schema = value_schema(meta_field.kind)
    if meta_field.is_list:
        schema = {"type": "array", "items": schema}
    return meta_field.name, {**schema, "description": meta_field.description}


def _included_name(resource: AnyResource, resources: Resources) -> str:
    included = includable_resources(resource, resources)
    if len(included) == 1:
        return schema_name(included[0])
    return f"{schema_name(resource)}Included"


def _included(resource: AnyResource, resources: Resources) -> dict[str, Schema]:
    """Return the schema of a resource in ``included``, if it can have several types."""
    included = includable_resources(resource, resources)
    references = {each.type: schema_reference(schema_name(each)) for each in included}
    if len(references) <= 1:
        return {}
    schema = {
        "description": "A related record. Its `type` says which.",
        "oneOf": list(references.values()),
        "discriminator": {
            "propertyName": "type",
            "mapping": {type_: reference["$ref"] for type_, reference in references.items()},
        },
    }
    return {_included_name(resource, resources): schema}
