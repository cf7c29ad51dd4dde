"""Request documents: contract section 3. Real clients send imprecise bodies."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import (
    AccessDenied,
    IdConflict,
    InvalidAttribute,
    MalformedDocument,
    StintError,
    TypeConflict,
)
from chalicelib.jsonapi.inputs import InAttribute, InParameter, Input, InRelationship
from chalicelib.jsonapi.parameters import Parameters
from chalicelib.jsonapi.requests import Document, read_document
from chalicelib.jsonapi.resource import Kind

TIME_ENTRY = Input(
    "time_entry",
    Kind.ID,
    (
        InRelationship("time_entry", "time_entries"),
        InAttribute("time_entry_id"),
        InParameter("time_entry_id"),
    ),
    "The time entry.",
)
STARTED_AT = Input("started_at", Kind.TIMESTAMP, (InAttribute("started_at"),), "The start.")


def _body(data: Any) -> bytes:
    return json.dumps({"data": data}).encode()


# The document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \r\n\t ",
        b"{}",
        b'{"data": null}',
        b'{"data": {}}',
        b'{"data": {"attributes": null, "relationships": null}}',
        b'{"data": {"type": null, "id": null}}',
        b'{"data": {"type": "", "id": ""}}',
        b'{"data": {"type": "timers", "attributes": {}, "relationships": {}}}',
        b'{"meta": {"x": 1}, "links": [], "included": "x"}',
        b'{"data": {"links": 1, "meta": [], "lid": "x"}}',
    ],
)
def test_body_without_content_is_an_empty_document(body: bytes) -> None:
    assert read_document(body, "timers") == Document({}, {})


def test_attributes_and_relationships_are_read_unchanged() -> None:
    attributes = {"service_id": "1294", "note": None, "unknown": {"deep": [1, 2.5, True]}}
    relationships = {"organization": {"data": {"type": "organizations", "id": "2149"}}, "x": 1}
    body = _body({"attributes": attributes, "relationships": relationships})
    assert read_document(body, "timers") == Document(attributes, relationships)


def test_non_ascii_text_is_preserved() -> None:
    body = '{"data": {"attributes": {"note": "\u010daj \u2615"}}}'.encode()
    assert read_document(body, "timers").attributes == {"note": "\u010daj \u2615"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": ',
        b"time_entry_id=364",
        b"{'data': null}",
        b"{} {}",
        b'{"data": null,}',
        b'{"data": {"attributes": {"x": NaN}}}',
        b'{"data": {"attributes": {"x": Infinity}}}',
        b'{"data": {"attributes": {"x": 01}}}',
        b'{"data": {"type": "\xff\xfe"}}',
        b'{"data": {"attributes": {"x": "\xed\xa0\x80"}}}',
        b'{"data": {"attributes": {"x": "\\ud800"}}}',
        b'\xef\xbb\xbf{"data": null}',
        '{"data": null}'.encode("utf-16"),
        b"\x00",
        b'{"data": {"attributes": {"x": "a\nb"}}}',
    ],
)
def test_body_that_is_not_utf_8_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedDocument) as raised:
        read_document(body, "timers")
    assert raised.value.source is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (b"null", ""),
        (b"1", ""),
        (b'"timers"', ""),
        (b'{"data": []}', "data"),
        (b'{"data": [{"type": "timers"}]}', "data"),
        (b'{"data": "timers"}', "data"),
        (b'{"data": 0}', "data"),
        (b'{"data": {"attributes": []}}', "data/attributes"),
        (b'{"data": {"attributes": "x"}}', "data/attributes"),
        (b'{"data": {"attributes": false}}', "data/attributes"),
        (b'{"data": {"relationships": []}}', "data/relationships"),
        (b'{"data": {"relationships": 1}}', "data/relationships"),
    ],
)
def test_non_object_is_reported_with_its_pointer(body: bytes, pointer: str) -> None:
    with pytest.raises(MalformedDocument) as raised:
        read_document(body, "timers")
    assert raised.value.source == {"pointer": pointer}


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"attributes": {"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}}",
        b'{"data": {"attributes": ' + b'{"x": ' * 50_000 + b"1" + b"}" * 50_000 + b"}}",
        b'{"unknown": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
    ids=["arrays", "objects", "unused member"],
)
def test_deep_nesting_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedDocument, match="deep"):
        read_document(body, "timers")


@pytest.mark.parametrize("type_", ["time_entries", "time-entries", None, "", " "])
def test_type_with_dashes_or_missing_type_is_accepted(type_: str | None) -> None:
    assert read_document(_body({"type": type_}), "time_entries") == Document()


@pytest.mark.parametrize("body", [b"{}", b'{"data": null}', b'{"meta": {}}'])
def test_body_needs_data_where_it_is_not_optional(body: bytes) -> None:
    with pytest.raises(MalformedDocument) as caught:
        read_document(body, "timers", needs_data=True)
    assert caught.value.source == {"pointer": "data"}
    assert read_document(b"", "timers", needs_data=True) == Document({}, {})


def test_list_of_resources_is_rejected_with_the_reason() -> None:
    with pytest.raises(MalformedDocument, match="not a list") as caught:
        read_document(b'{"data": [{"type": "timers"}]}', "timers")
    assert caught.value.source == {"pointer": "data"}


@pytest.mark.parametrize(
    "type_", ["timer", "Timers", "time_entries", " timers", 5, True, ["timers"], {}]
)
def test_wrong_type_is_a_conflict(type_: object) -> None:
    with pytest.raises(TypeConflict) as raised:
        read_document(_body({"type": type_}), "timers")
    assert raised.value.source == {"pointer": "data/type"}


@pytest.mark.parametrize("id_", ["12", 12, "abc", 0, False, [], {}])
def test_client_generated_id_is_rejected(id_: object) -> None:
    with pytest.raises(AccessDenied):
        read_document(_body({"type": "timers", "id": id_}), "timers")


@pytest.mark.parametrize("id_", ["16", 16, None, "", " "])
def test_id_equal_to_the_url_or_missing_is_accepted(id_: object) -> None:
    assert read_document(_body({"id": id_}), "timers", "16") == Document()


@pytest.mark.parametrize("id_", ["17", 17, "016", "abc", 16.0, True, False, ["16"], {"id": "16"}])
def test_id_different_from_the_url_is_a_conflict(id_: object) -> None:
    with pytest.raises(IdConflict) as raised:
        read_document(_body({"id": id_}), "timers", "16")
    assert raised.value.source == {"pointer": "data/id"}


# Inputs


def _relationship(id_: object, type_: object = "time_entries") -> dict[str, Any]:
    return {"time_entry": {"data": {"type": type_, "id": id_}}}


@pytest.mark.parametrize(
    ("document", "parameters"),
    [
        pytest.param(Document({}, _relationship("364")), [], id="a relationship"),
        pytest.param(Document({}, _relationship(364)), [], id="a relationship with a number"),
        pytest.param(
            Document({}, _relationship(" 364 ")), [], id="a relationship with surrounding spaces"
        ),
        pytest.param(
            Document({}, _relationship("364", "time-entries")), [], id="a type with dashes"
        ),
        pytest.param(Document({}, _relationship("364", None)), [], id="a type of null"),
        pytest.param(Document({}, _relationship("364", "")), [], id="a blank type"),
        pytest.param(Document({}, {"time_entry": {"data": {"id": "364"}}}), [], id="no type"),
        pytest.param(Document({"time_entry_id": "364"}), [], id="an attribute"),
        pytest.param(Document({"time_entry_id": 364}), [], id="an attribute with a number"),
        pytest.param(Document(), [("time_entry_id", "364")], id="a parameter"),
        pytest.param(
            Document(), [("x", "1"), ("time_entry_id", "364")], id="one of several parameters"
        ),
        pytest.param(
            Document({"time_entry_id": 7}, _relationship("364")),
            [("time_entry_id", "8")],
            id="the relationship has priority over the attribute",
        ),
        pytest.param(
            Document({"time_entry_id": "364"}),
            [("time_entry_id", "8")],
            id="the attribute has priority over the parameter",
        ),
        pytest.param(
            Document({"time_entry_id": "nonsense"}, _relationship("364")),
            [("time_entry_id", "nonsense")],
            id="lower-priority sources are not read",
        ),
    ],
)
def test_id_is_read_from_every_input_source(document: Document, parameters: Parameters) -> None:
    assert TIME_ENTRY.read(document, parameters) == 364


@pytest.mark.parametrize(
    "relationship",
    [
        None,
        {},
        {"data": None},
        {"meta": {"included": False}},
        {"data": {}},
        {"data": {"type": "time_entries"}},
        {"data": {"type": "time_entries", "id": None}},
        {"data": {"type": "time_entries", "id": ""}},
        {"data": {"type": "time_entries", "id": " "}},
        {"data": {"type": "services", "id": ""}},
    ],
)
@pytest.mark.parametrize("attribute", [None, "", "  "])
@pytest.mark.parametrize("parameters", [[], [("time_entry_id", "")], [("time_entry_id", " ")]])
def test_null_and_blank_count_as_absent(
    relationship: object, attribute: object, parameters: Parameters
) -> None:
    document = Document({"time_entry_id": attribute}, {"time_entry": relationship})
    assert TIME_ENTRY.read(document, parameters) is None


def test_blank_source_falls_back_to_the_next_source() -> None:
    assert TIME_ENTRY.read(Document({"time_entry_id": 364}, _relationship(""))) == 364
    document = Document({"time_entry_id": " "}, {"time_entry": {"data": None}})
    assert TIME_ENTRY.read(document, [("time_entry_id", "364")]) == 364


@pytest.mark.parametrize(
    "value", [0, -1, 1.5, 364.0, True, False, [], ["364"], {}, {"id": 364}, "abc", "3 64", 10**30]
)
def test_invalid_id_is_an_invalid_attribute(value: object) -> None:
    for document in (Document({"time_entry_id": value}), Document({}, _relationship(value))):
        with pytest.raises(InvalidAttribute) as raised:
            TIME_ENTRY.read(document)
        assert raised.value.source == {"pointer": "data/attributes/time_entry"}


def test_invalid_id_parameter_is_an_invalid_attribute() -> None:
    with pytest.raises(InvalidAttribute):
        TIME_ENTRY.read(Document(), [("time_entry_id", "abc")])


@pytest.mark.parametrize("type_", ["services", "time_entry", 5, ["time_entries"]])
def test_relationship_of_another_type_is_invalid(type_: object) -> None:
    with pytest.raises(InvalidAttribute, match="time_entries") as raised:
        TIME_ENTRY.read(Document({}, _relationship("364", type_)))
    assert raised.value.source == {"pointer": "data/attributes/time_entry"}


@pytest.mark.parametrize(
    ("relationship", "pointer"),
    [
        ([], "data/relationships/time_entry"),
        ("364", "data/relationships/time_entry"),
        (364, "data/relationships/time_entry"),
        (False, "data/relationships/time_entry"),
        ({"data": []}, "data/relationships/time_entry/data"),
        ({"data": [{"type": "time_entries", "id": "364"}]}, "data/relationships/time_entry/data"),
        ({"data": "364"}, "data/relationships/time_entry/data"),
        ({"data": 364}, "data/relationships/time_entry/data"),
    ],
)
def test_malformed_relationship_is_reported_with_its_pointer(
    relationship: object, pointer: str
) -> None:
    with pytest.raises(MalformedDocument) as raised:
        TIME_ENTRY.read(Document({}, {"time_entry": relationship}))
    assert raised.value.source == {"pointer": pointer}


def test_unused_relationships_are_not_validated() -> None:
    document = Document({}, {"organization": [], **_relationship("364")})
    assert TIME_ENTRY.read(document) == 364


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T08:00:00Z",
        "2026-03-02T09:00:00.000+01:00",
        "2026-03-02T13:45:00.999+0545",
        " 2026-03-02T08:00Z ",
    ],
)
def test_timestamp_with_any_offset_is_accepted(value: str) -> None:
    assert STARTED_AT.read(Document({"started_at": value})) == 1_772_438_400


@pytest.mark.parametrize("value", [None, "", " "])
def test_timestamp_may_be_absent(value: object) -> None:
    assert STARTED_AT.read(Document({"started_at": value})) is None


@pytest.mark.parametrize(
    "value",
    ["2026-03-02T08:00:00", "2026-03-02", "now", "\x00", 1_772_438_400, 0, True, [], {"at": 1}],
)
def test_invalid_timestamp_is_an_invalid_attribute(value: object) -> None:
    with pytest.raises(InvalidAttribute) as raised:
        STARTED_AT.read(Document({"started_at": value}))
    assert raised.value.source == {"pointer": "data/attributes/started_at"}


# Random bodies

_members = st.sampled_from(
    ["data", "type", "id", "attributes", "relationships", "time_entry", "time_entry_id", "x"]
)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "364", "timers", "time-entries", "2026-03-02T08:00:00Z"])
)
_json = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_members, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=40) | _json.map(lambda value: json.dumps(value).encode()) | _json.map(_body)
)
def test_any_body_is_read_or_rejected_with_a_known_error(body: bytes) -> None:
    assert type(_read_or_error(body)) in (
        type(None),
        int,
        MalformedDocument,
        TypeConflict,
        IdConflict,
        InvalidAttribute,
    )


def _read_or_error(body: bytes) -> object:
    try:
        return TIME_ENTRY.read(read_document(body, "timers", "16"))
    except StintError as error:
        return error


@pytest.mark.parametrize("number", ["1e999", "9" * 5000])
def test_number_out_of_range_is_reported_with_its_parent_pointer(number: str) -> None:
    body = f'{{"data": {{"attributes": {{"x": {number}}}}}}}'.encode()
    with pytest.raises(MalformedDocument) as raised:
        read_document(body, "timers")
    assert raised.value.source == {"pointer": "data/attributes"}


def test_invalid_utf_8_is_rejected_in_unused_members() -> None:
    with pytest.raises(MalformedDocument):
        read_document(b'{"foo": "\xff"}', "timers")
