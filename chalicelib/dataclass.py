"""Dataclasses that cost little to make.

The standard library's :func:`dataclasses.dataclass` writes the source of six methods for each class
and compiles it: 0.4 ms a class, at every cold start. Here those methods are closures over the
fields' names. All else is the standard library's own: ``fields``, ``replace``, ``asdict``,
``match`` and msgspec see a dataclass, and type checkers are told that it is one.
docs/decisions/0018-cold-start.md says what that is worth.
"""

import dataclasses
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = True, order: bool = False
    ) -> Callable[[type], type]:
        """Make a class a dataclass: as the standard library's, always with slots."""
        if not slots:
            raise TypeError("slots=False is not supported")

        def make(cls: type) -> type:
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
            names = tuple(field.name for field in dataclasses.fields(made))
            values = _values(names)
            methods = {
                "__init__": _init(made),
                "__repr__": _repr(names, values),
                "__eq__": _comparison(operator.eq, values),
                "__hash__": _hash(values) if frozen else None,
                "__reduce__": _reduce(values),
            }
            if frozen:
                methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
            if order:
                for compare in (operator.lt, operator.le, operator.gt, operator.ge):
                    methods[f"__{compare.__name__}__"] = _comparison(compare, values)
            for name, method in methods.items():
                if name not in cls.__dict__ or name == "__hash__":
                    setattr(made, name, method)
            return made

        return make


def _init(made: type) -> Callable[..., None]:
    fields = dataclasses.fields(made)
    # The slots themselves: they know nothing of __setattr__.
    slots = [(field, getattr(made, field.name).__set__) for field in fields]

    def __init__(self: object, *given: object, **named: object) -> None:  # noqa: N807
        if len(given) > len(slots):
            raise TypeError(f"{made.__qualname__} takes {len(slots)} fields, not {len(given)}")
        for (_, put), value in zip(slots, given, strict=False):
            put(self, value)
        for field, put in slots[len(given) :]:
            put(self, named.pop(field.name) if field.name in named else _default(made, field))
        if named:
            raise TypeError(f"{made.__qualname__} got unknown or repeated: {', '.join(named)}")

    return __init__


def _default(made: type, field: "dataclasses.Field[Any]") -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    raise TypeError(f"{made.__qualname__} requires {field.name}")


def _values(names: tuple[str, ...]) -> Callable[[Any], tuple[object, ...]]:
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda it: tuple(getattr(it, name) for name in names)


def _repr(names: tuple[str, ...], values: Callable[[Any], tuple[object, ...]]) -> Any:
    def __repr__(self: object) -> str:  # noqa: N807
        shown = (f"{name}={value!r}" for name, value in zip(names, values(self), strict=True))
        return f"{type(self).__qualname__}({', '.join(shown)})"

    return __repr__


def _comparison(
    compare: Callable[[Any, Any], Any], values: Callable[[Any], tuple[object, ...]]
) -> Any:
    def method(self: object, other: object) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        return compare(values(self), values(other))

    return method


def _hash(values: Callable[[Any], tuple[object, ...]]) -> Any:
    return lambda self: hash(values(self))


def _reduce(values: Callable[[Any], tuple[object, ...]]) -> Any:
    return lambda self: (type(self), values(self))


def _refuse(_self: object, name: str, _value: object = None) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change {name}")
