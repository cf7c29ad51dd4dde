"""Amazon SQS: sends messages in the largest batches that SQS accepts."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from chalicelib.clients.aws import client, translate_aws_errors
from chalicelib.deliveries.model import Delivery

MAX_DELAY_SECONDS = 900
"""The maximum delay of a message in SQS."""

MAX_BODY_BYTES = 200_000
"""The maximum size of a message. SQS allows 256 KiB for all messages of a batch together."""

_MESSAGES_PER_CALL = 10
_BYTES_PER_CALL = 250_000


class Message(Struct, frozen=True):
    """A message. ``delay`` is in seconds.

    SQS is fair between groups: many messages of one ``group`` do not delay those of other groups.
    """

    body: str
    group: str
    delay: int = 0


class Queue:
    """An SQS queue."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region

    def send(self, messages: Sequence[Message]) -> set[int]:
        """Send messages; return the positions of those that SQS rejected. One call per 10.

        Raises ``Unavailable``: some or none of the messages were sent.
        """
        rejected: set[int] = set()
        for positions in _batches(messages):
            entries = [_entry(position, messages[position]) for position in positions]
            with translate_aws_errors("The queue"):
                response = client("sqs", self._region).send_message_batch(
                    QueueUrl=self._url, Entries=entries
                )
            rejected.update(int(failed["Id"]) for failed in response.get("Failed", ()))
        return rejected


def encode_delivery(delivery: Delivery) -> str:
    """The text of a message with a delivery."""
    return msgspec.json.encode(delivery).decode()


def decode_delivery(text: str) -> Delivery:
    """The delivery in the text of a message. Raises :class:`ValueError` for other texts."""
    return msgspec.json.decode(text, type=Delivery)


def _entry(position: int, message: Message) -> dict[str, object]:
    return {
        "Id": str(position),
        "MessageBody": message.body,
        "MessageGroupId": message.group,
        "DelaySeconds": message.delay,
    }


def _batches(messages: Sequence[Message]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for position, message in enumerate(messages):
        length = len(message.body.encode())
        if batch and (len(batch) == _MESSAGES_PER_CALL or size + length > _BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(position)
        size += length
    if batch:
        yield batch
