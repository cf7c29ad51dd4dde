"""What the engine of the tests answers: moto, made faster, as DynamoDB does."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pynamodb.connection import Connection

from tests.support import table_snapshots
from tests.support.api import Api
from tests.support.fixtures import ADMINS_ENTRY

KEYS = [
    {"AttributeName": "painter", "KeyType": "HASH"},
    {"AttributeName": "number", "KeyType": "RANGE"},
]
INDEX = [
    {"AttributeName": "color", "KeyType": "HASH"},
    {"AttributeName": "number", "KeyType": "RANGE"},
]
RECORD = {
    "painter": {"S": "a"},
    "number": {"N": "7"},
    "color": {"S": "red"},
    "price": {"N": "1.50"},
    "sizes": {"M": {"small": {"N": "1"}}},
    "tags": {"L": [{"S": "x"}, {"BOOL": True}]},
    "note": {"NULL": True},
}
KEY = {"painter": {"S": "a"}, "number": {"N": "7"}}


@pytest.fixture
def table(connection: Connection) -> Iterator[str]:
    """A table with one record, and an index with each projection."""
    name = f"{table_snapshots.TABLE_PREFIX}-engines"
    projections: tuple[dict[str, Any], ...] = (
        {"ProjectionType": "ALL"},
        {"ProjectionType": "KEYS_ONLY"},
        {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["price", "sizes", "absent"]},
    )
    client: Any = connection.client
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=KEYS,
        AttributeDefinitions=[
            {"AttributeName": "painter", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "color", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": projection["ProjectionType"],
                "KeySchema": INDEX,
                "Projection": projection,
            }
            for projection in projections
        ],
    )
    client.get_waiter("table_exists").wait(TableName=name)
    client.put_item(TableName=name, Item=RECORD)
    yield name
    client.delete_table(TableName=name)


@pytest.mark.parametrize(
    ("index", "attributes"),
    [
        ("ALL", set(RECORD)),
        ("KEYS_ONLY", {"painter", "number", "color"}),
        ("INCLUDE", {"painter", "number", "color", "price", "sizes"}),
    ],
)
def test_index_returns_the_attributes_that_it_projects(
    connection: Connection, table: str, index: str, attributes: set[str]
) -> None:
    (item,) = query(connection, table, IndexName=index)
    expected = {name: RECORD[name] for name in attributes}
    # DynamoDB drops the zero at the end of a number, moto does not.
    assert {**item, "price": None} == {**expected, "price": None}
    assert ("price" in item) == ("price" in attributes)


def test_projection_takes_attributes_and_parts_of_them(connection: Connection, table: str) -> None:
    whole = {"IndexName": "ALL", "ProjectionExpression": "sizes, absent, tags"}
    assert query(connection, table, **whole) == [{"sizes": RECORD["sizes"], "tags": RECORD["tags"]}]
    part = {"IndexName": "ALL", "ProjectionExpression": "sizes.small"}
    assert query(connection, table, **part) == [{"sizes": {"M": {"small": {"N": "1"}}}}]


def test_update_sets_adds_and_removes(connection: Connection, table: str) -> None:
    updated = update(
        connection,
        table,
        "SET amount = if_not_exists(amount, :two) + :one, note = color"
        " ADD visits :one REMOVE tags[0]",
        {":one": {"N": "1"}, ":two": {"N": "2"}},
    )
    assert updated["amount"] == {"N": "3"}
    assert updated["note"] == {"S": "red"}
    assert updated["visits"] == {"N": "1"}
    assert updated["tags"] == {"L": [{"BOOL": True}]}


@pytest.mark.parametrize(
    "expression",
    [
        "SET price = :one, price = :one",
        "SET price = absent",
        "SET price = color + :one",
        "SET color = :empty",
        "SET painter = :one",
        "SET price = :one SET note = :one",
    ],
)
def test_invalid_update_is_refused_and_changes_nothing(
    connection: Connection, table: str, expression: str
) -> None:
    values = {":one": {"N": "1"}, ":empty": {"S": ""}}
    used = {name: value for name, value in values.items() if name in expression}
    before = query(connection, table, IndexName="ALL")
    with pytest.raises(ClientError, match="ValidationException"):
        update(connection, table, expression, used)
    assert query(connection, table, IndexName="ALL") == before


def test_snapshot_has_the_items_of_a_scan(admin: Api, connection: Connection) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    prefix = f"{table_snapshots.TABLE_PREFIX}-"
    client: Any = connection.client
    for name, items in table_snapshots.snapshot(connection).items():
        scanned = client.scan(TableName=prefix + name, ConsistentRead=True)["Items"]
        assert len(scanned) == len(items)
        assert all(item in items for item in scanned), name


def query(connection: Connection, table: str, **more: str) -> list[dict[str, Any]]:
    client: Any = connection.client
    items: list[dict[str, Any]] = client.query(
        TableName=table,
        KeyConditionExpression="color = :red",
        ExpressionAttributeValues={":red": {"S": "red"}},
        **more,
    )["Items"]
    return items


def update(
    connection: Connection, table: str, expression: str, values: dict[str, Any]
) -> dict[str, Any]:
    client: Any = connection.client
    answer = client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression=expression,
        ReturnValues="ALL_NEW",
        **({"ExpressionAttributeValues": values} if values else {}),
    )
    attributes: dict[str, Any] = answer["Attributes"]
    return attributes
