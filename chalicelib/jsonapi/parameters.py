"""Query parameters in: filter, sort, page, include and fields, checked against a declaration.

Contract sections 2 and 6. An unknown member of one of these families is an error that names the
parameter; other parameters are none of our business.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from chalicelib.domain.errors import (
    InvalidParameter,
    UnsupportedFilter,
    UnsupportedFilterOperation,
    UnsupportedFilterValue,
    UnsupportedInclude,
    UnsupportedSort,
)
from chalicelib.domain.ids import parse_id
from chalicelib.domain.instants import parse_span
from chalicelib.domain.queries import TimeIs
from chalicelib.jsonapi.documents import View
from chalicelib.jsonapi.resource import AnyResource, Filter, FilterKind, normalised_type

Parameters = Sequence[tuple[str, str]]
"""Names and values, decoded, in the order of the request; a name may come several times."""

DEFAULT_PAGE_SIZE = 30
MAX_PAGE_SIZE = 200
MOST_IDS = 20

_EQUALS = "eq"
_FAMILY = re.compile(r"(filter|page|fields)((?:\[[^\[\]]*\])*)")
_MEMBER = re.compile(r"\[([^\[\]]*)\]")
# A + that nobody encoded arrives as a space.
_BARE_OFFSET = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)
_POSITIVE = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_PAGE_MEMBERS = {
    "page": "number",
    "page[number]": "number",
    "per_page": "size",
    "page[size]": "size",
}

Condition = frozenset[int] | TimeIs
"""What a filter asks for: one of these ids, or a time."""


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Page mode: which page, counted from 1, and how many records a page holds."""

    number: int = 1
    size: int = DEFAULT_PAGE_SIZE


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list request asks for. ``conditions`` are by filter name, joined by "and"."""

    conditions: Mapping[str, Condition]
    sort: str
    descending: bool
    page: PageNumber

    def ids(self, name: str) -> frozenset[int] | None:
        """The ids that a filter of ids asks for; None where it is not used."""
        condition = self.conditions.get(name)
        return condition if isinstance(condition, frozenset) else None

    def time(self, name: str) -> TimeIs | None:
        """What a filter of a time asks for; None where it is not used."""
        condition = self.conditions.get(name)
        return condition if isinstance(condition, TimeIs) else None


def read_list_query(resource: AnyResource, parameters: Parameters, zone: tzinfo) -> ListQuery:
    """The filters, sort and page of a list request. Raises ``ParameterError``."""
    sort, descending = _read_sort(resource, parameters)
    return ListQuery(
        conditions=_read_filters(resource, parameters, zone),
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
                raise UnsupportedInclude("include", f"{path!r} cannot be included")
            steps = path.split(".")
            yield from (".".join(steps[:count]) for count in range(1, len(steps) + 1))


def _read_fields(parameters: Parameters) -> dict[str, frozenset[str]]:
    fields: dict[str, frozenset[str]] = {}
    for name, value in parameters:
        family, members = _split(name)
        if family != "fields":
            continue
        if len(members) != 1:
            raise InvalidParameter(name, "is written fields[type]=name,name")
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
        raise UnsupportedSort("sort", "one sort at a time")
    name = asked[0].removeprefix("-")
    if name not in resource.sorts:
        raise UnsupportedSort("sort", f"sort by one of {', '.join(resource.sorts)}")
    return name, asked[0].startswith("-")


def _read_page(parameters: Parameters) -> PageNumber:
    numbers: dict[str, int] = {}
    for name, value in parameters:
        if name != "per_page" and _split(name)[0] != "page":
            continue
        member = _PAGE_MEMBERS.get(name)
        if member is None:
            raise InvalidParameter(name, "use page[number] and page[size]")
        if not _POSITIVE.fullmatch(value):
            raise InvalidParameter(name, "must be a whole number from 1")
        numbers[member] = int(value)
    return PageNumber(
        number=numbers.get("number", 1),
        size=min(numbers.get("size", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE),
    )


def _read_filters(
    resource: AnyResource, parameters: Parameters, zone: tzinfo
) -> dict[str, Condition]:
    known = {declared.name: declared for declared in resource.filters}
    collected: dict[str, tuple[str, list[str]]] = {}
    for parameter, value in parameters:
        family, members = _split(parameter)
        if family == "filter":
            name = _filter_name(parameter, members, known)
            collected.setdefault(name, (parameter, []))[1].append(value)
    return {
        name: _PARSERS[known[name].kind](parameter, values, zone)
        for name, (parameter, values) in collected.items()
    }


def _filter_name(parameter: str, members: list[str], known: Mapping[str, Filter]) -> str:
    # name, then perhaps an operator, then perhaps [] or [0] for one of several values
    if not members or members[0] not in known:
        raise UnsupportedFilter(parameter, f"filter by one of {', '.join(known)}")
    rest = members[1:]
    if rest and (rest[-1] == "" or rest[-1].isdecimal()):
        rest.pop()
    if len(rest) > 1 or (rest and rest[0] != _EQUALS):
        raise UnsupportedFilterOperation(parameter, f"use the operator {_EQUALS}")
    return members[0]


def _read_ids(parameter: str, values: list[str], _zone: tzinfo) -> Condition:
    parts = [part.strip() for value in values for part in value.split(",")]
    ids = [parse_id(part) for part in parts]
    if len(ids) > MOST_IDS:
        raise UnsupportedFilterValue(parameter, f"at most {MOST_IDS} ids")
    if None in ids:
        raise UnsupportedFilterValue(parameter, "must be an id, or several, separated by commas")
    return frozenset(id_ for id_ in ids if id_ is not None)


def _read_time(parameter: str, values: list[str], zone: tzinfo) -> Condition:
    if len(values) > 1:
        raise UnsupportedFilterValue(parameter, "must be one time")
    text = values[0].strip()
    if text in ("", "null"):
        return TimeIs(None)
    try:
        return TimeIs(parse_span(_BARE_OFFSET.sub(r"+\1", text), zone))
    except ValueError as error:
        raise UnsupportedFilterValue(
            parameter, "must be a date, or a date-time with an offset"
        ) from error


_PARSERS: dict[FilterKind, Callable[[str, list[str], tzinfo], Condition]] = {
    FilterKind.ID: _read_ids,
    FilterKind.TIME: _read_time,
}


def _values(parameters: Parameters, name: str) -> Iterable[str]:
    return (value for given, value in parameters if given == name)


def _split(name: str) -> tuple[str | None, list[str]]:
    """The family and the members of a parameter's name; None for what is none of our business."""
    match = _FAMILY.fullmatch(name)
    if match is not None:
        return match[1], _MEMBER.findall(match[2])
    if name.startswith(("filter[", "page[", "fields[")):
        raise InvalidParameter(name, "has brackets that do not match")
    return None, []
