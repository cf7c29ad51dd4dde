"""Reads of single items, one consistent BatchGetItem across tables, and of all that a Query finds.

TransactGetItems would cost double and be cancelled by writers. Nothing needs it: what a decision
rests on is guarded again by the conditions of the transaction that follows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.core.errors import QueryTooBroad, Unavailable
from chalicelib.dataclass import dataclass
from chalicelib.dynamodb.connection import RETRY_AFTER_SECONDS, table_name, translated

RawItem = dict[str, dict[str, Any]]
"""An item as DynamoDB answers it: attribute names to typed values."""

_ITEMS_A_CALL = 100
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Ref:
    """Names an item: its table and its key, by attribute. All our keys are text."""

    table: str
    key: tuple[tuple[str, str], ...]


def ref(model: type[Model], **key: str) -> Ref:
    """Name an item of a bound model."""
    return Ref(table_name(model), tuple(sorted(key.items())))


def read(connection: Connection, refs: Iterable[Ref]) -> dict[Ref, RawItem]:
    """The items that exist among those named: one call per 100 of them, all consistent."""
    wanted = list(dict.fromkeys(refs))
    found: dict[Ref, RawItem] = {}
    for begin in range(0, len(wanted), _ITEMS_A_CALL):
        _read_chunk(connection, wanted[begin : begin + _ITEMS_A_CALL], found)
    return found


def query_all(
    connection: Connection, request: Mapping[str, Any], most_pages: int, narrower: str
) -> list[RawItem]:
    """Every item that a Query finds. One call for each MB.

    Raises :class:`QueryTooBroad` about the parameter that would narrow it, where so many pages
    do not hold them.
    """
    asked = dict(request)
    found: list[RawItem] = []
    for _ in range(most_pages):
        with translated():
            answer = connection.dispatch("Query", dict(asked))
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return found
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    raise QueryTooBroad(narrower)


def _read_chunk(connection: Connection, wanted: Sequence[Ref], found: dict[Ref, RawItem]) -> None:
    key_names = {ref.table: tuple(name for name, _ in ref.key) for ref in wanted}
    request: dict[str, Any] = {}
    for item in wanted:
        table = request.setdefault(item.table, {"Keys": [], "ConsistentRead": True})
        table["Keys"].append({name: {"S": value} for name, value in item.key})
    for _ in range(_ATTEMPTS):
        with translated():
            answer = connection.dispatch("BatchGetItem", {"RequestItems": request})
        for table, items in answer["Responses"].items():
            for raw in items:
                key = tuple((name, raw[name]["S"]) for name in key_names[table])
                found[Ref(table, key)] = raw
        request = answer.get("UnprocessedKeys") or {}
        if not request:
            return
    raise Unavailable(retry_after=RETRY_AFTER_SECONDS)
