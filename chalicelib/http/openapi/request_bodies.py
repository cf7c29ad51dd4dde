"""JSON Schemas of request documents. Other members are ignored (contract section 3)."""

from collections.abc import Iterable

from chalicelib.http.openapi.schemas import Resources, pascal_case, schema_name
from chalicelib.http.openapi.values import (
    Schema,
    constant,
    input_schema,
    object_schema,
    or_null,
    schema_reference,
    value_schema,
)
from chalicelib.http.routing import Route, RouteKind
from chalicelib.jsonapi.inputs import InAttribute, Input, InRelationship
from chalicelib.jsonapi.resource import Kind


def body_name(route: Route) -> str:
    """Return the name of the schema of a route's request document."""
    return f"{pascal_case(route.name)}Body"


def body_schemas(routes: Iterable[Route], resources: Resources) -> dict[str, Schema]:
    """Return the schemas of all request documents and of their parts, by their names."""
    schemas: dict[str, Schema] = {}
    for route in routes:
        if route.takes_document:
            schemas.update(_body_schemas(route, resources))
    return schemas


def requires_document(route: Route) -> bool:
    """Return whether a route requires a document."""
    return any(declared.required for declared in route.inputs)


def _body_schemas(route: Route, resources: Resources) -> dict[str, Schema]:
    name = pascal_case(route.name)
    has_record = route.kind in (RouteKind.CREATE, RouteKind.UPDATE)
    required = ("data",) if has_record or requires_document(route) else ()
    schemas = {
        body_name(route): object_schema([("data", schema_reference(f"{name}Data"))], *required),
        f"{name}Data": _data(route, resources),
        f"{name}Attributes": _attributes(route),
    }
    relationships = list(_relationships(route, resources))
    if relationships:
        schemas[f"{name}Relationships"] = object_schema(relationships)
    for to, nullable in _linked_types(route):
        linkage = _linkage_name(to, resources, nullable=nullable)
        schemas[linkage] = _linkage(to, resources, nullable=nullable)
    return schemas


def _data(route: Route, resources: Resources) -> Schema:
    name = pascal_case(route.name)
    data: Schema = {"type": constant(route.subject.type)}
    if route.names_record:
        data["id"] = {**value_schema(Kind.ID), "description": "The id in the URL. Optional."}
    data["attributes"] = schema_reference(f"{name}Attributes")
    if any(_relationships(route, resources)):
        data["relationships"] = schema_reference(f"{name}Relationships")
    # A required value that can also be in a relationship does not require "attributes".
    required = ("attributes",) if _required_attributes(route) else ()
    return object_schema(data.items(), *required)


def _attributes(route: Route) -> Schema:
    sparse = route.kind is RouteKind.UPDATE
    members = [
        (source.name, _described(declared, input_schema(declared, source.name, sparse=sparse)))
        for declared in route.inputs
        for source in declared.sources
        if isinstance(source, InAttribute)
    ]
    return object_schema(members, *_required_attributes(route))


def _required_attributes(route: Route) -> list[str]:
    """Return the inputs that only an attribute can have, and that must be there."""
    return [
        declared.name
        for declared in route.inputs
        if declared.required and not _has_choice(declared)
    ]


def _has_choice(declared: Input) -> bool:
    return len(declared.sources) > 1


def _described(declared: Input, schema: Schema) -> Schema:
    """Say in words what generators cannot express: one of two members is required."""
    if declared.required and _has_choice(declared):
        text = f"{declared.description} Required: here or in `{_other_places(declared)}`."
        return {**schema, "description": text}
    return schema


def _other_places(declared: Input) -> str:
    (relationship,) = (each for each in declared.sources if isinstance(each, InRelationship))
    return f"relationships.{relationship.name}"


def _relationships(route: Route, resources: Resources) -> Iterable[tuple[str, Schema]]:
    for declared in route.inputs:
        for source in declared.sources:
            if isinstance(source, InRelationship):
                name = _linkage_name(source.to, resources, nullable=not declared.required)
                reference = schema_reference(name)
                yield source.name, {**reference, "description": declared.description}


def _linked_types(route: Route) -> Iterable[tuple[str, bool]]:
    """Return the types of related records, and whether null means that there is none."""
    for declared in route.inputs:
        for source in declared.sources:
            if isinstance(source, InRelationship):
                yield source.to, not declared.required


def _linkage_name(to: str, resources: Resources, *, nullable: bool) -> str:
    prefix = "Optional" if nullable else ""
    return f"{prefix}{schema_name(resources[to])}Linkage"


def _linkage(to: str, resources: Resources, *, nullable: bool) -> Schema:
    data = schema_reference(f"{schema_name(resources[to])}Identifier")
    return object_schema([("data", or_null(data) if nullable else data)])
