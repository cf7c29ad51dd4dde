"""Classes that declare a resource: attributes, relationships, filters, sorts and view policy.

Rendering, parameter parsing, validation and the OpenAPI document use these declarations.
"""

import builtins
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from chalicelib.core.permissions import Caller, ViewPolicy

Record = TypeVar("Record")


class Kind(Enum):
    """The type of a value.

    In documents, a timestamp is a date-time with milliseconds and offset.
    """

    INTEGER = "integer"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    ID = "id"
    NUMERIC_ID = "numeric_id"
    """An id that documents contain as a number: less than 2^53."""
    ENUM_LIST = "enum_list"
    """A list of different values of a closed set."""
    OBJECT = "object"
    """Values by their names. An integer whose name ends with ``_at`` is a timestamp."""


class Attribute(Struct, Generic[Record], frozen=True):
    """A value in a resource object.

    ``description`` is the OpenAPI description. It contains the unit.
    """

    name: str
    kind: Kind
    value: Callable[[Record], object]
    description: str
    nullable: bool = False


class Relationship(Struct, Generic[Record], frozen=True):
    """A relationship to one record of type ``to``. ``id`` returns None if there is no such record.

    With ``always``, its ``data`` is present even if the related record is not included.
    """

    name: str
    to: str
    id: Callable[[Record], int | None]
    description: str
    always: bool = False


class FilterKind(Enum):
    """The type of a filter's value."""

    ID = "id"
    """A list of ids. A record with one of them matches."""
    TIME = "time"
    """A date (the whole day), a date-time (the second), or empty (no time)."""
    TEXT = "text"
    """A text. Case is ignored."""
    QUERY = "query"
    """Words. Each of them must occur in one of several texts."""
    BOOLEAN = "boolean"
    """``true`` or ``false``."""
    NUMBER = "number"
    """One or more numbers of a closed set."""
    DATE = "date"
    """A date."""
    AFTER = "after"
    """A date. It and later dates match."""
    BEFORE = "before"
    """A date. It and earlier dates match."""
    ALWAYS_EMPTY = "always_empty"
    """A property that does not exist in this API: no record matches."""
    IGNORED = "ignored"
    """A filter that real clients send. It has no effect."""
    QUANTITY = "quantity"
    """A whole number, such as minutes."""
    TIME_AFTER = "time_after"
    """A date. Times on it and on later dates match."""
    TIME_BEFORE = "time_before"
    """A date. Times on it and on earlier dates match."""
    PUBLISHED = "published"
    """A filter of Productive that no resource declares. All records match, or none."""


class Filter(Struct, Generic[Record], frozen=True):
    """A query parameter ``filter[name]``.

    :param value: returns the record's value to compare, for lists that are filtered in memory; for
        ``QUERY``, a tuple of texts.
    :param choices: the valid numbers of a ``NUMBER`` filter.
    :param default: of a ``BOOLEAN`` filter, for lists in memory: the value if the request has
        neither this filter nor ids; None: no condition.
    :param rule: of a ``PUBLISHED`` filter: how it matches, a ``FilterRule``.
    """

    name: str
    kind: FilterKind
    description: str
    value: Callable[[Record], object] | None = None
    choices: tuple[int, ...] = ()
    default: bool | None = None
    rule: object = None


AnyFilter = Filter[Any]


class Resource(Struct, Generic[Record], frozen=True):
    """The declaration of a resource.

    :param singular: the singular of ``type``.
    :param entity: the class of its records.
    :param view: who can view its records. It has no default, so that no policy is forgotten.
    :param example: returns a record for the examples in the OpenAPI document.
    :param includes: the paths that ``include`` accepts. Clients can also include what these
        resources include, and the relationships that Productive publishes.
    :param sorts: the names that ``sort`` accepts. The first one is the default. What Productive
        sorts by besides is constant: it does not change the order.
    :param descending: whether the default sort is in descending order.
    :param cursor_only: whether its lists have no page numbers and no totals, only cursors.
    :param orders: returns a record's sort value, for lists that are sorted in memory; by sort.
    :param needs_live_token: whether its writes give or shape access. Then each of them requires in
        its transaction that the caller's token is unchanged. Contract section 11.
    :param redact_for: removes the values that a caller cannot view, before filtering and sorting.
    :param current_id: returns the id of the record that a path means with ``current``; None: there
        is none.
    :param meta: members of the resource object's ``meta``. Members without a value are left out.
    :param id_kind: ``TEXT``: its ids are texts, and no path contains them.
    """

    type: str
    singular: str
    description: str
    entity: "builtins.type[Record]"
    view: ViewPolicy[Record]
    example: Callable[[], Record]
    id: Callable[[Record], int | str]
    attributes: tuple[Attribute[Record], ...]
    relationships: tuple[Relationship[Record], ...] = ()
    includes: tuple[str, ...] = ()
    filters: tuple[Filter[Record], ...] = ()
    sorts: tuple[str, ...] = ()
    descending: bool = False
    cursor_only: bool = False
    needs_live_token: bool = True
    orders: Mapping[str, Callable[[Record], str | int | None]] = field(default_factory=dict)
    redact_for: Callable[[Caller, Record], Record] = lambda _, record: record
    current_id: Callable[[Caller], int | None] = lambda _: None
    meta: tuple[Attribute[Record], ...] = ()
    id_kind: Kind = Kind.ID


AnyResource = Resource[Any]
