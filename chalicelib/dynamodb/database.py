"""The database: reads of records by id, and transactions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from pynamodb.connection import Connection
from pynamodb.exceptions import PutError, TransactWriteError

from chalicelib.core.write_set import RecordId, RequireRecord
from chalicelib.dynamodb.connection import (
    Backoff,
    batch_get,
    query_all,
    table_name,
    translate_errors,
)
from chalicelib.dynamodb.items import (
    Entity,
    directory_prefix,
    from_item,
    key_of,
    read_item,
    to_item,
)
from chalicelib.dynamodb.pynamodb_adapter import hash_key_attribute
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.dynamodb.transactions import WRITERS, Transaction, prepared, raise_cancellation

MAX_DIRECTORY_PAGES = 5
"""Of 1 MB each: about 10,000 people or services."""


class LoadedRecords(Struct, frozen=True):
    """Records of one organization by entity and id. Records that do not exist are missing."""

    records: Mapping[tuple[type[Any], RecordId], Any]

    def get(self, entity: type[Entity], record_id: RecordId | None) -> Entity | None:
        """A record; None if it was not requested or does not exist."""
        if record_id is None:
            return None
        record: Entity | None = self.records.get((entity, record_id))
        return record

    def require(self, entity: type[Entity], record_id: RecordId) -> Entity:
        """A record that always exists, such as a person state. Raises ``LookupError``."""
        record: Entity = self.records[entity, record_id]
        return record


class Database:
    """Reads and writes records. Raises ``Unavailable`` if DynamoDB throttles or is down.

    ``new_backoff`` creates the waits of a batch call.
    """

    def __init__(
        self, connection: Connection, new_backoff: Callable[[], Backoff] = Backoff
    ) -> None:
        self.connection = connection
        self._new_backoff = new_backoff

    def get_many(
        self,
        organization_id: int,
        entity_ids: Iterable[tuple[type[Any], RecordId | None]],
        *,
        include_deleted: bool = False,
    ) -> LoadedRecords:
        """Read records by entity and id, consistently. An id of None is ignored.

        ``include_deleted``: also return records that are deleted and not purged yet.
        One call per 100 records; none without ids.
        """
        item_keys = {
            (entity, record_id): key_of(entity, organization_id, record_id)
            for entity, record_id in entity_ids
            if record_id is not None
        }
        items = batch_get(self.connection, item_keys.values(), self._new_backoff)
        records = {}
        for (entity, record_id), item_key in item_keys.items():
            record = read_item(
                entity, organization_id, record_id, items.get(item_key), include_deleted
            )
            if record is not None:
                records[entity, record_id] = record
        return LoadedRecords(records)

    def get(self, entity: type[Entity], organization_id: int, record_id: RecordId) -> Entity | None:
        """Read a record, consistently; None if it does not exist. One call."""
        return self.get_many(organization_id, [(entity, record_id)]).get(entity, record_id)

    def get_many_across_organizations(
        self, entity: type[Entity], ids: Iterable[tuple[int, int]]
    ) -> dict[tuple[int, int], Entity]:
        """Read records of any organizations, by (organization id, record id), consistently.

        One call per 100 records.
        """
        records = self.get_across_organizations((entity, *pair) for pair in ids)
        return {record_key[1:]: record for record_key, record in records.items()}

    def get_across_organizations(
        self, record_keys: Iterable[tuple[type[Any], int, int]]
    ) -> dict[tuple[type[Any], int, int], Any]:
        """Read records by (entity, organization id, record id), consistently.

        One call per 100 records.
        """
        item_keys = {record_key: key_of(*record_key) for record_key in record_keys}
        items = batch_get(self.connection, item_keys.values(), self._new_backoff)
        records = {
            record_key: read_item(*record_key, items.get(item_key))
            for record_key, item_key in item_keys.items()
        }
        return {key: record for key, record in records.items() if record is not None}

    def directory(self, entity: type[Entity], organization_id: int) -> Sequence[Entity]:
        """Read all records of a directory entity, sorted by id, consistently.

        One call per MB. Raises ``QueryTooBroad`` if they are larger than 5 MB.
        """
        request = _directory_query(entity, organization_id)
        items = query_all(self.connection, request, MAX_DIRECTORY_PAGES, "filter[id]")
        return [from_item(entity, item) for item in items]

    def directory_start(
        self, entity: type[Entity], organization_id: int, count: int
    ) -> Sequence[Entity]:
        """Read the first records of a directory entity, sorted by id, consistently. One call."""
        request = {**_directory_query(entity, organization_id), "Limit": count}
        with translate_errors():
            response = self.connection.dispatch("Query", request)
        return [from_item(entity, item) for item in response["Items"]]

    def create(self, record: Any) -> bool:
        """Write a new record. Returns False, and writes nothing, if it exists already. One call."""
        item = to_item(record)
        try:
            with translate_errors():
                item.save(condition=hash_key_attribute(type(item)).does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def commit(self, writes: Iterable[Any], token: str) -> None:
        """Write everything in one transaction, if the conditions of all writes hold. One call.

        ``token`` (at most 36 characters) makes the call idempotent: sent twice, it writes once.
        Raises ``ConcurrentModification``: nothing was written; ``Unavailable``: everything or
        nothing was written; or ``TransactionConflict``: this call wrote nothing, but an earlier
        call with the same token may have, or may still do.
        """
        writes = prepared(writes)
        required = [write for write in writes if isinstance(write, RequireRecord)]
        try:
            with (
                translate_errors(),
                Transaction(self.connection, token, required) as transaction,
            ):
                for write in writes:
                    if not isinstance(write, RequireRecord):
                        WRITERS[type(write)](transaction, write)
                transaction.check_required()
        except TransactWriteError as error:
            raise_cancellation(error)


def _directory_query(entity: type[Any], organization_id: int) -> dict[str, Any]:
    return {
        "TableName": table_name(DirectoryModel),
        "KeyConditionExpression": "organization_key = :organization "
        "AND begins_with(record_key, :kind)",
        "ExpressionAttributeValues": {
            ":organization": {"S": str(organization_id)},
            ":kind": {"S": directory_prefix(entity)},
        },
        "ConsistentRead": True,
    }
