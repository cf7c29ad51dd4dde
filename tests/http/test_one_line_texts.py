"""Names, titles, addresses and other short texts are one line without control characters.

Contract section 11. Such a text is shown in terminals and on pages, which obey these characters.
"""

import unicodedata

import pytest

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.validation import escape_control_characters, find_control_character
from chalicelib.jsonapi.input_types import text_input
from chalicelib.jsonapi.inputs import Input
from chalicelib.jsonapi.requests import Document
from chalicelib.jsonapi.resource import Kind
from chalicelib.registry import build_routes
from tests.support.api import JSON_API, Api
from tests.support.fixtures import MEMBER, MEMBERS_ENTRY

DIRECTIONS = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
REFUSED = [
    *(code for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Zl", "Zp")),
    *DIRECTIONS,
    0xD800,
    0xDFFF,
]
ACCEPTED = [
    "Ana Horvat",
    "José Ñúñez-Ó Briain",
    "山田 太郎",
    "نیم‌فاصله",  # Persian, with a zero-width non-joiner.
    "👩‍💻 crew",  # With a zero-width joiner.
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "עברית",
    "co\u00adoperate",
    "e\u0301",
    "a\u00a0b",
]


@pytest.mark.parametrize("code", REFUSED, ids=lambda code: f"U+{code:04X}")
def test_control_character_in_one_line_is_rejected(code: int) -> None:
    name = text_input("name", "The name.")
    with pytest.raises(InvalidAttribute) as raised:
        name.read(Document(attributes={"name": f"a{chr(code)}b"}))
    assert raised.value.detail == (
        f"Use one line of text, without control characters: remove U+{code:04X}."
    )
    assert raised.value.source == {"pointer": "data/attributes/name"}


@pytest.mark.parametrize("text", ACCEPTED)
def test_letters_of_all_scripts_are_accepted(text: str) -> None:
    assert find_control_character(text) is None
    assert escape_control_characters(text) == text
    assert text_input("name", "The name.").read(Document(attributes={"name": text})) == text


def test_whitespace_around_a_text_is_removed_as_before() -> None:
    assert text_input("name", "The name.").read(Document(attributes={"name": "\tAna\n"})) == "Ana"


def text_inputs(dependencies: Dependencies) -> list[Input]:
    return [
        declared
        for route in build_routes(dependencies)
        for declared in route.inputs
        if declared.kind is Kind.TEXT and declared.choices is None
    ]


def test_only_notes_have_several_lines(dependencies: Dependencies) -> None:
    inputs = text_inputs(dependencies)
    assert {declared.name for declared in inputs if declared.multiline} == {"note"}
    assert {"name", "email", "title", "url", "time_zone"} <= {declared.name for declared in inputs}


@pytest.mark.parametrize("name", ["first_name", "title", "nickname", "email", "time_zone"])
def test_person_with_a_control_character_is_rejected(admin: Api, name: str) -> None:
    document = {"data": {"type": "people", "attributes": {name: "a\u202eb@example.com"}}}
    response = admin.patch(f"/people/{MEMBER}", document)
    assert (response.status, response.error["source"]["pointer"]) == (
        422,
        f"data/attributes/{name}",
    )
    assert "U+202E" in response.error["detail"]


def test_note_keeps_its_lines(member: Api) -> None:
    note = "first\r\nsecond\n\tindented"
    response = member.edit_entry(MEMBERS_ENTRY, note=note)
    assert (response.status, response.attributes["note"]) == (200, note)


@pytest.mark.parametrize("name", ["note", "time_zone"])
def test_half_of_a_surrogate_pair_is_rejected(admin: Api, name: str) -> None:
    body = b'{"data": {"attributes": {"%s": "a\\ud800b"}}}' % name.encode()
    response = admin.send(
        "PATCH", f"/time_entries/{MEMBERS_ENTRY}", body, {"Content-Type": JSON_API}
    )
    assert (response.status, response.error["code"]) == (400, "malformed_document")
