"""Queues (Amazon SQS): messages in batches, as large and as many as SQS takes at once."""

from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.clients.aws import client, translated
from chalicelib.dataclass import dataclass
from chalicelib.deliveries.rules import Delivery

LONGEST_DELAY = 900
"""Seconds that SQS keeps a message back at the most."""

MAX_BODY_BYTES = 200_000
"""What a message may hold; SQS takes 256 KiB, for all the messages of a batch together."""

_MESSAGES_A_CALL = 10
_BYTES_A_CALL = 250_000


@dataclass(frozen=True, slots=True)
class Message:
    """Text for a queue. ``delay`` is in seconds.

    Messages of a ``group`` that come in great numbers do not make those of other groups wait.
    """

    body: str
    group: str
    delay: int = 0


class Queue:
    """A queue by its URL."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region

    def send(self, messages: Sequence[Message]) -> set[int]:
        """Send them; the positions of those that were refused. One call per 10.

        Raises ``Unavailable`` where the queue is, with some or none of them sent.
        """
        refused: set[int] = set()
        for positions in _batches(messages):
            entries = [_entry(position, messages[position]) for position in positions]
            with translated("The queue"):
                answer = client("sqs", self._region).send_message_batch(
                    QueueUrl=self._url, Entries=entries
                )
            refused.update(int(it["Id"]) for it in answer.get("Failed", ()))
        return refused


def encode(delivery: Delivery) -> str:
    """A delivery as text for a queue."""
    return msgspec.json.encode(delivery).decode()


def decode(text: str) -> Delivery:
    """The delivery in a message. Raises :class:`ValueError` where there is none."""
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
        if batch and (len(batch) == _MESSAGES_A_CALL or size + length > _BYTES_A_CALL):
            yield batch
            batch, size = [], 0
        batch.append(position)
        size += length
    if batch:
        yield batch
