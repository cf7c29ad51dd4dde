"""Prevent DynamoDB Local from deleting expired items: it uses the real clock, tests do not."""

from typing import Any

from pynamodb.connection import Connection

from chalicelib.dynamodb.connection import table_name
from chalicelib.registry import TABLES


def keep_expired(connection: Connection) -> None:
    """Disable TTL on all tables.

    DynamoDB Local deletes expired items within seconds. The fake clock of the tests is in the past,
    so idempotency records and the delivery log would disappear during a test.
    """
    client: Any = connection.client
    for table in map(table_name, TABLES):
        description = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if description["TimeToLiveStatus"] == "ENABLED":
            client.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={
                    "Enabled": False,
                    "AttributeName": description["AttributeName"],
                },
            )
