"""What can go wrong: one tree of exceptions.

``StintError``
    ``ApiError``: the server refused the request, or failed
    ``ConnectionFailed``: there was no response
    ``UnexpectedResponse``: the response does not come from stint
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SERVER_ERRORS = 500


class StintError(Exception):
    """Base of all exceptions of this package.

    :ivar is_outcome_unknown: whether a write may have been done nevertheless.
    :ivar idempotency_key: the key of the write that failed; None for a read. Call the same method
        with the same arguments and this key: what was done is not done twice. Keys are good for
        24 hours.
    """

    is_outcome_unknown: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorObject:
    """An error object of JSON:API.

    :param code: stable, for programs, such as ``overlaps_session``.
    :param detail: what is wrong and what to do, for people.
    :param pointer: the part of the document, such as ``data/attributes/service``.
    :param parameter: the parameter of the query, such as ``filter[person_id]``.
    :param meta: more facts, such as ``reason`` or ``conflicting_timer_id``.
    :param id: the id of a 500 error, to quote in reports.
    """

    code: str
    detail: str
    title: str = ""
    pointer: str | None = None
    parameter: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


class ApiError(StintError):
    """The server refused the request, or failed, also after the retries.

    :ivar status: the HTTP status.
    :ivar errors: the error objects; at least one.
    :ivar retry_after: seconds after which a repeat makes sense; None: the server did not say.
    """

    def __init__(
        self,
        status: int,
        errors: tuple[ErrorObject, ...],
        retry_after: float | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self.status = status
        self.errors = errors
        self.retry_after = retry_after
        self.idempotency_key = idempotency_key
        self.is_outcome_unknown = status >= _SERVER_ERRORS and idempotency_key is not None
        super().__init__(f"{status} {self.code}: {' '.join(each.detail for each in errors)}")

    @property
    def code(self) -> str:
        """The code of the first error."""
        return self.errors[0].code

    @property
    def detail(self) -> str:
        """The detail of the first error."""
        return self.errors[0].detail

    @property
    def meta(self) -> Mapping[str, Any]:
        """The meta of the first error."""
        return self.errors[0].meta


class ConnectionFailed(StintError):
    """There was no response, also after the retries.

    The outcome of a write is known, nothing was done, if no connection was made.
    """

    def __init__(
        self, message: str, idempotency_key: str | None = None, *, is_outcome_unknown: bool
    ) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key
        self.is_outcome_unknown = is_outcome_unknown


class UnexpectedResponse(StintError):
    """The response is not that of a stint server: a wrong address, or a login page of a network.

    :ivar status: the HTTP status.
    """

    def __init__(self, message: str, status: int, idempotency_key: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.idempotency_key = idempotency_key
        self.is_outcome_unknown = idempotency_key is not None
