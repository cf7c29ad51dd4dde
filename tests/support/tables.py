"""What the tables hold, so that a test can show that nothing was written."""

import json
import os
from typing import Any

from pynamodb.connection import Connection

from chalicelib.store.connection import table_name
from chalicelib.store.models import TABLES

TABLE_PREFIX = f"stint-test-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
"""Workers that test side by side share a server, not its tables."""

Snapshot = dict[str, list[dict[str, Any]]]


def snapshot(connection: Connection) -> Snapshot:
    """Every item of every table, as DynamoDB holds it. Test tables fit one page."""
    found: Snapshot = {}
    for model in TABLES:
        name = table_name(model)
        answer = connection.dispatch("Scan", {"TableName": name, "ConsistentRead": True})
        assert "LastEvaluatedKey" not in answer
        found[name.removeprefix(f"{TABLE_PREFIX}-")] = sorted(answer["Items"], key=json.dumps)
    return found


def items(connection: Connection, table: str) -> list[dict[str, Any]]:
    """The items of one table, their numbers as ints."""
    return [
        {name: _plain(value) for name, value in item.items()}
        for item in snapshot(connection)[table]
    ]


def _plain(value: dict[str, Any]) -> Any:
    ((kind, held),) = value.items()
    return int(held) if kind == "N" else held
