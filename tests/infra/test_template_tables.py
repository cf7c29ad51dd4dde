"""Table settings of the template that moto does not create or does not report."""

from typing import Any

import pytest

from chalicelib.registry import TABLES
from infra.stack.tables import table_id
from tests.support.stack import Json, of_type


@pytest.fixture
def tables(processed: Json) -> dict[str, Json]:
    return of_type(processed, "AWS::DynamoDB::Table")


def test_every_model_has_a_table(tables: dict[str, Json]) -> None:
    assert set(tables) == {table_id(model) for model in TABLES}


def test_tables_are_retained_when_the_stack_is_deleted(tables: dict[str, Json]) -> None:
    for table in tables.values():
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
        assert table["Properties"]["DeletionProtectionEnabled"]


def test_tables_are_on_demand_encrypted_and_restorable(tables: dict[str, Json]) -> None:
    for table in tables.values():
        properties = table["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["SSESpecification"]["SSEEnabled"]
        recovery = properties["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_tables_with_expiring_items_have_time_to_live(tables: dict[str, Json]) -> None:
    expiring = {
        name: table["Properties"]["TimeToLiveSpecification"]
        for name, table in tables.items()
        if "TimeToLiveSpecification" in table["Properties"]
    }
    expires = {"AttributeName": "expires_at", "Enabled": True}
    assert expiring == {
        "DeliveriesTable": expires,
        "RevisionLogTable": expires,
        "PersonStateTable": expires,
    }


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.Meta.bare_name)
def test_hash_key_is_the_first_key(model: Any, tables: dict[str, Json]) -> None:
    # DynamoDB rejects the reverse order; moto and PynamoDB accept it.
    properties = tables[table_id(model)]["Properties"]
    schemas = [properties, *properties.get("GlobalSecondaryIndexes", [])]
    for schema in schemas:
        kinds = [key["KeyType"] for key in schema["KeySchema"]]
        assert kinds in (["HASH"], ["HASH", "RANGE"])
