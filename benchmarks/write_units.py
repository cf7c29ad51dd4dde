"""Write units by AWS's published rules, computed from the written items.

DynamoDB Local's own numbers for transactions differ from AWS's. The rules: a write takes one unit
per started KB of the item before or after it, whichever is larger, and at least one unit. In a
transaction it takes twice that; this includes condition checks. Each index that contains the item
before or after the write takes units too: by the size of its projected attributes; none if no
projected attribute changed; two writes, a delete and a put, if a key of the index changed. Index
writes are asynchronous and counted once, also for a transaction: AWS's documentation does not say
otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""An item as in DynamoDB's API: names and typed values."""

_UNIT_BYTES = 1024
_NESTED_BYTES = 3
_TRANSACTED = 2


@dataclass(frozen=True, slots=True)
class Index:
    """An index's keys, and its projected non-key attributes; None for all."""

    keys: frozenset[str]
    projected: frozenset[str] | None

    def entry(self, item: Item | None) -> Item | None:
        """Return the index's copy of an item, or None if the index does not contain it."""
        if item is None or not self.keys <= item.keys():
            return None
        if self.projected is None:
            return item
        return {name: item[name] for name in item.keys() & self.projected}


@dataclass(frozen=True, slots=True)
class Table:
    """A table's keys and its indexes."""

    keys: tuple[str, ...]
    indexes: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Write:
    """A write of an item: its table's name, its key, and whether it is in a transaction."""

    table: str
    key: Item
    transacted: bool


def table_of(description: Mapping[str, Any]) -> Table:
    """Return a table from its DescribeTable description."""
    keys = tuple(_names(description))
    indexes = tuple(
        _index(index, frozenset(keys)) for index in description.get("GlobalSecondaryIndexes", ())
    )
    return Table(keys, indexes)


def writes_in(
    operation: str, parameters: Mapping[str, Any], tables: Mapping[str, Table]
) -> Iterator[Write]:
    """Yield the writes of an operation. ``tables`` holds its tables by name."""
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield _write(parameters, tables, transacted=False)
        case "TransactWriteItems":
            for item in parameters["TransactItems"]:
                (action,) = item.values()
                yield _write(action, tables, transacted=True)
        case "BatchWriteItem":
            for name, requests in parameters["RequestItems"].items():
                for request in requests:
                    (action,) = request.values()
                    yield _write({"TableName": name, **action}, tables, transacted=False)


def units(table: Table, before: Item | None, after: Item | None, *, transacted: bool) -> int:
    """Return the units of a write from ``before`` to ``after``; None if there is no item."""
    own = _units(before, after) * (_TRANSACTED if transacted else 1)
    return own + sum(_index_units(index, before, after) for index in table.indexes)


def item_bytes(item: Item | None) -> int:
    """Return the size of an item in bytes: its names and values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in (item or {}).items())


def _write(action: Mapping[str, Any], tables: Mapping[str, Table], *, transacted: bool) -> Write:
    name: str = action["TableName"]
    item: Item = action.get("Key") or action["Item"]
    return Write(name, {key: item[key] for key in tables[name].keys}, transacted)


def _units(*items: Item | None) -> int:
    largest = max(item_bytes(item) for item in items)
    return max(1, -(-largest // _UNIT_BYTES))


def _index_units(index: Index, before: Item | None, after: Item | None) -> int:
    old, new = index.entry(before), index.entry(after)
    if old is None or new is None:
        return 0 if old is new else _units(old, new)
    if any(old[name] != new[name] for name in index.keys):
        return _units(old) + _units(new)
    return 0 if old == new else _units(old, new)


def _index(description: Mapping[str, Any], table_keys: frozenset[str]) -> Index:
    keys = frozenset(_names(description))
    projection = description["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(keys, None)
    return Index(keys, keys | table_keys | frozenset(projection.get("NonKeyAttributes", ())))


def _names(description: Mapping[str, Any]) -> list[str]:
    return [key["AttributeName"] for key in description["KeySchema"]]


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "B":
            size = len(content.encode() if isinstance(content, str) else content)
        case "N":
            # About one byte per two digits, one more byte, and one for a minus sign.
            digits = content.lstrip("-").replace(".", "").strip("0")
            size = (len(digits) + 1) // 2 + 1 + content.startswith("-")
        case "L":
            size = _NESTED_BYTES + sum(1 + _value_bytes(element) for element in content)
        case "M":
            size = _NESTED_BYTES + len(content) + item_bytes(content)
        case "SS" | "NS" | "BS":
            size = sum(_value_bytes({kind[0]: element}) for element in content)
        case _:
            size = 1
    return size
