"""DynamoDB tables, from the models: the only definition of keys, indexes, streams and TTL."""

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.models import Model

from chalicelib.dynamodb.pynamodb_adapter import table_schema, ttl_attribute
from infra.stack.intrinsics import Json, sub


def table_id(model: type[Model]) -> str:
    """Return a table's logical id: ``time_entries`` becomes ``TimeEntriesTable``."""
    words: str = _meta(model).bare_name
    return f"{words.title().replace('_', '')}Table"


def tables(models: Iterable[type[Model]]) -> dict[str, Json]:
    """Return a resource for each model."""
    return {table_id(model): _table(model) for model in models}


def _table(model: type[Model]) -> Json:
    meta = _meta(model)
    # The model's own create_table sends the same: tables are the same everywhere.
    schema = table_schema(model)
    properties: Json = {
        # With a fixed name, a retained table can be imported into a new stack.
        "TableName": sub(f"${{AWS::StackName}}-{meta.bare_name}"),
        "BillingMode": meta.billing_mode,
        "AttributeDefinitions": sorted(
            schema["attribute_definitions"], key=lambda attribute: attribute["AttributeName"]
        ),
        "KeySchema": _hash_first(schema["key_schema"]),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        # With the AWS managed key, CloudTrail records its use.
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "DeletionProtectionEnabled": True,
    }
    indexes = sorted(
        schema["global_secondary_indexes"], key=lambda attribute: attribute["index_name"]
    )
    if indexes:
        properties["GlobalSecondaryIndexes"] = [_index(index) for index in indexes]
    if hasattr(meta, "stream_view_type"):
        properties["StreamSpecification"] = {"StreamViewType": meta.stream_view_type}
    time_to_live = ttl_attribute(model)
    if time_to_live is not None:
        properties["TimeToLiveSpecification"] = {
            "AttributeName": time_to_live.attr_name,
            "Enabled": True,
        }
    return {
        "Type": "AWS::DynamoDB::Table",
        # Tracked time must survive a deleted stack and a changed key.
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _index(index: Any) -> Json:
    return {
        "IndexName": index["index_name"],
        "KeySchema": _hash_first(index["key_schema"]),
        "Projection": index["projection"],
    }


def _hash_first(key_schema: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    # DynamoDB requires the hash key first; PynamoDB sorts by name.
    return sorted(key_schema, key=lambda key: key["KeyType"] != "HASH")


def _meta(model: type[Model]) -> Any:
    return model.Meta
