"""Checks, before a deployment, for index changes that DynamoDB allows only one at a time."""

from typing import Any

Json = dict[str, Any]


def index_conflicts(database: Any, template: Json) -> list[str]:
    """Describe the tables whose update CloudFormation would refuse.

    An update can create or delete only one index per table. ``template`` is a stage's template.
    """
    conflicts = []
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            existing = _existing_indexes(database, properties["TableName"])
            planned = {index["IndexName"] for index in properties.get("GlobalSecondaryIndexes", [])}
            if existing is not None and len(existing ^ planned) > 1:
                steps = [
                    *(f"+{name}" for name in planned - existing),
                    *(f"-{name}" for name in existing - planned),
                ]
                conflicts.append(f"{properties['TableName']}: {', '.join(sorted(steps))}")
    return conflicts


def _existing_indexes(database: Any, table: str) -> set[str] | None:
    try:
        described = database.describe_table(TableName=table)["Table"]
    except database.exceptions.ResourceNotFoundException:
        return None
    return {index["IndexName"] for index in described.get("GlobalSecondaryIndexes", [])}
