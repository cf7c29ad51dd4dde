"""JSON Schemas (2020-12) of single values."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.ids import MAX_ID
from chalicelib.core.validation import CONTROL_CHARACTERS
from chalicelib.jsonapi.inputs import MAX_TEXT_LENGTH, Input
from chalicelib.jsonapi.resource import Kind

Schema = dict[str, Any]

_DIGITS = "^[1-9][0-9]{0,15}$"
_ONE_LINE = f"^[^{CONTROL_CHARACTERS}]*$"

INTEGER: Schema = {"type": "integer", "format": "int64"}
"""Every integer has this format: without one, many generators choose 32 bits."""

COUNT: Schema = {**INTEGER, "minimum": 0}

ID_SCHEMAS: Mapping[str, Schema] = {
    "Id": {
        "type": "string",
        "pattern": _DIGITS,
        "description": "Id: decimal digits, less than 2^53.",
        "examples": ["364"],
    },
    "NumericId": {
        **INTEGER,
        "minimum": 1,
        "maximum": MAX_ID,
        "description": "Id as a number, less than 2^53.",
        "examples": [8779],
    },
}
"""The schemas of ids, by their names in ``components``."""


def schema_reference(name: str) -> Schema:
    """Return a reference to a schema in ``components``."""
    return {"$ref": f"#/components/schemas/{name}"}


_VALUE_SCHEMAS: Mapping[Kind, Schema] = {
    Kind.INTEGER: INTEGER,
    Kind.TEXT: {"type": "string"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIMESTAMP: {"type": "string", "format": "date-time"},
    Kind.ID: schema_reference("Id"),
    Kind.NUMERIC_ID: schema_reference("NumericId"),
    Kind.ENUM_LIST: {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    Kind.OBJECT: {"type": "object"},
}


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
        schema = or_null(schema)
    return {**schema, "description": declared.description}


def _input_value(declared: Input, name: str) -> Schema:
    kind = declared.kind
    if kind is Kind.ENUM_LIST:
        choices = {"type": "string", "enum": list(declared.choices or ())}
        return {"type": "array", "items": choices, "minItems": 1}
    if declared.choices is not None:
        return _enum(declared.choices, int if name.endswith("_id") else str)
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
        return {**INTEGER, "enum": values}
    return {"type": "string", "enum": [value for value in values if not str(value).isdecimal()]}


def or_null(schema: Schema) -> Schema:
    """Return the schema of a value that may also be null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    nullable = {**schema, "type": [schema["type"], "null"]}
    return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable


def constant(text: str) -> Schema:
    """Return the schema of a text that never differs.

    Generators need the type and the ``enum`` to tell resources apart; ``const`` alone they ignore.
    """
    return {"type": "string", "enum": [text]}


def object_schema(members: Iterable[tuple[str, Schema]], *required: str) -> Schema:
    """Return the schema of an object with these members."""
    schema: Schema = {"type": "object", "properties": dict(members)}
    return {**schema, "required": list(required)} if required else schema
