"""Cursor pages: the rows of a list after a position."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chalicelib.core.lists import CursorPage
from chalicelib.dynamodb.index_query import IndexQuery, Row
from chalicelib.dynamodb.query_planner import MAX_INDEX_PAGES


class SortedQuery(Protocol):
    """The fields of a query that a cursor page needs."""

    @property
    def descending(self) -> bool:
        """Whether the list is in descending order."""

    @property
    def matches(self) -> Callable[[Any], bool]:
        """Whether a record matches the query."""


def filtered_page(
    index_query: IndexQuery, query: SortedQuery, after: str | None, size: int
) -> CursorPage[Any]:
    """Read rows that match a query: at most ``size``, from at most five index pages.

    ``after`` is the position before the first row; None: from the beginning. At most five calls.
    """
    matching: list[Row] = []
    position = after
    for _ in range(MAX_INDEX_PAGES):
        rows, position = index_query.page(position)
        matching += (row for row in rows if query.matches(row[1]))
        if len(matching) > size or position is None:
            break
    return page_of_rows(matching, position, size)


def page_after_position(
    rows: Sequence[Row], query: SortedQuery, after: str | None, size: int
) -> CursorPage[Any]:
    """At most ``size`` rows after a position (None: from the beginning).

    ``rows`` are all rows of the list, in its order.
    """
    if after is not None:
        rows = [row for row in rows if (row[0] < after if query.descending else row[0] > after)]
    return page_of_rows(rows, None, size)


def page_of_rows(rows: Sequence[Row], position: str | None, size: int) -> CursorPage[Any]:
    """The first ``size`` rows as a page.

    ``position`` is where the list continues after all the rows; None: the list ends there.
    """
    records = [record for _, record in rows[:size]]
    return CursorPage(records, rows[size - 1][0] if len(rows) > size else position)
