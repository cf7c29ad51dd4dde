"""The tables, from the models: keys, indexes, streams and time to live are defined only there."""

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.models import Model

from infra.stack.intrinsics import Json, sub


def table_id(model: type[Model]) -> str:
    """A table's logical id: ``time_entries`` is ``TimeEntriesTable``."""
    words: str = _meta(model).bare_name
    return f"{words.title().replace('_', '')}Table"


def tables(models: Iterable[type[Model]]) -> dict[str, Json]:
    """A resource for each model."""
    return {table_id(model): _table(model) for model in models}


def _table(model: type[Model]) -> Json:
    meta = _meta(model)
    # Not public, but it is what the model's own create_table sends: the same tables everywhere.
    schema = model._get_schema()
    properties: Json = {
        # Named: a table that outlived its stack is found again by its name.
        "TableName": sub(f"${{AWS::StackName}}-{meta.bare_name}"),
        "BillingMode": meta.billing_mode,
        "AttributeDefinitions": sorted(
            schema["attribute_definitions"], key=lambda it: it["AttributeName"]
        ),
        "KeySchema": _hash_first(schema["key_schema"]),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        # With the key that AWS manages: its uses are on record in CloudTrail.
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "DeletionProtectionEnabled": True,
    }
    indexes = sorted(schema["global_secondary_indexes"], key=lambda it: it["index_name"])
    if indexes:
        properties["GlobalSecondaryIndexes"] = [_index(index) for index in indexes]
    if hasattr(meta, "stream_view_type"):
        properties["StreamSpecification"] = {"StreamViewType": meta.stream_view_type}
    time_to_live = model._ttl_attribute()
    if time_to_live is not None:
        properties["TimeToLiveSpecification"] = {
            "AttributeName": time_to_live.attr_name,
            "Enabled": True,
        }
    return {
        "Type": "AWS::DynamoDB::Table",
        # Neither a deleted stack nor a changed key takes anybody's hours with it.
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
    # DynamoDB insists; PynamoDB gives them by name.
    return sorted(key_schema, key=lambda it: it["KeyType"] != "HASH")


def _meta(model: type[Model]) -> Any:
    return model.Meta
