"""Looks up the names that Productive publishes.

Import this module only when a request uses a name that no resource declares: then it reads
``names.json``. Imported at the start, it would slow down every cold start (decision 0018).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from chalicelib.productive.declarations import FILTER_RULES, REFUSED_FILTERS, RELATIONSHIPS
from chalicelib.productive.model import FilterRule, Matches, Published

_REPORTS = "reports/"
"""Before the types of reports, as in their paths."""

_FILE = Path(__file__).with_name("names.json")


class _File(msgspec.Struct):
    resources: dict[str, Published]


@cache
def published() -> Mapping[str, Published]:
    """Return what Productive publishes, by type."""
    return msgspec.json.decode(_FILE.read_bytes(), type=_File).resources


def filter_rule(type_: str, name: str) -> FilterRule | None:
    """Return how an undeclared filter matches; None: it is an error.

    Productive does not know it either, or stint has the value and cannot filter by it.
    """
    if name in REFUSED_FILTERS.get(type_, ()):
        return None
    rule = FILTER_RULES.get(type_, {}).get(name)
    if rule is not None:
        return rule
    names = _of(type_)
    is_known = name in names.filters or name in names.extra_client_filters
    return Matches.NULL if is_known else None


def has_sort(type_: str, name: str) -> bool:
    """Return whether Productive sorts a collection by this name."""
    return name in _of(type_).sorts


def relationships(type_: str) -> Mapping[str, str]:
    """Return the types of related records in Productive, by relationship."""
    return {**RELATIONSHIPS.get(type_, {}), **_of(type_).relationships}


def published_type(type_: str) -> str:
    """Return the name under which Productive publishes a collection: a report, by its path."""
    return type_ if type_ in published() else f"{_REPORTS}{type_}"


def _of(type_: str) -> Published:
    return published().get(published_type(type_), Published())
