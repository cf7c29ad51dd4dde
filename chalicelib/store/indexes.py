"""Walks along the indexes of the timers."""

from collections.abc import Sequence
from typing import Any

from pynamodb.connection import Connection

from chalicelib.domain.queries import TimerQuery
from chalicelib.domain.timers import Timer
from chalicelib.store import keys
from chalicelib.store.connection import table_name, translated
from chalicelib.store.models import TimerModel
from chalicelib.store.plans import BY_PERSON, BY_STARTED, BY_STOPPED, BY_TIME_ENTRY, Plan
from chalicelib.store.reads import RawItem
from chalicelib.store.records import read_noun

_PARTITION_KEYS = {
    BY_PERSON: "person_key",
    BY_TIME_ENTRY: "time_entry_key",
    BY_STARTED: "organization_id",
    BY_STOPPED: "organization_id",
}
_SORT_KEYS = {
    BY_PERSON: TimerModel.started_key.attr_name,
    BY_TIME_ENTRY: TimerModel.started_key.attr_name,
    BY_STARTED: TimerModel.started_key.attr_name,
    BY_STOPPED: TimerModel.stopped_key.attr_name,
}

Row = tuple[str, Timer]
"""A timer, and its position in the index."""


class Walk:
    """A range of an index, forwards or backwards: from ``begin`` to ``end``, both included."""

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
        self._hash, self._range = _PARTITION_KEYS[index], _SORT_KEYS[index]
        self._partition = _typed(partition)
        self._request: dict[str, Any] = {
            "TableName": table_name(TimerModel),
            "IndexName": index,
            "KeyConditionExpression": "#hash = :hash AND #range BETWEEN :begin AND :end",
            "ExpressionAttributeNames": {"#hash": self._hash, "#range": self._range},
            "ExpressionAttributeValues": {
                ":hash": self._partition,
                ":begin": {"S": begin},
                ":end": {"S": end},
            },
            "ScanIndexForward": not backwards,
        }

    def page(
        self, organization_id: int, after: str | None = None, limit: int | None = None
    ) -> tuple[Sequence[Row], str | None]:
        """Rows behind a position, up to 1 MB, and the position at which they end; None: the end.

        One call.
        """
        request = dict(self._request)
        if limit is not None:
            request["Limit"] = limit
        if after is not None:
            request["ExclusiveStartKey"] = self._start_key(organization_id, after)
        items, last = self._query(request)
        rows = [(item[self._range]["S"], read_noun(Timer, item)) for item in items]
        return rows, None if last is None else last[self._range]["S"]

    def first(self, organization_id: int, count: int) -> list[Row]:
        """The first so many rows. One call for each MB."""
        rows: list[Row] = []
        position = None
        while len(rows) < count:
            found, position = self.page(organization_id, position, count - len(rows))
            rows += found
            if position is None:
                break
        return rows

    def count(self) -> int:
        """How many rows there are. One call for each MB."""
        request = {**self._request, "Select": "COUNT"}
        total = 0
        while True:
            with translated():
                answer = self._connection.dispatch("Query", dict(request))
            total += int(answer["Count"])
            if "LastEvaluatedKey" not in answer:
                return total
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _query(self, request: dict[str, Any]) -> tuple[Sequence[RawItem], RawItem | None]:
        with translated():
            answer = self._connection.dispatch("Query", request)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def _start_key(self, organization_id: int, after: str) -> RawItem:
        timer_id = keys.id_in(after)
        return {
            "key": {"S": keys.scoped(organization_id, timer_id)},
            self._hash: self._partition,
            self._range: {"S": after},
        }


def walk_of(connection: Connection, steps: Plan, query: TimerQuery) -> Walk:
    """The whole range of a plan, in the direction of a query."""
    return Walk(
        connection,
        steps.index,
        steps.partition,
        steps.begin,
        steps.end,
        backwards=query.descending,
    )


def _typed(partition: str | int) -> dict[str, str]:
    return {"N": str(partition)} if isinstance(partition, int) else {"S": partition}
