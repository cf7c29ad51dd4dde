"""JSON Schemas (2020-12) of values, resources and documents."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.ids import MAX_ID
from chalicelib.core.validation import CONTROL_CHARACTERS
from chalicelib.http.openapi.examples import resource_example
from chalicelib.http.routing import MetaField, Route, RouteKind
from chalicelib.jsonapi.inputs import MAX_TEXT_LENGTH, InAttribute, Input, InRelationship
from chalicelib.jsonapi.resource import AnyResource, Attribute, Kind, Relationship
from chalicelib.productive.names import relationships as published_relationships

Schema = dict[str, Any]

_DIGITS = "^[1-9][0-9]{0,15}$"
_ONE_LINE = f"^[^{CONTROL_CHARACTERS}]*$"
_VALUE_SCHEMAS: Mapping[Kind, Schema] = {
    Kind.INTEGER: {"type": "integer"},
    Kind.TEXT: {"type": "string"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIMESTAMP: {"type": "string", "format": "date-time"},
    Kind.ID: {"type": "string", "pattern": _DIGITS},
    Kind.ENUM_LIST: {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    Kind.OBJECT: {"type": "object"},
}

# Request documents can also have ids as numbers.
_REQUEST_ID = {"type": ["string", "integer"], "pattern": _DIGITS, "minimum": 1, "maximum": MAX_ID}


def value_schema(kind: Kind) -> Schema:
    """Return the schema of a value in a response."""
    return dict(_VALUE_SCHEMAS[kind])


def input_schema(declared: Input, name: str, *, sparse: bool) -> Schema:
    """Return the schema of an input in an attribute.

    :param name: the attribute's name.
    :param sparse: whether the document is a sparse update, in which null empties a value. In other
        documents, null means absent.
    """
    schema = _input_value(declared, name)
    if declared.nullable if sparse else not declared.required:
        schema = _or_null(schema)
    return {**schema, "description": declared.description}


def _input_value(declared: Input, name: str) -> Schema:
    kind = declared.kind
    if kind is Kind.ENUM_LIST:
        choices = {"type": "string", "enum": list(declared.choices or ())}
        return {"type": "array", "items": choices, "minItems": 1}
    if declared.choices is not None:
        return _enum(declared.choices, int if name.endswith("_id") else str)
    if kind is Kind.ID:
        return _REQUEST_ID
    schema = value_schema(kind)
    if kind is Kind.TEXT:
        # A blank text means absent.
        minimum = declared.minimum or (1 if declared.required else None)
        bounds = {
            "minLength": minimum,
            "maxLength": declared.maximum or MAX_TEXT_LENGTH,
            "pattern": None if declared.multiline else _ONE_LINE,
        }
    else:
        bounds = {"minimum": declared.minimum, "maximum": declared.maximum}
    return {**schema, **{name: bound for name, bound in bounds.items() if bound is not None}}


def _enum(choices: Iterable[str | int], type_: type[str | int]) -> Schema:
    """Return the schema of the choices of one type. Texts of digits are undocumented aliases."""
    values = [choice for choice in choices if isinstance(choice, type_)]
    if type_ is int:
        return {"type": "integer", "enum": values}
    return {"type": "string", "enum": [value for value in values if not str(value).isdecimal()]}


def _or_null(schema: Schema) -> Schema:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    nullable = {**schema, "type": [*types, "null"]}
    return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable


def schema_reference(name: str) -> Schema:
    """Return a reference to a schema in ``components``."""
    return {"$ref": f"#/components/schemas/{name}"}


def schema_name(resource: AnyResource) -> str:
    """Return the name of a resource's schema, such as ``TimeEntry``."""
    return pascal_case(resource.singular)


def pascal_case(name: str) -> str:
    """Convert a name from snake case: ``time_entry`` becomes ``TimeEntry``."""
    return "".join(part.capitalize() for part in name.split("_"))


def resource_schema(resource: AnyResource) -> Schema:
    """Return the schema of a resource object. Attributes are optional because of ``fields``."""
    properties = {
        "id": {**value_schema(Kind.ID), "description": "Id: decimal digits, less than 2^53."},
        "type": {"const": resource.type},
        "attributes": _object(map(_attribute, resource.attributes)),
        "relationships": _object(
            [*map(_relationship, resource.relationships), *_null_relationships(resource)]
        ),
    }
    required = list(properties)
    if resource.meta:
        properties["meta"] = _object(map(_attribute, resource.meta))
    return {
        "type": "object",
        "description": resource.description,
        "properties": properties,
        "required": required,
        "examples": [resource_example(resource)],
    }


def _object(members: Iterable[tuple[str, Schema]]) -> Schema:
    return {"type": "object", "properties": dict(members)}


def _attribute(declared: Attribute[Any]) -> tuple[str, Schema]:
    schema = value_schema(declared.kind)
    if declared.nullable:
        schema = _or_null(schema)
    return declared.name, {**schema, "description": declared.description}


def _relationship(declared: Relationship[Any]) -> tuple[str, Schema]:
    linkage = {"data": {"anyOf": [_identifier(declared.to), {"type": "null"}]}}
    schema: Schema = {"type": "object", "description": declared.description}
    if declared.always:
        return declared.name, {**schema, "properties": linkage, "required": ["data"]}
    # If the related record is not included, there is no data.
    return declared.name, {**schema, "properties": {**linkage, "meta": _NOT_INCLUDED}}


