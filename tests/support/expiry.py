"""Keeps DynamoDB Local from removing what has expired, by a clock that no test looks at."""

from typing import Any

from pynamodb.connection import Connection

from chalicelib.store.connection import table_name
from chalicelib.store.models import SlotModel


def keep_expired(connection: Connection) -> None:
    """Switch TTL off: DynamoDB Local removes within seconds what expires before today.

    A test's day is long over: its idempotency records would vanish while it runs.
    """
    table = table_name(SlotModel)
    client: Any = connection.client
    status = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if status["TimeToLiveStatus"] == "ENABLED":
        client.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={
                "Enabled": False,
                "AttributeName": SlotModel.expires_at.attr_name,
            },
        )
