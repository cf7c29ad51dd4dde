"""All errors that a caller can get, as one tree.

::

    StintError
    ├── MalformedDocument            the body is not a JSON:API document
    ├── ParameterError               a query parameter is invalid
    │   ├── InvalidParameter             unknown parameter, or invalid value
    │   ├── UnsupportedFilter            unknown filter
    │   ├── UnsupportedFilterOperation   unknown filter operator
    │   ├── UnsupportedFilterValue       filter value of the wrong type
    │   ├── UnsupportedSort              unknown sort field
    │   ├── UnsupportedInclude           unknown include path
    │   ├── CursorConflict               both a cursor and a page number
    │   ├── InvalidCursor                malformed cursor, or cursor of another list
    │   └── QueryTooBroad                the query reads too many records
    ├── InvalidHeader                a header has an invalid value
    ├── InvalidAuthToken             the token is missing, unknown or expired
    ├── NoOrganizationId             the organization header is missing or malformed
    ├── AccessDenied                 the caller lacks the permission
    ├── RecordNotFound               the record does not exist, or the caller cannot view it
    ├── LiveUnavailable              this stage has no live updates
    ├── RouteNotFound                the path does not exist
    ├── MethodNotAllowed             the path does not support the method
    ├── NotAcceptable                the Accept header excludes every supported media type
    ├── PayloadTooLarge              the body exceeds the limit
    ├── UnsupportedMediaType         the body is neither application/vnd.api+json nor JSON
    ├── TypeConflict                 the document has another type
    ├── IdConflict                   the document has another id than the URL
    ├── Conflict                     concurrent modifications, also after all retries
    ├── TimersRunning                timers run in the period that is to be closed
    ├── PreconditionFailed           the record does not have the version in If-Match
    ├── InvalidAttribute             a value breaks a rule
    │   ├── OverlapsSession              the session would overlap another one
    │   └── PeriodClosed                 the time is in a closed period
    ├── IdempotencyKeyReused         the idempotency key belongs to another request
    ├── RateLimited                  too many requests
    ├── Unavailable                  the database throttles or does not respond
    └── ServerError                  an internal error

Each error has a stable ``code``, and a ``detail`` that says what the client can do.
``jsonapi/errors.py`` adds the HTTP status and the title. Contract section 7.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class StintError(Exception):
    """Base class of the errors.

    :param detail: a text for a person; None: the class's default.
    :param source: the part of the request that caused the error, as in JSON:API.
    :param meta: additional members of the error's ``meta``.
    :param retry_after: seconds after which the client can send the request again.
    """

    code: ClassVar[str]
    default_detail: ClassVar[str]

    def __init__(
        self,
        detail: str | None = None,
        *,
        source: Mapping[str, str] | None = None,
        meta: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.detail = detail or self.default_detail
        self.source = source
        self.meta = meta
        self.retry_after = retry_after
        super().__init__(self.detail)


class MalformedDocument(StintError):
    code = "malformed_document"
    default_detail = "The body is not a JSON:API document."

    def __init__(self, detail: str | None = None, *, pointer: str | None = None) -> None:
        super().__init__(detail, source=None if pointer is None else {"pointer": pointer})


class ParameterError(StintError):
    """An error in one query parameter. ``parameter`` is its name as the client sent it."""

    def __init__(self, parameter: str, detail: str | None = None) -> None:
        super().__init__(detail, source={"parameter": parameter})


class InvalidParameter(ParameterError):
    code = "invalid_parameter"
    default_detail = "This parameter is invalid."


class UnsupportedFilter(ParameterError):
    code = "unsupported_filter"
    default_detail = "This filter is not supported."


class UnsupportedFilterOperation(ParameterError):
    code = "unsupported_filter_operation"
    default_detail = "This filter operator is not supported."


class UnsupportedFilterValue(ParameterError):
    code = "unsupported_filter_value_type"
    default_detail = "This filter value is not supported."


class UnsupportedSort(ParameterError):
    code = "sort_param_unsupported"
    default_detail = "This sort field is not supported."


class UnsupportedInclude(ParameterError):
    code = "unsupported_include"
    default_detail = "This include path is not supported."


class CursorConflict(ParameterError):
    code = "keyset_conflict"
    default_detail = "Use either `page[after]` or `page[number]`, not both."


class InvalidCursor(ParameterError):
    code = "keyset_invalid_cursor"
    default_detail = "This cursor belongs to another list. Start again with an empty cursor."


class QueryTooBroad(ParameterError):
    """``parameter`` is the filter that narrows the query."""

    code = "query_too_broad"
    default_detail = (
        "This query reads too many records. Narrow it with this filter, or page with `page[after]`."
    )


class InvalidHeader(StintError):
    code = "invalid_header"
    default_detail = "This header is invalid."

    def __init__(self, header: str, detail: str | None = None) -> None:
        super().__init__(detail, source={"header": header})


class InvalidAuthToken(StintError):
    code = "invalid_auth_token"
    default_detail = (
        "The X-Auth-Token header is missing, or its token is unknown or expired. "
        "Send a valid token."
    )

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, source={"header": "X-Auth-Token"})


class NoOrganizationId(StintError):
    code = "no_organization_id"
    default_detail = (
        "The X-Organization-Id header is missing or is not a number. "
        "Send the id of your organization."
    )

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, source={"header": "X-Organization-Id"})


class AccessDenied(StintError):
    code = "access_denied"
    default_detail = "You do not have permission to do this."


class RecordNotFound(StintError):
    code = "record_not_found"
    default_detail = "The record does not exist, or you do not have access to it."


class LiveUnavailable(StintError):
    code = "live_unavailable"
    default_detail = "This server has no live updates. Load the lists again from time to time."


class RouteNotFound(StintError):
    code = "route_not_found"
    default_detail = (
        "This path does not exist. Check the URL: /api/v2/openapi.json lists all paths."
    )


class MethodNotAllowed(StintError):
    """``allowed`` are the methods that the path supports."""

    code = "method_not_allowed"
    default_detail = "This path does not support this method."

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"This path supports only {', '.join(allowed)}.")


class NotAcceptable(StintError):
    code = "not_acceptable"
    default_detail = (
        "Every application/vnd.api+json entry of the Accept header has a parameter other than "
        "`profile` and `ext=bulk`. Send an entry without parameters."
    )

    def __init__(self) -> None:
        super().__init__(source={"header": "Accept"})


class PayloadTooLarge(StintError):
    code = "payload_too_large"
    default_detail = "The body is too large. Send a smaller one."


class UnsupportedMediaType(StintError):
    code = "unsupported_media_type"
    default_detail = "Send the body with the header Content-Type: application/vnd.api+json."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, source={"header": "Content-Type"})


class TypeConflict(StintError):
    code = "type_conflict"
    default_detail = "The type of the document is not the type of this collection."

    def __init__(self, expected: str) -> None:
        super().__init__(f"Set `data.type` to `{expected}`.", source={"pointer": "data/type"})


class IdConflict(StintError):
    code = "id_conflict"
    default_detail = "The id of the document is not the id in the URL. Correct it or leave it out."

    def __init__(self) -> None:
        super().__init__(source={"pointer": "data/id"})


class Conflict(StintError):
    code = "conflict"
    default_detail = "Other requests changed the same records at the same time. Try again."


class TimersRunning(StintError):
    """A period cannot be closed while timers run in it.

    :param closed_until: the last date of the period.
    :param timer_ids: the running timers.
    """

    code = "timers_running"
    default_detail = "Timers are running in this period. Stop them, then close the period."

    def __init__(self, closed_until: str, timer_ids: Sequence[int]) -> None:
        are_running = "1 timer is" if len(timer_ids) == 1 else f"{len(timer_ids)} timers are"
        detail = (
            f"{are_running} running that started on or before {closed_until}, or on a time entry "
            "of such a date. Stop what `meta.timer_ids` names, then close the period."
        )
        super().__init__(
            detail,
            source={"pointer": "data/attributes/closed_until"},
            meta={"timer_ids": [str(timer_id) for timer_id in timer_ids]},
        )


class PreconditionFailed(StintError):
    code = "precondition_failed"
    default_detail = (
        "The If-Match header does not name the present version of this record: it has changed "
        "since you read it. Get it again, then send its new ETag."
    )

    def __init__(self) -> None:
        super().__init__(source={"header": "If-Match"})


class InvalidAttribute(StintError):
    """A value breaks a rule. ``name`` becomes the pointer ``data/attributes/{name}``."""

    code = "invalid_attribute"
    default_detail = "attribute is invalid"

    def __init__(
        self, name: str, detail: str | None = None, *, meta: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail, source={"pointer": f"data/attributes/{name}"}, meta=meta)


class OverlapsSession(InvalidAttribute):
    """A session overlaps another one of the same person.

    :param name: the attribute that has the wrong time.
    :param timer_id: the timer in the way; None: unknown.
    :param earliest: the first possible start of a running timer, in the format of the API. None:
        the session is over, and may also lie before the other one.
    """

    code = "overlaps_session"

    def __init__(self, name: str, timer_id: int | None, earliest: str | None = None) -> None:
        meta: dict[str, object] = {}
        session = "Another session"
        if timer_id is not None:
            meta["conflicting_timer_id"] = str(timer_id)
            session = f"Timer {timer_id}"
        detail = f"{session} of this person overlaps this time. Use other times, or edit that one."
        if earliest is not None:
            meta["earliest_started_at"] = earliest
            detail = (
                f"{session} of this person ends later, and a running timer lasts until now. "
                f"Start at {earliest} or later, or add `stopped_at` if this session is over."
            )
        super().__init__(name, detail, meta=meta)


class PeriodClosed(InvalidAttribute):
    """What is dated in a closed period is not made, changed or deleted. Contract section 10a.

    :param name: the attribute with the date.
    :param closed_until: the last date of the period.
    :param dated: a sentence that says what is in the period.
    """

    code = "period_closed"
    default_detail = "This period is closed: its time cannot be changed."

    def __init__(self, name: str, closed_until: str, dated: str) -> None:
        detail = (
            f"{dated} The period up to {closed_until} is closed: its time cannot be changed. "
            "Use a later date, or ask an admin to open the period."
        )
        super().__init__(name, detail, meta={"closed_until": closed_until})


class IdempotencyKeyReused(StintError):
    code = "idempotency_key_reused"
    default_detail = (
        "This idempotency key was used with another method, path, query or body. Use a new key."
    )

    def __init__(self) -> None:
        super().__init__(source={"header": "Idempotency-Key"})


class RateLimited(StintError):
    code = "rate_limited"
    default_detail = "You sent too many requests. Wait, then try again."


class Unavailable(StintError):
    code = "unavailable"
    default_detail = "The database is not available at the moment. Try again in a few seconds."


class ServerError(StintError):
    code = "server_error"
    default_detail = "An internal error occurred. Quote the `id` of this error when you report it."
