"""Write units by AWS's published rules, from the items that were written.

DynamoDB Local's own count for transactions is not AWS's. The rules: a write takes a unit for each
KB, begun, of the item before or after it, whichever is larger, and at least one; in a transaction
twice that, a condition check included. Each index that holds the item, before or after, takes its
own: by the size of what is projected into it; none where nothing of that changed; two writes, one
that deletes and one that puts, where a key of the index changed. Indexes follow behind, and are
counted once, in a transaction too: AWS's pages do not say otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""As DynamoDB's own API spells it: names to typed values."""

_UNIT_BYTES = 1024
_NESTED_BYTES = 3
_TRANSACTED = 2


@dataclass(frozen=True, slots=True)
class Index:
    """An index's keys, and what is projected into it beside them; None: everything."""

    keys: frozenset[str]
    projected: frozenset[str] | None

    def entry(self, item: Item | None) -> Item | None:
        """What the index holds of an item of its table."""
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
    """A write of an item: its table's name, its key, and whether a transaction makes it."""

    table: str
    key: Item
    transacted: bool


def table_of(description: Mapping[str, Any]) -> Table:
    """A table, as DescribeTable tells of it."""
    keys = tuple(_names(description))
    indexes = tuple(
        _index(it, frozenset(keys)) for it in description.get("GlobalSecondaryIndexes", ())
    )
    return Table(keys, indexes)


def writes_in(
    operation: str, parameters: Mapping[str, Any], tables: Mapping[str, Table]
) -> Iterator[Write]:
    """What an operation writes. ``tables`` has its tables by name."""
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield _write(parameters, tables, transacted=False)
        case "TransactWriteItems":
            for item in parameters["TransactItems"]:
                (one,) = item.values()
                yield _write(one, tables, transacted=True)
        case "BatchWriteItem":
            for name, requests in parameters["RequestItems"].items():
                for request in requests:
                    (one,) = request.values()
                    yield _write({"TableName": name, **one}, tables, transacted=False)


def units(table: Table, before: Item | None, after: Item | None, *, transacted: bool) -> int:
    """What a write takes that made of one item the other; None: there is none."""
    own = _units(before, after) * (_TRANSACTED if transacted else 1)
    return own + sum(_index_units(it, before, after) for it in table.indexes)


def item_bytes(item: Item | None) -> int:
    """The size of an item: its names and its values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in (item or {}).items())


def _write(given: Mapping[str, Any], tables: Mapping[str, Table], *, transacted: bool) -> Write:
    name: str = given["TableName"]
    whole: Item = given.get("Key") or given["Item"]
    return Write(name, {key: whole[key] for key in tables[name].keys}, transacted)


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
    ((kind, held),) = value.items()
    match kind:
        case "S" | "B":
            size = len(held.encode() if isinstance(held, str) else held)
        case "N":
            # About a byte for two digits, one more, and one for a sign.
            digits = held.lstrip("-").replace(".", "").strip("0")
            size = (len(digits) + 1) // 2 + 1 + held.startswith("-")
        case "L":
            size = _NESTED_BYTES + sum(1 + _value_bytes(it) for it in held)
        case "M":
            size = _NESTED_BYTES + len(held) + item_bytes(held)
        case "SS" | "NS" | "BS":
            size = sum(_value_bytes({kind[0]: it}) for it in held)
        case _:
            size = 1
    return size
