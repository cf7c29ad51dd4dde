"""Pages of lists, by page number or by cursor position, and the filter by time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from chalicelib.core.timestamps import Span

T = TypeVar("T")


class InvalidPosition(ValueError):
    """A text is not a position in a list."""


class TimeFilter(Struct, frozen=True):
    """Matches times in ``span``. With ``span=None`` it matches only an absent time.

    A running timer, for example, has no stop time.
    """

    span: Span | None

    def matches(self, timestamp: int | None) -> bool:
        """Whether the filter matches a timestamp, or its absence (None)."""
        if self.span is None or timestamp is None:
            return self.span is None and timestamp is None
        return timestamp in self.span

    def intersection(self, other: "TimeFilter") -> "TimeFilter":
        """Return the filter that matches where both filters match, which may be nowhere."""
        if self.span is None or other.span is None:
            return self if self == other else TimeFilter(Span(0, 0))
        start = max(self.span.start, other.span.start)
        return TimeFilter(Span(start, max(start, min(self.span.end, other.span.end))))


class CursorPage(Struct, Generic[T], frozen=True):
    """A page of a list, read from a position.

    ``following`` is the position of the next page; None at the end of the list. A page before the
    end can be shorter than the requested size, or empty: the number of items that one page reads
    is limited.
    """

    rows: Sequence[T]
    following: str | None


class Page(Struct, Generic[T], frozen=True):
    """A page of a list, by number. ``total_count`` is the number of records in the whole list."""

    rows: Sequence[T]
    total_count: int


def from_position(position: str | None) -> Callable[[str], str | None]:
    """Return the function that a cursor page asks for its position, of a list read by itself."""
    return lambda _: position


def all_pages(read: Callable[[str | None], CursorPage[T]]) -> Iterator[Sequence[T]]:
    """Yield the rows of a whole list, page by page.

    :param read: returns the page at a position; None: the first one.
    """
    position: str | None = None
    while True:
        page = read(position)
        yield page.rows
        position = page.following
        if position is None:
            return
