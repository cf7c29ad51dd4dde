"""Adds writes to a transaction, and translates why a transaction was cancelled.

A transaction writes only items of one person and their time entries. A condition on an item that
colleagues share would serialize the requests of a whole company at nine in the morning.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from msgspec.structs import replace
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core.aws_errors import TRANSIENT_CODES
from chalicelib.core.errors import Unavailable
from chalicelib.core.write_set import (
    AddToSet,
    ConcurrentModification,
    CreateRecord,
    DeleteRecord,
    PutRecord,
    RemoveFromSet,
    ReplaceRecord,
    RequireRecord,
    TransactionConflict,
    UpdateRecord,
)
from chalicelib.dynamodb.connection import RETRY_AFTER_SECONDS, ItemKey, item_key_of
from chalicelib.dynamodb.items import item_with_key, key_of, key_values, to_item
from chalicelib.dynamodb.pynamodb_adapter import hash_key_attribute

Write = TypeVar("Write")

_CONDITION_CODE, _CONFLICT_CODE = "ConditionalCheckFailed", "TransactionConflict"
WRITERS: dict[type[Any], Callable[[TransactWrite, Any], None]] = {}
"""How each type of write is added to a transaction."""
PREPARATIONS: list[Callable[[Iterable[Any]], Sequence[Any]]] = []
"""What completes the writes of each transaction: they may imply others."""


class Transaction(TransactWrite):
    """A transaction that can require values of the items that it writes.

    DynamoDB accepts one action for each item of a transaction. So the condition of a required item
    that is also written becomes part of the condition of this write. The others are checked.

    Its methods raise ``ConcurrentModification`` if a new item has the key of another written item:
    its id was generated twice.
    """

    def __init__(
        self, connection: Connection, token: str, required: Iterable[RequireRecord]
    ) -> None:
        super().__init__(connection=connection, client_request_token=token)
        self._required: dict[ItemKey, RequireRecord] = {}
        for write in required:
            key = key_of(write.entity, write.organization_id, write.id)
            earlier = self._required.get(key, write)
            self._required[key] = replace(write, expected={**earlier.expected, **write.expected})
        self._written: set[ItemKey] = set()
        self._created: set[ItemKey] = set()

    def save(
        self, model: Any, condition: Condition | None = None, return_values: str | None = None
    ) -> None:
        """See ``TransactWrite.save``. A condition means that the item is new."""
        self._add_key(model, is_new=condition is not None)
        super().save(model, self._with_required(model, condition), return_values)

    def update(
        self,
        model: Any,
        actions: list[Action],
        condition: Condition | None = None,
        return_values: str | None = None,
        *,
        add_version_condition: bool = True,
    ) -> None:
        """See ``TransactWrite.update``."""
        self._add_key(model)
        super().update(
            model,
            actions,
            self._with_required(model, condition),
            return_values,
            add_version_condition=add_version_condition,
        )

    def delete(
        self,
        model: Any,
        condition: Condition | None = None,
        *,
        add_version_condition: bool = True,
    ) -> None:
        """See ``TransactWrite.delete``."""
        self._add_key(model)
        super().delete(
            model,
            self._with_required(model, condition),
            add_version_condition=add_version_condition,
        )

    def check_required(self) -> None:
        """Check the required items that the transaction does not write. Call it last."""
        for write in self._required.values():
            _require(self, write)

    def _add_key(self, item: Model, *, is_new: bool = False) -> None:
        """Raises ``ConcurrentModification`` if a new item has the key of another written item."""
        key = item_key_of(item)
        if key in self._created or (is_new and key in self._written):
            # Another server, whose clock differs, generated the same id: generate another one.
            raise ConcurrentModification
        self._written.add(key)
        if is_new:
            self._created.add(key)

    def _with_required(self, item: Model, condition: Condition | None) -> Condition | None:
        write = self._required.pop(item_key_of(item), None)
        return condition if write is None else _is_as_expected(item, write.expected, condition)


def declare_writer(write: type[Write], writer: Callable[[TransactWrite, Write], None]) -> None:
    """Declare how a type of write is added to a transaction."""
    WRITERS[write] = writer


def declare_preparation(prepare: Callable[[Iterable[Any]], Sequence[Any]]) -> None:
    """Declare what completes the writes of each transaction before they are sent."""
    PREPARATIONS.append(prepare)


def prepared(writes: Iterable[Any]) -> Sequence[Any]:
    """The writes of a transaction, completed by everything that was declared."""
    for prepare in PREPARATIONS:
        writes = prepare(writes)
    return list(writes)


def raise_cancellation(error: TransactWriteError) -> NoReturn:
    """Translate the error of a cancelled transaction.

    Raises ``ConcurrentModification``, its subclass ``TransactionConflict``, or ``Unavailable``; the
    error itself for any other reason.
    """
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    # A failed condition or a conflict comes before throttling: the caller must read again anyway.
    if _CONFLICT_CODE in codes:
        raise TransactionConflict(resent=_is_resent(error)) from error
    if _CONDITION_CODE in codes:
        raise ConcurrentModification from error
    if codes & TRANSIENT_CODES:
        raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from error
    raise error


def _is_resent(error: TransactWriteError) -> bool:
    """Whether botocore sent the request more than once, for example after a timeout."""
    # PynamoDB's error has none of the metadata of botocore's, which it comes from.
    cause = None if error.cause is None else error.cause.__cause__
    response: Mapping[str, Any] = getattr(cause, "response", {})
    return bool(response.get("ResponseMetadata", {}).get("RetryAttempts"))


def _create(transaction: TransactWrite, write: CreateRecord) -> None:
    item = to_item(write.record)
    transaction.save(item, condition=~_exists(item))


def _put(transaction: TransactWrite, write: PutRecord) -> None:
    transaction.save(to_item(write.record))


def _update(transaction: TransactWrite, write: UpdateRecord) -> None:
    item = item_with_key(write.entity, write.organization_id, write.id)
    transaction.update(
        item,
        actions=[_set(item, name, value) for name, value in write.values.items()],
        condition=_is_as_expected(item, write.expected, _exists(item)),
    )


def _replace(transaction: TransactWrite, write: ReplaceRecord) -> None:
    # Compares items, not records: derived keys change with the fields.
    before, after = to_item(write.before), to_item(write.after)
    differing = (
        name
        for name in type(after).get_attributes()
        if getattr(before, name) != getattr(after, name)
    )
    item = item_with_key(type(write.after), write.after.organization_id, write.after.id)
    transaction.update(
        item,
        actions=[_set(item, name, getattr(after, name)) for name in differing],
        condition=_is_as_expected(item, {"version": write.before.version}, None),
    )


def _delete(transaction: TransactWrite, write: DeleteRecord) -> None:
    item = item_with_key(write.entity, write.organization_id, write.id)
    transaction.delete(item, condition=_is_as_expected(item, write.expected, None))


def _require(transaction: TransactWrite, write: RequireRecord) -> None:
    item = item_with_key(write.entity, write.organization_id, write.id)
    condition = _is_as_expected(item, write.expected, None)
    hash_key, *range_key = key_values(write.entity, write.organization_id, write.id)
    transaction.condition_check(
        type(item), hash_key, range_key[0] if range_key else None, condition
    )


def _add_to_set(transaction: TransactWrite, write: AddToSet) -> None:
    item = item_with_key(write.entity, write.organization_id, write.id)
    action = getattr(type(item), write.name).add(write.ids)
    transaction.update(item, actions=[action], condition=_exists(item))


def _remove_from_set(transaction: TransactWrite, write: RemoveFromSet) -> None:
    item = item_with_key(write.entity, write.organization_id, write.id)
    action = getattr(type(item), write.name).delete(write.ids)
    transaction.update(item, actions=[action], condition=_exists(item))


def _exists(item: Model) -> Condition:
    exists: Condition = hash_key_attribute(type(item)).exists()
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
        matches = attribute.does_not_exist() if value is None else attribute == value
        condition = matches if condition is None else condition & matches
    return condition


declare_writer(CreateRecord, _create)
declare_writer(PutRecord, _put)
declare_writer(UpdateRecord, _update)
declare_writer(ReplaceRecord, _replace)
declare_writer(DeleteRecord, _delete)
declare_writer(AddToSet, _add_to_set)
declare_writer(RemoveFromSet, _remove_from_set)
