"""DynamoDB in this process: moto, with a lock for threads and its own table streams."""

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.table import StreamRecord, StreamShard

_FIRST_ERROR_STATUS = 400
_TEXT_TYPES = ({"S"}, {"N"})


class EmbeddedStream:
    """The stream of an embedded table (see :class:`tools.devserver.stream_feed.Stream`)."""

    def __init__(self) -> None:
        self._records: deque[dict[str, Any]] = deque()

    def add(self, record: dict[str, Any]) -> None:
        """Store a record until it is read."""
        self._records.append(record)

    def read(self) -> list[dict[str, Any]]:
        """Return the records since the last call."""
        # One by one, because another thread may append records meanwhile.
        return [self._records.popleft() for _ in range(len(self._records))]


class EmbeddedStreams:
    """Passes a table's records to its listeners. Without listeners, records are not stored."""

    def __init__(self) -> None:
        # Weak references: a stream without a reader stops collecting records.
        self._listeners: dict[str, WeakSet[EmbeddedStream]] = {}
        self._fresh: list[tuple[str, dict[str, Any]]] = []
        self._numbers = itertools.count(1)

    def listen(self, table: str) -> EmbeddedStream:
        """Return a stream of what is written to a table from now on."""
        stream = EmbeddedStream()
        self._listeners.setdefault(table, WeakSet()).add(stream)
        return stream

    def note(self, shard: StreamShard, old: Any, new: Any) -> None:
        """Collect a change, before it is known whether its request succeeds."""
        table = shard.table
        if not self._listeners.get(table.name):
            return
        name = "MODIFY"
        if old is None or new is None:
            name = "INSERT" if old is None else "REMOVE"
        view: str = table.stream_specification["StreamViewType"]  # type: ignore[index]
        record = StreamRecord(table, view, name, old, new, next(self._numbers))
        self._fresh.append((table.name, record.to_json()))

    def finish(self, succeeded: bool) -> None:
        """Pass the changes of a finished request to the listeners, or drop them if it failed."""
        fresh, self._fresh = self._fresh, []
        if succeeded:
            for table, record in fresh:
                for stream in self._listeners[table]:
                    stream.add(record)


@contextmanager
def embedded_dynamodb(*, any_credentials: bool = True) -> Iterator[EmbeddedStreams]:
    """Serve every AWS call of this process from memory, one at a time; yield the tables' streams.

    moto is not thread-safe: without the lock, several concurrent conditional writes to one item
    succeed. moto's own streams stay empty: they would store every record forever, copy all of them
    in each transaction, and include those of failed transactions. Calls to another server pass
    through. Some of those servers separate data by credentials: with ``any_credentials=False``, the
    credentials stay unchanged.
    """
    lock = threading.Lock()
    streams = EmbeddedStreams()
    process_request = BotocoreStubber.process_request
    serialize_structure = BaseJSONSerializer._serialize_type_structure

    def one_at_a_time(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            succeeded = False
            try:
                response = process_request(stubber, request)
                succeeded = response is not None and response[0] < _FIRST_ERROR_STATUS
            finally:
                streams.finish(succeeded)
            return response

    def note(shard: StreamShard, old: Any, new: Any) -> None:
        streams.note(shard, old, new)

    def serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        # moto looks for all ten types of each attribute, under several names: half of the time of
        # a call. Texts and numbers are already in DynamoDB's format.
        if shape.name == "AttributeValue" and value.keys() in _TEXT_TYPES:
            serialized[key] = value
        else:
            serialize_structure(serializer, serialized, value, shape, key)

    with (
        patch.object(BotocoreStubber, "process_request", one_at_a_time),
        patch.object(StreamShard, "add", note),
        patch.object(BaseJSONSerializer, "_serialize_type_structure", serialize),
        mock_aws(config={"core": {"mock_credentials": any_credentials}}),
    ):
        yield streams
