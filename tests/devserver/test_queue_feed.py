"""The queue feed of the local server: batches of messages, as Lambda gets them."""

import threading
from typing import Any

from chalicelib.clients.aws import client
from chalicelib.handlers.webhook_delivery import BATCH
from tests.support.event_services import EventServices
from tools.devserver.queue_feed import QueueFeed, running_queue_feed


def _feed(event_services: EventServices, handle: Any, messages: int) -> QueueFeed:
    feed = event_services.feed(event_services.webhook_delivery(), handle)
    settings = event_services.settings
    sqs = client("sqs", settings.region)
    for number in range(messages):
        sqs.send_message(QueueUrl=settings.deliveries_url, MessageBody=str(number))
    return feed


def test_failed_messages_stay_in_the_queue(event_services: EventServices) -> None:
    def fail_first(event: dict[str, Any]) -> dict[str, Any]:
        failed = [each["messageId"] for each in event["Records"] if each["body"] == "0"]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    feed = _feed(event_services, fail_first, 3)
    assert feed.run() == 2
    assert event_services.texts(event_services.settings.deliveries_url) == ["0"]


def test_running_feed_ends_after_the_current_batch(event_services: EventServices) -> None:
    handled: list[int] = []
    is_handling, may_return = threading.Event(), threading.Event()

    def handle(event: dict[str, Any]) -> None:
        handled.append(len(event["Records"]))
        is_handling.set()
        may_return.wait()

    feed = _feed(event_services, handle, 2 * BATCH)
    with running_queue_feed(feed, every_seconds=0):
        is_handling.wait()
        # The context ends while the first batch is being handled.
        threading.Timer(0.5, may_return.set).start()
    assert handled == [BATCH]
