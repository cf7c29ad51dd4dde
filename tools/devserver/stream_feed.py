"""Feeds table streams to their handlers as Lambda does: for the local server and tests.

A stream is read from the embedded DynamoDB (``embedded.py``), or from a server with the DynamoDB
Streams API. A :class:`Feed` invokes a handler and treats its result as Lambda does.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.settings import Settings
from tools.devserver.periodic import periodic

log = logging.getLogger("stint")

Record = dict[str, Any]
"""A record as Lambda passes it: eventName, and under dynamodb Keys, NewImage, OldImage."""

Handler = Callable[[dict[str, Any]], Any]

_BATCH = 100
_ATTEMPTS = 5
_EVERY_SECONDS = 0.2
_EXPIRED = frozenset({"TrimmedDataAccessException", "ExpiredIteratorException"})


class Stream(Protocol):
    """The stream of a table, from the moment at which it is created."""

    def read(self) -> list[Record]:
        """Return the records since the last call, in the order of each item's changes."""

    def processed(self, records: Sequence[Record]) -> None:
        """Forget records that this reader has processed, or does not want."""


class ServedStream:
    """The stream of a table on a server with the Streams API, such as DynamoDB Local.

    Starts at its oldest record, at most a day old, or now.
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
        # A shard closes after some hours; new shards follow it.
        for shard_id in self._shards():
            if shard_id not in self._iterators:
                self._iterators[shard_id] = self._iterator(shard_id, "TRIM_HORIZON")
        return [record for shard_id in self._iterators for record in self._read(shard_id)]

    def processed(self, records: Sequence[Record]) -> None:
        """See :class:`Stream`. The server forgets records by itself."""

    def _read(self, shard_id: str) -> Iterator[Record]:
        while (iterator := self._iterators[shard_id]) is not None:
            try:
                response = self._client.get_records(ShardIterator=iterator)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _EXPIRED:
                    raise
                # The iterator has expired: continue from the oldest record that still exists.
                self._iterators[shard_id] = self._iterator(shard_id, "TRIM_HORIZON")
                continue
            self._iterators[shard_id] = response.get("NextShardIterator")
            yield from response["Records"]
            if not response["Records"]:
                return

    def _find(self, table: str) -> str:
        streams = self._client.list_streams(TableName=table)["Streams"]
        # A stream that was disabled stays for a day. The label at the end of the ARN is its time.
        return max(str(stream["StreamArn"]) for stream in streams)

    def _shards(self) -> list[str]:
        shards = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        return [shard["ShardId"] for shard in shards]

    def _iterator(self, shard_id: str, kind: str) -> str:
        response = self._client.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard_id, ShardIteratorType=kind
        )
        iterator: str = response["ShardIterator"]
        return iterator


def _with_seconds(record: Record) -> Record:
    """Return a record whose time is a number, as Lambda passes it; botocore parses it."""
    changed = record["dynamodb"]
    at = changed.get("ApproximateCreationDateTime")
    if not isinstance(at, datetime):
        return record
    converted = {**changed, "ApproximateCreationDateTime": at.timestamp()}
    return {**record, "dynamodb": converted}


class Feed:
    """A stream and its handler.

    ``wants`` selects the records for the handler, like the filter of an event source.
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
        """Pass the new records to the handler, in batches; return the number that it processed.

        The first failed record of a batch and all later ones are retried in the next run. After
        some attempts the failed record is skipped and logged; Lambda would send it to the failure
        queue.
        """
        records = self._stream.read()
        self._waiting += [record for record in records if self._wants(record)]
        self._stream.processed([record for record in records if not self._wants(record)])
        processed = 0
        while self._waiting:
            batch = self._waiting[:_BATCH]
            succeeded = self._invoke(batch)
            processed += succeeded
            self._stream.processed(self._waiting[:succeeded])
            del self._waiting[:succeeded]
            if succeeded == len(batch):
                self._attempts = 0
                continue
            self._attempts += 1
            if self._attempts < _ATTEMPTS:
                break
            self._attempts = 0
            skipped = self._waiting.pop(0)
            self._stream.processed([skipped])
            log.error(
                "record skipped after all attempts", extra={"keys": skipped["dynamodb"]["Keys"]}
            )
        return processed

    def _invoke(self, batch: Sequence[Record]) -> int:
        """Return how many records, from the first one on, the handler processed."""
        try:
            result = self._handler({"Records": [_with_seconds(each) for each in batch]}) or {}
        except Exception:
            log.exception("stream handler failed")
            return 0
        failed = {failure["itemIdentifier"] for failure in result.get("batchItemFailures", ())}
        for number, record in enumerate(batch):
            if record["dynamodb"]["SequenceNumber"] in failed:
                return number
        return len(batch)


def running_feeds(
    feeds: Sequence[Feed], every_seconds: float = _EVERY_SECONDS
) -> AbstractContextManager[None]:
    """Run the feeds continuously, in a thread, until the context ends."""

    def run() -> None:
        for feed in feeds:
            try:
                feed.run()
            except (BotoCoreError, ClientError):
                log.warning("stream could not be read", exc_info=True)

    return periodic("streams", every_seconds, run)
