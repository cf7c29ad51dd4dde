"""Pages of the sparse indexes, which hold what the sweep has to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.dataclass import dataclass
from chalicelib.dynamodb.connection import table_name, translated
from chalicelib.store.reads import RawItem


@dataclass(frozen=True, slots=True)
class SparsePage:
    """A page of a sparse index. Whoever takes it reads its items one by one, so that a spoilt one
    does not hide the others. ``after`` begins the next page; None: the end."""

    items: Sequence[RawItem]
    after: Any


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sparse index: a condition on its keys, and the texts that this names."""

    model: type[Model]
    index: str
    condition: str
    values: Mapping[str, str]


def sparse_page(connection: Connection, part: Part, limit: int, after: Any) -> SparsePage:
    """Up to ``limit`` items behind a page's ``after`` (None: from the beginning). One call."""
    request = {
        "TableName": table_name(part.model),
        "IndexName": part.index,
        "KeyConditionExpression": part.condition,
        "ExpressionAttributeValues": {name: {"S": text} for name, text in part.values.items()},
        "Limit": limit,
    }
    if after is not None:
        request["ExclusiveStartKey"] = after
    with translated():
        answer = connection.dispatch("Query", request)
    return SparsePage(answer["Items"], answer.get("LastEvaluatedKey"))
