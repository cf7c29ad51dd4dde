"""Ways to declare inputs that come back in several resources."""

from collections.abc import Callable
from typing import Any

from chalicelib.jsonapi.inputs import InAttribute, Input, InRelationship
from chalicelib.jsonapi.resource import Kind


def text(
    name: str,
    meaning: str,
    *,
    required: bool = False,
    nullable: bool = False,
    most: int | None = None,
    rule: Callable[[Any], object] | None = None,
) -> Input:
    """A text of at most ``most`` characters, 255 where that is not said."""
    sources = (InAttribute(name),)
    return Input(
        name,
        Kind.TEXT,
        sources,
        meaning,
        required=required,
        nullable=nullable,
        most=most,
        rule=rule,
    )


def flag(name: str, meaning: str) -> Input:
    """Yes, or no."""
    return Input(name, Kind.BOOLEAN, (InAttribute(name),), meaning)


def integer(name: str, meaning: str, least: int, most: int) -> Input:
    """A whole number, from ``least`` to ``most``."""
    return Input(name, Kind.INTEGER, (InAttribute(name),), meaning, least=least, most=most)


def one(name: str, to: str, meaning: str, *, required: bool = False) -> Input:
    """The id of a record of type ``to``: the attribute ``{name}_id``, or a relationship."""
    sources = (InAttribute(f"{name}_id"), InRelationship(name, to))
    return Input(name, Kind.ID, sources, meaning, required=required)
