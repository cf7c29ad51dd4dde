"""``filter``: names, operators, values and and-groups, into conditions. Contract section 6.

::

    filter[person_id]=1,2                           one of these
    filter[person_id][not_eq][]=1                   none of these
    filter[started_at][gt_eq]=2026-03-02            on that day, or later
    filter[email][contains]=@example.com            whatever the case
    filter[$op]=and&filter[0][person_id][eq][]=1    as Productive's own client writes it
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo

from chalicelib.core.errors import (
    UnsupportedFilter,
    UnsupportedFilterOperation,
    UnsupportedFilterValue,
)
from chalicelib.core.ids import parse_id
from chalicelib.core.timestamps import Span, next_date, parse_date, parse_span, previous_date
from chalicelib.dataclass import dataclass
from chalicelib.domain.queries import TimeIs
from chalicelib.jsonapi.conditions import (
    EVER,
    Condition,
    Conditions,
    DateIs,
    FlagIs,
    IdsAre,
    Never,
    TextIs,
    TimeIsNot,
    WordsAre,
)
from chalicelib.jsonapi.resource import AnyFilter, FilterKind

MOST_IDS = 20
LONGEST_TEXT = 255

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
    "gt": lambda span: Span(span.end, EVER.end),
    "gt_eq": lambda span: Span(span.start, EVER.end),
    "lt": lambda span: Span(0, span.start),
    "lt_eq": lambda span: Span(0, span.end),
}
"""Operators on times, beside ``not_eq``: the span in which a time must lie, given the one asked
about. A time that is not there, of a timer that runs, lies in no span."""

TEXT_OPERATORS: Mapping[str, Callable[[str], TextIs]] = {
    "eq": TextIs,
    "not_eq": lambda text: TextIs(text, wanted=False),
    "contains": lambda text: TextIs(text, within=True),
    "not_contain": lambda text: TextIs(text, within=True, wanted=False),
}
"""Operators on texts, whose case never matters."""

DATE_OPERATORS: Mapping[str, Callable[[str], DateIs]] = {
    "eq": lambda date: DateIs(date, date),
    "not_eq": lambda date: DateIs(date, date, inside=False),
    "gt": lambda date: DateIs(first=next_date(date)),
    "gt_eq": lambda date: DateIs(first=date),
    "lt": lambda date: DateIs(last=previous_date(date)),
    "lt_eq": lambda date: DateIs(last=date),
}
"""Operators on dates: the dates that are meant, given the one asked about."""

_DEFAULT = "eq"
_NOT_EQUAL = "not_eq"
_GROUP_OPERATOR = "$op"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
# A + that nobody encoded arrives as a space.
_BARE_OFFSET = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One filter and operator of a request, as the parameter spelled it, and its values."""

    filter: AnyFilter
    parameter: str
    operator: str
    values: list[str]
    zone: tzinfo

    def one(self, what: str) -> str:
        """The one value. Raises where there are several."""
        if len(self.values) > 1:
            raise self.unusable(f"Give only one {what}.")
        return self.values[0].strip()

    def unusable(self, detail: str) -> UnsupportedFilterValue:
        """The error that says what a value must be."""
        return UnsupportedFilterValue(self.parameter, detail)


