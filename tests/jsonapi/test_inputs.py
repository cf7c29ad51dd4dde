"""What acts take: what is absent, null, blank or wrong, for something new and for an update."""

import json
from typing import Any

import pytest

from chalicelib.domain.errors import InvalidAttribute, MalformedDocument
from chalicelib.jsonapi.inputs import InAttribute, Input, read_changes, read_values
from chalicelib.jsonapi.requests import Document, read_document
from chalicelib.jsonapi.resource import Kind
from chalicelib.resources.values import flag, integer, one, text

NAME = text("name", "What it is called.", required=True, most=5)
NOTE = text("note", "A remark.", nullable=True)
BILLABLE = flag("billable", "Whether it is invoiced.")
POSITION = integer("position", "Its place.", -2, 9)
DATE = Input("date", Kind.DATE, (InAttribute("date"),), "The day.")
PERSON = one("person", "people", "Who.")
COLOUR = Input(
    "colour", Kind.TEXT, (InAttribute("colour"),), "Which.", choices={"red": "R", 1: "one"}
)
ALL = (NAME, NOTE, BILLABLE, POSITION, DATE, PERSON, COLOUR)


def document(relationships: dict[str, Any] | None = None, **attributes: Any) -> Document:
    data = {"attributes": attributes, "relationships": relationships}
    return read_document(json.dumps({"data": data}).encode(), "things")


def test_something_new_is_made_of_what_is_given() -> None:
    given = document(
        name="  Ana ", note="", billable=False, position="-2", date="2026-03-02", colour="red", x=1
    )
    assert read_values(ALL, given) == {
        "name": "Ana",
        "billable": False,
        "position": -2,
        "date": "2026-03-02",
        "colour": "R",
    }


@pytest.mark.parametrize("name", [None, "", " "])
def test_what_is_needed_must_be_given(name: str | None) -> None:
    for given in (document(name=name), Document()):
        with pytest.raises(InvalidAttribute, match="must be given"):
            read_values(ALL, given)


def test_an_update_tells_null_from_absent() -> None:
    assert read_changes(ALL, Document()) == {}
    assert read_changes(ALL, document(note=None)) == {"note": None}
    assert read_changes(ALL, document(note=" ")) == {"note": None}
    assert read_changes(ALL, document(note="x", unknown=None)) == {"note": "x"}


@pytest.mark.parametrize("name", ["name", "billable", "position", "date", "person_id", "colour"])
@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_an_update_empties_only_what_can_be_empty(name: str, nothing: Any) -> None:
    with pytest.raises(InvalidAttribute, match="must not be empty"):
        read_changes(ALL, document(**{name: nothing}))


def test_an_update_takes_relationships() -> None:
    related = {"person": {"data": {"type": "people", "id": "7"}}}
    assert read_changes(ALL, document(related)) == {"person": 7}
    # The attribute comes first; null in one place gives way to a value in another.
    assert read_changes(ALL, document(related, person_id=None)) == {"person": 7}
    assert read_changes(ALL, document(related, person_id="8")) == {"person": 8}
    nothing: tuple[dict[str, Any], ...] = ({}, {"person": {}}, {"person": None})
    for unsaid in nothing:
        assert read_changes(ALL, document(unsaid)) == {}
    with pytest.raises(InvalidAttribute, match="must not be empty"):
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
def test_what_is_wrong_is_refused_either_way(name: str, value: Any) -> None:
    given = document(**{"name": "Ana", name: value})
    for read in (read_values, read_changes):
        with pytest.raises(InvalidAttribute) as caught:
            read(ALL, given)
        pointer = f"data/attributes/{name.removesuffix('_id')}"
        assert caught.value.source == {"pointer": pointer}


def test_bounds_are_allowed() -> None:
    given = document(name="fives", note="x" * 255, position=9, colour=1)
    assert read_changes(ALL, given)["position"] == 9
    assert read_changes(ALL, given)["colour"] == "one"


def test_a_rule_says_what_a_value_must_be() -> None:
    def even(number: int) -> int:
        if number % 2:
            raise ValueError("must be even")
        return number * 10

    declared = Input("n", Kind.INTEGER, (InAttribute("n"),), "A number.", rule=even)
    assert declared.read(document(n=2)) == 20
    with pytest.raises(InvalidAttribute, match="must be even"):
        declared.read(document(n=1))
