"""Feeds a queue's messages to a handler as Lambda does: for the local server and tests."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tools.devserver.periodic import periodic

log = logging.getLogger("stint")

Handler = Callable[[dict[str, Any]], Any]

_EVERY_SECONDS = 0.2


class QueueFeed:
    """A queue and its handler: messages arrive in batches, and failed messages are retried.

    ``client`` is an SQS client.
    """

    def __init__(self, client: Any, url: str, handler: Handler, batch: int) -> None:
        self._client = client
        self._url = url
        self._handler = handler
        self._batch = batch

    def run(self) -> int:
        """Pass the current messages to the handler; return the number that succeeded."""
        succeeded = 0
        while messages := self._receive():
            succeeded += self._handle(messages)
        return succeeded

    def run_batch(self) -> bool:
        """Pass one batch of messages to the handler; return whether there was one."""
        messages = self._receive()
        if messages:
            self._handle(messages)
        return bool(messages)

    def _handle(self, messages: Sequence[dict[str, Any]]) -> int:
        failed = self._invoke(messages)
        succeeded = [message for message in messages if message["MessageId"] not in failed]
        for message in succeeded:
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return len(succeeded)

    def _receive(self) -> list[dict[str, Any]]:
        response = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=self._batch, WaitTimeSeconds=0
        )
        messages: list[dict[str, Any]] = response.get("Messages", [])
        return messages

    def _invoke(self, messages: Sequence[dict[str, Any]]) -> set[str]:
        """Return the ids of the messages to retry."""
        records = [
            {"messageId": message["MessageId"], "body": message["Body"], "eventSource": "aws:sqs"}
            for message in messages
        ]
        try:
            result = self._handler({"Records": records}) or {}
        except Exception:
            log.exception("queue handler failed")
            return {message["MessageId"] for message in messages}
        return {failure["itemIdentifier"] for failure in result.get("batchItemFailures", ())}


def running_queue_feed(
    feed: QueueFeed, every_seconds: float = _EVERY_SECONDS
) -> AbstractContextManager[None]:
    """Run a feed continuously, in a thread, until the context ends.

    It ends after the current batch: many waiting deliveries to slow receivers take minutes.
    """

    def run() -> bool:
        try:
            return feed.run_batch()
        except (BotoCoreError, ClientError):
            log.warning("queue could not be read", exc_info=True)
            return False

    return periodic("queue", every_seconds, run)
