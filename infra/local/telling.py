"""The functions behind the streams and the queue, run by the local server: the same handlers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.events.delivery import BATCH, deliver_records
from chalicelib.events.fan_out import fan_out_records
from chalicelib.outbound.clients import client
from chalicelib.services.outside import delivery_tools, fan_out_tools
from chalicelib.services.toolbox import Toolbox
from chalicelib.store.connection import table_name
from chalicelib.store.models import TimeEntryModel, TimerModel
from infra.local.queues import QueueFeed
from infra.local.streams import Feed, Record, Stream


def fan_out_feeds(tools: Toolbox, open_stream: Callable[[str], Stream]) -> list[Feed]:
    """The streams of timers and time entries, and the fan-out behind them."""
    telling = fan_out_tools(tools)

    def of(table: str) -> Callable[[dict[str, Any]], Any]:
        # Lambda says where a record comes from; a stream that is asked for knows by itself.
        source = f"arn:aws:dynamodb:{tools.settings.region}:local:table/{table}/stream/local"

        def handler(event: dict[str, Any]) -> Any:
            records = [_as_lambda_has_it(it, source) for it in event["Records"]]
            return fan_out_records(telling, records)

        return handler

    tables = [table_name(model) for model in (TimerModel, TimeEntryModel)]
    return [Feed(open_stream(table), of(table)) for table in tables]


def _as_lambda_has_it(record: Record, source: str) -> Record:
    changed = record["dynamodb"]
    at = changed["ApproximateCreationDateTime"]
    seconds = at.timestamp() if isinstance(at, datetime) else float(at)
    told = {**changed, "ApproximateCreationDateTime": seconds}
    return {**record, "eventSourceARN": source, "dynamodb": told}


def delivery_feed(tools: Toolbox) -> QueueFeed:
    """The queue of deliveries, and the worker behind it."""
    delivering = delivery_tools(tools)
    settings = tools.settings
    return QueueFeed(
        client("sqs", settings.region),
        settings.deliveries_url,
        lambda event: deliver_records(delivering, event["Records"]),
        BATCH,
    )
