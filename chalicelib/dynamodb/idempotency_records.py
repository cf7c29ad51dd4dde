"""Idempotency records in DynamoDB, in the partition of the person who sent the request."""

from collections.abc import Mapping
from typing import Any

import msgspec
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core.idempotency import IdempotencyKey, IdempotencyRecord, SaveIdempotencyRecord
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.items import IntegerAttribute, ItemType, declare
from chalicelib.dynamodb.transactions import declare_writer

_NONE: type[Any] = type(None)
_RESULTS: dict[str, type[Any]] = {_NONE.__name__: _NONE}


class IdempotencyModel(Model):
    """An :class:`IdempotencyRecord`, in the table of person states."""

    class Meta:
        bare_name = "person_state"

    person_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    fingerprint = UnicodeAttribute()
    kind = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute()
    expires_at = IntegerAttribute()


def declare_result(result: type[Any]) -> None:
    """Declare a type that operations return. Deletions return None, which is declared."""
    _RESULTS[result.__name__] = result


def read_idempotency_record(raw: RawItem) -> IdempotencyRecord:
    """The record that an item stores."""
    item = IdempotencyModel.from_raw_data(raw)
    result = msgspec.json.decode(item.outcome, type=_RESULTS[item.kind])
    return IdempotencyRecord(item.fingerprint, result, item.expires_at)


def _key(organization_id: int, key: IdempotencyKey) -> Mapping[str, str]:
    return {
        "person_key": keys.scoped(organization_id, key.person_id),
        "name": keys.idempotency(key.digest),
    }


def _read(
    organization_id: int, key: IdempotencyKey, raw: RawItem | None
) -> IdempotencyRecord | None:
    del organization_id, key
    return None if raw is None else read_idempotency_record(raw)


def _save(transaction: TransactWrite, write: SaveIdempotencyRecord) -> None:
    key, record = write.key, write.record
    kind = type(record.outcome).__name__
    if kind not in _RESULTS:
        raise LookupError(f"declare_result({kind}) is missing: a repeat could not read this.")
    item_key: dict[str, Any] = {**_key(key.organization_id, key)}
    item = IdempotencyModel(
        **item_key,
        fingerprint=record.fingerprint,
        kind=kind,
        outcome=msgspec.json.encode(record.outcome).decode(),
        expires_at=record.expires_at,
    )
    # DynamoDB removes expired records late: this one may replace an expired one.
    condition = IdempotencyModel.person_key.does_not_exist() | (
        IdempotencyModel.expires_at <= write.now
    )
    transaction.save(item, condition=condition)


declare(ItemType(IdempotencyRecord, IdempotencyModel, _key, read=_read))
declare_writer(SaveIdempotencyRecord, _save)
