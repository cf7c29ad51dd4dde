"""Our dataclasses do what the standard library's do."""

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import msgspec
import pytest

from chalicelib.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Ours:
    """A point."""

    x: int
    y: int = 2
    tags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Theirs:
    """A point."""

    x: int
    y: int = 2
    tags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass(slots=True)
class Bag:
    """Something that changes."""

    things: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Without fields."""


@dataclass(frozen=True, slots=True)
class Named:
    """Says itself how it is shown."""

    name: str

    def __repr__(self) -> str:
        return self.name


BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])
GOOD: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    ((1,), {}),
    ((1, 3), {}),
    ((1, 3, ("a",)), {}),
    ((), {"y": 5, "x": 4}),
    ((1,), {"tags": ("a", "b")}),
)
BAD: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    ((), {}),
    ((), {"y": 1}),
    ((1, 2, (), 4), {}),
    ((1,), {"x": 1}),
    ((1,), {"z": 1}),
)


@pytest.mark.parametrize(("given", "named"), GOOD)
def test_it_is_made_shown_and_taken_apart_alike(
    given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    ours, theirs = Ours(*given, **named), Theirs(*given, **named)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert hash(ours) == hash(theirs)
    assert ours.sum == theirs.sum
    assert msgspec.json.encode(ours) == msgspec.json.encode(theirs)
    assert msgspec.json.decode(msgspec.json.encode(ours), type=Ours) == ours


@BOTH
@pytest.mark.parametrize(("given", "named"), BAD)
def test_it_is_not_made_of_anything_else(
    kind: Any, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        kind(*given, **named)


@BOTH
def test_it_is_equal_to_its_like_alone(kind: Any) -> None:
    assert kind(1) == kind(1, 2, ())
    assert kind(1) != kind(2)
    assert kind(1) != (1, 2, ())
    assert kind(1) != (Theirs if kind is Ours else Ours)(1)
    assert {kind(1), kind(1)} == {kind(1)}


@BOTH
def test_it_has_an_order(kind: Any) -> None:
    assert sorted([kind(2), kind(1, 3), kind(1)]) == [kind(1), kind(1, 3), kind(2)]
    assert kind(1) <= kind(1) >= kind(1)
    assert not kind(1) < kind(1)
    assert not kind(1) > kind(1)
    with pytest.raises(TypeError):
        _ = kind(1) < (2,)


@BOTH
def test_it_cannot_be_changed(kind: Any) -> None:
    made = kind(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.x
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
        made.other = 2
    assert made.x == 1


def test_it_is_replaced_matched_copied_and_pickled() -> None:
    made = Ours(1, tags=("a",))
    assert dataclasses.replace(made, y=7) == Ours(1, 7, ("a",))
    assert [it.name for it in dataclasses.fields(made)] == ["x", "y", "tags"]
    match made:
        case Ours(x, y):
            assert (x, y) == (1, 2)
    assert copy.copy(made) == copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301
    assert not hasattr(made, "__dict__")


def test_what_changes_has_defaults_of_its_own_and_no_hash() -> None:
    first, second = Bag(), Bag()
    first.things.append(1)
    second.things = [1]
    assert first == second
    assert first.things is not second.things
    assert Bag().things == []
    with pytest.raises(TypeError):
        hash(first)


def test_without_fields_all_are_the_same() -> None:
    assert Nothing() == Nothing()
    assert repr(Nothing()) == "Nothing()"
    assert hash(Nothing()) == hash(Nothing())


def test_what_a_class_defines_itself_stays() -> None:
    assert repr(Named("a")) == "a"


def test_it_always_has_slots() -> None:
    with pytest.raises(TypeError, match="slots"):
        dataclass(slots=False)
