"""Schemas of values, resources and documents, as JSON Schema 2020-12."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.ids import MAX_ID
from chalicelib.http.openapi.examples import resource_example
from chalicelib.http.routing import Act, Route, Told
from chalicelib.jsonapi.inputs import LONGEST_TEXT, InAttribute, Input, InRelationship
from chalicelib.jsonapi.resource import AnyResource, Attribute, Kind, Relationship

Schema = dict[str, Any]

_DIGITS = "^[1-9][0-9]{0,15}$"
_VALUES: Mapping[Kind, Schema] = {
    Kind.INTEGER: {"type": "integer"},
    Kind.TEXT: {"type": "string"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
    Kind.ID: {"type": "string", "pattern": _DIGITS},
    Kind.WORDS: {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    Kind.OBJECT: {"type": "object"},
}

# In documents that come in, and only there, an id may be a number.
_GIVEN_ID = {"type": ["string", "integer"], "pattern": _DIGITS, "minimum": 1, "maximum": MAX_ID}


def value(kind: Kind) -> Schema:
    """A value as it is shown."""
    return dict(_VALUES[kind])


def given_value(declared: Input, name: str, *, emptying: bool) -> Schema:
    """A value as an act takes it under a name: null is as good as absent, but where it is
    ``emptying``."""
    schema = _given(declared, name)
    if declared.nullable if emptying else not declared.required:
        schema = _or_null(schema)
    return {**schema, "description": declared.meaning}


def _given(declared: Input, name: str) -> Schema:
    kind = declared.kind
    if kind is Kind.WORDS:
        words = {"type": "string", "enum": list(declared.choices or ())}
        return {"type": "array", "items": words, "minItems": 1}
    if declared.choices is not None:
        return _one_of(declared.choices, int if name.endswith("_id") else str)
    if kind is Kind.ID:
        return _GIVEN_ID
    schema = value(kind)
    if kind is Kind.TEXT:
        # Blank is as good as absent.
        least = declared.least or (1 if declared.required else None)
        bounds = {"minLength": least, "maxLength": declared.most or LONGEST_TEXT}
    else:
        bounds = {"minimum": declared.least, "maximum": declared.most}
    return {**schema, **{name: bound for name, bound in bounds.items() if bound is not None}}


def _one_of(choices: Iterable[str | int], type_: type[str | int]) -> Schema:
    """The choices of one type. Numbers are also taken as texts: nobody needs to be told."""
    found = [it for it in choices if isinstance(it, type_)]
    if type_ is int:
        return {"type": "integer", "enum": found}
    return {"type": "string", "enum": [it for it in found if not str(it).isdecimal()]}


def _or_null(schema: Schema) -> Schema:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    found = {**schema, "type": [*types, "null"]}
    return {**found, "enum": [*schema["enum"], None]} if "enum" in schema else found


def reference(name: str) -> Schema:
    """A schema that is kept under a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def name_of(resource: AnyResource) -> str:
    """``TimeEntry``."""
    return camel(resource.singular)


def camel(name: str) -> str:
    """``time_entry`` as ``TimeEntry``."""
    return "".join(part.capitalize() for part in name.split("_"))


def resource_schema(resource: AnyResource) -> Schema:
    """A resource object as it is shown. ``fields`` may leave any attribute out."""
    properties = {
        "id": {**value(Kind.ID), "description": "Id: decimal digits, less than 2^53."},
        "type": {"const": resource.type},
        "attributes": _object(map(_attribute, resource.attributes)),
        "relationships": _object(map(_relationship, resource.relationships)),
    }
    required = list(properties)
    if resource.meta:
        properties["meta"] = _object(map(_attribute, resource.meta))
    return {
        "type": "object",
        "description": resource.meaning,
        "properties": properties,
        "required": required,
        "examples": [resource_example(resource)],
    }


def _object(members: Iterable[tuple[str, Schema]]) -> Schema:
    return {"type": "object", "properties": dict(members)}


def _attribute(declared: Attribute[Any]) -> tuple[str, Schema]:
    schema = value(declared.kind)
    if declared.nullable:
        schema = _or_null(schema)
    return declared.name, {**schema, "description": declared.meaning}


def _relationship(declared: Relationship[Any]) -> tuple[str, Schema]:
    linked = {"data": {"anyOf": [_identifier(declared.to), {"type": "null"}]}}
    schema: Schema = {"type": "object", "description": declared.meaning}
    if declared.always:
        return declared.name, {**schema, "properties": linked, "required": ["data"]}
    # Without data where it was not included.
    return declared.name, {**schema, "properties": {**linked, "meta": _NOT_INCLUDED}}


