"""Inputs of operations: where each value comes from, and which values are valid.

Contract section 3. A create or an action ignores null and blank values. A sparse update does not:
an absent value stays unchanged, and null empties a nullable value.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from chalicelib.core.errors import InvalidAttribute, MalformedDocument
from chalicelib.core.ids import parse_id
from chalicelib.core.reasons import Reason, refused_id
from chalicelib.core.timestamps import parse_date, parse_timestamp
from chalicelib.core.validation import find_control_character
from chalicelib.jsonapi.parameters import Parameters
from chalicelib.jsonapi.requests import Document, is_present, normalize_type
from chalicelib.jsonapi.resource import Kind

Values = Mapping[str, Any]
"""Values by the names of their inputs. An absent value has no key."""

MAX_TEXT_LENGTH = 255
"""Default maximum length of a text, in characters."""

_ABSENT = object()


class InAttribute(Struct, frozen=True):
    """The value is in ``data.attributes.{name}``."""

    name: str


class InRelationship(Struct, frozen=True):
    """The id is in ``data.relationships.{name}.data.id``. A ``type`` in it must be ``to``."""

    name: str
    to: str


class InParameter(Struct, frozen=True):
    """The value is in a query parameter."""

    name: str


class Input(Struct, frozen=True):
    """A value that an operation takes.

    :param name: the name in error pointers.
    :param sources: the parts of a request that may have the value; the first one with a value wins.
    :param required: whether a create or an action needs it.
    :param nullable: whether a sparse update can empty it.
    :param minimum: of an integer, or of the length of a text in characters.
    :param maximum: of an integer, or of the length of a text in characters.
    :param multiline: of a text, whether it may have several lines; otherwise it is one line without
        control characters.
    :param choices: the valid values, and what each of them is parsed to.
    :param rule: returns the value to store; raises ``ValueError`` with the error's detail.
    :param follows_client_clock: whether it is a timestamp that the client's clock gave: the skew of
        that clock is subtracted. Contract section 4b.
    """

    name: str
    kind: Kind
    sources: tuple[InAttribute | InRelationship | InParameter, ...]
    description: str
    required: bool = False
    nullable: bool = False
    minimum: int | None = None
    maximum: int | None = None
    multiline: bool = False
    choices: Mapping[str | int, object] | None = None
    rule: Callable[[Any], object] | None = None
    follows_client_clock: bool = False

    def read(self, document: Document, parameters: Parameters = ()) -> Any:
        """Return the value; None if it is absent, null or blank.

        Ids and timestamps are integers, dates are texts. Raises ``InvalidAttribute``.
        """
        for source in self.sources:
            value = _find(source, document, parameters)
            if value is not _ABSENT and is_present(value):
                if self.follows_client_clock:
                    return _parse_timestamp(self.name, value, document.clock_skew)
                return self._parse(value)
        return None

    def is_in(self, document: Document, parameters: Parameters = ()) -> bool:
        """Return whether a document or the query has the value, also if it is null."""
        return any(_find(source, document, parameters) is not _ABSENT for source in self.sources)

    def _parse(self, value: Any) -> Any:
        if self.kind is Kind.ENUM_LIST:
            return self._parse_list(value)
        if self.choices is not None:
            return self._parse_choice(value)
        parsed = _PARSERS[self.kind](self.name, value)
        if isinstance(parsed, str) and self.kind is Kind.TEXT:
            self._check_range(len(parsed), self.maximum or MAX_TEXT_LENGTH, "Use at {} characters.")
            self._check_characters(parsed)
        elif self.kind is Kind.INTEGER:
            self._check_range(parsed, self.maximum, "The number must be at {}.")
        if self.rule is None:
            return parsed
        try:
            return self.rule(parsed)
        except ValueError as error:
            raise InvalidAttribute(self.name, str(error)) from error

    def _parse_list(self, value: Any) -> tuple[object, ...]:
        if not isinstance(value, list) or not value:
            raise InvalidAttribute(self.name, "Use a list with at least one value.")
        return tuple(dict.fromkeys(self._parse_choice(item) for item in value))

    def _parse_choice(self, value: Any) -> object:
        choices = self.choices or {}
        # In Python, True equals 1.
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value in choices:
            return choices[value]
        names = ", ".join(dict.fromkeys(map(str, choices)))
        raise InvalidAttribute(self.name, f"Use one of these values: {names}.")

    def _check_characters(self, text: str) -> None:
        character = None if self.multiline else find_control_character(text)
        if character is not None:
            detail = f"Use one line of text, without control characters: remove {character}."
            raise InvalidAttribute(self.name, detail)

    def _check_range(self, number: int, maximum: int | None, detail: str) -> None:
        if self.minimum is not None and number < self.minimum:
            raise InvalidAttribute(self.name, detail.format(f"least {self.minimum}"))
        if maximum is not None and number > maximum:
            raise InvalidAttribute(self.name, detail.format(f"most {maximum}"))


def is_in_query(declared: Input, parameters: Parameters) -> bool:
    """Return whether a query has the value of an input."""
    names = [source.name for source in declared.sources if isinstance(source, InParameter)]
    return any(name in names for name, _ in parameters)


def read_values(
    inputs: Iterable[Input], document: Document, parameters: Parameters = ()
) -> dict[str, Any]:
    """Parse the values of an operation from a document and the query.

    Raises ``InvalidAttribute``, also if a required value is absent.
    """
    values = {}
    for declared in inputs:
        value = declared.read(document, parameters)
        if value is not None:
            values[declared.name] = value
        elif declared.required:
            raise InvalidAttribute(declared.name, "This attribute is required.")
    return values


def read_changes(
    inputs: Iterable[Input], document: Document, parameters: Parameters = ()
) -> dict[str, Any]:
    """Parse the changes of a sparse update from a document and the query. None empties a value.

    Raises ``InvalidAttribute``, also if a value is empty and not nullable.
    """
    changes = {}
    for declared in inputs:
        if declared.is_in(document, parameters):
            value = declared.read(document, parameters)
            if value is None and not declared.nullable:
                raise InvalidAttribute(declared.name, "This attribute cannot be empty.")
            changes[declared.name] = value
    return changes


def _find(
    source: InAttribute | InRelationship | InParameter, document: Document, parameters: Parameters
) -> Any:
    match source:
        case InAttribute(name):
            return document.attributes.get(name, _ABSENT)
        case InParameter(name):
            values = (value for parameter, value in parameters if parameter == name)
            return next(values, _ABSENT)
        case InRelationship(name, to):
            return _related_id(name, to, document.relationships.get(name))


def _related_id(name: str, to: str, relationship: Any) -> Any:
    if relationship is None:
        return _ABSENT
    pointer = f"data/relationships/{name}"
    if not isinstance(relationship, dict):
        raise MalformedDocument("A relationship must be an object.", pointer=pointer)
    data = relationship.get("data", _ABSENT)
    if data is _ABSENT or data is None:
        return data
    if not isinstance(data, dict):
        raise MalformedDocument("Use one resource identifier object.", pointer=f"{pointer}/data")
    type_, id_ = data.get("type"), data.get("id")
    if is_present(id_) and is_present(type_) and normalize_type(str(type_)) != to:
        raise InvalidAttribute(name, f"Set the type of the resource identifier to `{to}`.")
    return id_


def _parse_id(name: str, value: Any) -> int:
    record_id = parse_id(value.strip() if isinstance(value, str) else value)
    if record_id is None:
        raise refused_id(name, Reason.UNKNOWN)
    return record_id


def _parse_timestamp(name: str, value: Any, clock_skew: int = 0) -> int:
    if not isinstance(value, str):
        raise InvalidAttribute(name, "Use a date-time with an offset.")
    try:
        return parse_timestamp(value.strip(), clock_skew)
    except ValueError as error:
        raise InvalidAttribute(name, "Use a date-time with an offset.") from error


def _parse_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidAttribute(name, "Use a string.")
    return value.strip()


def _parse_boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidAttribute(name, "Use true or false.")
    return value


def _parse_date(name: str, value: Any) -> str:
    try:
        return parse_date(value.strip() if isinstance(value, str) else "")
    except ValueError as error:
        raise InvalidAttribute(name, "Use a date, such as 2026-03-02.") from error


def _parse_integer(name: str, value: Any) -> int:
    if isinstance(value, str):
        digits = value.strip().removeprefix("-")
        if digits.isdecimal() and digits.isascii() and len(digits) <= _MAX_DIGITS:
            return int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidAttribute(name, "Use a whole number.")


_MAX_DIGITS = 15
_PARSERS: dict[Kind, Callable[[str, Any], Any]] = {
    Kind.ID: _parse_id,
    Kind.TIMESTAMP: _parse_timestamp,
    Kind.TEXT: _parse_text,
    Kind.BOOLEAN: _parse_boolean,
    Kind.DATE: _parse_date,
    Kind.INTEGER: _parse_integer,
}
