"""Attribute types that PynamoDB lacks: whole numbers, and words of a closed set."""

from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar

from pynamodb.attributes import Attribute
from pynamodb.constants import LIST, NUMBER, STRING

StrChoice = TypeVar("StrChoice", bound=StrEnum)
IntChoice = TypeVar("IntChoice", bound=IntEnum)


class IntegerAttribute(Attribute[int]):
    """A whole number. PynamoDB's own NumberAttribute is typed, and may read, as a float."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(int(value))

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


class WordsAttribute(Attribute[tuple[StrChoice, ...]], Generic[StrChoice]):
    """Several words of a :class:`StrEnum`, in their order."""

    attr_type = LIST

    def __init__(self, choices: type[StrChoice]) -> None:
        super().__init__()
        self._choices = choices

    def serialize(self, value: tuple[StrChoice, ...]) -> list[dict[str, str]]:
        return [{STRING: self._choices(word).value} for word in value]

    def deserialize(self, value: list[dict[str, Any]]) -> tuple[StrChoice, ...]:
        return tuple(self._choices(word[STRING]) for word in value)


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
