"""``Content-Type`` and ``Accept`` of requests: contract section 1."""

import pytest

from chalicelib.core.errors import NotAcceptable, UnsupportedMediaType
from chalicelib.jsonapi.requests import CONTENT_TYPE, check_accept, check_content_type

JSON_API = "application/vnd.api+json"


def test_response_content_type_is_json_api() -> None:
    assert CONTENT_TYPE == "application/vnd.api+json; charset=utf-8"


@pytest.mark.parametrize(
    "header",
    [
        JSON_API,
        f" {JSON_API} ",
        "Application/Vnd.Api+JSON",
        f"{JSON_API};",
        f"{JSON_API}; ;",
        f"{JSON_API};charset=utf-8",
        f"{JSON_API}; charset=UTF-8",
        f'{JSON_API}; charset="utf-8"',
        f"{JSON_API}; Charset = utf-8",
        f'{JSON_API}; profile="https://example.com/a"',
        f'{JSON_API}; profile="https://example.com/a;ext=b, c"',
        f'{JSON_API}; profile="a \\"quoted; ext=x\\" word"; charset=utf-8',
        f"{JSON_API}; ext=bulk",
        f'{JSON_API};charset=utf-8;ext="bulk"',
        "application/json",
        "application/json; charset=utf-8",
        "application/json; ext=bulk",
    ],
)
def test_json_api_body_with_profile_or_utf_8_charset_is_accepted(header: str) -> None:
    check_content_type(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        ";",
        "application/jsonx",
        "application/json; charset=latin-1",
        "application/json; ext=atomic",
        "text/plain",
        "*/*",
        "application/vnd.api",
        f"{JSON_API}x",
        f"{JSON_API}, {JSON_API}",
        f"{JSON_API}; charset=latin-1",
        f"{JSON_API}; charset",
        f"{JSON_API}; charset=",
        f"{JSON_API}; q=1",
        f'{JSON_API}; ext="https://example.com/bulk"',
        f"{JSON_API}; ext",
        f'{JSON_API}; ext="bulk https://jsonapi.org/ext/atomic"',
        f'{JSON_API}; profile="a"; ext="b"',
        f'{JSON_API}; profile="a" ;version=1',
    ],
)
def test_other_content_types_and_parameters_are_rejected(header: str | None) -> None:
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
        # The header in the source document.
        "text/xml,application/xml,application/xhtml+xml,text/html;q=0.9,"
        "text/plain;q=0.8,image/png,*/*;q=0.5",
        JSON_API,
        JSON_API.upper(),
        f"{JSON_API};q=0.5",
        f"{JSON_API}; profile=a; q=0.5",
        f"{JSON_API}; ext=bulk",
        f"{JSON_API}; ext=atomic, {JSON_API}; ext=bulk; q=0.5",
        f'{JSON_API}; profile="x, {JSON_API}; ext=y"',
        f"{JSON_API}; ext=x, {JSON_API}",
        f"{JSON_API}, {JSON_API}; charset=utf-8",
        f"{JSON_API}; ext=x, {JSON_API}; profile=a",
        f"text/html, {JSON_API}",
    ],
)
def test_accept_with_one_valid_or_no_json_api_entry_is_accepted(header: str | None) -> None:
    check_accept(header)


@pytest.mark.parametrize(
    "header",
    [
        f"{JSON_API}; ext=x",
        f"{JSON_API}; charset=utf-8",
        f"{JSON_API}; ext=x; q=0.5",
        f"{JSON_API}; profile=a; ext=x",
        f"{JSON_API}; ext=x, {JSON_API}; version=1",
        f"{JSON_API}; ext=x, */*",
        f"text/html, {JSON_API.upper()}; EXT=x",
        f'{JSON_API}; ext="a, {JSON_API}"',
    ],
)
def test_accept_is_rejected_when_every_json_api_entry_has_parameters(header: str) -> None:
    with pytest.raises(NotAcceptable):
        check_accept(header)
