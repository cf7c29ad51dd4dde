"""Feeds for the event fan-out and the delivery worker, with the deployed handlers."""

import time
from collections.abc import Callable
from typing import Any

from chalicelib.clients.aws import client
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.timestamps import SECONDS_PER_MINUTE
from chalicelib.deliveries.operations import build_webhook_delivery
from chalicelib.dynamodb.connection import table_name
from chalicelib.events.fanout import build_event_fanout
from chalicelib.handlers.event_fanout import fan_out_records
from chalicelib.handlers.webhook_delivery import BATCH, deliver_records
from chalicelib.live.pushes import Send
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.repository import TimerModel
from tools.devserver.queue_feed import QueueFeed
from tools.devserver.stream_feed import Feed, Record, Stream


def event_feeds(
    dependencies: Dependencies,
    open_stream: Callable[[str], Stream],
    send: Send = lambda *_: False,
) -> list[Feed]:
    """Return the feeds of the timers' and time entries' streams into the event fan-out.

    ``send`` sends live updates; without it, there are no connections.
    """
    fanout = build_event_fanout(dependencies, lambda: send)

    def handler_of(table: str) -> Callable[[dict[str, Any]], Any]:
        # Lambda adds the source to each record; the Streams API does not.
        source = f"arn:aws:dynamodb:{dependencies.settings.region}:local:table/{table}/stream/local"

        def handler(event: dict[str, Any]) -> Any:
            records = [_to_lambda_record(record, source) for record in event["Records"]]
            return fan_out_records(fanout, records)

        return handler

    tables = [table_name(model) for model in (TimerModel, TimeEntryModel)]
    return [Feed(open_stream(table), handler_of(table)) for table in tables]


def _to_lambda_record(record: Record, source: str) -> Record:
    changed = record["dynamodb"]
    seconds = float(changed["ApproximateCreationDateTime"])
    if seconds % SECONDS_PER_MINUTE == 0:
        # DynamoDB Local rounds down to the minute, AWS to the second. Take the latest possible
        # time: a webhook then receives the changes after its creation.
        seconds = min(time.time(), seconds + SECONDS_PER_MINUTE - 1)
    converted = {**changed, "ApproximateCreationDateTime": seconds}
    return {**record, "eventSourceARN": source, "dynamodb": converted}


def delivery_feed(dependencies: Dependencies) -> QueueFeed:
    """Return the feed of the delivery queue into the delivery worker."""
    worker = build_webhook_delivery(dependencies)
    settings = dependencies.settings
    return QueueFeed(
        client("sqs", settings.region),
        settings.deliveries_url,
        lambda event: deliver_records(worker, event["Records"]),
        BATCH,
    )
