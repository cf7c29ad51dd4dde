"""Queries of the indexes of lists."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from msgspec import Struct
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem, last_key, table_name, translate_errors
from chalicelib.dynamodb.items import attribute_names, from_item
from chalicelib.dynamodb.query_planner import QueryPlan


class Index(Struct, frozen=True):
    """An index: its table, the entity of its items, and the two attributes of its key."""

    model: type[Model]
    entity: type[Any]
    hash_name: str
    range_name: str


INDEXES: dict[str, Index] = {}
"""Every index of a list, by its name."""


def declare_index(
    name: str, model: type[Model], entity: type[Any], hash_name: str, range_name: str
) -> None:
    """Declare an index of a list. A slice declares its indexes in its ``repository.py``."""
    INDEXES[name] = Index(model, entity, hash_name, range_name)


Row = tuple[str, Any]
"""A position in an index (the sort key of an item), and the item's record."""


class IndexQuery:
    """Reads a range of sort keys of an index: from ``begin`` to ``end``, both included."""

    def __init__(
        self,
        connection: Connection,
        index: str,
        partition: str | int,
        begin: str,
        end: str,
        *,
        backwards: bool = False,
    ) -> None:
        self._connection = connection
        self._index = INDEXES[index]
        self._hash, self._range = self._index.hash_name, self._index.range_name
        self._partition = _typed(partition)
        self._begin, self._end, self._backwards = begin, end, backwards
        fields = [name for name in attribute_names(self._index.entity) if name != self._range]
        names = {f"#field{number}": name for number, name in enumerate(fields)}
        self._request: dict[str, Any] = {
            "TableName": table_name(self._index.model),
            "IndexName": index,
            "KeyConditionExpression": "#hash = :hash AND #range BETWEEN :begin AND :end",
            # Keys are derived from the fields: only the sort key, the position, is needed.
            "ProjectionExpression": f"#range, {', '.join(names)}",
            "ExpressionAttributeNames": {"#hash": self._hash, "#range": self._range, **names},
            "ScanIndexForward": not backwards,
        }

    def page(
        self, after: str | None = None, limit: int | None = None
    ) -> tuple[Sequence[Row], str | None]:
        """Read rows after a position, at most 1 MB.

        Returns the rows, and the position where the next page begins; None: no more rows. One call;
        none if the range ends before the position. Raises ``InvalidPosition``.
        """
        begin, end = self._begin, self._end
        if after is not None:
            begin, end = keys.range_after(begin, end, after, backwards=self._backwards)
        if begin > end:
            return (), None
        request = self._request_between(begin, end)
        if limit is not None:
            request["Limit"] = limit
        items, last = self._query(request)
        rows = [(item[self._range]["S"], from_item(self._index.entity, item)) for item in items]
        return rows, None if last is None else last[self._range]["S"]

    def first(self, count: int, after: str | None = None) -> list[Row]:
        """Read the first ``count`` rows after a position. One call per MB."""
        rows: list[Row] = []
        position = after
        while len(rows) < count:
            page, position = self.page(position, count - len(rows))
            rows += page
            if position is None:
                break
        return rows

    def matching(
        self, matches: Callable[[Any], bool], max_pages: int | None = None
    ) -> tuple[list[Any], bool]:
        """Read at most ``max_pages`` pages of 1 MB (None: all); keep the records that match.

        Returns the records, and whether every page was read. One call per page.
        """
        records: list[Any] = []
        position = None
        for _ in count(1) if max_pages is None else range(max_pages):
            rows, position = self.page(position)
            records += (record for _, record in rows if matches(record))
            if position is None:
                break
        return records, position is None

    def count(self) -> int:
        """Count the rows. One call per MB."""
        if self._begin > self._end:
            return 0
        request = {**self._request_between(self._begin, self._end), "Select": "COUNT"}
        # A count has no projection, and DynamoDB rejects names that no expression uses.
        del request["ProjectionExpression"]
        request["ExpressionAttributeNames"] = {"#hash": self._hash, "#range": self._range}
        total = 0
        while True:
            with translate_errors():
                response = self._connection.dispatch("Query", dict(request))
            total += int(response["Count"])
            last = last_key(response)
            if last is None:
                return total
            request["ExclusiveStartKey"] = last

    def _query(self, request: dict[str, Any]) -> tuple[Sequence[RawItem], RawItem | None]:
        with translate_errors():
            response = self._connection.dispatch("Query", request)
        return response["Items"], last_key(response)

    def _request_between(self, begin: str, end: str) -> dict[str, Any]:
        values = {":hash": self._partition, ":begin": {"S": begin}, ":end": {"S": end}}
        return {**self._request, "ExpressionAttributeValues": values}


def index_query(connection: Connection, plan: QueryPlan, descending: bool) -> IndexQuery:
    """The index query that reads the whole range of a query plan."""
    return IndexQuery(
        connection, plan.index, plan.partition, plan.begin, plan.end, backwards=descending
    )


def _typed(partition: str | int) -> dict[str, str]:
    return {"N": str(partition)} if isinstance(partition, int) else {"S": partition}
