"""Keeps the data of the local server between runs, in a :class:`~tools.devserver.store.Store`."""

import gc
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from tools.devserver.moto_requests import (
    ItemKey,
    ItemsChange,
    QueueChange,
    attributes_of,
    forget_item,
    load_item,
    load_message,
    tables_of,
    typed_value,
    visible_at,
)
from tools.devserver.store import Row, Store

log = logging.getLogger("stint")

_Record = dict[str, Any]


class KeptData:
    """Saves what requests change, and loads it at the next start."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._readers: dict[str, int] = {}
        self._waiting: dict[int, int] = {}
        self._processed: set[int] = set()

    def save(
        self, change: ItemsChange | QueueChange, records: Sequence[tuple[int, str, _Record]]
    ) -> None:
        """Save what a request changed, and its stream records. Raises ``sqlite3.Error``."""
        if isinstance(change, QueueChange):
            # A FIFO queue would need more than this; stint has none.
            messages = {each.id: (each.body, visible_at(each)) for each in change.messages()}
            self._store.save(messages=(change.queue.name, messages))
            return
        rows = [
            (
                *_key_texts(key),
                None if item is None else json.dumps(attributes_of(item), separators=(",", ":")),
            )
            for key, item in change.items()
        ]
        self._store.save(rows, records)
        for number, table, _ in records:
            self._waiting[number] = self._readers[table]

    def load(self, region: str) -> None:
        """Load the items and messages whose tables and queues exist in moto.

        Items that have expired are deleted: DynamoDB's TTL does so, moto does not.
        """
        # Loading creates millions of objects: the garbage collector would look at them repeatedly.
        gc.disable()
        try:
            expired = [row for table in tables_of(region).values() for row in self._load(table)]
        finally:
            gc.enable()
        self._store.save(expired)
        for message in self._store.messages():
            load_message(region, *message)

    def _load(self, table: Table) -> Iterator[Row]:
        """Load the items of a table; yield the rows of the expired ones, to delete them."""
        ttl: str | None = table.ttl.get("AttributeName")
        for attributes in self._store.items(table.name):
            key = load_item(table, attributes)
            if ttl is not None and _has_expired(attributes.get(ttl)):
                forget_item(table, key)
                yield (*_key_texts(key), None)

    def secret(self, name: str, new_value: str) -> str:
        """Return a secret of earlier runs, or keep a new one."""
        return self._store.secret(name, new_value)

    def together(self) -> AbstractContextManager[None]:
        """Save everything of this context in one transaction."""
        return self._store.together()

    def new_reader(self, table: str) -> Callable[[Sequence[_Record]], None]:
        """Register a reader of a table's stream; return what it calls with processed records."""
        self._readers[table] = self._readers.get(table, 0) + 1
        return self._forget

    def unprocessed_records(self, table: str) -> list[_Record]:
        """Return the stream records of earlier runs, for a new reader."""
        records = self._store.records(table)
        for number, _ in records:
            self._waiting[number] = self._waiting.get(number, 0) + 1
        return [record for _, record in records]

    def _forget(self, records: Sequence[_Record]) -> None:
        """Delete the records that every reader has processed."""
        for record in records:
            number = int(record["dynamodb"]["SequenceNumber"])
            self._waiting[number] -= 1
            if self._waiting[number] == 0:
                del self._waiting[number]
                self._processed.add(number)
        if not self._processed:
            return
        try:
            self._store.delete_records(self._processed)
            self._processed.clear()
        except sqlite3.Error as error:
            # They are processed again after a restart, as Lambda may do.
            log.warning("cannot delete processed records: %s", error)


def _has_expired(value: dict[str, str] | None) -> bool:
    return value is not None and "N" in value and float(value["N"]) < time.time()


def _key_texts(key: ItemKey) -> tuple[str, str, str]:
    return key.table, _key_text(key.partition), _key_text(key.sort)


def _key_text(value: DynamoType | None) -> str:
    return "" if value is None else json.dumps(typed_value(value))
