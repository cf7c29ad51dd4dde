"""Contract section 1: request type and Accept."""

import pytest

from chalicelib.domain.errors import NotAcceptable, UnsupportedMediaType
from chalicelib.jsonapi.media_types import CONTENT_TYPE, check_accept, check_content_type

OURS = "application/vnd.api+json"


def test_answers_say_what_they_are() -> None:
    assert CONTENT_TYPE == "application/vnd.api+json; charset=utf-8"


@pytest.mark.parametrize(
    "header",
    [
        OURS,
        f" {OURS} ",
        "Application/Vnd.Api+JSON",
        f"{OURS};",
        f"{OURS}; ;",
        f"{OURS};charset=utf-8",
        f"{OURS}; charset=UTF-8",
        f'{OURS}; charset="utf-8"',
        f"{OURS}; Charset = utf-8",
        f'{OURS}; profile="https://example.com/a"',
        f'{OURS}; profile="https://example.com/a;ext=b, c"',
        f'{OURS}; profile="a \\"quoted; ext=x\\" word"; charset=utf-8',
    ],
)
def test_a_body_is_json_api_with_a_profile_or_utf_8_at_the_most(header: str) -> None:
    check_content_type(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        ";",
        "application/json",
        "text/plain",
        "*/*",
        "application/vnd.api",
        f"{OURS}x",
        f"{OURS}, {OURS}",
        f"application/json; profile={OURS}",
        f"{OURS}; charset=latin-1",
        f"{OURS}; charset",
        f"{OURS}; charset=",
        f"{OURS}; q=1",
        f'{OURS}; ext="https://example.com/bulk"',
        f"{OURS}; ext",
        f'{OURS}; profile="a"; ext="b"',
        f'{OURS}; profile="a" ;version=1',
    ],
)
def test_a_body_of_another_type_or_with_other_parameters_is_refused(header: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_content_type(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "*/*",
        "text/html",
        "application/json",
        "application/json; ext=x",
        # The source document's own.
        "text/xml,application/xml,application/xhtml+xml,text/html;q=0.9,"
        "text/plain;q=0.8,image/png,*/*;q=0.5",
        OURS,
        OURS.upper(),
        f"{OURS};q=0.5",
        f"{OURS}; profile=a; q=0.5",
        f'{OURS}; profile="x, {OURS}; ext=y"',
        f"{OURS}; ext=x, {OURS}",
        f"{OURS}, {OURS}; charset=utf-8",
        f"{OURS}; ext=x, {OURS}; profile=a",
        f"text/html, {OURS}",
    ],
)
def test_an_answer_is_given_where_one_entry_allows_it_or_none_is_ours(header: str | None) -> None:
    check_accept(header)


@pytest.mark.parametrize(
    "header",
    [
        f"{OURS}; ext=x",
        f"{OURS}; charset=utf-8",
        f"{OURS}; ext=x; q=0.5",
        f"{OURS}; profile=a; ext=x",
        f"{OURS}; ext=x, {OURS}; version=1",
        f"{OURS}; ext=x, */*",
        f"text/html, {OURS.upper()}; EXT=x",
        f'{OURS}; ext="a, {OURS}"',
    ],
)
def test_no_answer_is_given_where_every_entry_of_ours_carries_parameters(header: str) -> None:
    with pytest.raises(NotAcceptable):
        check_accept(header)
