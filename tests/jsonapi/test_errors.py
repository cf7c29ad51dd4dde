"""Error documents: the source document and contract section 7."""

from collections.abc import Iterator

import pytest

from chalicelib.core import errors
from chalicelib.core.errors import InvalidAttribute, RecordNotFound, ServerError, StintError
from chalicelib.jsonapi.errors import ERROR_STATUS, error_document, status_of


def _codes(parent: type[StintError] = StintError) -> Iterator[str]:
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            if "code" in vars(child):
                yield child.code
            yield from _codes(child)


def test_error_statuses_cover_every_error_code() -> None:
    assert set(ERROR_STATUS) == set(_codes())


@pytest.mark.parametrize(
    ("code", "status", "title"),
    [
        ("malformed_document", 400, "Malformed Document"),
        ("invalid_parameter", 400, "Invalid Parameter"),
        ("unsupported_filter", 400, "Unsupported Filter"),
        ("unsupported_filter_value_type", 400, "Unsupported Filter Value"),
        ("sort_param_unsupported", 400, "Unsupported Sort"),
        ("unsupported_include", 400, "Unsupported Include"),
        ("invalid_auth_token", 401, "Unauthenticated"),
        ("no_organization_id", 403, "Access Denied"),
        ("access_denied", 403, "Access Denied"),
        ("record_not_found", 404, "Record Not Found"),
        ("type_conflict", 409, "Conflict"),
        ("id_conflict", 409, "Conflict"),
        ("conflict", 409, "Conflict"),
        ("invalid_attribute", 422, "Invalid Attribute"),
        ("overlaps_session", 422, "Invalid Attribute"),
    ],
)
def test_status_and_title_match_the_contract(code: str, status: int, title: str) -> None:
    assert ERROR_STATUS[code] == (status, title)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("unsupported_filter_operation", 400),
        ("invalid_header", 400),
        ("route_not_found", 404),
        ("method_not_allowed", 405),
        ("not_acceptable", 406),
        ("payload_too_large", 413),
        ("unsupported_media_type", 415),
        ("idempotency_key_reused", 422),
        ("server_error", 500),
        ("unavailable", 503),
    ],
)
def test_status_matches_the_contract_when_no_title_is_specified(code: str, status: int) -> None:
    assert ERROR_STATUS[code][0] == status


def test_status_of_returns_the_status_of_an_error() -> None:
    assert (status_of(RecordNotFound()), status_of(InvalidAttribute("service"))) == (404, 422)


def test_invalid_service_error_equals_the_source_document() -> None:
    document = error_document(InvalidAttribute("service"))
    assert document == {
        "errors": [
            {
                "status": "422",
                "code": "invalid_attribute",
                "title": "Invalid Attribute",
                "detail": "attribute is invalid",
                "source": {"pointer": "data/attributes/service"},
            }
        ]
    }
    assert list(document["errors"][0]) == ["status", "code", "title", "detail", "source"]


def test_error_that_points_nowhere_has_an_empty_source() -> None:
    error = error_document(RecordNotFound())["errors"][0]
    assert list(error) == ["status", "code", "title", "detail", "source"]
    assert error["source"] == {}


def test_error_document_contains_the_meta_of_the_error() -> None:
    overlap = errors.OverlapsSession("started_at", 11, "2026-03-02T09:00:00.000+01:00")
    error = error_document(overlap)["errors"][0]
    assert list(error) == ["status", "code", "title", "detail", "source", "meta"]
    assert error["meta"] == {
        "conflicting_timer_id": "11",
        "earliest_started_at": "2026-03-02T09:00:00.000+01:00",
    }


def test_error_document_contains_the_passed_id() -> None:
    error = error_document(ServerError(), "1f0c")["errors"][0]
    assert list(error) == ["id", "status", "code", "title", "detail", "source"]
    assert error["id"] == "1f0c"


def test_empty_pointer_to_the_whole_body_is_preserved() -> None:
    error = error_document(errors.MalformedDocument(pointer=""))["errors"][0]
    assert error["source"] == {"pointer": ""}
