"""Parse ``filter`` parameters into conditions. Contract section 6.

::

    filter[person_id]=1,2                           any of these ids
    filter[person_id][not_eq][]=1                   none of these ids
    filter[started_at][gt_eq]=2026-03-02            on this day or later
    filter[email][contains]=@example.com            case is ignored
    filter[$op]=and&filter[0][person_id][eq][]=1    as Productive's client writes it
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo

from msgspec import Struct

from chalicelib.core.errors import (
    InvalidParameter,
    UnsupportedFilter,
    UnsupportedFilterOperation,
    UnsupportedFilterValue,
)
from chalicelib.core.ids import parse_id
from chalicelib.core.lists import TimeFilter
from chalicelib.core.timestamps import Span, next_date, parse_date, parse_span, previous_date
from chalicelib.jsonapi.conditions import (
    ALL_TIMESTAMPS,
    BOOLEANS,
    BooleanFilter,
    Condition,
    Conditions,
    DateFilter,
    IdFilter,
    MatchesNothing,
    TextFilter,
    TimeExclusion,
    WordsFilter,
)
from chalicelib.jsonapi.resource import AnyFilter, FilterKind

MAX_IDS = 20
MAX_TEXT_LENGTH = 255
# Every row that a list reads is compared with every condition: up to 5 MB of rows per request.
MAX_CONDITIONS = 20
MAX_QUERY_WORDS = 10

ID_OPERATORS: Mapping[str, bool] = {
    "eq": False,
    "contains": False,
    "any_of": False,
    "not_eq": True,
    "not_contain": True,
    "none_of": True,
}
"""Operators on ids, and whether they negate the filter."""

TIME_OPERATORS: Mapping[str, Callable[[Span], Span]] = {
    "eq": lambda span: span,
    "gt": lambda span: Span(span.end, ALL_TIMESTAMPS.end),
    "gt_eq": lambda span: Span(span.start, ALL_TIMESTAMPS.end),
    "lt": lambda span: Span(0, span.start),
    "lt_eq": lambda span: Span(0, span.end),
}
"""Operators on times, except ``not_eq``. Each one maps the filter's value to the allowed span.

A missing time, such as the stop of a running timer, is in no span.
"""

TEXT_OPERATORS: Mapping[str, Callable[[str], TextFilter]] = {
    "eq": TextFilter,
    "not_eq": lambda text: TextFilter(text, negated=True),
    "contains": lambda text: TextFilter(text, contains=True),
    "not_contain": lambda text: TextFilter(text, contains=True, negated=True),
}
"""Operators on texts. Case is ignored."""

DATE_OPERATORS: Mapping[str, Callable[[str], DateFilter]] = {
    "eq": lambda date: DateFilter(date, date),
    "not_eq": lambda date: DateFilter(date, date, negated=True),
    "gt": lambda date: DateFilter(first=next_date(date)),
    "gt_eq": lambda date: DateFilter(first=date),
    "lt": lambda date: DateFilter(last=previous_date(date)),
    "lt_eq": lambda date: DateFilter(last=date),
}
"""Operators on dates. Each one maps the filter's value to the allowed dates."""

FindFilter = Callable[[str], AnyFilter | None]

_DEFAULT = "eq"
_NOT_EQUAL = "not_eq"
_GROUP_OPERATOR = "$op"
_QUANTITY = re.compile(r"[0-9]{1,15}", re.ASCII)
# A client that does not percent-encode "+" sends a space.
_UNENCODED_OFFSET = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)


class _FilterParameter(Struct, frozen=True):
    """One filter and operator of a request, the query parameter's name, and all its values."""

    filter: AnyFilter
    name: str
    operator: str
    values: list[str]
    zone: tzinfo

    def single_value(self, label: str) -> str:
        """Return the only value. Raises ``UnsupportedFilterValue`` if there are several."""
        if len(self.values) > 1:
            raise self.invalid_value(f"Give only one {label}.")
        return self.values[0].strip()

    def invalid_value(self, detail: str) -> UnsupportedFilterValue:
        """Return the error for an invalid value."""
        return UnsupportedFilterValue(self.name, detail)


