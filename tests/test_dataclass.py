"""chalicelib.dataclass behaves like the decorator of the standard library."""

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import msgspec
import pytest

from chalicelib.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fast:
    """A point."""

    x: int
    y: int = 2
    tags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Standard:
    """A point."""

    x: int
    y: int = 2
    tags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass(slots=True)
class Mutable:
    """A mutable dataclass."""

    things: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Empty:
    """A dataclass without fields."""


@dataclass(frozen=True, slots=True)
class WithRepr:
    """A dataclass with its own ``__repr__``."""

    name: str

    def __repr__(self) -> str:
        return self.name


BOTH = pytest.mark.parametrize("kind", [Fast, Standard])
VALID: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    ((1,), {}),
    ((1, 3), {}),
    ((1, 3, ("a",)), {}),
    ((), {"y": 5, "x": 4}),
    ((1,), {"tags": ("a", "b")}),
)
INVALID: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    ((), {}),
    ((), {"y": 1}),
    ((1, 2, (), 4), {}),
    ((1,), {"x": 1}),
    ((1,), {"z": 1}),
)


@pytest.mark.parametrize(("arguments", "keywords"), VALID)
def test_instances_behave_like_standard_dataclasses(
    arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    fast, standard = Fast(*arguments, **keywords), Standard(*arguments, **keywords)
    assert dataclasses.asdict(fast) == dataclasses.asdict(standard)
    assert repr(fast) == repr(standard).replace("Standard", "Fast")
    assert hash(fast) == hash(standard)
    assert fast.sum == standard.sum
    assert msgspec.json.encode(fast) == msgspec.json.encode(standard)
    assert msgspec.json.decode(msgspec.json.encode(fast), type=Fast) == fast


@BOTH
@pytest.mark.parametrize(("arguments", "keywords"), INVALID)
def test_invalid_arguments_raise_type_error(
    kind: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        kind(*arguments, **keywords)


@BOTH
def test_instances_equal_only_the_same_class_and_values(kind: Any) -> None:
    assert kind(1) == kind(1, 2, ())
    assert kind(1) != kind(2)
    assert kind(1) != (1, 2, ())
    assert kind(1) != (Standard if kind is Fast else Fast)(1)
    assert {kind(1), kind(1)} == {kind(1)}


@BOTH
def test_instances_are_ordered(kind: Any) -> None:
    assert sorted([kind(2), kind(1, 3), kind(1)]) == [kind(1), kind(1, 3), kind(2)]
    assert kind(1) <= kind(1) >= kind(1)
    assert not kind(1) < kind(1)
    assert not kind(1) > kind(1)
    with pytest.raises(TypeError):
        _ = kind(1) < (2,)


@BOTH
def test_frozen_instances_are_immutable(kind: Any) -> None:
    instance = kind(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del instance.x
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
        instance.other = 2
    assert instance.x == 1


def test_instances_support_replace_match_copy_and_pickle() -> None:
    instance = Fast(1, tags=("a",))
    assert dataclasses.replace(instance, y=7) == Fast(1, 7, ("a",))
    assert [field.name for field in dataclasses.fields(instance)] == ["x", "y", "tags"]
    match instance:
        case Fast(x, y):
            assert (x, y) == (1, 2)
    assert copy.copy(instance) == copy.deepcopy(instance) == instance
    assert pickle.loads(pickle.dumps(instance)) == instance  # noqa: S301
    assert not hasattr(instance, "__dict__")


def test_mutable_instances_have_own_defaults_and_no_hash() -> None:
    first, second = Mutable(), Mutable()
    first.things.append(1)
    second.things = [1]
    assert first == second
    assert first.things is not second.things
    assert Mutable().things == []
    with pytest.raises(TypeError):
        hash(first)


def test_instances_without_fields_are_equal() -> None:
    assert Empty() == Empty()
    assert repr(Empty()) == "Empty()"
    assert hash(Empty()) == hash(Empty())


def test_own_methods_of_a_class_are_not_replaced() -> None:
    assert repr(WithRepr("a")) == "a"


def test_slots_are_required() -> None:
    with pytest.raises(TypeError, match="slots"):
        dataclass(slots=False)
