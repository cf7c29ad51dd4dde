"""Documents in: decoded leniently where real clients are sloppy, strictly where it matters.

Contract section 3: bodies carry nulls, unknown attributes, relationships without a type, type
names with dashes. What is not asked for is not looked at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.domain.errors import (
    AccessDenied,
    IdConflict,
    InvalidAttribute,
    MalformedDocument,
    TypeConflict,
)
from chalicelib.domain.ids import parse_id
from chalicelib.domain.instants import parse_instant
from chalicelib.jsonapi.parameters import Parameters
from chalicelib.jsonapi.resource import Kind, normalised_type


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
    if _is_given(data.type) and (
        not isinstance(data.type, str) or normalised_type(data.type) != type_
    ):
        raise TypeConflict(type_)
    if _is_given(data.id):
        if record_id is None:
            raise AccessDenied("the server chooses the id")
        if parse_id(data.id) != parse_id(record_id):
            raise IdConflict
    return Document(data.attributes or {}, data.relationships or {})


@dataclass(frozen=True, slots=True)
class InAttribute:
    """A value may come as ``data.attributes.{name}``."""

    name: str


@dataclass(frozen=True, slots=True)
class InRelationship:
    """An id may come as ``data.relationships.{name}.data.id``, of type ``to`` if it says one."""

    name: str
    to: str


@dataclass(frozen=True, slots=True)
class InParameter:
    """A value may come as a query parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class Input:
    """A value that an act takes, and where it may come from; the first place that has it wins.

    Null and blank count as absent. ``name`` is what an error points at.
    """

    name: str
    kind: Kind
    sources: tuple[InAttribute | InRelationship | InParameter, ...]
    meaning: str

    def read(self, document: Document, parameters: Parameters = ()) -> Any:
        """The value, an int for an id or an instant; None where it is absent.

        Raises ``InvalidAttribute`` for a value that is not of this kind.
        """
        for source in self.sources:
            value = _find(source, document, parameters)
            if _is_given(value):
                return _PARSERS[self.kind](self.name, value)
        return None


def _decode(body: bytes) -> _Document:
    try:
        # msgspec skips what nobody asks for, bad UTF-8 in it as well.
        body.decode()
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _misshapen(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedDocument("the body is not valid JSON in UTF-8") from error
    except RecursionError as error:
        raise MalformedDocument("the body is nested too deeply") from error


def _misshapen(error: msgspec.ValidationError) -> MalformedDocument:
    # msgspec says: Expected `object | null`, got `array` - at `$.data.attributes`
    what, _, where = str(error).partition(" - at ")
    # Inside of a map it gives no name, only `$.data.attributes[...]`.
    path, _, _ = where.strip("`").partition("[")
    pointer = path.removeprefix("$").removeprefix(".").replace(".", "/")
    return MalformedDocument(what.replace("`", ""), pointer=pointer)


def _find(
    source: InAttribute | InRelationship | InParameter, document: Document, parameters: Parameters
) -> Any:
    match source:
        case InAttribute(name):
            return document.attributes.get(name)
        case InParameter(name):
            return next((value for given, value in parameters if given == name), None)
        case InRelationship(name, to):
            return _linked_id(name, to, document.relationships.get(name))


def _linked_id(name: str, to: str, relationship: Any) -> Any:
    if relationship is None:
        return None
    pointer = f"data/relationships/{name}"
    if not isinstance(relationship, dict):
        raise MalformedDocument("a relationship must be an object", pointer=pointer)
    data = relationship.get("data")
    if data is None:
        return None
    if not isinstance(data, dict):
        raise MalformedDocument("must be one resource identifier", pointer=f"{pointer}/data")
    type_, id_ = data.get("type"), data.get("id")
    if _is_given(id_) and _is_given(type_) and normalised_type(str(type_)) != to:
        raise InvalidAttribute(name, f"must be of type {to}")
    return id_


def _is_given(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _read_id(name: str, value: Any) -> int:
    record_id = parse_id(value.strip() if isinstance(value, str) else value)
    if record_id is None:
        raise InvalidAttribute(name)
    return record_id


def _read_instant(name: str, value: Any) -> int:
    if not isinstance(value, str):
        raise InvalidAttribute(name, "must be a date-time with an offset")
    try:
        return parse_instant(value.strip())
    except ValueError as error:
        raise InvalidAttribute(name, "must be a date-time with an offset") from error


_PARSERS: dict[Kind, Callable[[str, Any], int]] = {
    Kind.ID: _read_id,
    Kind.INSTANT: _read_instant,
}
