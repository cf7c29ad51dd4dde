"""Query parameters in: filter, sort, page, include and fields, checked against a declaration.

Contract sections 2 and 6. An unknown member of one of these families is an error that names the
parameter; other parameters are none of our business.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import tzinfo

from chalicelib.core.errors import (
    CursorConflict,
    InvalidParameter,
    UnsupportedInclude,
    UnsupportedSort,
)
from chalicelib.dataclass import dataclass
from chalicelib.jsonapi.conditions import Conditions
from chalicelib.jsonapi.cursors import PARAMETER
from chalicelib.jsonapi.documents import View
from chalicelib.jsonapi.filters import read_conditions
from chalicelib.jsonapi.resource import AnyResource, normalised_type

Parameters = Sequence[tuple[str, str]]
"""Names and values, decoded, in the order of the request; a name may come several times."""

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


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Page mode: which page, counted from 1, and how many records a page holds."""

    number: int = 1
    size: int = DEFAULT_PAGE_SIZE


@dataclass(frozen=True, slots=True)
class PageAfter:
    """Cursor mode: the cursor behind which the page begins, empty at the beginning of the list."""

    cursor: str = ""
    size: int = DEFAULT_PAGE_SIZE


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list request asks for. Its conditions are joined by "and"."""

    conditions: Conditions
    sort: str
    descending: bool
    page: PageNumber | PageAfter


def read_list_query(resource: AnyResource, parameters: Parameters, zone: tzinfo) -> ListQuery:
    """The filters, sort and page of a list request. Raises ``ParameterError``."""
    sort, descending = _read_sort(resource, parameters)
    return ListQuery(
        conditions=read_conditions(
            resource.filters,
            _family(parameters, "filter"),
            zone,
        ),
        sort=sort,
        descending=descending,
        page=_read_page(parameters),
    )


def read_view(resource: AnyResource, parameters: Parameters, zone: tzinfo) -> View:
    """``include`` and ``fields``, which work on every answer that carries a resource."""
    return View(
        include=frozenset(_read_include(resource, parameters)),
        fields=_read_fields(parameters),
        zone=zone,
    )


def _read_include(resource: AnyResource, parameters: Parameters) -> Iterable[str]:
    for value in _values(parameters, "include"):
        for path in filter(None, (part.strip() for part in value.split(","))):
            if path not in resource.includes:
                detail = f"This resource cannot include {path!r}. Remove this path."
                raise UnsupportedInclude("include", detail)
            steps = path.split(".")
            yield from (".".join(steps[:count]) for count in range(1, len(steps) + 1))


def _read_fields(parameters: Parameters) -> dict[str, frozenset[str]]:
    fields: dict[str, frozenset[str]] = {}
    for name, members, value in _family(parameters, "fields"):
        if len(members) != 1:
            raise InvalidParameter(name, "Write this parameter as fields[type]=name,name.")
        type_ = normalised_type(members[0])
        names = frozenset(part.strip() for part in value.split(","))
        fields[type_] = fields.get(type_, frozenset()) | names
    return fields


def _read_sort(resource: AnyResource, parameters: Parameters) -> tuple[str, bool]:
    asked = [part.strip() for value in _values(parameters, "sort") for part in value.split(",")]
    asked = [part for part in asked if part]
    if not asked:
        return resource.sorts[0], False
    if len(asked) > 1:
        raise UnsupportedSort("sort", "Sort by only one field.")
    name = asked[0].removeprefix("-")
    if name not in resource.sorts:
        raise UnsupportedSort("sort", f"Sort by one of these fields: {', '.join(resource.sorts)}.")
    return name, asked[0].startswith("-")


def _read_page(parameters: Parameters) -> PageNumber | PageAfter:
    given: dict[str, str] = {}
    for name, value in parameters:
        if name != "per_page" and _split(name)[0] != "page":
            continue
        member = _PAGE_MEMBERS.get(name)
        if member is None:
            raise InvalidParameter(name, "Use `page[number]`, `page[size]` or `page[after]`.")
        if member != "after" and not _POSITIVE.fullmatch(value):
            raise InvalidParameter(name, "Use a whole number, 1 or greater.")
        given[member] = value
    size = min(int(given.get("size", DEFAULT_PAGE_SIZE)), MAX_PAGE_SIZE)
    if "after" not in given:
        return PageNumber(int(given.get("number", 1)), size)
    if "number" in given:
        raise CursorConflict(PARAMETER)
    return PageAfter(given["after"], size)


def _family(parameters: Parameters, family: str) -> Iterable[tuple[str, list[str], str]]:
    for name, value in parameters:
        found, members = _split(name)
        if found == family:
            yield name, members, value


def _values(parameters: Parameters, name: str) -> Iterable[str]:
    return (value for given, value in parameters if given == name)


def _split(name: str) -> tuple[str | None, list[str]]:
    """The family and the members of a parameter's name; None for what is none of our business."""
    match = _FAMILY.fullmatch(name)
    if match is not None:
        return match[1], _MEMBER.findall(match[2])
    if name.startswith(("filter[", "page[", "fields[")):
        raise InvalidParameter(name, "Close every bracket in the name of this parameter.")
    return None, []
