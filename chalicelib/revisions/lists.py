"""Lists of revisions, by cursor only.

A list reads one partition of the table or of an index, or several of them that it merges by time:
the timers, the time entries or the people that the query names, else the organization. It reads at
most five pages of 1 MB from each of them, so that every page of the list ends, however many rows do
not match. Decision 0023.
"""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from pynamodb.connection import Connection

from chalicelib.core.lists import CursorPage
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, last_key, table_name, translate_errors
from chalicelib.dynamodb.items import attribute_names, from_item
from chalicelib.dynamodb.parallel_calls import run_concurrently
from chalicelib.dynamodb.query_planner import MAX_INDEX_PAGES
from chalicelib.revisions.model import RevisionQuery
from chalicelib.revisions.repository import BY_ORGANIZATION, BY_PERSON, RevisionModel

log = logging.getLogger("stint")

MAX_PAGE_BYTES = 1_000_000
"""Of changed values in one page of a list. Lambda's limit is 6 MB for a response, in which a
character can take three times its size in UTF-8."""


class _Row(Struct, frozen=True):
    """A revision, its position in the list, and the size of its changed values in bytes."""

    position: str
    revision: Any
    size: int


class _Partition:
    """Reads the matching rows of one partition, from a position on.

    ``position`` is where the rows end that were read; None: nothing was read, or all was.
    """

    def __init__(
        self, connection: Connection, query: RevisionQuery, key: dict[str, Any], limit: int | None
    ) -> None:
        self._connection = connection
        self._query = query
        self._request = key if limit is None else {**key, "Limit": limit}
        self.rows: list[_Row] = []
        self.position: str | None = None
        self.is_complete = False

    def read(self) -> None:
        """Read the next rows, at most 1 MB. One call."""
        with translate_errors():
            response = self._connection.dispatch("Query", dict(self._request))
        rows = (_row(self._query.entity, item) for item in response["Items"])
        self.rows += (row for row in rows if row and self._query.matches(row.revision))
        last = last_key(response)
        self.is_complete = last is None
        self.position = None if last is None else last["revision_key"]["S"]
        self._request["ExclusiveStartKey"] = last


def cursor_page(connection: Connection, query: RevisionQuery, after: str | None) -> CursorPage[Any]:
    """Revisions after a position (None: from the beginning), at most the page size or 1 MB.

    One call for each timer, time entry or person that the query names, at the same time, and at
    most four more. A page can be shorter than its size, or empty, before the end of the list.
    Raises ``InvalidPosition``.
    """
    begin, end = _range(query, after)
    if query.is_empty or begin > end:
        return CursorPage((), None)
    partition_keys = _partition_keys(query)
    # One more row shows whether there is a next page.
    limit = None if query.is_filtered and len(partition_keys) == 1 else query.page_size + 1
    partitions = [
        _Partition(connection, query, _request(query, name, value, (begin, end)), limit)
        for name, value in partition_keys
    ]
    return _read(partitions, query)


def _read(partitions: Sequence[_Partition], query: RevisionQuery) -> CursorPage[Any]:
    behind = partitions
    for _ in range(MAX_INDEX_PAGES):
        run_concurrently(*(partition.read for partition in behind))
        frontier = _frontier(partitions, query)
        rows = _merged(partitions, query, frontier)
        # A page of large rows is not filled up: the next MB may not fit.
        if frontier is None or len(rows) > query.page_size or _size(rows) > MAX_PAGE_BYTES // 2:
            break
        behind = [partition for partition in partitions if partition.position == frontier]
    count = _page_length(rows, query.page_size)
    following = rows[count - 1].position if count < len(rows) else frontier
    return CursorPage([row.revision for row in rows[:count]], following)


def _frontier(partitions: Sequence[_Partition], query: RevisionQuery) -> str | None:
    """The position up to which every partition was read; None: all of them were read whole."""
    positions = [each.position for each in partitions if each.position is not None]
    if not positions:
        return None
    return max(positions) if query.descending else min(positions)


def _merged(
    partitions: Sequence[_Partition], query: RevisionQuery, frontier: str | None
) -> list[_Row]:
    """The rows of all partitions up to the frontier, in the order of the list."""
    rows = [
        row
        for partition in partitions
        for row in partition.rows
        if frontier is None
        or (row.position >= frontier if query.descending else row.position <= frontier)
    ]
    return sorted(rows, key=lambda row: row.position, reverse=query.descending)


def _page_length(rows: Sequence[_Row], page_size: int) -> int:
    """How many rows a page holds: at least one, if there are any."""
    size = 0
    for count, row in enumerate(rows[:page_size]):
        size += row.size
        if size > MAX_PAGE_BYTES and count > 0:
            return count
    return min(len(rows), page_size)


def _size(rows: Sequence[_Row]) -> int:
    return sum(row.size for row in rows)


def _row(entity: type[Any], item: RawItem) -> _Row | None:
    """A row; None, and a line in the log, if this version cannot read the item."""
    try:
        revision = from_item(entity, item)
        names = (name for name in attribute_names(entity) if name not in entity.nullable)
        if any(getattr(revision, name) is None for name in names):
            raise ValueError("a value is missing")
    except (LookupError, ValueError, msgspec.MsgspecError) as error:
        key = {name: item[name]["S"] for name in ("subject_key", "revision_key")}
        log.error("revision is unreadable", exc_info=error, extra=key)  # noqa: TRY400 - one style
        return None
    # As in the response: the item is shorter where a text did not change as a whole.
    size = len(msgspec.json.encode((revision.before, revision.after)))
    return _Row(item["revision_key"]["S"], revision, size)


def _partition_keys(query: RevisionQuery) -> list[tuple[str, str]]:
    """The names and values of the partition keys that contain all matching rows."""
    organization_id, subject = query.organization_id, query.subject
    if query.subject_ids is not None:
        ids, name = query.subject_ids, "subject_key"
    elif query.person_ids is not None:
        ids, name = query.person_ids, "person_key"
    else:
        return [("organization_key", keys.of_kind(organization_id, subject))]
    return [(name, keys.of_kind(organization_id, subject, id_)) for id_ in sorted(ids)]


_INDEXES = {"organization_key": BY_ORGANIZATION, "person_key": BY_PERSON}


def _request(
    query: RevisionQuery, name: str, value: str, sort_keys: tuple[str, str]
) -> dict[str, Any]:
    # The table itself is read consistently, indexes cannot be.
    index = _INDEXES.get(name)
    source = {"ConsistentRead": True} if index is None else {"IndexName": index}
    begin, end = sort_keys
    return {
        "TableName": table_name(RevisionModel),
        "KeyConditionExpression": f"{name} = :value AND revision_key BETWEEN :begin AND :end",
        "ExpressionAttributeValues": {
            ":value": {"S": value},
            ":begin": {"S": begin},
            ":end": {"S": end},
        },
        "ScanIndexForward": not query.descending,
        **source,
    }


def _range(query: RevisionQuery, after: str | None) -> tuple[str, str]:
    """The first and the last sort key to read. No sort key is equal to the last one of a span."""
    begin = keys.timestamp_prefix(query.created_in.start)
    end = keys.timestamp_prefix(query.created_in.end)
    if after is None:
        return begin, end
    return keys.range_after(begin, end, after, backwards=query.descending)
