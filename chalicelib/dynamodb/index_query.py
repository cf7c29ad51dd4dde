"""Walks along the indexes by which lists are read."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name, translated
from chalicelib.dynamodb.items import fields_of, read_noun
from chalicelib.dynamodb.query_planner import (
    BY_ORGANIZATION_DATE,
    BY_PERSON,
    BY_PERSON_DATE,
    BY_SERVICE_DATE,
    BY_STARTED,
    BY_STOPPED,
    BY_TIME_ENTRY,
    Plan,
)
from chalicelib.dynamodb.tables import TimeEntryModel, TimerModel
from chalicelib.store.reads import RawItem


@dataclass(frozen=True, slots=True)
class Index:
    """An index: of which table, what its items hold, and its key's two attributes."""

    model: type[Model]
    noun: type[Any]
    hash_name: str
    range_name: str


_STARTED = TimerModel.started_key.attr_name
_STOPPED = TimerModel.stopped_key.attr_name
_DATE = TimeEntryModel.date_key.attr_name

INDEXES: Mapping[str, Index] = {
    BY_PERSON: Index(TimerModel, Timer, "person_key", _STARTED),
    BY_TIME_ENTRY: Index(TimerModel, Timer, "time_entry_key", _STARTED),
    BY_STARTED: Index(TimerModel, Timer, "organization_id", _STARTED),
    BY_STOPPED: Index(TimerModel, Timer, "organization_id", _STOPPED),
    BY_PERSON_DATE: Index(TimeEntryModel, TimeEntry, "person_key", _DATE),
    BY_SERVICE_DATE: Index(TimeEntryModel, TimeEntry, "service_key", _DATE),
    BY_ORGANIZATION_DATE: Index(TimeEntryModel, TimeEntry, "organization_id", _DATE),
}
"""Every index that lists are read by, by its name."""

Row = tuple[str, Any]
"""A position in an index, and the record there."""


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
        self._index = INDEXES[index]
        self._hash, self._range = self._index.hash_name, self._index.range_name
        self._partition = _typed(partition)
        fields = [name for name in fields_of(self._index.noun) if name != self._range]
        names = {f"#field{number}": name for number, name in enumerate(fields)}
        self._request: dict[str, Any] = {
            "TableName": table_name(self._index.model),
            "IndexName": index,
            "KeyConditionExpression": "#hash = :hash AND #range BETWEEN :begin AND :end",
            # Keys are derived: none but the position's own is read again.
            "ProjectionExpression": f"#range, {', '.join(names)}",
            "ExpressionAttributeNames": {"#hash": self._hash, "#range": self._range, **names},
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
        rows = [(item[self._range]["S"], read_noun(self._index.noun, item)) for item in items]
        return rows, None if last is None else last[self._range]["S"]

    def first(self, organization_id: int, count: int, after: str | None = None) -> list[Row]:
        """The first so many rows, or those behind a position. One call for each MB."""
        rows: list[Row] = []
        position = after
        while len(rows) < count:
            found, position = self.page(organization_id, position, count - len(rows))
            rows += found
            if position is None:
                break
        return rows

    def matching(
        self, organization_id: int, means: Callable[[Any], bool], most_pages: int | None = None
    ) -> tuple[list[Any], bool]:
        """The records that are meant, out of up to so many pages of 1 MB; whether that was all."""
        found: list[Any] = []
        position = None
        for _ in count(1) if most_pages is None else range(most_pages):
            rows, position = self.page(organization_id, position)
            found += (record for _, record in rows if means(record))
            if position is None:
                break
        return found, position is None

    def count(self) -> int:
        """How many rows there are. One call for each MB."""
        request = {**self._request, "Select": "COUNT"}
        # Counting takes no projection, nor names that nothing uses.
        del request["ProjectionExpression"]
        request["ExpressionAttributeNames"] = {"#hash": self._hash, "#range": self._range}
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
        return {
            "key": {"S": keys.scoped(organization_id, keys.id_in(after))},
            self._hash: self._partition,
            self._range: {"S": after},
        }


def walk_of(connection: Connection, steps: Plan, descending: bool) -> Walk:
    """The whole range of a plan, in one direction or the other."""
    return Walk(
        connection, steps.index, steps.partition, steps.begin, steps.end, backwards=descending
    )


def _typed(partition: str | int) -> dict[str, str]:
    return {"N": str(partition)} if isinstance(partition, int) else {"S": partition}
