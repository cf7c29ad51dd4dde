"""What acts take: values, where each may come from, and what it may be. Contract section 3.

An act that creates or does something takes null and blank as absent. A sparse update tells them
apart: what is absent stays as it is, and null empties what can be empty.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chalicelib.core.errors import InvalidAttribute, MalformedDocument
from chalicelib.core.ids import parse_id
from chalicelib.core.timestamps import parse_date, parse_instant
from chalicelib.dataclass import dataclass
from chalicelib.jsonapi.parameters import Parameters
from chalicelib.jsonapi.requests import Document, is_given
from chalicelib.jsonapi.resource import Kind, normalised_type

Values = Mapping[str, Any]
"""What was given, by the names of the inputs; what was not given is not there."""

LONGEST_TEXT = 255
"""Characters that a text may have which says nothing else."""

_ABSENT = object()


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

    ``name`` is what an error points at. ``least`` and ``most`` bound the characters of a text and
    an integer itself. ``choices`` is a closed set, with what each stands for. ``rule`` gives a
    value as it is kept, or raises ``ValueError`` with what it must be. Creating needs what is
    ``required``; a sparse update may empty what is ``nullable``.
    """

    name: str
    kind: Kind
    sources: tuple[InAttribute | InRelationship | InParameter, ...]
    meaning: str
    required: bool = False
    nullable: bool = False
    least: int | None = None
    most: int | None = None
    choices: Mapping[str | int, object] | None = None
    rule: Callable[[Any], object] | None = None

    def read(self, document: Document, parameters: Parameters = ()) -> Any:
        """The value; None where it is absent, null or blank.

        An id or an instant is an int, a date a text. Raises ``InvalidAttribute``.
        """
        for source in self.sources:
            value = _find(source, document, parameters)
            if value is not _ABSENT and is_given(value):
                return self._parse(value)
        return None

    def is_in(self, document: Document) -> bool:
        """Whether a document mentions it, were it as null."""
        return any(_find(source, document, ()) is not _ABSENT for source in self.sources)

    def _parse(self, value: Any) -> Any:
        if self.kind is Kind.WORDS:
            return self._choose_all(value)
        if self.choices is not None:
            return self._choose(value)
        parsed = _PARSERS[self.kind](self.name, value)
        if isinstance(parsed, str) and self.kind is Kind.TEXT:
            self._check(len(parsed), self.most or LONGEST_TEXT, "Use at {} characters.")
        elif self.kind is Kind.INTEGER:
            self._check(parsed, self.most, "The number must be at {}.")
        if self.rule is None:
            return parsed
        try:
            return self.rule(parsed)
        except ValueError as error:
            raise InvalidAttribute(self.name, str(error)) from error

    def _choose_all(self, value: Any) -> tuple[object, ...]:
        if not isinstance(value, list) or not value:
            raise InvalidAttribute(self.name, "Use a list with at least one value.")
        return tuple(dict.fromkeys(self._choose(word) for word in value))

    def _choose(self, value: Any) -> object:
        choices = self.choices or {}
        # True is 1, to Python.
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value in choices:
            return choices[value]
        said = ", ".join(dict.fromkeys(map(str, choices)))
        raise InvalidAttribute(self.name, f"Use one of these values: {said}.")

    def _check(self, measure: int, most: int | None, detail: str) -> None:
        if self.least is not None and measure < self.least:
            raise InvalidAttribute(self.name, detail.format(f"least {self.least}"))
        if most is not None and measure > most:
            raise InvalidAttribute(self.name, detail.format(f"most {most}"))


def read_values(
    inputs: Iterable[Input], document: Document, parameters: Parameters = ()
) -> dict[str, Any]:
    """What a document, or the query, gives for an act. Raises ``InvalidAttribute``."""
    values = {}
    for declared in inputs:
        value = declared.read(document, parameters)
        if value is not None:
            values[declared.name] = value
        elif declared.required:
            raise InvalidAttribute(declared.name, "This attribute is required.")
    return values


def read_changes(inputs: Iterable[Input], document: Document) -> dict[str, Any]:
    """What a document says for a sparse update: None where it empties something.

    Raises ``InvalidAttribute``, also where it would empty what cannot be empty.
    """
    changes = {}
    for declared in inputs:
        if declared.is_in(document):
            value = declared.read(document)
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
            return next((value for given, value in parameters if given == name), _ABSENT)
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
    if is_given(id_) and is_given(type_) and normalised_type(str(type_)) != to:
        raise InvalidAttribute(name, f"Set the type of the resource identifier to `{to}`.")
    return id_


def _read_id(name: str, value: Any) -> int:
    record_id = parse_id(value.strip() if isinstance(value, str) else value)
    if record_id is None:
        raise InvalidAttribute(name)
    return record_id


def _read_instant(name: str, value: Any) -> int:
    if not isinstance(value, str):
        raise InvalidAttribute(name, "Use a date-time with an offset.")
    try:
        return parse_instant(value.strip())
    except ValueError as error:
        raise InvalidAttribute(name, "Use a date-time with an offset.") from error


def _read_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidAttribute(name, "Use a string.")
    return value.strip()


def _read_flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidAttribute(name, "Use true or false.")
    return value


def _read_date(name: str, value: Any) -> str:
    try:
        return parse_date(value.strip() if isinstance(value, str) else "")
    except ValueError as error:
        raise InvalidAttribute(name, "Use a date, such as 2026-03-02.") from error


def _read_integer(name: str, value: Any) -> int:
    if isinstance(value, str):
        digits = value.strip().removeprefix("-")
        if digits.isdecimal() and digits.isascii() and len(digits) < _MOST_DIGITS:
            return int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidAttribute(name, "Use a whole number.")


_MOST_DIGITS = 16
_PARSERS: dict[Kind, Callable[[str, Any], Any]] = {
    Kind.ID: _read_id,
    Kind.INSTANT: _read_instant,
    Kind.TEXT: _read_text,
    Kind.BOOLEAN: _read_flag,
    Kind.DATE: _read_date,
    Kind.INTEGER: _read_integer,
}