def _null_relationships(resource: AnyResource) -> Iterable[tuple[str, Schema]]:
    declared = {relationship.name for relationship in resource.relationships}
    for name in sorted(published_relationships(resource.type).keys() - declared):
        yield name, schema_reference("NullRelationship")


NULL_RELATIONSHIP: Schema = {
    "type": "object",
    "description": "A relationship of Productive that stint lacks. Present if it is included.",
    "properties": {"data": {"type": "null"}},
    "required": ["data"],
}


_NOT_INCLUDED = {
    "type": "object",
    "description": "Present if the related record is not included.",
    "properties": {"included": {"type": "boolean"}},
}


def _identifier(type_: str) -> Schema:
    return {
        "type": "object",
        "properties": {"type": {"const": type_}, "id": value_schema(Kind.ID)},
        "required": ["type", "id"],
    }


def document_schema(route: Route, resources: Mapping[str, AnyResource]) -> Schema:
    """Return the schema of the document in a successful response."""
    data = schema_reference(schema_name(route.resource))
    properties: Schema
    if route.kind is RouteKind.LIST:
        properties = {
            "data": {"type": "array", "items": data},
            "links": schema_reference("PageLinks"),
            "meta": schema_reference("PageMeta"),
        }
    else:
        properties = {"data": data, "meta": _object(map(_meta_field, route.meta))}
    required = list(properties)
    included = [
        schema_reference(schema_name(included_resource))
        for included_resource in includable_resources(route.resource, resources)
    ]
    if included:
        properties["included"] = {"type": "array", "items": {"oneOf": included}}
    elif published_relationships(route.resource.type):
        properties["included"] = {"type": "array", "items": {"type": "object"}, "maxItems": 0}
    return {"type": "object", "properties": properties, "required": required}


def document_name(route: Route) -> str:
    """Return the name of a response document's schema. A route with ``meta`` has its own schema."""
    name = schema_name(route.resource)
    if route.kind is RouteKind.LIST:
        return f"{name}List"
    return f"{pascal_case(route.name)}Document" if route.meta else f"{name}Document"


def _meta_field(meta_field: MetaField) -> tuple[str, Schema]:
    schema = value_schema(meta_field.kind)
    if meta_field.is_list:
        schema = {"type": "array", "items": schema}
    return meta_field.name, {**schema, "description": meta_field.description}


def includable_resources(
    resource: AnyResource, resources: Mapping[str, AnyResource]
) -> list[AnyResource]:
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


def request_schema(route: Route) -> Schema:
    """Return the schema of a request document. Other members are ignored (contract section 3)."""
    sparse = route.kind is RouteKind.UPDATE
    attributes: Schema = {}
    relationships: Schema = {}
    for declared in route.inputs:
        for source in declared.sources:
            match source:
                case InAttribute(name):
                    attributes[name] = input_schema(declared, name, sparse=sparse)
                case InRelationship(name, to):
                    relationships[name] = _relationship_input(declared, to)
    data: Schema = {"type": {"const": route.subject.type}}
    if route.names_record:
        data["id"] = {**_REQUEST_ID, "description": "The id in the URL. Optional."}
    data["attributes"] = {
        "type": "object",
        "properties": attributes,
        **_required_attributes(route.inputs),
    }
    if relationships:
        data["relationships"] = {"type": "object", "properties": relationships}
    primary: Schema = {"type": "object", "properties": data}
    document: Schema = {"type": "object", "properties": {"data": primary}}
    if route.kind in (RouteKind.CREATE, RouteKind.UPDATE):
        document["required"] = ["data"]
    if requires_document(route):
        primary["required"] = ["attributes"]
        document["required"] = ["data"]
    alternatives = [
        declared for declared in route.inputs if declared.required and len(declared.sources) > 1
    ]
    if alternatives:
        # The value can be in an attribute or in a relationship. "anyOf" requires one of them.
        primary["required"] = []
        primary["allOf"] = [
            {"anyOf": list(map(_requires_source, declared.sources))} for declared in alternatives
        ]
    return document


def requires_document(route: Route) -> bool:
    """Return whether a route requires a document."""
    return any(declared.required for declared in route.inputs)


def _required_attributes(inputs: Iterable[Input]) -> Schema:
    names = [
        declared.name for declared in inputs if declared.required and len(declared.sources) == 1
    ]
    return {"required": names} if names else {}


def _requires_source(source: object) -> Schema:
    match source:
        case InAttribute(name):
            return _requires_member("attributes", name)
        case InRelationship(name, _):
            return _requires_member("relationships", name)
    raise TypeError(source)


def _requires_member(member: str, name: str) -> Schema:
    return {"required": [member], "properties": {member: {"required": [name]}}}


def _relationship_input(declared: Input, to: str) -> Schema:
    identifier = {
        "type": "object",
        "properties": {"type": {"const": to}, "id": _REQUEST_ID},
        "required": ["type", "id"],
    }
    data = identifier if declared.required else {"anyOf": [identifier, {"type": "null"}]}
    return {"type": "object", "description": declared.description, "properties": {"data": data}}
