"""Read responses: errors become exceptions."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

import httpx

from stint_client.errors import ApiError, ErrorObject, UnexpectedResponse
from stint_client.generated.types import Response

MEDIA_TYPE = "application/vnd.api+json"

_TRANSIENT = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}

Document = TypeVar("Document")
Parameters = ParamSpec("Parameters")


def _is_json_api(response: httpx.Response) -> bool:
    """Whether the response has a JSON:API document, or rightly none."""
    if response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return True
    return bool(response.headers.get("Content-Type", "").startswith(MEDIA_TYPE))


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of ``Retry-After``, a number or a date; None if it is absent or wrong."""
    text = response.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def is_transient(response: httpx.Response) -> bool:
    """Whether a repeat may succeed.

    A 409 ``conflict`` with ``Retry-After`` is a race that was lost. Without it, the record itself
    is in the way, and a repeat would be refused again.
    """
    if response.status_code in _TRANSIENT:
        return True
    if response.status_code != HTTPStatus.CONFLICT or "Retry-After" not in response.headers:
        return False
    return _read_errors(response)[0].code == "conflict"


def raise_for_errors(response: httpx.Response) -> None:
    """Raise ``ApiError`` or ``UnexpectedResponse`` if the response is not a success."""
    key = response.request.headers.get("Idempotency-Key")
    if not _is_json_api(response):
        raise _unexpected(response, key)
    if response.is_error:
        raise ApiError(response.status_code, _read_errors(response), retry_after(response), key)
    if response.is_redirect:
        raise _unexpected(response, key)


def _read_errors(response: httpx.Response) -> tuple[ErrorObject, ...]:
    """Return the error objects of a response.

    They are not read with the generated models: those raise if a newer server has a new code.
    """
    try:
        objects = response.json()["errors"]
        errors = tuple(_error(each) for each in objects)
    except (ValueError, KeyError, TypeError, AttributeError):
        errors = ()
    return errors or (ErrorObject("unknown", f"The server answered {response.status_code}."),)


def _unexpected(response: httpx.Response, key: str | None = None) -> UnexpectedResponse:
    """Return the exception for a response that is not stint's."""
    media_type = response.headers.get("Content-Type", "no content type").partition(";")[0]
    return UnexpectedResponse(
        f"This is not a response of stint: status {response.status_code}, {media_type}. "
        "Check the address of the API, and whether the network asks you to log in.",
        response.status_code,
        key,
    )


def call(
    function: Callable[Parameters, Response[Any]],
    *arguments: Parameters.args,
    **options: Parameters.kwargs,
) -> Response[Any]:
    """Call a generated function.

    :raises UnexpectedResponse: if it cannot read the document, such as that of a newer server.
    """
    try:
        return function(*arguments, **options)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnexpectedResponse(
            "This version of stint-client cannot read the response of the server. "
            f"Install a newer one. ({type(error).__name__}: {error})",
            HTTPStatus.OK,
        ) from error


def parsed(response: Response[Any], kind: type[Document]) -> Document:
    """Return the document that a generated function has read.

    :raises UnexpectedResponse: if it is not of this kind.
    """
    if isinstance(response.parsed, kind):
        return response.parsed
    raise UnexpectedResponse(
        f"The response is not the documented one: status {response.status_code}.",
        response.status_code,
    )


def _error(document: Mapping[str, Any]) -> ErrorObject:
    source = document.get("source") or {}
    return ErrorObject(
        code=str(document["code"]),
        detail=str(document["detail"]),
        title=str(document.get("title", "")),
        pointer=source.get("pointer"),
        parameter=source.get("parameter"),
        meta=document.get("meta") or {},
        id=document.get("id"),
    )
