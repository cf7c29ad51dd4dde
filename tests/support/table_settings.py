"""Settings of tables that differ in tests on DynamoDB Local: time to live, and streams.

DynamoDB Local deletes expired items within seconds. The fake clock of the tests is in the past, so
idempotency records and the delivery log would disappear during a test.

For each request to a table with a stream, it searches the records of all streams for the oldest
one of this stream. It keeps them for a day: after thousands of tests, that search took most of the
time of the tests. So a table has a stream only while a test reads it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import table_name
from chalicelib.registry import TABLES
from tests.support.engine import ENDPOINT
from tools.devserver.stream_feed import ServedStream, Stream

_OFF = {"StreamEnabled": False}

_declared: dict[str, dict[str, Any]] = {}
"""How the models declare the streams, by the table's name."""


def set_for_tests(connection: Connection) -> None:
    """Disable time to live and the streams of new tables, on DynamoDB Local."""
    if ENDPOINT is not None:
        for name in map(table_name, TABLES):
            _keep_expired(connection.client, name)
            _disable_stream(connection.client, name)


@contextmanager
def served_streams(connection: Connection, settings: Settings) -> Iterator[Callable[[str], Stream]]:
    """Yield a function that opens the stream of a table, which exists until the context ends."""
    client: Any = connection.client
    enabled: set[str] = set()

    def open_stream(name: str) -> Stream:
        if name not in enabled:
            client.update_table(TableName=name, StreamSpecification=_declared[name])
            enabled.add(name)
        return ServedStream(settings, name)

    try:
        yield open_stream
    finally:
        for name in enabled:
            client.update_table(TableName=name, StreamSpecification=_OFF)


def _keep_expired(client: Any, name: str) -> None:
    description = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if description["TimeToLiveStatus"] == "ENABLED":
        client.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={
                "Enabled": False,
                "AttributeName": description["AttributeName"],
            },
        )


def _disable_stream(client: Any, name: str) -> None:
    declared = client.describe_table(TableName=name)["Table"].get("StreamSpecification")
    if declared is not None:
        _declared[name] = declared
        client.update_table(TableName=name, StreamSpecification=_OFF)
