"""Read the contents of the tables, for example to check that nothing was written."""

import json
import os
from typing import Any

from pynamodb.connection import Connection

from chalicelib.dynamodb.connection import table_name
from chalicelib.registry import TABLES
from tests.support.engine import ENDPOINT
from tests.support.tables import embedded_items_of

TABLE_PREFIX = f"stint-test-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
"""Parallel test workers share a server, but each has separate tables."""

Snapshot = dict[str, list[dict[str, Any]]]


def snapshot(connection: Connection) -> Snapshot:
    """Return all items of all tables in DynamoDB's format. Each table must fit in one page."""
    names = [table_name(model).removeprefix(f"{TABLE_PREFIX}-") for model in TABLES]
    return {name: _scan(connection, name) for name in names}


def items(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Return the items of one table as plain Python values; numbers become ints."""
    return [
        {name: _plain(value) for name, value in item.items()} for item in _scan(connection, table)
    ]


def _scan(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Return the items of one table, sorted by their JSON."""
    name = f"{TABLE_PREFIX}-{table}"
    if ENDPOINT is None:
        return sorted(embedded_items_of(name), key=json.dumps)
    response = connection.dispatch("Scan", {"TableName": name, "ConsistentRead": True})
    assert "LastEvaluatedKey" not in response
    found: list[dict[str, Any]] = response["Items"]
    return sorted(found, key=json.dumps)


def _plain(value: dict[str, Any]) -> Any:
    ((kind, plain),) = value.items()
    return int(plain) if kind == "N" else plain
