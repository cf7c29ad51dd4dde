"""Filters that Productive publishes and no resource declares. Contract section 10.

Each of them matches either all records or none, so it never becomes a part of a query.

Import this module only for a request with such a name: most processes never need it.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.jsonapi.conditions import BOOLEANS, MatchesNothing
from chalicelib.jsonapi.resource import AnyFilter, Filter, FilterKind
from chalicelib.productive.model import Constant, Matches
from chalicelib.productive.names import filter_rule

_NEGATED = ("not_eq", "not_contain", "none_of")
_CONTAINS = ("contains", "not_contain")
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gt_eq": operator.ge,
    "lt": operator.lt,
    "lt_eq": operator.le,
}

_MAX_DIGITS = 15


def find_filter(type_: str, name: str) -> AnyFilter | None:
    """Return the filter of a collection that Productive publishes; None: it publishes none."""
    rule = filter_rule(type_, name)
    if rule is None:
        return None
    return Filter(name, FilterKind.PUBLISHED, "A filter of Productive.", rule=rule)


def read_published(
    declared: AnyFilter, operator_: str, values: Sequence[str]
) -> MatchesNothing | None:
    """Return the condition of a published filter; None: every record matches.

    Raises ``ValueError`` with the error's detail, if the value has the wrong type.
    """
    parts = [part.strip() for value in values for part in value.split(",")]
    return None if _matches(declared.rule, operator_, parts) else MatchesNothing()


def _matches(rule: object, operator_: str, parts: Sequence[str]) -> bool:
    match rule:
        case Matches.ALL:
            return True
        case Matches.NULL:
            asks_for_null = all(part in ("", "null") for part in parts)
            return operator_ not in _COMPARISONS and asks_for_null is not (operator_ in _NEGATED)
        case bool() | int() | str():
            return _matches_constant(rule, operator_, [_parse(rule, part) for part in parts])
    raise TypeError(rule)


def _matches_constant(constant: Constant, operator_: str, values: Sequence[Constant]) -> bool:
    if operator_ in _COMPARISONS:
        if len(values) > 1:
            raise ValueError("Give only one value.")
        return _COMPARISONS[operator_](constant, values[0])
    if isinstance(constant, str) and operator_ in _CONTAINS:
        is_match = any(str(value) in constant for value in values)
    else:
        is_match = constant in values
    return is_match is not (operator_ in _NEGATED)


def _parse(constant: Constant, text: str) -> Constant:
    match constant:
        case bool():
            if text.lower() not in BOOLEANS:
                raise ValueError("Use true or false.")
            return BOOLEANS[text.lower()]
        case int():
            digits = text.removeprefix("-")
            if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS):
                raise ValueError("Use a whole number.")
            return int(text)
        case _:
            return text.casefold()