def read_conditions(
    filters: Iterable[AnyFilter], parameters: Iterable[tuple[str, list[str], str]], zone: tzinfo
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
        asked = _Asked(known[name], parameter, operator, values, zone)
        condition = _PARSERS[asked.filter.kind](asked)
        if condition is not None:
            conditions[name] = (*conditions.get(name, ()), condition)
    return Conditions(conditions)


def operators_of(kind: FilterKind) -> tuple[str, ...]:
    """The operators that a filter of that kind takes, the default first."""
    return _OPERATORS[kind]


def _check_group_operator(parameter: str, value: str) -> None:
    if value != "and":
        raise UnsupportedFilterOperation(parameter, "Filter groups support only `and`.")


def _place(
    parameter: str, members: list[str], known: Mapping[str, AnyFilter]
) -> tuple[str, str, str]:
    """The group, the filter and its operator; behind them may stand [] or [0], one of a list."""
    rest = list(members)
    group = rest.pop(0) if rest and rest[0].isdecimal() else ""
    if not rest or rest[0] not in known:
        raise UnsupportedFilter(parameter, f"Use one of these filters: {', '.join(known)}.")
    name = rest.pop(0)
    if rest and (rest[-1] == "" or rest[-1].isdecimal()):
        rest.pop()
    operators = _OPERATORS[known[name].kind]
    operator = rest.pop(0) if rest else _DEFAULT
    if rest or operator not in operators:
        detail = f"Use one of these operators: {', '.join(operators)}."
        raise UnsupportedFilterOperation(parameter, detail)
    return group, name, operator


def _read_ids(asked: _Asked) -> Condition:
    parts = [part.strip() for value in asked.values for part in value.split(",")]
    ids = [parse_id(part) for part in parts]
    if len(ids) > MOST_IDS:
        raise asked.unusable(f"Use at most {MOST_IDS} ids.")
    if None in ids:
        raise asked.unusable("Use an id, or several ids separated by commas.")
    return IdsAre(frozenset(id_ for id_ in ids if id_ is not None), ID_OPERATORS[asked.operator])


def _read_numbers(asked: _Asked) -> Condition:
    choices = {str(number): number for number in asked.filter.choices}
    parts = [part.strip() for value in asked.values for part in value.split(",")]
    if not choices.keys() >= set(parts):
        raise asked.unusable(f"Use one or more of these values: {', '.join(choices)}.")
    return IdsAre(frozenset(choices[part] for part in parts), ID_OPERATORS[asked.operator])


def _read_time(asked: _Asked) -> Condition:
    text = asked.one("time")
    if text in ("", "null"):
        return _read_no_time(asked)
    try:
        span = parse_span(_BARE_OFFSET.sub(r"+\1", text), asked.zone)
    except ValueError as error:
        raise asked.unusable("Use a date, or a date-time with an offset.") from error
    if asked.operator == _NOT_EQUAL:
        return TimeIsNot(span)
    return TimeIs(TIME_OPERATORS[asked.operator](span))


def _read_no_time(asked: _Asked) -> Condition:
    if asked.operator == _DEFAULT:
        return TimeIs(None)
    if asked.operator == _NOT_EQUAL:
        return TimeIs(EVER)
    raise asked.unusable("An empty time works only with `eq` and `not_eq`.")


def _read_text(asked: _Asked) -> Condition:
    return TEXT_OPERATORS[asked.operator](_text(asked))


def _read_query(asked: _Asked) -> Condition:
    return WordsAre(tuple(_text(asked).split()))


def _text(asked: _Asked) -> str:
    text = asked.one("text")
    if len(text) > LONGEST_TEXT:
        raise asked.unusable(f"Use at most {LONGEST_TEXT} characters.")
    return text.casefold()


def _read_flag(asked: _Asked) -> Condition:
    flag = _FLAGS.get(asked.one("value").lower())
    if flag is None:
        raise asked.unusable("Use true or false.")
    return FlagIs(flag is (asked.operator == _DEFAULT))


def _read_date(asked: _Asked) -> Condition:
    return DATE_OPERATORS[asked.operator](_date(asked))


def _date(asked: _Asked) -> str:
    try:
        return parse_date(asked.one("date"))
    except ValueError as error:
        raise asked.unusable("Use a date, such as 2026-03-02.") from error


def _read_lacking(asked: _Asked) -> Condition:
    del asked
    return Never()


def _read_ignored(asked: _Asked) -> None:
    del asked


_PARSERS: dict[FilterKind, Callable[[_Asked], Condition | None]] = {
    FilterKind.ID: _read_ids,
    FilterKind.TIME: _read_time,
    FilterKind.TEXT: _read_text,
    FilterKind.QUERY: _read_query,
    FilterKind.BOOLEAN: _read_flag,
    FilterKind.NUMBER: _read_numbers,
    FilterKind.DATE: _read_date,
    FilterKind.AFTER: lambda asked: DateIs(first=_date(asked)),
    FilterKind.BEFORE: lambda asked: DateIs(last=_date(asked)),
    FilterKind.LACKING: _read_lacking,
    FilterKind.IGNORED: _read_ignored,
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
    FilterKind.LACKING: tuple(ID_OPERATORS),
    FilterKind.IGNORED: tuple(ID_OPERATORS),
}
