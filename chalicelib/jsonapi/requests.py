"""Documents in: decoded leniently where real clients are sloppy, strictly where it matters.

Contract section 3: bodies carry nulls, unknown attributes, relationships without a type, type
names with dashes. What is not asked for is not looked at.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import msgspec

from chalicelib.core.errors import AccessDenied, IdConflict, MalformedDocument, TypeConflict
from chalicelib.core.ids import parse_id
from chalicelib.dataclass import dataclass
from chalicelib.jsonapi.resource import normalised_type


class _ResourceObject(msgspec.Struct):
    type: Any = None
    id: Any = None
    attributes: dict[str, Any] | None = None
    relationships: dict[str, Any] | None = None


class _Document(msgspec.Struct):
    data: _ResourceObject | None = None


_decoder = msgspec.json.Decoder(_Document)


@dataclass(frozen=True, slots=True)
class Document:
    """The primary resource object of a request; empty where the body was."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    relationships: Mapping[str, Any] = field(default_factory=dict)


def read_document(body: bytes, type_: str, record_id: str | None = None) -> Document:
    """The document in a body, which may be empty.

    A ``data.type`` other than ``type_`` is a conflict. On a route to one record, ``record_id``,
    so is a ``data.id`` other than that; on others a client may not choose the id.
    Raises ``MalformedDocument``, ``TypeConflict``, ``IdConflict``, ``AccessDenied``.
    """
    if not body.strip():
        return Document()
    data = _decode(body).data
    if data is None:
        return Document()
    if is_given(data.type) and (
        not isinstance(data.type, str) or normalised_type(data.type) != type_
    ):
        raise TypeConflict(type_)
    if is_given(data.id):
        if record_id is None:
            raise AccessDenied("The server assigns ids. Leave out `data.id`.")
        if parse_id(data.id) != parse_id(record_id):
            raise IdConflict
    return Document(data.attributes or {}, data.relationships or {})


def _decode(body: bytes) -> _Document:
    try:
        # msgspec skips what nobody asks for, bad UTF-8 in it as well.
        body.decode()
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _misshapen(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedDocument("The body is not valid JSON in UTF-8.") from error
    except RecursionError as error:
        raise MalformedDocument("The body is nested too deeply.") from error


def _misshapen(error: msgspec.ValidationError) -> MalformedDocument:
    # msgspec says: Expected `object | null`, got `array` - at `$.data.attributes`
    what, _, where = str(error).partition(" - at ")
    # Inside of a map it gives no name, only `$.data.attributes[...]`.
    path, _, _ = where.strip("`").partition("[")
    pointer = path.removeprefix("$").removeprefix(".").replace(".", "/")
    return MalformedDocument(f"{what.replace('`', '')}.", pointer=pointer)


def is_given(value: Any) -> bool:
    """Whether a value is one: null and blank are as good as absent, but to a sparse update."""
    return value is not None and not (isinstance(value, str) and not value.strip())
