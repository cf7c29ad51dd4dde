"""JSON Schemas of resources, their identifiers and relationships.

Every object has a name in ``components``: generators make a class of it. Without one, they invent
a name from its place.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.http.openapi.examples import resource_example
from chalicelib.http.openapi.values import (
    Schema,
    constant,
    object_schema,
    or_null,
    schema_reference,
    value_schema,
)
from chalicelib.jsonapi.resource import AnyResource, Attribute, Relationship
from chalicelib.productive.names import relationships as published_relationships

Resources = Mapping[str, AnyResource]

SHARED_RELATIONSHIPS: Mapping[str, Schema] = {
    "NullRelationship": {
        "type": "object",
        "description": "A relationship of Productive that stint lacks. Present if it is included.",
        # Not the type "null" alone: generators have no class for it.
        "properties": {"data": {"type": ["object", "null"], "maxProperties": 0}},
        "required": ["data"],
    },
    "AlwaysNullRelationship": {
        "type": "object",
        "description": "A relationship to a record that stint lacks. If it is included, `data` is "
        "null.",
        "properties": {
            "data": {"type": ["object", "null"], "maxProperties": 0},
            "meta": schema_reference("NotIncluded"),
        },
    },
    "NotIncluded": {
        "type": "object",
        "description": "Present if the related record is not included.",
        "properties": {"included": {"type": "boolean"}},
    },
}
"""The parts of relationships that several resources have, by their names in ``components``."""


def schema_name(resource: AnyResource) -> str:
    """Return the name of a resource's schema, such as ``TimeEntry``."""
    return pascal_case(resource.singular)


def pascal_case(name: str) -> str:
    """Convert a name from snake case: ``time_entry`` becomes ``TimeEntry``."""
    return "".join(part.capitalize() for part in name.split("_"))


def resource_schemas(resource: AnyResource, resources: Resources) -> dict[str, Schema]:
    """Return the schemas of a resource object and of its parts, by their names."""
    name = schema_name(resource)
    parts = {
        f"{name}Attributes": object_schema(map(_attribute, resource.attributes)),
        f"{name}Relationships": object_schema(_relationships(resource, resources)),
    }
    if resource.meta:
        parts[f"{name}Meta"] = object_schema(map(_attribute, resource.meta))
    return {
        name: _resource_schema(resource),
        **parts,
        f"{name}Identifier": object_schema(_identifier(resource), "type", "id"),
        f"{name}Relationship": _relationship(resource, {"meta": schema_reference("NotIncluded")}),
        f"{name}RelationshipWithData": _relationship(resource, {}, "data"),
    }


def _resource_schema(resource: AnyResource) -> Schema:
    """Return the schema of a resource object. Attributes are optional because of ``fields``."""
    name = schema_name(resource)
    properties = {
        "id": value_schema(resource.id_kind),
        "type": constant(resource.type),
        "attributes": schema_reference(f"{name}Attributes"),
        "relationships": schema_reference(f"{name}Relationships"),
    }
    required = list(properties)
    if resource.meta:
        properties["meta"] = schema_reference(f"{name}Meta")
    return {
        "type": "object",
        "description": resource.description,
        "properties": properties,
        "required": required,
        "examples": [resource_example(resource)],
    }


def _attribute(declared: Attribute[Any]) -> tuple[str, Schema]:
    schema = value_schema(declared.kind)
    if declared.nullable:
        schema = or_null(schema)
    return declared.name, {**schema, "description": declared.description}


def _identifier(resource: AnyResource) -> Iterable[tuple[str, Schema]]:
    yield "type", constant(resource.type)
    yield "id", value_schema(resource.id_kind)


def _relationship(resource: AnyResource, members: Schema, *required: str) -> Schema:
    data = or_null(schema_reference(f"{schema_name(resource)}Identifier"))
    return object_schema([("data", data), *members.items()], *required)


def _relationships(resource: AnyResource, resources: Resources) -> Iterable[tuple[str, Schema]]:
    for declared in resource.relationships:
        reference = schema_reference(_relationship_name(declared, resources))
        yield declared.name, {**reference, "description": declared.description}
    names = {declared.name for declared in resource.relationships}
    for name in sorted(published_relationships(resource.type).keys() - names):
        yield name, schema_reference("NullRelationship")


def _relationship_name(declared: Relationship[Any], resources: Resources) -> str:
    if declared.to not in resources:
        return "AlwaysNullRelationship"
    name = schema_name(resources[declared.to])
    # If the related record is not included, there is no data.
    return f"{name}RelationshipWithData" if declared.always else f"{name}Relationship"


def includable_resources(resource: AnyResource, resources: Resources) -> list[AnyResource]:
    """Return the resources that ``include`` can add to a resource, sorted by type."""
    by_type: dict[str, AnyResource] = {}
    parents = [resource]
    while parents:
        parent = parents.pop()
        for relationship in parent.relationships:
            to = relationship.to
            # Real clients also include types that the API does not have.
            if relationship.name in parent.includes and to in resources and to not in by_type:
                by_type[to] = resources[to]
                parents.append(resources[to])
    return [by_type[type_] for type_ in sorted(by_type)]
