"""What a request changes in moto: the keys of its items, or its queue; and how to undo it.

moto undoes a failed transaction by copying all tables before each one. That takes seconds with the
tables of a year. So only the affected items are copied here.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.sqs.models import Message, Queue, sqs_backends

_REGION = re.compile(r"\.([a-z]{2,3}(?:-[a-z]+)+-\d)\.amazonaws\.com")
_DYNAMODB, _SQS = "DynamoDB_20120810", "AmazonSQS"
_ACTIONS = ("Put", "Update", "Delete")
_MILLISECONDS = 1_000


class ItemKey(NamedTuple):
    """The key of an item; ``sort`` is None in a table without a sort key."""

    table: str
    partition: DynamoType
    sort: DynamoType | None


class ItemsChange:
    """The items that a request of DynamoDB's API may change, with copies of them before it."""

    def __init__(self, tables: Mapping[str, Table], keys: list[ItemKey]) -> None:
        self._tables = tables
        self._before = [(key, copy.deepcopy(find_item(tables[key.table], key))) for key in keys]

    def items(self) -> Iterator[tuple[ItemKey, Item | None]]:
        """Yield the items as they are now; None: deleted, or never created."""
        for key, _ in self._before:
            yield key, find_item(self._tables[key.table], key)

    def undo(self) -> None:
        """Put the items back as they were before the request."""
        for key, item in self._before:
            _set_item(self._tables[key.table], key, item)


class QueueChange:
    """The queue whose messages a request of SQS's API may change."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self._before = list(queue._messages)

    def messages(self) -> list[Message]:
        """Return the messages as they are now."""
        return list(self.queue._messages)

    def undo(self) -> None:
        """Remove what the request added, and put back what it deleted."""
        self.queue._messages = self._before


def change_of(request: Any) -> ItemsChange | QueueChange | None:
    """Return what a request of botocore may change in moto; None: nothing that is kept."""
    target = request.headers.get("X-Amz-Target") or b""
    service, _, operation = _text(target).partition(".")
    region = _REGION.search(request.url)
    if region is None or not operation:
        return None
    if service == _DYNAMODB and operation in _KEYS:
        tables = dynamodb_backends[DEFAULT_ACCOUNT_ID][region[1]].tables
        keys = [
            key
            for name, attributes in _KEYS[operation](json.loads(_text(request.body)))
            if (key := _key(tables.get(name), attributes)) is not None
        ]
        return ItemsChange(tables, keys)
    if service == _SQS and operation in _QUEUE_OPERATIONS:
        name = json.loads(_text(request.body))["QueueUrl"].rpartition("/")[2]
        queue = sqs_backends[DEFAULT_ACCOUNT_ID][region[1]].queues.get(name)
        return None if queue is None else QueueChange(queue)
    return None


def find_item(table: Table, key: ItemKey) -> Item | None:
    """Return an item of a table, not a copy."""
    found: Any = table.items.get(key.partition)
    if key.sort is not None and found is not None:
        found = found.get(key.sort)
    return found or None


def load_item(table: Table, attributes: dict[str, Any]) -> ItemKey:
    """Put an item into a table, without the checks that it passed when it was written."""
    key = _key(table, attributes)
    if key is None:
        raise ValueError(f"an item of {table.name} without its key")
    item = Item(key.partition, key.sort, {})
    for name, value in attributes.items():
        # The class compares the item's size with the limit at each attribute.
        dict.__setitem__(item.attrs, name, DynamoType(value))
    _set_item(table, key, item)
    return key


def forget_item(table: Table, key: ItemKey) -> None:
    """Remove an item from a table."""
    _set_item(table, key, None)


def attributes_of(item: Item) -> dict[str, Any]:
    """Return an item's attributes as in DynamoDB's API."""
    return {name: typed_value(value) for name, value in item.attrs.items()}


def typed_value(value: DynamoType) -> dict[str, Any]:
    """Return a value as in DynamoDB's API, such as ``{"S": "text"}``."""
    if value.is_map():
        return {value.type: {name: typed_value(each) for name, each in value.value.items()}}
    if value.is_list():
        return {value.type: [typed_value(each) for each in value.value]}
    return {value.type: value.value}


def tables_of(region: str) -> Mapping[str, Table]:
    """Return the tables in moto, by name."""
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables


def load_message(region: str, queue: str, message_id: str, body: str, visible_at: float) -> None:
    """Put a message into a queue, if it exists. ``visible_at`` is a timestamp, in seconds."""
    found = sqs_backends[DEFAULT_ACCOUNT_ID][region].queues.get(queue)
    if found is not None:
        message = Message(message_id, body)
        message.mark_sent()
        message.delayed_until = visible_at * _MILLISECONDS
        found.add_message(message)


def visible_at(message: Message) -> float:
    """Return when a delayed message becomes visible, in seconds. Receives do not count."""
    return message.delayed_until / _MILLISECONDS


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _key(table: Table | None, attributes: Mapping[str, Any]) -> ItemKey | None:
    if table is None or not set(table.table_key_attrs) <= attributes.keys():
        return None  # moto refuses the request.
    sort = table.range_key_attr
    return ItemKey(
        table.name,
        DynamoType(attributes[table.hash_key_attr]),
        None if sort is None else DynamoType(attributes[sort]),
    )


def _set_item(table: Table, key: ItemKey, item: Item | None) -> None:
    # A table without a sort key has its items where others have their partitions.
    items: Any = table.items if key.sort is None else table.items[key.partition]
    name = key.partition if key.sort is None else key.sort
    if item is None:
        items.pop(name, None)
    else:
        items[name] = item


_Keys = Iterator[tuple[str, dict[str, Any]]]


def _put_key(body: dict[str, Any]) -> _Keys:
    yield body["TableName"], body["Item"]


def _update_key(body: dict[str, Any]) -> _Keys:
    yield body["TableName"], body["Key"]


def _batch_keys(body: dict[str, Any]) -> _Keys:
    for table, requests in body["RequestItems"].items():
        for request in requests:
            for action in request.values():
                yield table, action.get("Item") or action["Key"]


def _transaction_keys(body: dict[str, Any]) -> _Keys:
    for item in body["TransactItems"]:
        for name in _ACTIONS:
            if name in item:
                yield item[name]["TableName"], item[name].get("Item") or item[name]["Key"]


_KEYS: dict[str, Callable[[dict[str, Any]], _Keys]] = {
    "PutItem": _put_key,
    "UpdateItem": _update_key,
    "DeleteItem": _update_key,
    "BatchWriteItem": _batch_keys,
    "TransactWriteItems": _transaction_keys,
}
_QUEUE_OPERATIONS = frozenset(
    {"SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch", "PurgeQueue"}
)
