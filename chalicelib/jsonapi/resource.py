"""The words in which a resource is declared.

A declaration says what a resource shows, by what it is filtered and sorted, what may be included
and who sees it. Rendering, parameter parsing and checking follow it.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from typing import Any, Generic, TypeVar

from chalicelib.core.permissions import Visibility
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Caller

Record = TypeVar("Record")


class Kind(Enum):
    """What a value is. In documents an instant is a date-time with milliseconds and offset, and an
    object holds plain values by their names."""

    INTEGER = "integer"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    ID = "id"
    WORDS = "words"
    """Several words of a closed set, each once, as a list."""
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Attribute(Generic[Record]):
    """A value that a record shows. ``meaning`` is told to people, with the unit."""

    name: str
    kind: Kind
    value: Callable[[Record], object]
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Relationship(Generic[Record]):
    """A link to one other record of type ``to``; ``id`` gives None where there is none.

    With ``always`` it carries its data whether or not it is included.
    """

    name: str
    to: str
    id: Callable[[Record], int | None]
    meaning: str
    always: bool = False


class FilterKind(Enum):
    """What a filter compares."""

    ID = "id"
    """A list of ids; a record matches that has one of them."""
    TIME = "time"
    """A date (that whole day), a date-time (that second), or nothing (there is no time)."""
    TEXT = "text"
    """A text, whatever its case."""
    QUERY = "query"
    """Words, each of which must be somewhere in one of several texts."""
    BOOLEAN = "boolean"
    """``true`` or ``false``."""
    NUMBER = "number"
    """One or several of a closed set of numbers."""
    DATE = "date"
    """A date."""
    AFTER = "after"
    """A date: that one, or later."""
    BEFORE = "before"
    """A date: that one, or earlier."""
    LACKING = "lacking"
    """Something that does not exist here: whatever is asked for, nothing matches."""
    IGNORED = "ignored"
    """Something that real clients ask for and that changes nothing."""


@dataclass(frozen=True, slots=True)
class Filter(Generic[Record]):
    """A query parameter ``filter[name]``.

    ``value`` gives what it compares, of a record, where lists are filtered in memory; for
    ``QUERY`` a tuple of texts. ``choices`` is the closed set of a ``NUMBER``.
    """

    name: str
    kind: FilterKind
    meaning: str
    value: Callable[[Record], object] | None = None
    choices: tuple[int, ...] = ()


AnyFilter = Filter[Any]


@dataclass(frozen=True, slots=True)
class Resource(Generic[Record]):
    """A resource, declared.

    ``singular`` names one of them. ``includes`` are the paths that ``include`` takes; ``sorts``
    the names that ``sort`` takes, the first of which is the default, and ``orders`` gives for each
    what lists are sorted by in memory. ``owner`` gives the person a record belongs to, and
    ``visibility`` says who else sees it; ``seen`` gives a record as a caller may see it, which is
    what they filter and sort by, too. ``meta`` is what a record's own meta says, where it has a
    value.
    """

    type: str
    singular: str
    meaning: str
    id: Callable[[Record], int]
    attributes: tuple[Attribute[Record], ...]
    relationships: tuple[Relationship[Record], ...] = ()
    includes: tuple[str, ...] = ()
    filters: tuple[Filter[Record], ...] = ()
    sorts: tuple[str, ...] = ()
    orders: Mapping[str, Callable[[Record], str | int | None]] = field(default_factory=dict)
    visibility: Visibility = Visibility.EVERYBODY
    owner: Callable[[Record], int | None] = lambda _: None
    seen: Callable[[Caller, Record], Record] = lambda _, record: record
    meta: tuple[Attribute[Record], ...] = ()


AnyResource = Resource[Any]


def normalised_type(name: str) -> str:
    """A type as we spell it: clients also write ``time-entries``."""
    return name.replace("-", "_")
