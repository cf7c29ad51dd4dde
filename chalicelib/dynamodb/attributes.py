"""Attribute types that PynamoDB lacks: whole numbers, words of a closed set, nouns in a list."""

from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar

import msgspec
from pynamodb.attributes import Attribute, TTLAttribute
from pynamodb.constants import NUMBER, STRING

StrChoice = TypeVar("StrChoice", bound=StrEnum)
IntChoice = TypeVar("IntChoice", bound=IntEnum)


class IntegerAttribute(Attribute[int]):
    """A whole number. PynamoDB's own NumberAttribute is typed, and may read, as a float."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(value)


class SecondsAttribute(TTLAttribute):
    """The instant at which DynamoDB may remove an item; PynamoDB's own is a date-time."""

    def __set__(self, instance: Any, value: Any) -> None:
        Attribute.__set__(self, instance, value)

    def serialize(self, value: int) -> str:
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(value)


class WordAttribute(Attribute[StrChoice], Generic[StrChoice]):
    """A word of a :class:`StrEnum`."""

    attr_type = STRING

    def __init__(self, choices: type[StrChoice], null: bool = False) -> None:
        super().__init__(null=null)
        self._choices = choices

    def serialize(self, value: StrChoice) -> str:
        return self._choices(value).value

    def deserialize(self, value: str) -> StrChoice:
        return self._choices(value)


class NumberedAttribute(Attribute[IntChoice], Generic[IntChoice]):
    """A number of an :class:`IntEnum`."""

    attr_type = NUMBER

    def __init__(self, choices: type[IntChoice]) -> None:
        super().__init__()
        self._choices = choices

    def serialize(self, value: IntChoice) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> IntChoice:
        return self._choices(int(value))


class ListedAttribute(Attribute[tuple[Any, ...]]):
    """Some nouns of one kind, in their order, as JSON text: only read and written whole."""

    attr_type = STRING

    def __init__(self, kind: type[Any]) -> None:
        super().__init__()
        self._decoder = msgspec.json.Decoder(tuple[kind, ...])  # type: ignore[valid-type]

    def serialize(self, value: tuple[Any, ...]) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> tuple[Any, ...]:
        decoded: tuple[Any, ...] = self._decoder.decode(value)
        return decoded
