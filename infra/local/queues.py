"""A queue, as Lambda would feed it to its handler: for the local server and tests."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.repeating import repeating

log = logging.getLogger("stint")

Handler = Callable[[dict[str, Any]], Any]

_EVERY_SECONDS = 0.2


class QueueFeed:
    """A queue and the handler that it feeds: batch by batch, what failed comes again.

    ``client`` is a client of SQS.
    """

    def __init__(self, client: Any, url: str, handler: Handler, batch: int) -> None:
        self._client = client
        self._url = url
        self._handler = handler
        self._batch = batch

    def run(self) -> int:
        """Give the handler what is there now; how many messages it took."""
        taken = 0
        while messages := self._receive():
            failed = self._offer(messages)
            for message in messages:
                if message["MessageId"] not in failed:
                    self._client.delete_message(
                        QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
                    )
                    taken += 1
        return taken

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=self._batch, WaitTimeSeconds=0
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def _offer(self, messages: Sequence[dict[str, Any]]) -> set[str]:
        """The ids of the messages that are to come again."""
        records = [
            {"messageId": it["MessageId"], "body": it["Body"], "eventSource": "aws:sqs"}
            for it in messages
        ]
        try:
            answer = self._handler({"Records": records}) or {}
        except Exception:
            log.exception("queue handler failed")
            return {it["MessageId"] for it in messages}
        return {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", ())}


def draining(
    feed: QueueFeed, every_seconds: float = _EVERY_SECONDS
) -> AbstractContextManager[None]:
    """Run a feed all the time, in a thread, until this ends."""

    def run() -> None:
        try:
            feed.run()
        except (BotoCoreError, ClientError):
            log.warning("queue could not be read", exc_info=True)

    return repeating("queue", every_seconds, run)
