"""The tables' streams, as Lambda would feed them to their handlers: for the local server and tests.

A stream is read from the embedded DynamoDB (``embedded.py``), or from a server through DynamoDB's
own Streams API. A :class:`Feed` gives a handler what Lambda would give it, and does with its answer
what Lambda would do.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.settings import Settings
from infra.local.repeating import repeating

log = logging.getLogger("stint")

Record = dict[str, Any]
"""A record as Lambda passes it on: eventName, and under dynamodb Keys, NewImage, OldImage."""

Handler = Callable[[dict[str, Any]], Any]

_BATCH = 100
_ATTEMPTS = 5
_EVERY_SECONDS = 0.2
_GONE = frozenset({"TrimmedDataAccessException", "ExpiredIteratorException"})


class Stream(Protocol):
    """What is written to a table from the moment on at which this is made."""

    def read(self) -> list[Record]:
        """What was written since this was last called, in the order of each item's changes."""


class ServedStream:
    """The stream of a table on a server that speaks the Streams API, such as DynamoDB Local.

    From its beginning, a day ago at the most, or from now on.
    """

    def __init__(self, settings: Settings, table: str, *, from_beginning: bool = False) -> None:
        session = botocore.session.get_session()
        self._client: Any = session.create_client(
            "dynamodbstreams",
            region_name=settings.region,
            endpoint_url=settings.dynamodb_endpoint,
        )
        self._arn = self._find(table)
        start = "TRIM_HORIZON" if from_beginning else "LATEST"
        self._iterators: dict[str, str | None] = {
            shard_id: self._iterator(shard_id, start) for shard_id in self._shards()
        }

    def read(self) -> list[Record]:
        """See :class:`Stream`."""
        # A shard closes after some hours, and others follow it.
        for shard_id in self._shards():
            if shard_id not in self._iterators:
                self._iterators[shard_id] = self._iterator(shard_id, "TRIM_HORIZON")
        return [record for shard_id in self._iterators for record in self._read(shard_id)]

    def _read(self, shard_id: str) -> Iterator[Record]:
        while (iterator := self._iterators[shard_id]) is not None:
            try:
                answer = self._client.get_records(ShardIterator=iterator)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _GONE:
                    raise
                # Too old, or waited for too long: from the oldest record that is still there.
                self._iterators[shard_id] = self._iterator(shard_id, "TRIM_HORIZON")
                continue
            self._iterators[shard_id] = answer.get("NextShardIterator")
            yield from answer["Records"]
            if not answer["Records"]:
                return

    def _find(self, table: str) -> str:
        (found,) = self._client.list_streams(TableName=table)["Streams"]
        arn: str = found["StreamArn"]
        return arn

    def _shards(self) -> list[str]:
        found = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        return [shard["ShardId"] for shard in found]

    def _iterator(self, shard_id: str, kind: str) -> str:
        answer = self._client.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard_id, ShardIteratorType=kind
        )
        iterator: str = answer["ShardIterator"]
        return iterator


class Feed:
    """A stream, and the handler that it feeds.

    ``wants`` says which records the handler is given, as a filter of an event source does.
    """

    def __init__(
        self, stream: Stream, handler: Handler, wants: Callable[[Record], bool] = lambda _: True
    ) -> None:
        self._stream = stream
        self._handler = handler
        self._wants = wants
        self._waiting: list[Record] = []
        self._attempts = 0

    def run(self) -> int:
        """Give the handler what has come, batch by batch; how many records it took.

        From the first record on that it reports as failed, it gets them again the next time. After
        some attempts that record is given up, with a line in the log: Lambda would put it aside.
        """
        self._waiting += [record for record in self._stream.read() if self._wants(record)]
        taken = 0
        while self._waiting:
            batch = self._waiting[:_BATCH]
            done = self._offer(batch)
            taken += done
            del self._waiting[:done]
            if done == len(batch):
                self._attempts = 0
                continue
            self._attempts += 1
            if self._attempts < _ATTEMPTS:
                break
            self._attempts = 0
            log.error("record given up", extra={"keys": self._waiting.pop(0)["dynamodb"]["Keys"]})
        return taken

    def _offer(self, batch: Sequence[Record]) -> int:
        """How many records, from the first on, the handler took."""
        try:
            answer = self._handler({"Records": list(batch)}) or {}
        except Exception:
            log.exception("stream handler failed")
            return 0
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", ())}
        for number, record in enumerate(batch):
            if record["dynamodb"]["SequenceNumber"] in failed:
                return number
        return len(batch)


def pumping(
    feeds: Sequence[Feed], every_seconds: float = _EVERY_SECONDS
) -> AbstractContextManager[None]:
    """Run the feeds all the time, in a thread, until this ends."""

    def run() -> None:
        for feed in feeds:
            try:
                feed.run()
            except (BotoCoreError, ClientError):
                log.warning("stream could not be read", exc_info=True)

    return repeating("streams", every_seconds, run)
