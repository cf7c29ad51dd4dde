"""Compares documents member for member, and their order, leaving aside ids and instants."""

import re
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000[+-]\d\d:\d\d")
_ID = re.compile(r"[1-9][0-9]{0,15}")


def shape(value: Any, key: str = "", kind: str = "") -> Any:
    """The value with instants, and the ids of timers, replaced by what they are."""
    match value:
        case dict():
            own = value.get("type", "")
            return [(name, shape(member, name, own)) for name, member in value.items()]
        case list():
            return [shape(member) for member in value]
        case str() if _INSTANT.fullmatch(value):
            return "an instant"
        case str() if key == "id" and kind == "timers" and _ID.fullmatch(value):
            return "an id"
        case _:
            return value
