"""Examples of filter values."""

from collections.abc import Mapping
from typing import Any

from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.resource import AnyFilter, AnyResource, FilterKind

_DATE = "2026-03-02"

# Filters whose value the record cannot tell, because a query of the database finds it.
_BY_NAME: Mapping[str, object] = {
    "person_id": example.PERSON,
    "time_entry_id": example.TIME_ENTRY,
    "service_id": example.SERVICE,
}
_BY_KIND: Mapping[FilterKind, object] = {
    FilterKind.TIME: _DATE,
    FilterKind.TEXT: "design",
    FilterKind.QUERY: "design",
    FilterKind.BOOLEAN: True,
    FilterKind.DATE: _DATE,
    FilterKind.AFTER: _DATE,
    FilterKind.BEFORE: _DATE,
    FilterKind.TIME_AFTER: _DATE,
    FilterKind.TIME_BEFORE: _DATE,
    FilterKind.QUANTITY: 60,
    FilterKind.ALWAYS_EMPTY: "1",
    FilterKind.IGNORED: "true",
}


def filter_example(resource: AnyResource, declared: AnyFilter) -> Any:
    """Return a value of a filter, as its schema describes it."""
    if declared.kind is FilterKind.NUMBER:
        return [declared.choices[0]]
    value = _value(resource, declared)
    if declared.kind is FilterKind.ID:
        return [str(value or resource.id(resource.example()))]
    if declared.kind is FilterKind.TEXT and value:
        return str(value)
    return _BY_KIND[declared.kind]


def _value(resource: AnyResource, declared: AnyFilter) -> object:
    """Return the value of the example record; None if it has none."""
    if declared.value is None:
        return _BY_NAME.get(declared.name)
    return declared.value(resource.example())
