"""Sends dead letters again, or counts them, and leaves the others as they are.

A received message is hidden from every receiver. What is not sent again is released at the end,
also after an error or Ctrl-C. If the process is killed, SQS releases it after ``_HIDDEN_SECONDS``.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from chalicelib.clients.aws import client
from chalicelib.clients.sqs import Queue, decode_delivery
from chalicelib.core.dependencies import Dependencies
from chalicelib.deliveries.model import Delivery
from chalicelib.deliveries.replay import enqueue
from chalicelib.webhooks.model import Webhook, WebhookState

_MESSAGES_A_CALL = 10
_HIDDEN_SECONDS = 120
# With a wait, SQS queries all of its servers; without one it may miss messages.
_WAIT_SECONDS = 1
# A run that takes longer than messages are hidden receives some of them again.
_MAX_CALLS_WITHOUT_NEW = 5

RESULTS: Mapping[str, str] = {
    "replayed": "",
    "left": "not selected",
    "paused": "the webhook is paused: resume it, then run this command again",
    "deleted": "the webhook was deleted",
    "repeated": "this run has already sent this event to the same receiver",
    "unreadable": "not a message of stint",
}
"""The results of a dead letter, with their meaning. Only the first leaves the queue."""

IsSelected = Callable[[Delivery], bool]
Messages = Mapping[str, Mapping[str, Any]]


class DeadLetterReplay:
    """One run over the dead letters; ``results`` counts them by result, also if the run fails.

    ``is_selected`` says which deliveries to send again. In a dry run, nothing is sent.
    """

    def __init__(
        self, dependencies: Dependencies, is_selected: IsSelected, *, dry_run: bool = False
    ) -> None:
        settings = dependencies.settings
        self.results: Counter[str] = Counter()
        self._database = dependencies.database
        self._is_selected = is_selected
        self._dry_run = dry_run
        self._sqs = client("sqs", settings.region)
        self._url = settings.dead_letters_url
        self._deliveries = Queue(settings.deliveries_url, settings.region)
        # The latest receipt handles of the messages that stay, by message id.
        self._hidden: dict[str, str] = {}
        self._removed: set[str] = set()
        self._sent: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Send the selected dead letters again. Raises ``Unavailable`` and errors of AWS."""
        calls_without_new = 0
        try:
            while calls_without_new < _MAX_CALLS_WITHOUT_NEW:
                received = self._receive()
                if not received:
                    return
                new = {
                    message_id: message
                    for message_id, message in received.items()
                    if message_id not in self._hidden and message_id not in self._removed
                }
                self._hidden |= {
                    message_id: message["ReceiptHandle"]
                    for message_id, message in received.items()
                    if message_id not in self._removed
                }
                calls_without_new = 0 if new else calls_without_new + 1
                self._handle(new)
        finally:
            self._release()

    def _receive(self) -> Messages:
        response = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_MESSAGES_A_CALL,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
        )
        return {message["MessageId"]: message for message in response.get("Messages", ())}

    def _handle(self, messages: Messages) -> None:
        deliveries: dict[str, Delivery] = {}
        for message_id, message in messages.items():
            try:
                deliveries[message_id] = decode_delivery(message["Body"])
            except ValueError:
                self.results["unreadable"] += 1
        webhooks = self._webhooks(deliveries.values())
        for message_id, delivery in deliveries.items():
            result = self._result(delivery, webhooks)
            if result == "replayed" and not self._dry_run:
                self._send_again(message_id, delivery)
            self.results[result] += 1

    def _webhooks(self, deliveries: Iterable[Delivery]) -> Mapping[tuple[int, int], Webhook]:
        webhook_ids = {
            (delivery.organization_id, delivery.webhook_id)
            for delivery in deliveries
            if delivery.webhook_id is not None
        }
        return self._database.get_many_across_organizations(Webhook, webhook_ids)

    def _result(self, delivery: Delivery, webhooks: Mapping[tuple[int, int], Webhook]) -> str:
        if not self._is_selected(delivery):
            return "left"
        # Otherwise a run would not end for a receiver that refuses an event at once.
        if (delivery.event_id, delivery.destination) in self._sent:
            return "repeated"
        if delivery.webhook_id is not None:
            webhook = webhooks.get((delivery.organization_id, delivery.webhook_id))
            if webhook is None:
                return "deleted"
            if webhook.state is not WebhookState.ACTIVE:
                return "paused"
        return "replayed"

    def _send_again(self, message_id: str, delivery: Delivery) -> None:
        # In this order: after an error in between, an event is sent twice, but never lost.
        enqueue(self._deliveries, [replace(delivery, attempt=1, due=0, failure=None)])
        self._sent.add((delivery.event_id, delivery.destination))
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=self._hidden.pop(message_id))
        self._removed.add(message_id)

    def _release(self) -> None:
        """Make the messages that stay visible at once, for the next run."""
        handles = list(self._hidden.values())
        try:
            for begin in range(0, len(handles), _MESSAGES_A_CALL):
                self._release_some(handles[begin : begin + _MESSAGES_A_CALL])
        except (BotoCoreError, ClientError) as error:
            print(
                f"Cannot release {len(handles)} dead letters: {error}\n"
                f"They are hidden for up to {_HIDDEN_SECONDS} seconds; wait before the next run.",
                file=sys.stderr,
            )

    def _release_some(self, handles: Sequence[str]) -> None:
        # Messages that are visible again already are listed as failed, which is no problem.
        self._sqs.change_message_visibility_batch(
            QueueUrl=self._url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for number, handle in enumerate(handles)
            ],
        )