def read_conditions(
    filters: Iterable[AnyFilter],
    parameters: Iterable[tuple[str, list[str], str]],
    zone: tzinfo,
    find_published: FindFilter = lambda _: None,
) -> Conditions:
    """Parse ``filter`` parameters.

    If a filter and operator are repeated in a group, their values form one list.

    :param parameters: the name, the members in brackets and the value of each parameter.
    :param find_published: returns the filter that Productive publishes under a name.
    :raises ParameterError: for an unknown filter or operator, or an invalid value.
    """
    filters_by_name = {declared.name: declared for declared in filters}
    values_by_key: dict[tuple[str, str, str], tuple[str, list[str]]] = {}
    for parameter_name, members, value in parameters:
        if members == [_GROUP_OPERATOR]:
            _check_group_operator(parameter_name, value)
        else:
            key = _filter_key(parameter_name, members, filters_by_name, find_published)
            values_by_key.setdefault(key, (parameter_name, []))[1].append(value)
        if len(values_by_key) > MAX_CONDITIONS:
            raise InvalidParameter(parameter_name, f"Use at most {MAX_CONDITIONS} conditions.")
    conditions: dict[str, tuple[Condition, ...]] = {}
    for (_, name, operator), (parameter_name, values) in values_by_key.items():
        filter_ = filters_by_name[name]
        parameter = _FilterParameter(filter_, parameter_name, operator, values, zone)
        condition = _PARSERS[filter_.kind](parameter)
        if condition is not None:
            conditions[name] = (*conditions.get(name, ()), condition)
    return Conditions(conditions)


def operators_of(kind: FilterKind) -> tuple[str, ...]:
    """Return the operators that a kind of filter supports. The first one is the default."""
    return _OPERATORS[kind]


def _check_group_operator(parameter_name: str, value: str) -> None:
    if value != "and":
        raise UnsupportedFilterOperation(parameter_name, "Filter groups support only `and`.")


def _filter_key(
    parameter_name: str,
    members: list[str],
    filters_by_name: dict[str, AnyFilter],
    find_published: FindFilter,
) -> tuple[str, str, str]:
    """Return the group, the filter's name and the operator.

    ``members`` may end with an array suffix: ``[]`` or ``[0]``. A published filter is added to
    ``filters_by_name``.
    """
    rest = list(members)
    group = rest.pop(0) if rest and rest[0].isdecimal() else ""
    name = rest.pop(0) if rest else ""
    if name not in filters_by_name:
        published = find_published(name)
        if published is None:
            detail = f"Use one of these filters: {', '.join(filters_by_name)}."
            raise UnsupportedFilter(parameter_name, detail)
        filters_by_name[name] = published
    if rest and (rest[-1] == "" or rest[-1].isdecimal()):
        rest.pop()
    operators = _OPERATORS[filters_by_name[name].kind]
    operator = rest.pop(0) if rest else _DEFAULT
    if rest or operator not in operators:
        detail = f"Use one of these operators: {', '.join(operators)}."
        raise UnsupportedFilterOperation(parameter_name, detail)
    return group, name, operator


def _read_published(parameter: _FilterParameter) -> Condition | None:
    # Only here: most processes never need it.
    from chalicelib.jsonapi.published_filters import read_published  # noqa: PLC0415

    try:
        return read_published(parameter.filter, parameter.operator, parameter.values)
    except ValueError as error:
        raise parameter.invalid_value(str(error)) from error


def _read_quantity(parameter: _FilterParameter) -> Condition:
    text = parameter.single_value("number")
    if not _QUANTITY.fullmatch(text):
        raise parameter.invalid_value("Use a whole number, 0 or greater.")
    span = Span(int(text), int(text) + 1)
    if parameter.operator == _NOT_EQUAL:
        return TimeExclusion(span)
    return TimeFilter(TIME_OPERATORS[parameter.operator](span))


def _read_time_of_date(parameter: _FilterParameter, operator: str) -> Condition:
    span = parse_span(_date(parameter), parameter.zone)
    return TimeFilter(TIME_OPERATORS[operator](span))


def _read_ids(parameter: _FilterParameter) -> Condition:
    parts = [part.strip() for value in parameter.values for part in value.split(",")]
    ids = [parse_id(part) for part in parts]
    if len(ids) > MAX_IDS:
        raise parameter.invalid_value(f"Use at most {MAX_IDS} ids.")
    if None in ids:
        raise parameter.invalid_value("Use an id, or several ids separated by commas.")
    return IdFilter(
        frozenset(id_ for id_ in ids if id_ is not None), ID_OPERATORS[parameter.operator]
    )


def _read_numbers(parameter: _FilterParameter) -> Condition:
    choices = {str(number): number for number in parameter.filter.choices}
    parts = [part.strip() for value in parameter.values for part in value.split(",")]
    if not choices.keys() >= set(parts):
        raise parameter.invalid_value(f"Use one or more of these values: {', '.join(choices)}.")
    return IdFilter(frozenset(choices[part] for part in parts), ID_OPERATORS[parameter.operator])


