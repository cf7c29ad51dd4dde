"""``filter``: names, operators, values and and-groups, into conditions. Contract section 6.

::

    filter[person_id]=1,2                           one of these
    filter[person_id][not_eq][]=1                   none of these
    filter[started_at][gt_eq]=2026-03-02            on that day, or later
    filter[$op]=and&filter[0][person_id][eq][]=1    as Productive's own client writes it
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import reduce

from chalicelib.domain.errors import (
    UnsupportedFilter,
    UnsupportedFilterOperation,
    UnsupportedFilterValue,
)
from chalicelib.domain.ids import parse_id
from chalicelib.domain.instants import LAST_INSTANT, Span, parse_span
from chalicelib.domain.queries import TimeIs
from chalicelib.jsonapi.resource import Filter, FilterKind

MOST_IDS = 20

_END = LAST_INSTANT + 1
_EVER = Span(0, _END)

ID_OPERATORS: Mapping[str, bool] = {
    "eq": True,
    "contains": True,
    "any_of": True,
    "not_eq": False,
    "not_contain": False,
    "none_of": False,
}
"""Operators on ids: whether a record must have one of them, or none."""

TIME_OPERATORS: Mapping[str, Callable[[Span], Span]] = {
    "eq": lambda span: span,
    "gt": lambda span: Span(span.end, _END),
    "gt_eq": lambda span: Span(span.start, _END),
    "lt": lambda span: Span(0, span.start),
    "lt_eq": lambda span: Span(0, span.end),
}
"""Operators on times, beside ``not_eq``: the span in which a time must lie, given the one asked
about. A time that is not there, of a timer that runs, lies in no span."""

_DEFAULT = "eq"
_NOT_EQUAL = "not_eq"
_GROUP_OPERATOR = "$op"
# A + that nobody encoded arrives as a space.
_BARE_OFFSET = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class IdsAre:
    """One of these ids; with ``among=False`` none of them."""

    ids: frozenset[int]
    among: bool = True


@dataclass(frozen=True, slots=True)
class TimeIsNot:
    """There is a time, and it lies outside of a span."""

    span: Span


Condition = IdsAre | TimeIs | TimeIsNot


@dataclass(frozen=True, slots=True)
class Conditions:
    """Every condition of a request, by the name of its filter, joined by "and"."""

    by_name: Mapping[str, tuple[Condition, ...]]

    def ids(self, name: str) -> frozenset[int] | None:
        """The ids of which a record must have one; None where any will do."""
        asked = [it.ids for it in self.by_name.get(name, ()) if isinstance(it, IdsAre) and it.among]
        return reduce(frozenset.__and__, asked) if asked else None

    def other_ids(self, name: str) -> frozenset[int]:
        """The ids of which a record must have none."""
        found = self.by_name.get(name, ())
        refused = (it.ids for it in found if isinstance(it, IdsAre) and not it.among)
        return frozenset().union(*refused)

    def time(self, name: str) -> TimeIs | None:
        """The span in which a time must lie; None where it is not asked about."""
        asked = [it for it in self.by_name.get(name, ()) if isinstance(it, TimeIs)]
        if not asked and self.other_times(name):
            return TimeIs(_EVER)
        return reduce(TimeIs.both, asked) if asked else None

    def other_times(self, name: str) -> tuple[Span, ...]:
        """The spans outside of which a time must lie."""
        return tuple(it.span for it in self.by_name.get(name, ()) if isinstance(it, TimeIsNot))


def read_conditions(
    filters: Iterable[Filter], parameters: Iterable[tuple[str, list[str], str]], zone: tzinfo
) -> Conditions:
    """The conditions in ``filter`` parameters: each its name, the members in brackets, a value.

    The same filter and operator, repeated in one group, is one list. Raises ``ParameterError``.
    """
    known = {declared.name: declared for declared in filters}
    collected: dict[tuple[str, str, str], tuple[str, list[str]]] = {}
    for parameter, members, value in parameters:
        if members == [_GROUP_OPERATOR]:
            _check_group_operator(parameter, value)
        else:
            place = _place(parameter, members, known)
            collected.setdefault(place, (parameter, []))[1].append(value)
    conditions: dict[str, tuple[Condition, ...]] = {}
    for (_, name, operator), (parameter, values) in collected.items():
        condition = _PARSERS[known[name].kind](parameter, operator, values, zone)
        conditions[name] = (*conditions.get(name, ()), condition)
    return Conditions(conditions)


def _check_group_operator(parameter: str, value: str) -> None:
    if value != "and":
        raise UnsupportedFilterOperation(parameter, "groups are joined by and")


def _place(parameter: str, members: list[str], known: Mapping[str, Filter]) -> tuple[str, str, str]:
    """The group, the filter and its operator; behind them may stand [] or [0], one of a list."""
    rest = list(members)
    group = rest.pop(0) if rest and rest[0].isdecimal() else ""
    if not rest or rest[0] not in known:
        raise UnsupportedFilter(parameter, f"filter by one of {', '.join(known)}")
    name = rest.pop(0)
    if rest and (rest[-1] == "" or rest[-1].isdecimal()):
        rest.pop()
    operators = _OPERATORS[known[name].kind]
    operator = rest.pop(0) if rest else _DEFAULT
    if rest or operator not in operators:
        raise UnsupportedFilterOperation(parameter, f"use one of {', '.join(operators)}")
    return group, name, operator


def _read_ids(parameter: str, operator: str, values: list[str], _zone: tzinfo) -> Condition:
    parts = [part.strip() for value in values for part in value.split(",")]
    ids = [parse_id(part) for part in parts]
    if len(ids) > MOST_IDS:
        raise UnsupportedFilterValue(parameter, f"at most {MOST_IDS} ids")
    if None in ids:
        raise UnsupportedFilterValue(parameter, "must be an id, or several, separated by commas")
    return IdsAre(frozenset(id_ for id_ in ids if id_ is not None), ID_OPERATORS[operator])


def _read_time(parameter: str, operator: str, values: list[str], zone: tzinfo) -> Condition:
    if len(values) > 1:
        raise UnsupportedFilterValue(parameter, "must be one time")
    text = values[0].strip()
    if text in ("", "null"):
        return _read_no_time(parameter, operator)
    try:
        span = parse_span(_BARE_OFFSET.sub(r"+\1", text), zone)
    except ValueError as error:
        raise UnsupportedFilterValue(
            parameter, "must be a date, or a date-time with an offset"
        ) from error
    return TimeIsNot(span) if operator == _NOT_EQUAL else TimeIs(TIME_OPERATORS[operator](span))


def _read_no_time(parameter: str, operator: str) -> Condition:
    if operator == _DEFAULT:
        return TimeIs(None)
    if operator == _NOT_EQUAL:
        return TimeIs(_EVER)
    raise UnsupportedFilterValue(parameter, "nothing is before or after no time")


_PARSERS: dict[FilterKind, Callable[[str, str, list[str], tzinfo], Condition]] = {
    FilterKind.ID: _read_ids,
    FilterKind.TIME: _read_time,
}
_OPERATORS: dict[FilterKind, tuple[str, ...]] = {
    FilterKind.ID: tuple(ID_OPERATORS),
    FilterKind.TIME: (*TIME_OPERATORS, _NOT_EQUAL),
}
