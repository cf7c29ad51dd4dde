"""Converts records to DynamoDB items, and back.

Each field of an entity is an attribute of its model. Keys and index keys are derived from the
fields and never read back. Each slice declares its entities in its ``repository.py``.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import fields
from pynamodb.attributes import Attribute, TTLAttribute
from pynamodb.constants import NUMBER, NUMBER_SET, STRING
from pynamodb.models import Model

from chalicelib.core.write_set import RecordId
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import ItemKey, RawItem, item_key

StrChoice = TypeVar("StrChoice", bound=StrEnum)
IntChoice = TypeVar("IntChoice", bound=IntEnum)


class IntegerAttribute(Attribute[int]):
    """An integer. PynamoDB's NumberAttribute is typed as a float, and may return one."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(value)


class TTLSecondsAttribute(TTLAttribute):
    """Time to live as a timestamp. PynamoDB's TTLAttribute is a datetime."""

    def __set__(self, instance: Any, value: Any) -> None:
        Attribute.__set__(self, instance, value)

    def serialize(self, value: int) -> str:
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(value)


class EnumAttribute(Attribute[StrChoice], Generic[StrChoice]):
    """The value of a :class:`StrEnum`."""

    attr_type = STRING

    def __init__(self, choices: type[StrChoice], null: bool = False) -> None:
        super().__init__(null=null)
        self._choices = choices

    def serialize(self, value: StrChoice) -> str:
        return self._choices(value).value

    def deserialize(self, value: str) -> StrChoice:
        return self._choices(value)


class IntEnumAttribute(Attribute[IntChoice], Generic[IntChoice]):
    """The value of an :class:`IntEnum`."""

    attr_type = NUMBER

    def __init__(self, choices: type[IntChoice]) -> None:
        super().__init__()
        self._choices = choices

    def serialize(self, value: IntChoice) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> IntChoice:
        return self._choices(int(value))


class JSONListAttribute(Attribute[tuple[Any, ...]]):
    """A tuple of values of one type, as JSON text."""

    attr_type = STRING

    def __init__(self, kind: type[Any]) -> None:
        super().__init__()
        self._decoder = msgspec.json.Decoder(tuple[kind, ...])  # type: ignore[valid-type]

    def serialize(self, value: tuple[Any, ...]) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> tuple[Any, ...]:
        decoded: tuple[Any, ...] = self._decoder.decode(value)
        return decoded


class JSONAttribute(Attribute[Any]):
    """A value of a type that msgspec can convert, as JSON text."""

    attr_type = STRING

    def __init__(self, kind: type[Any], null: bool = False) -> None:
        super().__init__(null=null)
        self._decoder = msgspec.json.Decoder(kind)

    def serialize(self, value: Any) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> Any:
        return self._decoder.decode(value)


class IntegerSetAttribute(Attribute[tuple[int, ...]]):
    """A sorted tuple of different integers, as a number set: requests can add and remove values.

    DynamoDB has no empty sets: the attribute is then absent.
    """

    attr_type = NUMBER_SET
    null = True

    def serialize(self, value: tuple[int, ...]) -> list[str] | None:
        return [str(number) for number in value] or None

    def deserialize(self, value: list[str]) -> tuple[int, ...]:
        return tuple(sorted(map(int, value)))


Entity = TypeVar("Entity")

_NO_ATTRIBUTES: Mapping[str, Any] = {}


def scoped_key(organization_id: int, record_id: int) -> Mapping[str, str]:
    """The key of most records: the organization, then the record."""
    return {"key": keys.scoped(organization_id, record_id)}


class ItemType(Struct, frozen=True):
    """How an entity is stored.

    :param entity: the class of its records.
    :param model: the PynamoDB model of its items.
    :param key: returns an item's key for an organization id and a record id.
    :param record_id: returns the id of a record within its organization.
    :param derived: returns attributes that are derived from the fields: index keys, time to live.
        It may return another value of a field, as it is stored.
    :param restore: replaces stored values of fields by those of the record. None: they are equal.
    :param deletable: whether deleted records are stored until they are purged, with ``deleted_at``.
        Deleted records are never returned, to any caller.
    :param read: converts an item whose attributes are not the fields. It gets the organization id,
        the record id and the item; None: the item does not exist.
    """

    entity: type[Any]
    model: type[Model]
    key: Callable[[int, Any], Mapping[str, str]]
    record_id: Callable[[Any], RecordId] = lambda record: record.id
    derived: Callable[[Any], Mapping[str, Any]] = lambda _: _NO_ATTRIBUTES
    deletable: bool = False
    read: Callable[[int, Any, RawItem | None], Any] | None = None
    restore: Callable[[dict[str, Any]], None] | None = None

    @property
    def has_organization(self) -> bool:
        """Whether a record has the id of its organization: all except organizations."""
        return "organization_id" in self.entity.__struct_fields__


