"""Queries of moto that read only what they need.

moto sorts all items of a table for each Query: with the tables of a year that takes a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_INDEX_POSITION = 6
"""Where DynamoDBBackend.query passes the name of the index, after the hash key."""


@contextmanager
def fast_moto() -> Iterator[None]:
    """Let moto sort only the items of the queried partition, until the context ends."""
    query = Table.query

    def query_partition(
        table: Table, hash_key: DynamoType | None, *options: Any, **more: Any
    ) -> Any:
        index = options[_INDEX_POSITION]
        conditions = more.get("hash_key_conditions") or ()
        items = _partition(table, hash_key) if index is None else _matching(table, conditions)
        # For this table object, instead of the method of the class. moto sorts them itself.
        table.__dict__["all_items"] = lambda: items
        try:
            return query(table, hash_key, *options, **more)
        finally:
            del table.__dict__["all_items"]

    with patch.object(Table, "query", query_partition):
        yield


def _partition(table: Table, hash_key: DynamoType | None) -> list[Item]:
    partition: Any = table.items.get(hash_key)
    if partition is None:
        return []
    return [partition] if table.range_key_attr is None else list(partition.values())


def _matching(table: Table, conditions: Any) -> list[Item]:
    items: Any = table.items.values()
    if table.range_key_attr is not None:
        items = (item for partition in items for item in partition.values())
    for name, value in conditions:
        items = [item for item in items if _is(item.attrs.get(name), value)]
    return list(items)


def _is(value: DynamoType | None, wanted: DynamoType) -> bool:
    if value is None or value.type != wanted.type:
        return False
    # Numbers have several texts.
    return value.value == wanted.value if value.type == "S" else value == wanted
