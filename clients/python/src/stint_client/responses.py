"""Read responses: errors become exceptions."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

import httpx

from stint_client.errors import ErrorObject, UnexpectedResponse
from stint_client.generated.types import Response

MEDIA_TYPE = "application/vnd.api+json"

Document = TypeVar("Document")
Parameters = ParamSpec("Parameters")


def is_json_api(response: httpx.Response) -> bool:
    """Whether the response has a JSON:API document, or rightly none."""
    if response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return True
    return bool(response.headers.get("Content-Type", "").startswith(MEDIA_TYPE))


def read_errors(response: httpx.Response) -> tuple[ErrorObject, ...]:
    """Return the error objects of a response.

    They are not read with the generated models: those raise if a newer server has a new code.
    """
    try:
        objects = response.json()["errors"]
        errors = tuple(_error(each) for each in objects)
    except (ValueError, KeyError, TypeError, AttributeError):
        errors = ()
    return errors or (ErrorObject("unknown", f"The server answered {response.status_code}."),)


def unexpected(response: httpx.Response, key: str | None = None) -> UnexpectedResponse:
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