_NOT_INCLUDED = {
    "type": "object",
    "description": "Present if the related record is not included.",
    "properties": {"included": {"type": "boolean"}},
}


def _identifier(type_: str) -> Schema:
    return {
        "type": "object",
        "properties": {"type": {"const": type_}, "id": value(Kind.ID)},
        "required": ["type", "id"],
    }


def document_schema(route: Route, resources: Mapping[str, AnyResource]) -> Schema:
    """The document that a route answers when all is well."""
    data = reference(name_of(route.resource))
    properties: Schema
    if route.act is Act.LIST:
        properties = {
            "data": {"type": "array", "items": data},
            "links": reference("PageLinks"),
            "meta": reference("PageMeta"),
        }
    else:
        properties = {"data": data, "meta": _object(map(_told, route.tells))}
    required = list(properties)
    included = [reference(name_of(it)) for it in reachable(route.resource, resources)]
    if included:
        properties["included"] = {"type": "array", "items": {"oneOf": included}}
    return {"type": "object", "properties": properties, "required": required}


def document_name(route: Route) -> str:
    """The name of the schema of what a route answers: acts that tell something have their own."""
    name = name_of(route.resource)
    if route.act is Act.LIST:
        return f"{name}List"
    return f"{camel(route.name)}Document" if route.tells else f"{name}Document"


def _told(told: Told) -> tuple[str, Schema]:
    schema = value(told.kind)
    if told.several:
        schema = {"type": "array", "items": schema}
    return told.name, {**schema, "description": told.meaning}


def reachable(resource: AnyResource, resources: Mapping[str, AnyResource]) -> list[AnyResource]:
    """What may be included with a resource."""
    found = {}
    for path in resource.includes:
        standing = resource
        for step in path.split("."):
            to = next(it.to for it in standing.relationships if it.name == step)
            if to not in resources:
                break  # Real clients ask for it; there is none here.
            standing = found[to] = resources[to]
    return [found[type_] for type_ in sorted(found)]


def request_schema(route: Route) -> Schema:
    """The document that a route takes. What else it carries is ignored (contract section 3)."""
    emptying = route.act is Act.UPDATE
    attributes: Schema = {}
    relationships: Schema = {}
    for declared in route.inputs:
        for source in declared.sources:
            match source:
                case InAttribute(name):
                    attributes[name] = given_value(declared, name, emptying=emptying)
                case InRelationship(name, to):
                    relationships[name] = _given_relationship(declared, to)
    data: Schema = {"type": {"const": route.document.type}}
    if route.is_about_one:
        data["id"] = {**_GIVEN_ID, "description": "The id in the URL. Optional."}
    data["attributes"] = {"type": "object", "properties": attributes, **_needed(route.inputs)}
    if relationships:
        data["relationships"] = {"type": "object", "properties": relationships}
    primary: Schema = {"type": "object", "properties": data}
    document: Schema = {"type": "object", "properties": {"data": primary}}
    if needs_document(route):
        primary["required"] = ["attributes"]
        document["required"] = ["data"]
    alternatives = [it for it in route.inputs if it.required and len(it.sources) > 1]
    if alternatives:
        # One of several places has it: the attributes alone cannot say that they must.
        primary["required"] = []
        primary["allOf"] = [{"anyOf": list(map(_in_place, it.sources))} for it in alternatives]
    return document


def needs_document(route: Route) -> bool:
    """Whether it can do nothing without a document."""
    return any(it.required for it in route.inputs)


def _needed(inputs: Iterable[Input]) -> Schema:
    names = [it.name for it in inputs if it.required and len(it.sources) == 1]
    return {"required": names} if names else {}


def _in_place(source: object) -> Schema:
    match source:
        case InAttribute(name):
            return _having("attributes", name)
        case InRelationship(name, _):
            return _having("relationships", name)
    raise TypeError(source)


def _having(member: str, name: str) -> Schema:
    return {"required": [member], "properties": {member: {"required": [name]}}}


def _given_relationship(declared: Input, to: str) -> Schema:
    identifier = {
        "type": "object",
        "properties": {"type": {"const": to}, "id": _GIVEN_ID},
        "required": ["type", "id"],
    }
    data = identifier if declared.required else {"anyOf": [identifier, {"type": "null"}]}
    return {"type": "object", "description": declared.meaning, "properties": {"data": data}}
