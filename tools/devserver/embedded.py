"""DynamoDB in this process: moto, with a lock for threads and its own table streams.

With a :class:`~tools.devserver.kept_data.KeptData`, what a request changed is on the disk before
its response; if it cannot be written, the request fails and changes nothing.
"""

import itertools
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.table import StreamRecord, StreamShard, Table

from tools.devserver.kept_data import KeptData
from tools.devserver.moto_requests import ItemsChange, change_of
from tools.devserver.moto_speed import fast_moto

log = logging.getLogger("stint")

_FIRST_ERROR_STATUS = 400
_TEXT_TYPES = ({"S"}, {"N"})
_NOT_WRITTEN = (
    503,
    {"Content-Type": "application/x-amz-json-1.0"},
    '{"__type": "com.amazonaws.dynamodb.v20120810#ServiceUnavailable",'
    ' "message": "The local server cannot write its data to the disk."}',
)


class EmbeddedStream:
    """The stream of an embedded table (see :class:`tools.devserver.stream_feed.Stream`)."""

    def __init__(self, processed: Callable[[Sequence[dict[str, Any]]], None]) -> None:
        self._records: deque[dict[str, Any]] = deque()
        self._processed = processed

    def add(self, record: dict[str, Any]) -> None:
        """Store a record until it is read."""
        self._records.append(record)

    def read(self) -> list[dict[str, Any]]:
        """Return the records since the last call."""
        # One by one, because another thread may append records meanwhile.
        return [self._records.popleft() for _ in range(len(self._records))]

    def processed(self, records: Sequence[dict[str, Any]]) -> None:
        """See :class:`tools.devserver.stream_feed.Stream`."""
        self._processed(records)


class EmbeddedStreams:
    """Passes a table's records to its listeners. Without listeners, records are not stored."""

    def __init__(self, kept: KeptData | None = None) -> None:
        # Weak references: a stream without a reader stops collecting records.
        self._listeners: dict[str, WeakSet[EmbeddedStream]] = {}
        self._fresh: list[tuple[int, str, dict[str, Any]]] = []
        self._kept = kept
        # Above the numbers of earlier runs: by the clock.
        self._numbers = itertools.count(1 if kept is None else time.time_ns() // 1_000)

    def listen(self, table: str) -> EmbeddedStream:
        """Return a stream of what is written to a table from now on.

        It begins with the records of earlier runs that were not processed.
        """
        if self._kept is None:
            stream = EmbeddedStream(lambda _: None)
        else:
            stream = EmbeddedStream(self._kept.new_reader(table))
            for record in self._kept.unprocessed_records(table):
                stream.add(record)
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
        number = next(self._numbers)
        record = StreamRecord(table, view, name, old, new, number).to_json()
        # moto's own time has no time zone.
        record["dynamodb"]["ApproximateCreationDateTime"] = time.time()
        self._fresh.append((number, table.name, record))

    def fresh(self) -> list[tuple[int, str, dict[str, Any]]]:
        """Return the changes of the request so far: number, table, record."""
        return self._fresh

    def finish(self, succeeded: bool) -> None:
        """Pass the changes of a finished request to the listeners, or drop them if it failed."""
        fresh, self._fresh = self._fresh, []
        if succeeded:
            for _, table, record in fresh:
                for stream in self._listeners[table]:
                    stream.add(record)


_REQUEST = threading.Lock()
"""Held while moto processes a request. Code that reads moto's memory itself must hold it, too."""


def between_requests() -> AbstractContextManager[object]:
    """Let no request be processed meanwhile, so that moto's memory can be read."""
    return _REQUEST


class _Requests:
    """Processes the requests to moto, one at a time."""

    def __init__(self, streams: EmbeddedStreams, kept: KeptData | None) -> None:
        self._streams = streams
        self._kept = kept
        self._process: Callable[[BotocoreStubber, Any], Any] = BotocoreStubber.process_request

    def process(self, stubber: BotocoreStubber, request: Any) -> Any:
        with _REQUEST:
            change = change_of(request)
            succeeded = False
            try:
                with ExitStack() as stack:
                    if isinstance(change, ItemsChange):
                        # Undone below: no copies of whole tables.
                        stack.enter_context(
                            patch.object(Table, "__deepcopy__", _itself, create=True)
                        )
                    response = self._process(stubber, request)
                succeeded = response is not None and response[0] < _FIRST_ERROR_STATUS
                if succeeded and change is not None and self._kept is not None:
                    succeeded = False
                    self._kept.save(change, self._streams.fresh())
                    succeeded = True
            except sqlite3.Error as error:
                log.error("cannot write the data: %s", error)  # noqa: TRY400 - not a bug
                response = _NOT_WRITTEN
            finally:
                if change is not None and not succeeded:
                    change.undo()
                self._streams.finish(succeeded)
            return response


def _itself(table: Table, memo: object) -> Table:
    del memo
    return table


@contextmanager
def embedded_dynamodb(
    *, any_credentials: bool = True, kept: KeptData | None = None
) -> Iterator[EmbeddedStreams]:
    """Serve every AWS call of this process from memory, one at a time; yield the tables' streams.

    ``kept`` keeps the data between runs; None: they are lost at the end.

    moto is not thread-safe: without the lock, several concurrent conditional writes to one item
    succeed. moto's own streams stay empty: they would store every record forever, copy all of them
    in each transaction, and include those of failed transactions. Calls to another server pass
    through. Some of those servers separate data by credentials: with ``any_credentials=False``, the
    credentials stay unchanged.
    """
    streams = EmbeddedStreams(kept)
    requests = _Requests(streams, kept)
    serialize_structure = BaseJSONSerializer._serialize_type_structure

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
        patch.object(BotocoreStubber, "process_request", _method(requests.process)),
        patch.object(StreamShard, "add", note),
        patch.object(BaseJSONSerializer, "_serialize_type_structure", serialize),
        fast_moto(),
        mock_aws(config={"core": {"mock_credentials": any_credentials}}),
    ):
        yield streams


def _method(process: Callable[[BotocoreStubber, Any], Any]) -> Callable[..., Any]:
    def process_request(stubber: BotocoreStubber, request: Any) -> Any:
        return process(stubber, request)

    return process_request
