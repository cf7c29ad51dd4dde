"""An invalid request returns a JSON:API error, never a 500, and writes nothing."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import JSON_API, Api
from tests.support.fixtures import ADMINS_ENTRY
from tests.support.table_snapshots import snapshot

LARGE_BODY = b'{"data": {"type": "timers", "attributes": {"x": "' + b"x" * 1_000_000 + b'"}}}'

BODIES = {
    "malformed": (b'{"data": ', 400, "malformed_document", None),
    "not JSON": (b"time_entry_id=364", 400, "malformed_document", None),
    "two documents": (b"{} {}", 400, "malformed_document", None),
    "not UTF-8": (b'{"data": {"type": "\xff\xfe"}}', 400, "malformed_document", None),
    "UTF-16": ('{"data": null}'.encode("utf-16"), 400, "malformed_document", None),
    "NaN": (b'{"data": {"attributes": {"x": NaN}}}', 400, "malformed_document", None),
    "array": (b"[]", 400, "malformed_document", ""),
    "string": (b'"timers"', 400, "malformed_document", ""),
    "null": (b"null", 400, "malformed_document", ""),
    "data is an array": (b'{"data": []}', 400, "malformed_document", "data"),
    "data is a string": (b'{"data": "timers"}', 400, "malformed_document", "data"),
    "attributes is an array": (
        b'{"data": {"attributes": [1]}}',
        400,
        "malformed_document",
        "data/attributes",
    ),
    "relationships is an array": (
        b'{"data": {"relationships": []}}',
        400,
        "malformed_document",
        "data/relationships",
    ),
    "relationship is an array": (
        b'{"data": {"relationships": {"time_entry": []}}}',
        400,
        "malformed_document",
        "data/relationships/time_entry",
    ),
    "to-one data is an array": (
        b'{"data": {"relationships": {"time_entry": {"data": [{"id": "364"}]}}}}',
        400,
        "malformed_document",
        "data/relationships/time_entry/data",
    ),
    "deep nesting in a large body": (
        b'{"data": ' + b'{"attributes": {"x": ' * 100_000,
        413,
        "payload_too_large",
        None,
    ),
    "deep nesting in a small body": (
        b'{"data": {"attributes": {"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}}",
        400,
        "malformed_document",
        None,
    ),
    "large body": (LARGE_BODY, 413, "payload_too_large", None),
    "wrong type": (b'{"data": {"type": "tasks"}}', 409, "type_conflict", "data/type"),
    "type is a number": (b'{"data": {"type": 7}}', 409, "type_conflict", "data/type"),
    "client-generated id": (
        b'{"data": {"type": "timers", "id": "12"}}',
        403,
        "access_denied",
        None,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_invalid_body_is_rejected_and_writes_nothing(
    admin: Api, connection: Connection, name: str
) -> None:
    body, status, code, pointer = BODIES[name]
    before = snapshot(connection)
    response = admin.send("POST", "/timers", body, {"Content-Type": JSON_API})
    assert (response.status, response.error["code"]) == (status, code)
    if pointer is not None:
        assert response.error["source"]["pointer"] == pointer
    assert response.headers["Content-Type"] == f"{JSON_API}; charset=utf-8"
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        'application/vnd.api+json; ext="https://example.com/ext"',
        "application/vnd.api+json; charset=latin-1",
        "application/vnd.api+json; version=2",
        "multipart/form-data; boundary=x",
    ],
)
def test_unsupported_content_type_is_rejected_and_writes_nothing(
    admin: Api, connection: Connection, content_type: str | None
) -> None:
    before = snapshot(connection)
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = b'{"data": {"attributes": {"time_entry_id": %d}}}' % ADMINS_ENTRY
    response = admin.send("POST", "/timers", body, headers)
    assert (response.status, response.error["code"]) == (415, "unsupported_media_type")
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    "content_type",
    [
        JSON_API,
        f"{JSON_API}; charset=utf-8",
        f'{JSON_API};charset="UTF-8"',
        f'{JSON_API}; profile="https://example.com/a https://example.com/b"',
        JSON_API.upper(),
    ],
)
def test_content_type_can_have_a_charset_and_a_profile(admin: Api, content_type: str) -> None:
    body = b'{"data": {"attributes": {"time_entry_id": %d}}}' % ADMINS_ENTRY
    assert admin.send("POST", "/timers", body, {"Content-Type": content_type}).status == 201


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "nonsense"])
def test_content_type_is_ignored_without_a_body(admin: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    assert admin.send("GET", "/timers", headers=headers).status == 200
    path = f"/timers?time_entry_id={ADMINS_ENTRY}"
    assert admin.send("POST", path, headers=headers).status == 201


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("text/html", 200),
        (JSON_API, 200),
        (f'{JSON_API}; profile="x"', 200),
        (f'{JSON_API}; ext="x"', 406),
        (f'{JSON_API}; ext="x", {JSON_API}', 200),
        (f'{JSON_API}; ext="a, b", text/html', 406),
        (f"{JSON_API};q=0.9", 200),
        (f"{JSON_API};charset=utf-8", 406),
    ],
)
def test_accept_header_is_negotiated(admin: Api, accept: str, status: int) -> None:
    response = admin.send("GET", "/timers", headers={"Accept": accept})
    assert response.status == status
    if status != 200:
        assert response.error["code"] == "not_acceptable"
