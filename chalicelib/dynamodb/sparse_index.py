"""Pages of the sparse indexes: the work of the scheduled auto-stop."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.dynamodb.connection import RawItem, last_key, table_name, translate_errors


class SparseIndexPage(Struct, frozen=True):
    """A page of a sparse index. ``after`` is where the next page begins; None: the last page.

    The items are raw: the caller converts each of them by itself, so that an invalid item does not
    hide the others.
    """

    items: Sequence[RawItem]
    after: Any


class SparseIndexRange(Struct, frozen=True):
    """A part of a sparse index: a key condition expression, and the texts of its placeholders."""

    model: type[Model]
    index: str
    condition: str
    values: Mapping[str, str]


def sparse_page(
    connection: Connection, key_range: SparseIndexRange, limit: int, after: Any
) -> SparseIndexPage:
    """Read at most ``limit`` items after ``after`` (None: from the beginning). One call."""
    request = {
        "TableName": table_name(key_range.model),
        "IndexName": key_range.index,
        "KeyConditionExpression": key_range.condition,
        "ExpressionAttributeValues": {name: {"S": text} for name, text in key_range.values.items()},
        "Limit": limit,
    }
    if after is not None:
        request["ExclusiveStartKey"] = after
    with translate_errors():
        response = connection.dispatch("Query", request)
    return SparseIndexPage(response["Items"], last_key(response))
