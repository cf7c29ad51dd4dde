"""Inputs of operations: absent, null, blank and invalid values on create and update."""

import json
from typing import Any

import pytest

from chalicelib.core.errors import InvalidAttribute, MalformedDocument
from chalicelib.jsonapi.input_types import boolean_input, integer_input, reference_input, text_input
from chalicelib.jsonapi.inputs import InAttribute, Input, read_changes, read_values
from chalicelib.jsonapi.requests import Document, read_document
from chalicelib.jsonapi.resource import Kind

NAME = text_input("name", "The name.", required=True, maximum=5)
NOTE = text_input("note", "A remark.", nullable=True)
BILLABLE = boolean_input("billable", "True if the time is invoiced.")
POSITION = integer_input("position", "The position.", -2, 9)
DATE = Input("date", Kind.DATE, (InAttribute("date"),), "The day.")
PERSON = reference_input("person", "people", "The person.")
COLOUR = Input(
    "colour", Kind.TEXT, (InAttribute("colour"),), "The colour.", choices={"red": "R", 1: "one"}
)
ALL = (NAME, NOTE, BILLABLE, POSITION, DATE, PERSON, COLOUR)


def document(relationships: dict[str, Any] | None = None, **attributes: Any) -> Document:
    data = {"attributes": attributes, "relationships": relationships}
    return read_document(json.dumps({"data": data}).encode(), "things")


def test_read_values_returns_the_values_of_a_new_record() -> None:
    body = document(
        name="  Ana ", note="", billable=False, position="-2", date="2026-03-02", colour="red", x=1
    )
    assert read_values(ALL, body) == {
        "name": "Ana",
        "billable": False,
        "position": -2,
        "date": "2026-03-02",
        "colour": "R",
    }


@pytest.mark.parametrize("name", [None, "", " "])
def test_missing_required_value_is_rejected(name: str | None) -> None:
    for body in (document(name=name), Document()):
        with pytest.raises(InvalidAttribute, match="This attribute is required"):
            read_values(ALL, body)


def test_update_distinguishes_null_from_absent() -> None:
    assert read_changes(ALL, Document()) == {}
    assert read_changes(ALL, document(note=None)) == {"note": None}
    assert read_changes(ALL, document(note=" ")) == {"note": None}
    assert read_changes(ALL, document(note="x", unknown=None)) == {"note": "x"}


@pytest.mark.parametrize("name", ["name", "billable", "position", "date", "person_id", "colour"])
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_update_rejects_an_empty_value_for_a_non_nullable_input(name: str, empty: Any) -> None:
    with pytest.raises(InvalidAttribute, match="This attribute cannot be empty"):
        read_changes(ALL, document(**{name: empty}))


def test_update_accepts_relationships() -> None:
    relationships = {"person": {"data": {"type": "people", "id": "7"}}}
    assert read_changes(ALL, document(relationships)) == {"person": 7}
    # The attribute has priority. A null in one source falls back to a value in another.
    assert read_changes(ALL, document(relationships, person_id=None)) == {"person": 7}
    assert read_changes(ALL, document(relationships, person_id="8")) == {"person": 8}
    without_data: tuple[dict[str, Any], ...] = ({}, {"person": {}}, {"person": None})
    for absent in without_data:
        assert read_changes(ALL, document(absent)) == {}
    with pytest.raises(InvalidAttribute, match="This attribute cannot be empty"):
        read_changes(ALL, document({"person": {"data": None}}))
    with pytest.raises(MalformedDocument):
        read_changes(ALL, document({"person": {"data": []}}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "sixsix"),
        ("name", 1),
        ("name", ["x"]),
        ("note", "x" * 256),
        ("billable", "true"),
        ("billable", 0),
        ("position", -3),
        ("position", 10),
        ("position", 1.0),
        ("position", True),
        ("position", "1e3"),
        ("position", "--1"),
        ("position", "٣"),
        ("position", "9" * 5000),
        ("date", "2026-02-29"),
        ("date", 20260302),
        ("colour", "blue"),
        ("colour", True),
        ("colour", {}),
        ("person_id", "x"),
    ],
)
def test_invalid_value_is_rejected_on_create_and_update(name: str, value: Any) -> None:
    body = document(**{"name": "Ana", name: value})
    for read in (read_values, read_changes):
        with pytest.raises(InvalidAttribute) as raised:
            read(ALL, body)
        pointer = f"data/attributes/{name.removesuffix('_id')}"
        assert raised.value.source == {"pointer": pointer}


def test_values_at_the_limits_are_accepted() -> None:
    body = document(name="fives", note="x" * 255, position=9, colour=1)
    assert read_changes(ALL, body)["position"] == 9
    assert read_changes(ALL, body)["colour"] == "one"


def test_message_of_a_failed_rule_is_in_the_error() -> None:
    def require_even(value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value * 10

    number = Input("n", Kind.INTEGER, (InAttribute("n"),), "A number.", rule=require_even)
    assert number.read(document(n=2)) == 20
    with pytest.raises(InvalidAttribute, match="must be even"):
        number.read(document(n=1))
