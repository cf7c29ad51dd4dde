"""Content negotiation and request documents. Contract sections 1 and 3.

Real clients send nulls, unknown attributes, relationships without a type, and type names with
dashes. These are accepted. Members that the API does not use are not validated.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from chalicelib.core.errors import (
    AccessDenied,
    IdConflict,
    MalformedDocument,
    NotAcceptable,
    TypeConflict,
    UnsupportedMediaType,
)
from chalicelib.core.ids import parse_id

JSON_API = "application/vnd.api+json"
CONTENT_TYPE = f"{JSON_API}; charset=utf-8"

# Generated clients send application/json. Some clients send ext=bulk with every write.
_BODY_TYPES = (JSON_API, "application/json")
_BULK = ("ext", "bulk")

# The parts between separators. A separator inside a quoted string does not count.
_PARTS = {mark: re.compile(rf'(?:[^{mark}"]|"(?:[^"\\]|\\.)*"?)+') for mark in ",;"}

_WEIGHT = re.compile(r"[01](\.[0-9]{0,3})?", re.ASCII)


class _ResourceObject(msgspec.Struct):
    type: Any = None
    id: Any = None
    attributes: dict[str, Any] | None = None
    relationships: dict[str, Any] | None = None


class _Document(msgspec.Struct):
    data: _ResourceObject | None = None


_decoder = msgspec.json.Decoder(_Document)


class Document(Struct, frozen=True):
    """The primary resource object of a request. It is empty if the body is empty.

    ``clock_skew`` are the seconds by which the client's clock is ahead of the server's.
    """

    attributes: Mapping[str, Any] = field(default_factory=dict)
    relationships: Mapping[str, Any] = field(default_factory=dict)
    clock_skew: int = 0


def read_document(
    body: bytes,
    type_: str,
    record_id: str | None = None,
    clock_skew: int = 0,
    *,
    needs_data: bool = False,
) -> Document:
    """Parse the document in a body. The body may be empty.

    :param type_: the resource type that the route expects.
    :param record_id: the id in the path; None on a route without an id.
    :param clock_skew: seconds by which the client's clock is ahead of the server's.
    :param needs_data: whether a body must have ``data``.
    :raises MalformedDocument: if the body is not a JSON:API document.
    :raises TypeConflict: if ``data.type`` is another type.
    :raises IdConflict: if ``data.id`` is another id than ``record_id``.
    :raises AccessDenied: if there is a ``data.id`` but no ``record_id``: clients cannot choose ids.
    """
    if not body.strip():
        return Document()
    data = _decode(body).data
    if data is None:
        if needs_data:
            detail = "Send one resource object as `data`, or no body."
            raise MalformedDocument(detail, pointer="data")
        return Document()
    if is_present(data.type) and (
        not isinstance(data.type, str) or normalize_type(data.type) != type_
    ):
        raise TypeConflict(type_)
    if is_present(data.id):
        if record_id is None:
            raise AccessDenied("The server assigns ids. Leave out `data.id`.")
        if parse_id(data.id) != parse_id(record_id):
            raise IdConflict
    return Document(data.attributes or {}, data.relationships or {}, clock_skew)


def _decode(body: bytes) -> _Document:
    try:
        # msgspec does not validate the UTF-8 of members that it skips.
        body.decode()
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _malformed_document(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedDocument("The body is not valid JSON in UTF-8.") from error
    except RecursionError as error:
        raise MalformedDocument("The body is nested too deeply.") from error


def _malformed_document(error: msgspec.ValidationError) -> MalformedDocument:
    # A message of msgspec: Expected `object | null`, got `array` - at `$.data.attributes`
    problem, _, location = str(error).partition(" - at ")
    # Inside a map, the location has no name: `$.data.attributes[...]`.
    path, _, _ = location.strip("`").partition("[")
    pointer = path.removeprefix("$").removeprefix(".").replace(".", "/")
    if pointer == "data" and "array" in problem:
        detail = "Send one resource object as `data`, not a list: there are no bulk requests."
        return MalformedDocument(detail, pointer=pointer)
    return MalformedDocument(f"{problem.replace('`', '')}.", pointer=pointer)


def is_present(value: Any) -> bool:
    """Return whether a value is neither null nor blank. Only sparse updates use such values."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def normalize_type(name: str) -> str:
    """Return a type with the API's spelling. Clients also write ``time-entries``."""
    return name.replace("-", "_")


def check_content_type(header: str | None) -> None:
    """Check the Content-Type: JSON:API, or JSON.

    Its only parameters are ``profile``, ``charset=utf-8`` and ``ext=bulk``. Raises
    :class:`UnsupportedMediaType`.
    """
    media_type, parameters = _parse(header or "")
    if media_type not in _BODY_TYPES:
        raise UnsupportedMediaType
    for name, value in parameters:
        if name != "profile" and (name, value) not in (("charset", "utf-8"), _BULK):
            raise UnsupportedMediaType


def check_accept(header: str | None) -> None:
    """Check the Accept header.

    Raises :class:`NotAcceptable` if every JSON:API entry has a parameter other than ``profile`` and
    ``ext=bulk``. A header without a JSON:API entry is accepted: browsers and proxies send many
    different types.
    """
    entries = [_parse(entry) for entry in _PARTS[","].findall(header or "")]
    json_api_entries = [parameters for media_type, parameters in entries if media_type == JSON_API]
    # q is a weight, not a parameter of the media type.
    if json_api_entries and all(
        any(name not in ("profile", "q") and (name, value) != _BULK for name, value in parameters)
        for parameters in json_api_entries
    ):
        raise NotAcceptable


def prefers(media_type: str, header: str | None) -> bool:
    """Return whether an Accept header names a media type, and prefers it to JSON:API and JSON.

    Of two types with the same weight, the first one is preferred. Ranges such as ``*/*`` name no
    type.
    """
    weights: dict[str, float] = {}
    for entry in _PARTS[","].findall(header or ""):
        name, parameters = _parse(entry)
        if name in (media_type, *_BODY_TYPES):
            weights.setdefault(name, _weight(parameters))
    preferred = max(weights, key=lambda name: weights[name], default=None)
    return preferred == media_type and weights[media_type] > 0


def _weight(parameters: list[tuple[str, str]]) -> float:
    text = dict(parameters).get("q", "1")
    return float(text) if _WEIGHT.fullmatch(text) else 1


def _parse(entry: str) -> tuple[str, list[tuple[str, str]]]:
    media_type, *rest = _PARTS[";"].findall(entry) or [""]
    parameters = []
    for part in rest:
        name, _, value = part.partition("=")
        if name.strip():
            parameters.append((name.strip().lower(), value.strip().strip('"').lower()))
    return media_type.strip().lower(), parameters
