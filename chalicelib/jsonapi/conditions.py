"""Conditions of filters. Each one decides whether a value of a record matches.

As in SQL, a missing value matches only the condition that asks for a missing value.
Conditions on texts compare casefolded values: see :class:`CasefoldedTexts`.
"""

from collections.abc import Mapping
from functools import reduce

from msgspec import Struct

from chalicelib.core.lists import TimeFilter
from chalicelib.core.timestamps import FIRST_DATE, LAST_DATE, MAX_TIMESTAMP, Span

ALL_TIMESTAMPS = Span(0, MAX_TIMESTAMP + 1)

BOOLEANS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
"""The values of filters of booleans."""


class IdFilter(Struct, frozen=True):
    """The value is one of these ids or numbers. With ``negated`` it is none of them."""

    ids: frozenset[int]
    negated: bool = False

    def matches(self, value: int | None) -> bool:
        """Return whether an id or a number matches."""
        return value is not None and (value in self.ids) is not self.negated


class TimeExclusion(Struct, frozen=True):
    """The value is a timestamp outside a span."""

    span: Span

    def matches(self, value: int | None) -> bool:
        """Return whether a timestamp matches."""
        return value is not None and value not in self.span


class CasefoldedTexts(dict[str, str]):
    """The casefolded forms of a record's texts.

    A request can have many conditions on one text. Each text is folded once.
    """

    def __missing__(self, text: str) -> str:
        self[text] = folded = text.casefold()
        return folded


class TextFilter(Struct, frozen=True):
    """The value is this text. With ``contains``, the value contains it. Both are casefolded.

    ``negated`` inverts the condition.
    """

    text: str
    contains: bool = False
    negated: bool = False

    def matches(self, value: str | None) -> bool:
        """Return whether a casefolded text matches."""
        if value is None:
            return False
        is_match = self.text in value if self.contains else self.text == value
        return is_match is not self.negated


class WordsFilter(Struct, frozen=True):
    """Each word occurs in at least one of several texts. All of them are casefolded."""

    words: tuple[str, ...]

    def matches(self, value: tuple[str | None, ...]) -> bool:
        """Return whether the casefolded texts match."""
        texts = [text for text in value if text is not None]
        return all(any(word in text for text in texts) for word in self.words)


class BooleanFilter(Struct, frozen=True):
    """The value is this boolean."""

    flag: bool

    def matches(self, value: bool | None) -> bool:
        """Return whether a boolean matches."""
        return value is self.flag


class DateFilter(Struct, frozen=True):
    """The value is a date (``YYYY-MM-DD``) from ``first`` to ``last``, both inclusive.

    With ``negated`` it is a date outside this range. A range whose ``first`` is after its ``last``
    is empty.
    """

    first: str = FIRST_DATE
    last: str = LAST_DATE
    negated: bool = False

    def matches(self, value: str | None) -> bool:
        """Return whether a date matches."""
        return value is not None and (self.first <= value <= self.last) is not self.negated


class MatchesNothing(Struct, frozen=True):
    """No value matches."""

    def matches(self, value: object) -> bool:
        """Return False."""
        del value
        return False


Condition = (
    IdFilter
    | TimeFilter
    | TimeExclusion
    | TextFilter
    | WordsFilter
    | BooleanFilter
    | DateFilter
    | MatchesNothing
)


class Conditions(Struct, frozen=True):
    """All conditions of a request, by the names of their filters. A record must match each one."""

    by_name: Mapping[str, tuple[Condition, ...]]

    @property
    def match_nothing(self) -> bool:
        """Whether a condition excludes every record: then no list needs to be read."""
        return any(
            isinstance(condition, MatchesNothing)
            for conditions in self.by_name.values()
            for condition in conditions
        )

    def ids(self, name: str) -> frozenset[int] | None:
        """Return the allowed ids; None: all ids."""
        id_sets = [
            condition.ids
            for condition in self.by_name.get(name, ())
            if isinstance(condition, IdFilter) and not condition.negated
        ]
        return reduce(frozenset.__and__, id_sets) if id_sets else None

    def excluded_ids(self, name: str) -> frozenset[int]:
        """Return the ids that are not allowed."""
        id_sets = (
            condition.ids
            for condition in self.by_name.get(name, ())
            if isinstance(condition, IdFilter) and condition.negated
        )
        return frozenset().union(*id_sets)

    def time(self, name: str) -> TimeFilter | None:
        """Return the condition on a time; None: no condition."""
        time_filters = [
            condition
            for condition in self.by_name.get(name, ())
            if isinstance(condition, TimeFilter)
        ]
        if not time_filters and self.excluded_times(name):
            return TimeFilter(ALL_TIMESTAMPS)
        return reduce(TimeFilter.intersection, time_filters) if time_filters else None

    def excluded_times(self, name: str) -> tuple[Span, ...]:
        """Return the spans that are not allowed."""
        return tuple(
            condition.span
            for condition in self.by_name.get(name, ())
            if isinstance(condition, TimeExclusion)
        )

    def dates(self, *names: str) -> tuple[str, str]:
        """Return the first and the last date that all these filters allow."""
        ranges = [
            condition
            for name in names
            for condition in self.by_name.get(name, ())
            if isinstance(condition, DateFilter) and not condition.negated
        ]
        return (
            max((date_range.first for date_range in ranges), default=FIRST_DATE),
            min((date_range.last for date_range in ranges), default=LAST_DATE),
        )

    def description(self) -> str:
        """Return the conditions as text. Equal conditions have equal texts in every process."""
        return repr(
            [
                (name, sorted(_condition_text(condition) for condition in conditions))
                for name, conditions in sorted(self.by_name.items())
            ]
        )


def _condition_text(condition: Condition) -> str:
    # The order of a set differs between processes.
    if isinstance(condition, IdFilter):
        return f"IdFilter({sorted(condition.ids)}, {condition.negated})"
    return repr(condition)
