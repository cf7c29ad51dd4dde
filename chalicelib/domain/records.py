"""What a decision asks the store to do with single records, beside a person's time.

They are written in one transaction with whatever else the act changes, or not at all. What is
``expected`` must still be so when they are: None means that there is no such value.
"""

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from chalicelib.dataclass import dataclass

RecordId = int | str
"""An id; of a token its digest, of a claim its name."""


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """Put a record where none is."""

    record: Any


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """Set values of a record that is there; None takes a value away."""

    kind: type[Any]
    organization_id: int
    id: RecordId
    values: Mapping[str, Any]
    expected: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplaceRecord:
    """Make a record another one with the same id, if its ``version`` still is that of ``before``.

    Only what differs is written.
    """

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Delete a record, which may be gone already where nothing is expected of it."""

    kind: type[Any]
    organization_id: int
    id: RecordId
    expected: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequireRecord:
    """Change nothing, but demand what is expected of a record. One that is not there has no
    values."""

    kind: type[Any]
    organization_id: int
    id: RecordId
    expected: Mapping[str, Any]


RecordChange = CreateRecord | ChangeRecord | ReplaceRecord | DeleteRecord | RequireRecord


def changed(before: Any, after: Any, *guarded: str) -> tuple[ChangeRecord, ...]:
    """The one change that makes a record of an organization the other, if they differ at all.

    Others may change other values meanwhile; the ``guarded`` ones must be as they were.
    """
    values = {
        it.name: getattr(after, it.name)
        for it in fields(before)
        if getattr(after, it.name) != getattr(before, it.name)
    }
    if not values:
        return ()
    expected = {name: getattr(before, name) for name in guarded}
    # An organization is its own.
    organization_id = getattr(before, "organization_id", before.id)
    return (ChangeRecord(type(before), organization_id, before.id, values, expected),)
