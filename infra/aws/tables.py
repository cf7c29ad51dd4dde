"""What DynamoDB and CloudFormation allow only step by step, found before anything is changed."""

from typing import Any

Json = dict[str, Any]


def index_troubles(database: Any, template: Json) -> list[str]:
    """Tables whose update CloudFormation would refuse, in words; ``template`` is for a stage.

    An update makes or deletes one index of a table at the most.
    """
    troubles = []
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            there = _indexes_there(database, properties["TableName"])
            wanted = {it["IndexName"] for it in properties.get("GlobalSecondaryIndexes", [])}
            if there is not None and len(there ^ wanted) > 1:
                steps = [*(f"+{it}" for it in wanted - there), *(f"-{it}" for it in there - wanted)]
                troubles.append(f"{properties['TableName']}: {', '.join(sorted(steps))}")
    return troubles


def _indexes_there(database: Any, table: str) -> set[str] | None:
    try:
        described = database.describe_table(TableName=table)["Table"]
    except database.exceptions.ResourceNotFoundException:
        return None
    return {it["IndexName"] for it in described.get("GlobalSecondaryIndexes", [])}
