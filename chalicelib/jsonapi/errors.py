"""JSON:API error documents of the domain's errors. Contract section 7."""

from http import HTTPStatus
from typing import Any

from chalicelib.core.errors import StintError

ERROR_STATUS: dict[str, tuple[HTTPStatus, str]] = {
    "malformed_document": (HTTPStatus.BAD_REQUEST, "Malformed Document"),
    "invalid_parameter": (HTTPStatus.BAD_REQUEST, "Invalid Parameter"),
    "unsupported_filter": (HTTPStatus.BAD_REQUEST, "Unsupported Filter"),
    "unsupported_filter_operation": (HTTPStatus.BAD_REQUEST, "Unsupported Filter Operation"),
    "unsupported_filter_value_type": (HTTPStatus.BAD_REQUEST, "Unsupported Filter Value"),
    "sort_param_unsupported": (HTTPStatus.BAD_REQUEST, "Unsupported Sort"),
    "unsupported_include": (HTTPStatus.BAD_REQUEST, "Unsupported Include"),
    "keyset_conflict": (HTTPStatus.BAD_REQUEST, "Keyset Conflict"),
    "keyset_invalid_cursor": (HTTPStatus.BAD_REQUEST, "Invalid Cursor"),
    "query_too_broad": (HTTPStatus.BAD_REQUEST, "Query Too Broad"),
    "invalid_header": (HTTPStatus.BAD_REQUEST, "Invalid Header"),
    "invalid_auth_token": (HTTPStatus.UNAUTHORIZED, "Unauthenticated"),
    "no_organization_id": (HTTPStatus.FORBIDDEN, "Access Denied"),
    "access_denied": (HTTPStatus.FORBIDDEN, "Access Denied"),
    "record_not_found": (HTTPStatus.NOT_FOUND, "Record Not Found"),
    "live_unavailable": (HTTPStatus.NOT_FOUND, "Live Updates Unavailable"),
    "route_not_found": (HTTPStatus.NOT_FOUND, "Route Not Found"),
    "method_not_allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "Method Not Allowed"),
    "not_acceptable": (HTTPStatus.NOT_ACCEPTABLE, "Not Acceptable"),
    "type_conflict": (HTTPStatus.CONFLICT, "Conflict"),
    "id_conflict": (HTTPStatus.CONFLICT, "Conflict"),
    "conflict": (HTTPStatus.CONFLICT, "Conflict"),
    "timers_running": (HTTPStatus.CONFLICT, "Conflict"),
    "precondition_failed": (HTTPStatus.PRECONDITION_FAILED, "Precondition Failed"),
    "payload_too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Payload Too Large"),
    "unsupported_media_type": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"),
    "invalid_attribute": (HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid Attribute"),
    "overlaps_session": (HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid Attribute"),
    "period_closed": (HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid Attribute"),
    "idempotency_key_reused": (HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid Attribute"),
    "rate_limited": (HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests"),
    "server_error": (HTTPStatus.INTERNAL_SERVER_ERROR, "Server Error"),
    "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable"),
}
"""The HTTP status and the title of each error, by error code."""


def status_of(error: StintError) -> int:
    """Return the HTTP status of an error."""
    return ERROR_STATUS[error.code][0].value


def error_document(error: StintError, error_id: str | None = None) -> dict[str, Any]:
    """Return the document of an error. ``error_id`` identifies the error in the log."""
    status, title = ERROR_STATUS[error.code]
    error_object: dict[str, Any] = {} if error_id is None else {"id": error_id}
    error_object |= {
        "status": str(status.value),
        "code": error.code,
        "title": title,
        "detail": error.detail,
    }
    # Real clients read members of it without a check.
    error_object["source"] = error.source or {}
    if error.meta is not None:
        error_object["meta"] = error.meta
    return {"errors": [error_object]}
