"""Parse the query parameters filter, sort, page, include and fields of a resource.

Contract sections 2 and 6. An unknown member of one of these families is an error that names the
parameter. Other parameters are ignored.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from types import MappingProxyType

from msgspec import Struct

from chalicelib.core.errors import (
    CursorConflict,
    InvalidParameter,
    UnsupportedSort,
)
from chalicelib.jsonapi.conditions import Conditions
from chalicelib.jsonapi.cursors import CURSOR_PARAMETER
from chalicelib.jsonapi.documents import ViewOptions
from chalicelib.jsonapi.filters import read_conditions
from chalicelib.jsonapi.requests import normalize_type
from chalicelib.jsonapi.resource import AnyFilter, AnyResource

Parameters = Sequence[tuple[str, str]]
"""Decoded names and values, in the order of the request. A name may occur several times."""

DEFAULT_PAGE_SIZE = 30
MAX_PAGE_SIZE = 200

_FAMILY = re.compile(r"(filter|page|fields)((?:\[[^\[\]]*\])*)")
_MEMBER = re.compile(r"\[([^\[\]]*)\]")
_POSITIVE = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_PAGE_MEMBERS = {
    "page": "number",
    "page[number]": "number",
    "per_page": "size",
    "page[size]": "size",
    "page[after]": "after",
}


class PageNumber(Struct, frozen=True):
    """Page mode: the page's number, from 1, and the number of records per page."""

    number: int = 1
    size: int = DEFAULT_PAGE_SIZE


class PageAfter(Struct, frozen=True):
    """Cursor mode: the cursor at which the page starts, and the number of records per page.

    An empty cursor is the beginning of the list.
    """

    cursor: str = ""
    size: int = DEFAULT_PAGE_SIZE


class ListQuery(Struct, frozen=True):
    """Filters, sort and page of a list request."""

    conditions: Conditions
    sort: str
    descending: bool
    page: PageNumber | PageAfter


def read_list_query(resource: AnyResource, parameters: Parameters, zone: tzinfo) -> ListQuery:
    """Parse the filters, sort and page of a list request. Raises ``ParameterError``."""
    sort, descending = _read_sort(resource, parameters)
    return ListQuery(
        conditions=read_conditions(
            resource.filters,
            _family(parameters, "filter"),
            zone,
            partial(_find_published_filter, resource.type),
        ),
        sort=sort,
        descending=descending,
        page=_read_page(parameters, cursor_only=resource.cursor_only),
    )


def read_view_options(
    resource: AnyResource,
    parameters: Parameters,
    zone: tzinfo,
    resources: Mapping[str, AnyResource] = MappingProxyType({}),
) -> ViewOptions:
    """Parse ``include`` and ``fields``, for every response with a resource.

    ``resources`` are all resources by type. Raises ``ParameterError``.
    """
    return ViewOptions(
        include=frozenset(_read_include(resource, parameters, resources)),
        fields=_read_fields(parameters),
        zone=zone,
        has_included=any(name == "include" for name, _ in parameters),
    )


def _read_include(
    resource: AnyResource, parameters: Parameters, resources: Mapping[str, AnyResource]
) -> Iterable[str]:
    for value in _values(parameters, "include"):
        for path in filter(None, (part.strip() for part in value.split(","))):
            if path not in resource.includes:
                _check_include_path(resource, path, resources)
            names = path.split(".")
            yield from (".".join(names[:count]) for count in range(1, len(names) + 1))


def _read_fields(parameters: Parameters) -> dict[str, frozenset[str]]:
    fields: dict[str, frozenset[str]] = {}
    for name, members, value in _family(parameters, "fields"):
        if len(members) != 1:
            raise InvalidParameter(name, "Write this parameter as fields[type]=name,name.")
        type_ = normalize_type(members[0])
        names = frozenset(part.strip() for part in value.split(","))
        fields[type_] = fields.get(type_, frozenset()) | names
    return fields


def _read_sort(resource: AnyResource, parameters: Parameters) -> tuple[str, bool]:
    parts = [part.strip() for value in _values(parameters, "sort") for part in value.split(",")]
    sorts = []
    for part in filter(None, parts):
        name = part.removeprefix("-")
        if name in resource.sorts:
            sorts.append((name, part != name))
        elif not _is_published_sort(resource.type, name):
            names = ", ".join(resource.sorts)
            raise UnsupportedSort("sort", f"Sort by one of these fields: {names}.")
    if not sorts:
        return resource.sorts[0], resource.descending
    if len(sorts) > 1:
        raise UnsupportedSort("sort", "Sort by only one field.")
    return sorts[0]


def _read_page(parameters: Parameters, *, cursor_only: bool) -> PageNumber | PageAfter:
    members: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value in parameters:
        if name != "per_page" and _split(name)[0] != "page":
            continue
        member = _PAGE_MEMBERS.get(name)
        if member is None:
            raise InvalidParameter(name, "Use `page[number]`, `page[size]` or `page[after]`.")
        if member != "after" and not _POSITIVE.fullmatch(value):
            raise InvalidParameter(name, "Use a whole number, 1 or greater.")
        members[member], names[member] = value, name
    size = min(int(members.get("size", DEFAULT_PAGE_SIZE)), MAX_PAGE_SIZE)
    number = int(members.get("number", 1))
    if cursor_only and number > 1:
        detail = "This list has no page numbers. Read the first page, then follow `links.next`."
        raise CursorConflict(names["number"], detail)
    if "after" not in members:
        return PageAfter("", size) if cursor_only else PageNumber(number, size)
    if "number" in members:
        raise CursorConflict(CURSOR_PARAMETER)
    return PageAfter(members["after"], size)


def _family(parameters: Parameters, family: str) -> Iterable[tuple[str, list[str], str]]:
    for name, value in parameters:
        parameter_family, members = _split(name)
        if parameter_family == family:
            yield name, members, value


def _values(parameters: Parameters, name: str) -> Iterable[str]:
    return (value for parameter_name, value in parameters if parameter_name == name)


def _split(name: str) -> tuple[str | None, list[str]]:
    """Return the family and the members of a parameter's name. Other parameters: None and []."""
    match = _FAMILY.fullmatch(name)
    if match is not None:
        return match[1], _MEMBER.findall(match[2])
    if name.startswith(("filter[", "page[", "fields[")):
        raise InvalidParameter(name, "Close every bracket in the name of this parameter.")
    return None, []


# The names of Productive are in modules that most processes never need.


def _find_published_filter(type_: str, name: str) -> AnyFilter | None:
    from chalicelib.jsonapi.published_filters import find_filter  # noqa: PLC0415

    return find_filter(type_, name)


def _is_published_sort(type_: str, name: str) -> bool:
    from chalicelib.productive.names import has_sort  # noqa: PLC0415

    return has_sort(type_, name)


def _check_include_path(
    resource: AnyResource, path: str, resources: Mapping[str, AnyResource]
) -> None:
    from chalicelib.jsonapi.include_paths import check_include_path  # noqa: PLC0415

    check_include_path(resource, path, {resource.type: resource, **resources})
