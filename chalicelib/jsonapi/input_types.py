"""Shortcuts to declare inputs that several resources have."""

from collections.abc import Callable
from typing import Any

from chalicelib.jsonapi.inputs import InAttribute, Input, InRelationship
from chalicelib.jsonapi.resource import Kind


def text_input(
    name: str,
    description: str,
    *,
    required: bool = False,
    nullable: bool = False,
    maximum: int | None = None,
    multiline: bool = False,
    rule: Callable[[Any], object] | None = None,
) -> Input:
    """Declare a text attribute: one line, unless ``multiline``.

    ``maximum`` is its length in characters; None: 255.
    """
    sources = (InAttribute(name),)
    return Input(
        name,
        Kind.TEXT,
        sources,
        description,
        required=required,
        nullable=nullable,
        maximum=maximum,
        multiline=multiline,
        rule=rule,
    )


def boolean_input(name: str, description: str) -> Input:
    """Declare a boolean attribute."""
    return Input(name, Kind.BOOLEAN, (InAttribute(name),), description)


def integer_input(
    name: str, description: str, minimum: int, maximum: int | None = None, *, nullable: bool = False
) -> Input:
    """Declare an integer attribute from ``minimum`` to ``maximum``, both inclusive."""
    return Input(
        name,
        Kind.INTEGER,
        (InAttribute(name),),
        description,
        nullable=nullable,
        minimum=minimum,
        maximum=maximum,
    )


def reference_input(name: str, to: str, description: str, *, required: bool = False) -> Input:
    """Declare the id of a record of type ``to``: an attribute ``{name}_id`` or a relationship."""
    sources = (InAttribute(f"{name}_id"), InRelationship(name, to))
    return Input(name, Kind.ID, sources, description, required=required)
