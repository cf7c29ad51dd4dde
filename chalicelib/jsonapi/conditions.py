"""What filters ask for, each as a condition that a value of a record meets or does not.

As in SQL, a value that is not there meets no condition but the one that asks for its absence.
"""

from collections.abc import Mapping
from functools import reduce

from chalicelib.core.timestamps import FIRST_DATE, LAST_DATE, LAST_INSTANT, Span
from chalicelib.dataclass import dataclass
from chalicelib.domain.queries import TimeIs

EVER = Span(0, LAST_INSTANT + 1)


@dataclass(frozen=True, slots=True)
class IdsAre:
    """One of these ids, or numbers; with ``among=False`` none of them."""

    ids: frozenset[int]
    among: bool = True

    def holds(self, value: int | None) -> bool:
        """Whether that number is meant."""
        return value is not None and (value in self.ids) is self.among


@dataclass(frozen=True, slots=True)
class TimeIsNot:
    """There is a time, and it lies outside of a span."""

    span: Span

    def holds(self, value: int | None) -> bool:
        """Whether that instant is meant."""
        return value is not None and value not in self.span


@dataclass(frozen=True, slots=True)
class TextIs:
    """This text, or with ``within`` one that contains it, whatever the case; ``wanted=False``
    turns it round."""

    text: str
    within: bool = False
    wanted: bool = True

    def holds(self, value: str | None) -> bool:
        """Whether that text is meant."""
        if value is None:
            return False
        folded = value.casefold()
        found = self.text in folded if self.within else self.text == folded
        return found is self.wanted


@dataclass(frozen=True, slots=True)
class WordsAre:
    """Each of these words is somewhere in one of several texts, whatever the case."""

    words: tuple[str, ...]

    def holds(self, value: tuple[str | None, ...]) -> bool:
        """Whether those texts are meant."""
        texts = [text.casefold() for text in value if text is not None]
        return all(any(word in text for text in texts) for word in self.words)


@dataclass(frozen=True, slots=True)
class FlagIs:
    """Yes, or no."""

    flag: bool

    def holds(self, value: bool | None) -> bool:
        """Whether that answer is meant."""
        return value is self.flag


@dataclass(frozen=True, slots=True)
class DateIs:
    """A date (``YYYY-MM-DD``) from ``first`` to ``last``, both included; ``inside=False``: no
    such date. Nothing lies in a range whose ``first`` comes after its ``last``."""

    first: str = FIRST_DATE
    last: str = LAST_DATE
    inside: bool = True

    def holds(self, value: str | None) -> bool:
        """Whether that date is meant."""
        return value is not None and (self.first <= value <= self.last) is self.inside


@dataclass(frozen=True, slots=True)
class Never:
    """Nothing: what is asked about does not exist here."""

    def holds(self, value: object) -> bool:
        """No."""
        del value
        return False


Condition = IdsAre | TimeIs | TimeIsNot | TextIs | WordsAre | FlagIs | DateIs | Never


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
            return TimeIs(EVER)
        return reduce(TimeIs.both, asked) if asked else None

    def other_times(self, name: str) -> tuple[Span, ...]:
        """The spans outside of which a time must lie."""
        return tuple(it.span for it in self.by_name.get(name, ()) if isinstance(it, TimeIsNot))

    def dates(self, *names: str) -> tuple[str, str]:
        """The first and the last date that all of these filters leave."""
        ranges = [
            it
            for name in names
            for it in self.by_name.get(name, ())
            if isinstance(it, DateIs) and it.inside
        ]
        return (
            max((it.first for it in ranges), default=FIRST_DATE),
            min((it.last for it in ranges), default=LAST_DATE),
        )

    def described(self) -> str:
        """All of it as text, the same for the same conditions in every process."""
        return repr(
            [
                (name, sorted(_described(it) for it in conditions))
                for name, conditions in sorted(self.by_name.items())
            ]
        )


def _described(condition: Condition) -> str:
    # A set has no order of its own, and another one in each process.
    if isinstance(condition, IdsAre):
        return f"IdsAre({sorted(condition.ids)}, {condition.among})"
    return repr(condition)
