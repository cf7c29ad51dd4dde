"""Keeps DynamoDB Local from removing what has expired, by a clock that no test looks at."""

from typing import Any

from pynamodb.connection import Connection

from chalicelib.store.connection import table_name
from chalicelib.store.models import TABLES


def keep_expired(connection: Connection) -> None:
    """Switch TTL off: DynamoDB Local removes within seconds what expires before today.

    A test's day is long over: keys' answers and the log of deliveries would vanish while it runs.
    """
    client: Any = connection.client
    for table in map(table_name, TABLES):
        found = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if found["TimeToLiveStatus"] == "ENABLED":
            client.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={
                    "Enabled": False,
                    "AttributeName": found["AttributeName"],
                },
            )
