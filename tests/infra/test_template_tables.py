"""The tables of the template: what moto does not create, or does not show."""

from typing import Any

import pytest

from chalicelib.store.models import TABLES
from infra.stack.tables import table_id
from tests.support.stack import Json, of_type


@pytest.fixture
def tables(processed: Json) -> dict[str, Json]:
    return of_type(processed, "AWS::DynamoDB::Table")


def test_every_model_has_its_table(tables: dict[str, Json]) -> None:
    assert set(tables) == {table_id(model) for model in TABLES}


def test_a_table_is_kept_when_its_stack_goes(tables: dict[str, Json]) -> None:
    for table in tables.values():
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
        assert table["Properties"]["DeletionProtectionEnabled"]


def test_a_table_is_on_demand_encrypted_and_restorable(tables: dict[str, Json]) -> None:
    for table in tables.values():
        properties = table["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["SSESpecification"]["SSEEnabled"]
        recovery = properties["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_what_expires_is_deleted_by_dynamodb(tables: dict[str, Json]) -> None:
    expiring = {
        name: table["Properties"]["TimeToLiveSpecification"]
        for name, table in tables.items()
        if "TimeToLiveSpecification" in table["Properties"]
    }
    expires = {"AttributeName": "expires_at", "Enabled": True}
    assert expiring == {
        "DeliveriesTable": expires,
        "RevisionsTable": expires,
        "SlotsTable": expires,
    }


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.Meta.bare_name)
def test_a_hash_key_comes_first(model: Any, tables: dict[str, Json]) -> None:
    # DynamoDB refuses the other order, which moto and PynamoDB do not mind.
    properties = tables[table_id(model)]["Properties"]
    schemas = [properties, *properties.get("GlobalSecondaryIndexes", [])]
    for schema in schemas:
        kinds = [it["KeyType"] for it in schema["KeySchema"]]
        assert kinds in (["HASH"], ["HASH", "RANGE"])