_ITEM_TYPES: dict[type[Any], ItemType] = {}
_ATTRIBUTES: dict[type[Any], Mapping[str, Attribute[Any]]] = {}
_ABSENT: dict[type[Any], Mapping[str, None]] = {}
"""Fields without a default: None if their attribute is absent. Others then have their default."""
_DIRECTORY_KINDS: dict[type[Any], str] = {}


def declare(item_type: ItemType) -> ItemType:
    """Declare how an entity is stored, for the whole process."""
    _ITEM_TYPES[item_type.entity] = item_type
    if item_type.read is None:
        attributes = item_type.model.get_attributes()
        names = (field.name for field in fields(item_type.entity))
        _ATTRIBUTES[item_type.entity] = {name: attributes[name] for name in names}
        _ABSENT[item_type.entity] = {
            field.name: None for field in fields(item_type.entity) if field.required
        }
    return item_type


def declare_directory_kind(
    entity: type[Any],
    model: type[Model],
    kind: str,
    record_id: Callable[[Any], RecordId] = lambda record: record.id,
) -> ItemType:
    """Declare an entity of the directory table. ``kind`` is the prefix of its sort keys."""

    def key(organization_id: int, record_id: int | str) -> Mapping[str, str]:
        record_key = keys.directory(kind, record_id)
        return {"organization_key": str(organization_id), "record_key": record_key}

    _DIRECTORY_KINDS[entity] = kind
    return declare(ItemType(entity, model, key, record_id))


def declared_models() -> Iterable[type[Model]]:
    """The models of all declared entities, without duplicates."""
    return dict.fromkeys(item_type.model for item_type in _ITEM_TYPES.values())


def declared_entities() -> Iterable[type[Any]]:
    """All declared entities."""
    return _ITEM_TYPES.keys()


def to_item(record: Any) -> Model:
    """The item that stores a record."""
    item_type = _ITEM_TYPES[type(record)]
    # The organization id of an organization is its own id.
    organization_id = record.organization_id if item_type.has_organization else record.id
    values: dict[str, Any] = {name: getattr(record, name) for name in _ATTRIBUTES[type(record)]}
    values.update(item_type.key(organization_id, item_type.record_id(record)))
    values.update(item_type.derived(record))
    return item_type.model(**values)


def from_item(entity: type[Entity], raw: RawItem) -> Entity:
    """The record that a raw item stores."""
    # Without a PynamoDB model: creating one took a sixth of the time of a list.
    values: dict[str, Any] = {**_ABSENT[entity]}
    for name, attribute in _ATTRIBUTES[entity].items():
        value = raw.get(name)
        if value is not None:
            values[name] = attribute.deserialize(attribute.get_value(value))
    restore = _ITEM_TYPES[entity].restore
    if restore is not None:
        restore(values)
    return entity(**values)


def key_of(entity: type[Any], organization_id: int, record_id: RecordId) -> ItemKey:
    """The key of the item that stores a record, whether or not it exists."""
    item_type = _ITEM_TYPES[entity]
    return item_key(item_type.model, **item_type.key(organization_id, record_id))


def key_values(entity: type[Any], organization_id: int, record_id: RecordId) -> tuple[str, ...]:
    """The key of the item that stores a record: the partition key, then the sort key if any."""
    return tuple(_ITEM_TYPES[entity].key(organization_id, record_id).values())


def item_with_key(entity: type[Any], organization_id: int, record_id: RecordId) -> Model:
    """An item with the key of a record and no other attribute, for an update or a delete."""
    item_type = _ITEM_TYPES[entity]
    key: dict[str, Any] = {**item_type.key(organization_id, record_id)}
    return item_type.model(**key)


def read_item(
    entity: type[Entity],
    organization_id: int,
    record_id: RecordId,
    raw: RawItem | None,
    include_deleted: bool = False,
) -> Entity | None:
    """The record that an item stores; None if there is no item, or the record is deleted."""
    item_type = _ITEM_TYPES[entity]
    if item_type.read is not None:
        record: Entity | None = item_type.read(organization_id, record_id, raw)
        return record
    if raw is None:
        return None
    record = from_item(entity, raw)
    is_deleted = item_type.deletable and record.deleted_at is not None  # type: ignore[attr-defined]
    return None if is_deleted and not include_deleted else record


def attribute_names(entity: type[Any]) -> tuple[str, ...]:
    """The names of the attributes that :func:`from_item` reads."""
    return tuple(_ATTRIBUTES[entity])


def directory_prefix(entity: type[Any]) -> str:
    """The prefix of the sort keys of an entity in the directory table."""
    return keys.directory_kind(_DIRECTORY_KINDS[entity])
