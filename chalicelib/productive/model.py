"""What Productive publishes of a collection, and how stint treats a filter that it lacks."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct, field


class Published(Struct, frozen=True):
    """The names that Productive publishes of a collection.

    :param filters: the type of each filter.
    :param relationships: the type of the related record, by relationship.
    :param extra_client_filters: filters that clients send and Productive does not document.
    :param group: of a report: the values of the query parameter ``group``.
    :param row_attributes: of a report: the attributes of a row.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    relationships: Mapping[str, str] = field(default_factory=dict)
    extra_client_filters: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    row_attributes: tuple[str, ...] = ()


class Matches(Enum):
    """The records that match a filter of Productive that stint does not declare."""

    ALL = "all"
    """Every record: the filter asks who or when a record can be used."""
    NULL = "null"
    """The value is null in every record: ``eq`` matches none, ``not_eq`` matches all."""


Constant = bool | int | str
"""A value that is the same in every record."""

FilterRule = Constant | Matches
