"""What the OpenAPI description has for generators of clients.

``make check-clients`` generates such clients, and uses them.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.ids import MAX_ID
from chalicelib.http.routing import RouteKind
from chalicelib.jsonapi.resource import Kind
from chalicelib.registry import RESOURCES
from tests.support.openapi_checks import TABLE, Description, description, is_valid, resolved, schema

SCHEMAS = description()["components"]["schemas"]
_NOT_SCHEMAS = ("examples", "example", "enum", "const", "default")
# Members whose values are data: their members have free names.
_NAMED = ("properties", "schemas", "parameters", "headers", "mapping")

OPERATIONS = [operation for path in description()["paths"].values() for operation in path.values()]


def parts(part: Any, place: str = "") -> Iterator[tuple[str, Description]]:
    """Yield every object of the description, except data, with its place."""
    if isinstance(part, dict):
        yield place, part
        for name, value in part.items():
            if name not in _NOT_SCHEMAS or place.rpartition("/")[2] in _NAMED:
                yield from parts(value, f"{place}/{name}")
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from parts(value, f"{place}/{number}")


PARTS = list(parts(description()))


def is_integer(part: Description) -> bool:
    types = part.get("type")
    return types == "integer" or (isinstance(types, list) and "integer" in types)


def test_every_integer_says_that_it_needs_64_bits() -> None:
    integers = {place: part for place, part in PARTS if is_integer(part)}
    assert integers
    assert [place for place, part in integers.items() if part.get("format") != "int64"] == []


def test_every_id_that_is_a_number_has_the_maximum_of_ids() -> None:
    assert (SCHEMAS["NumericId"]["minimum"], SCHEMAS["NumericId"]["maximum"]) == (1, MAX_ID)
    for resource in RESOURCES.values():
        name = "".join(part.capitalize() for part in resource.singular.split("_"))
        attributes = schema(f"{name}Attributes")["properties"]
        for declared in resource.attributes:
            value = attributes[declared.name]
            target = resolved(value["anyOf"][0] if "anyOf" in value else value)
            is_id = target.get("maximum") == MAX_ID
            assert is_id is (declared.kind is Kind.NUMERIC_ID), (name, declared.name)


def test_ids_of_people_and_records_are_declared_as_ids() -> None:
    """A number named like an id is one of a closed set, or an id."""
    numbers = {
        declared.name
        for resource in RESOURCES.values()
        for declared in resource.attributes
        if declared.name.endswith("_id") and declared.kind is Kind.INTEGER
    }
    assert numbers == {"role_id", "track_method_id"}


def test_ids_that_are_texts_have_a_pattern() -> None:
    assert is_valid(schema("Id"), str(MAX_ID))
    assert not any(is_valid(schema("Id"), value) for value in ("0", "x", "1.5", "", 364))


def test_no_text_is_a_constant_without_type() -> None:
    assert [place for place, part in PARTS if "const" in part] == []
    without_type = [place for place, part in PARTS if "enum" in part and "type" not in part]
    assert [place for place in without_type if not place.endswith("/properties")] == []


def test_choices_have_several_members() -> None:
    for keyword in ("oneOf", "anyOf", "allOf"):
        single = [place for place, part in PARTS if len(part.get(keyword, "ab")) == 1]
        assert single == []


def test_the_type_of_an_included_record_says_its_schema() -> None:
    unions = {name: part for name, part in SCHEMAS.items() if "oneOf" in part}
    assert unions
    assert all(name.endswith("Included") for name in unions)
    for union in unions.values():
        mapping = union["discriminator"]["mapping"]
        assert union["discriminator"]["propertyName"] == "type"
        assert [{"$ref": reference} for reference in mapping.values()] == union["oneOf"]
        for type_, reference in mapping.items():
            target = resolved({"$ref": reference})
            assert target["properties"]["type"] == {"type": "string", "enum": [type_]}
            assert "type" in target["required"]


def test_only_included_records_are_a_choice_of_objects() -> None:
    """All other choices are a schema or null: optional values in every language."""
    for place, part in PARTS:
        if "anyOf" in part:
            reference, null = part["anyOf"]
            assert "$ref" in reference, place
            assert null == {"type": "null"}, place
        assert "allOf" not in part, place
        assert "oneOf" not in part or place.endswith("Included"), place


def test_every_object_with_members_has_a_name() -> None:
    """Generators invent names for objects without: ``TimerListIncludedInner``."""
    for place, part in PARTS:
        if "properties" in part and part.get("type") == "object":
            kind, name, *rest = place.removeprefix("/components/").split("/")
            assert (kind, rest) == ("schemas", []), place
            assert name.isidentifier()


def test_no_type_is_null_alone() -> None:
    """openapi-generator 7.26 for Python stops at such a schema, except beside another one."""
    alone = [
        place for place, part in PARTS if part.get("type") == "null" and "/anyOf/" not in place
    ]
    assert alone == []


def test_every_component_is_used() -> None:
    used = {part["$ref"] for _, part in PARTS if isinstance(part.get("$ref"), str)}
    components = description()["components"]
    for kind in ("schemas", "parameters", "headers"):
        assert {f"#/components/{kind}/{name}" for name in components[kind]} <= used


def test_every_body_has_a_name_that_says_what_it_does() -> None:
    for route in TABLE:
        if route.takes_document:
            path = description()["paths"][route.path][route.methods[0].lower()]
            (content,) = path["requestBody"]["content"].values()
            name = "".join(part.capitalize() for part in route.name.split("_"))
            assert content["schema"] == {"$ref": f"#/components/schemas/{name}Body"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: str(each["operationId"]))
def test_every_parameter_has_a_valid_example(operation: Description) -> None:
    for parameter in map(resolved, operation["parameters"]):
        examples = resolved(parameter["schema"])["examples"]
        assert examples, parameter["name"]
        for example in examples:
            assert is_valid(parameter["schema"], example), parameter["name"]
        # Swagger UI would send it without being asked to.
        assert not {"example", "examples"} & parameter.keys()


def test_parameters_are_plain_values_and_lists() -> None:
    """Generated clients cannot send a choice of types in a query or a header."""
    for operation in OPERATIONS:
        for parameter in map(resolved, operation["parameters"]):
            value = resolved(parameter["schema"])
            assert value["type"] in ("string", "integer", "boolean", "array"), parameter["name"]
            # openapi-python-client has no headers with times.
            assert parameter["in"] != "header" or "format" not in value, parameter["name"]


def test_the_operator_between_filters_is_an_enumeration() -> None:
    for route in TABLE:
        if route.kind is RouteKind.LIST:
            parameters = map(resolved, description()["paths"][route.path]["get"]["parameters"])
            (operator,) = [each for each in parameters if each["name"] == "filter[$op]"]
            assert operator["schema"] == {"type": "string", "enum": ["and"], "examples": ["and"]}
