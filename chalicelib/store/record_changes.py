"""Single records' part of a transaction: put, changed, deleted, or only demanded to be as read."""

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.domain.records import (
    ChangeRecord,
    CreateRecord,
    DeleteRecord,
    RecordChange,
    ReplaceRecord,
    RequireRecord,
)
from chalicelib.dynamodb.items import key_of, model_of, place_of


def write_records(transaction: TransactWrite, changes: Iterable[RecordChange]) -> None:
    """Add what these changes write to a transaction."""
    for change in changes:
        match change:
            case CreateRecord():
                item = model_of(change.record)
                transaction.save(item, condition=~_exists(item))
            case ChangeRecord():
                _change(transaction, change)
            case ReplaceRecord():
                _replace(transaction, change)
            case DeleteRecord():
                place = place_of(change.kind, change.organization_id, change.id)
                condition = _is_as_expected(place, change.expected, None)
                transaction.delete(place, condition=condition)
            case RequireRecord():
                _require(transaction, change)


def _change(transaction: TransactWrite, change: ChangeRecord) -> None:
    place = place_of(change.kind, change.organization_id, change.id)
    transaction.update(
        place,
        actions=[_set(place, name, value) for name, value in change.values.items()],
        condition=_is_as_expected(place, change.expected, _exists(place)),
    )


def _replace(transaction: TransactWrite, change: ReplaceRecord) -> None:
    # Items are compared, not records: keys that follow from what changes do change with it.
    before, after = model_of(change.before), model_of(change.after)
    differing = (
        name
        for name in type(after).get_attributes()
        if getattr(before, name) != getattr(after, name)
    )
    place = place_of(type(change.after), change.after.organization_id, change.after.id)
    transaction.update(
        place,
        actions=[_set(place, name, getattr(after, name)) for name in differing],
        condition=_is_as_expected(place, {"version": change.before.version}, None),
    )


def _require(transaction: TransactWrite, change: RequireRecord) -> None:
    place = place_of(change.kind, change.organization_id, change.id)
    hash_key, *rest = key_of(change.kind, change.organization_id, change.id).values()
    condition = _is_as_expected(place, change.expected, None)
    transaction.condition_check(type(place), hash_key, rest[0] if rest else None, condition)


def _exists(item: Model) -> Condition:
    exists: Condition = type(item)._hash_key_attribute().exists()
    return exists


def _set(item: Model, name: str, value: Any) -> Action:
    attribute = getattr(type(item), name)
    action: Action = attribute.remove() if value is None else attribute.set(value)
    return action


def _is_as_expected(
    item: Model, expected: Mapping[str, Any], condition: Condition | None
) -> Condition | None:
    for name, value in expected.items():
        attribute = getattr(type(item), name)
        holds = attribute.does_not_exist() if value is None else attribute == value
        condition = holds if condition is None else condition & holds
    return condition
