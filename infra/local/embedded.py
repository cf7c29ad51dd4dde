"""DynamoDB inside this process: moto, made safe for threads, and kept from slowing down."""

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
from moto.dynamodb.models.table import StreamRecord, StreamShard

_ERROR = 400


class EmbeddedStream:
    """The stream of an embedded table (see :class:`infra.local.streams.Stream`)."""

    def __init__(self) -> None:
        self._records: deque[dict[str, Any]] = deque()

    def add(self, record: dict[str, Any]) -> None:
        """Keep a record until it is read."""
        self._records.append(record)

    def read(self) -> list[dict[str, Any]]:
        """What was written since this was last called."""
        # One by one: meanwhile another thread may add some.
        return [self._records.popleft() for _ in range(len(self._records))]


class EmbeddedStreams:
    """Hands a table's records to those who listen. What nobody listens to is not kept."""

    def __init__(self) -> None:
        # Weakly: what is no longer read by anybody is no longer kept for anybody.
        self._listeners: dict[str, WeakSet[EmbeddedStream]] = {}
        self._fresh: list[tuple[str, dict[str, Any]]] = []
        self._numbers = itertools.count(1)

    def listen(self, table: str) -> EmbeddedStream:
        """What is written to a table from now on."""
        stream = EmbeddedStream()
        self._listeners.setdefault(table, WeakSet()).add(stream)
        return stream

    def note(self, shard: StreamShard, old: Any, new: Any) -> None:
        """A change, of which nobody knows yet whether its request succeeds."""
        table = shard.table
        if not self._listeners.get(table.name):
            return
        name = "MODIFY"
        if old is None or new is None:
            name = "INSERT" if old is None else "REMOVE"
        view: str = table.stream_specification["StreamViewType"]  # type: ignore[index]
        made = StreamRecord(table, view, name, old, new, next(self._numbers))
        self._fresh.append((table.name, made.to_json()))

    def settle(self, succeeded: bool) -> None:
        """A request has ended: what it changed is told, or, with a failed transaction, undone."""
        fresh, self._fresh = self._fresh, []
        if succeeded:
            for table, record in fresh:
                for stream in self._listeners[table]:
                    stream.add(record)


@contextmanager
def embedded_dynamodb() -> Iterator[EmbeddedStreams]:
    """Answer every AWS call of this process from memory, one at a time; gives the tables' streams.

    moto is not thread-safe: without the lock, contests for one item have several winners. Its own
    streams stay empty: it would keep every record for ever, copy them all in each transaction, and
    keep those of transactions that failed.
    """
    lock = threading.Lock()
    streams = EmbeddedStreams()
    process_request = BotocoreStubber.process_request

    def one_at_a_time(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            succeeded = False
            try:
                answer = process_request(stubber, request)
                succeeded = answer is not None and answer[0] < _ERROR
            finally:
                streams.settle(succeeded)
            return answer

    def note(shard: StreamShard, old: Any, new: Any) -> None:
        streams.note(shard, old, new)

    with (
        patch.object(BotocoreStubber, "process_request", one_at_a_time),
        patch.object(StreamShard, "add", note),
        mock_aws(),
    ):
        yield streams