def _read_time(parameter: _FilterParameter) -> Condition:
    text = parameter.single_value("time")
    if text in ("", "null"):
        return _read_no_time(parameter)
    try:
        span = parse_span(_UNENCODED_OFFSET.sub(r"+\1", text), parameter.zone)
    except ValueError as error:
        raise parameter.invalid_value("Use a date, or a date-time with an offset.") from error
    if parameter.operator == _NOT_EQUAL:
        return TimeExclusion(span)
    return TimeFilter(TIME_OPERATORS[parameter.operator](span))


def _read_no_time(parameter: _FilterParameter) -> Condition:
    if parameter.operator == _DEFAULT:
        return TimeFilter(None)
    if parameter.operator == _NOT_EQUAL:
        return TimeFilter(ALL_TIMESTAMPS)
    raise parameter.invalid_value("An empty time works only with `eq` and `not_eq`.")


def _read_text(parameter: _FilterParameter) -> Condition:
    return TEXT_OPERATORS[parameter.operator](_text(parameter))


def _read_query(parameter: _FilterParameter) -> Condition:
    words = _text(parameter).split()
    if len(words) > MAX_QUERY_WORDS:
        raise parameter.invalid_value(f"Use at most {MAX_QUERY_WORDS} words.")
    return WordsFilter(tuple(dict.fromkeys(words)))


def _text(parameter: _FilterParameter) -> str:
    text = parameter.single_value("text")
    if len(text) > MAX_TEXT_LENGTH:
        raise parameter.invalid_value(f"Use at most {MAX_TEXT_LENGTH} characters.")
    return text.casefold()


def _read_boolean(parameter: _FilterParameter) -> Condition:
    flag = BOOLEANS.get(parameter.single_value("value").lower())
    if flag is None:
        raise parameter.invalid_value("Use true or false.")
    return BooleanFilter(flag is (parameter.operator == _DEFAULT))


def _read_date(parameter: _FilterParameter) -> Condition:
    return DATE_OPERATORS[parameter.operator](_date(parameter))


def _date(parameter: _FilterParameter) -> str:
    try:
        return parse_date(parameter.single_value("date"))
    except ValueError as error:
        raise parameter.invalid_value("Use a date, such as 2026-03-02.") from error


def _read_always_empty(parameter: _FilterParameter) -> Condition:
    del parameter
    return MatchesNothing()


def _read_ignored(parameter: _FilterParameter) -> None:
    del parameter


_PARSERS: dict[FilterKind, Callable[[_FilterParameter], Condition | None]] = {
    FilterKind.ID: _read_ids,
    FilterKind.TIME: _read_time,
    FilterKind.TEXT: _read_text,
    FilterKind.QUERY: _read_query,
    FilterKind.BOOLEAN: _read_boolean,
    FilterKind.NUMBER: _read_numbers,
    FilterKind.DATE: _read_date,
    FilterKind.AFTER: lambda parameter: DateFilter(first=_date(parameter)),
    FilterKind.BEFORE: lambda parameter: DateFilter(last=_date(parameter)),
    FilterKind.ALWAYS_EMPTY: _read_always_empty,
    FilterKind.IGNORED: _read_ignored,
    FilterKind.QUANTITY: _read_quantity,
    FilterKind.TIME_AFTER: lambda parameter: _read_time_of_date(parameter, "gt_eq"),
    FilterKind.TIME_BEFORE: lambda parameter: _read_time_of_date(parameter, "lt_eq"),
    FilterKind.PUBLISHED: _read_published,
}
_OPERATORS: dict[FilterKind, tuple[str, ...]] = {
    FilterKind.ID: tuple(ID_OPERATORS),
    FilterKind.TIME: (*TIME_OPERATORS, _NOT_EQUAL),
    FilterKind.TEXT: tuple(TEXT_OPERATORS),
    FilterKind.QUERY: (_DEFAULT, "contains"),
    FilterKind.BOOLEAN: (_DEFAULT, _NOT_EQUAL),
    FilterKind.NUMBER: tuple(ID_OPERATORS),
    FilterKind.DATE: tuple(DATE_OPERATORS),
    FilterKind.AFTER: (_DEFAULT,),
    FilterKind.BEFORE: (_DEFAULT,),
    FilterKind.ALWAYS_EMPTY: tuple(ID_OPERATORS),
    FilterKind.IGNORED: tuple(ID_OPERATORS),
    FilterKind.QUANTITY: (*TIME_OPERATORS, _NOT_EQUAL),
    FilterKind.TIME_AFTER: (_DEFAULT,),
    FilterKind.TIME_BEFORE: (_DEFAULT,),
    FilterKind.PUBLISHED: (*ID_OPERATORS, "gt", "gt_eq", "lt", "lt_eq"),
}
