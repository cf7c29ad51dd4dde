"""Compares a table that exists with the template's.

CloudFormation imports a retained table as it is: what the table lacks then, it lacks for good.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A change that gives a table what it lacks: a text for the operator, and the call."""

    text: str
    operation: str
    arguments: Json


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A difference that no call can remove without a decision of the operator."""

    text: str


@dataclass(frozen=True, slots=True)
class Surplus:
    """Something that the table has and the template does not: it costs money, and harms nothing."""

    text: str


Difference = Step | Obstacle | Surplus


@dataclass(frozen=True, slots=True)
class ExistingTable:
    """A table's description, its time to live, and its point-in-time recovery."""

    description: Json
    time_to_live: Json
    recovery: Json

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.description["TableName"])

    @property
    def indexes(self) -> dict[str, Json]:
        """Its global secondary indexes, by name."""
        indexes = self.description.get("GlobalSecondaryIndexes", [])
        return {index["IndexName"]: index for index in indexes}


def read_table(database: Any, name: str) -> ExistingTable:
    """Return a table that exists."""
    backups = database.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return ExistingTable(
        database.describe_table(TableName=name)["Table"],
        database.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        backups.get("PointInTimeRecoveryDescription", {}),
    )


def differences(table: ExistingTable, properties: Json) -> list[Difference]:
    """Return how a table differs from the properties that a template gives it."""
    return [found for compare in COMPARISONS.values() for found in compare(table, properties)]


def _key(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    if _keys(table.description["KeySchema"]) != _keys(properties["KeySchema"]):
        yield Obstacle(
            f"its key is {_show_keys(table.description)}, and must be {_show_keys(properties)}. "
            "The key of a table cannot change: deploy the version that created it"
        )


def _attribute_types(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    types = _types(table.description)
    for name, wanted in _types(properties).items():
        if types.get(name, wanted) != wanted:
            yield Obstacle(
                f"its attribute {name} has the type {types[name]}, and must have {wanted}. The "
                "type of a key cannot change: deploy the version that created it"
            )


def _indexes(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    wanted = {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes", [])}
    for name, index in wanted.items():
        existing = table.indexes.get(name)
        if existing is None:
            yield _new_index(table, properties, index)
        elif _shape(existing) != _shape(index):
            yield Obstacle(
                f"its index {name} has other keys or attributes than this version needs. "
                f"Delete the index (`{_delete_index(table.name, name)}`), then deploy: that "
                "creates it again"
            )
    for name in table.indexes.keys() - wanted.keys():
        yield Surplus(
            f"its index {name} is not used and costs writes. To delete it: "
            f"{_delete_index(table.name, name)}"
        )


def _stream(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    wanted = properties.get("StreamSpecification", {}).get("StreamViewType")
    stream = table.description.get("StreamSpecification", {})
    existing = stream.get("StreamViewType") if stream.get("StreamEnabled") else None
    if wanted is None or wanted == existing:
        return
    if existing is not None:
        yield Obstacle(
            f"its stream contains {existing}, and must contain {wanted}. Turn it off "
            f"(`aws dynamodb update-table --table-name {table.name} --stream-specification "
            "StreamEnabled=false`), then deploy: that turns it on again"
        )
        return
    specification = {"StreamEnabled": True, "StreamViewType": wanted}
    yield _update(table, "turn its stream on", StreamSpecification=specification)


def _time_to_live(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    wanted = properties.get("TimeToLiveSpecification", {}).get("AttributeName")
    if wanted is None:
        return
    status = table.time_to_live.get("TimeToLiveStatus", "DISABLED")
    existing = table.time_to_live.get("AttributeName")
    if status == "DISABLED":
        specification = {"Enabled": True, "AttributeName": wanted}
        arguments = {"TableName": table.name, "TimeToLiveSpecification": specification}
        yield Step("turn its time to live on", "update_time_to_live", arguments)
    elif status == "DISABLING":
        yield Obstacle("its time to live is being turned off. Wait an hour, then deploy")
    elif existing != wanted:
        yield Obstacle(
            f"its time to live uses the attribute {existing}, and must use {wanted}. Turn it off "
            f"(`aws dynamodb update-time-to-live --table-name {table.name} "
            f"--time-to-live-specification Enabled=false,AttributeName={existing}`), wait an hour, "
            "then deploy: that turns it on"
        )


def _recovery(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    wanted = properties.get("PointInTimeRecoverySpecification", {})
    on = table.recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    if wanted.get("PointInTimeRecoveryEnabled") and not on:
        arguments = {"TableName": table.name, "PointInTimeRecoverySpecification": wanted}
        text = "turn its point-in-time recovery on"
        yield Step(text, "update_continuous_backups", arguments)


def _protection(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    wanted = properties.get("DeletionProtectionEnabled", False)
    if wanted and not table.description.get("DeletionProtectionEnabled"):
        yield _update(table, "protect it against deletion", DeletionProtectionEnabled=True)


def _encryption(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    wanted = properties.get("SSESpecification", {})
    existing = table.description.get("SSEDescription", {})
    on = existing.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
    kind = wanted.get("SSEType", "KMS")
    if wanted.get("SSEEnabled") and not (on and existing.get("SSEType") == kind):
        specification = {"Enabled": True, "SSEType": kind}
        yield _update(table, "encrypt it with AWS's managed key", SSESpecification=specification)


def _billing(table: ExistingTable, properties: Json) -> Iterator[Difference]:
    wanted = properties.get("BillingMode", "PROVISIONED")
    existing = table.description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if wanted != existing and wanted == "PAY_PER_REQUEST":
        yield _update(table, "bill it by request", BillingMode=wanted)


COMPARISONS: Mapping[str, Callable[[ExistingTable, Json], Iterable[Difference]]] = {
    "KeySchema": _key,
    "AttributeDefinitions": _attribute_types,
    "BillingMode": _billing,
    "GlobalSecondaryIndexes": _indexes,
    "StreamSpecification": _stream,
    "TimeToLiveSpecification": _time_to_live,
    "PointInTimeRecoverySpecification": _recovery,
    "SSESpecification": _encryption,
    "DeletionProtectionEnabled": _protection,
}
"""How to compare each property of a table, by its name in CloudFormation."""


def _new_index(table: ExistingTable, properties: Json, index: Json) -> Step:
    types = _types(properties)
    names = [key["AttributeName"] for key in index["KeySchema"]]
    return _update(
        table,
        f"create its index {index['IndexName']} (minutes to hours, by the table's size)",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": types[name]} for name in names
        ],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )


def _update(table: ExistingTable, text: str, **change: Any) -> Step:
    return Step(text, "update_table", {"TableName": table.name, **change})


def _delete_index(table: str, index: str) -> str:
    update = f'[{{"Delete":{{"IndexName":"{index}"}}}}]'
    return (
        f"aws dynamodb update-table --table-name {table} "
        f"--global-secondary-index-updates '{update}'"
    )


def _shape(index: Json) -> tuple[object, str, frozenset[str]]:
    projection = index["Projection"]
    attributes = frozenset(projection.get("NonKeyAttributes", []))
    return _keys(index["KeySchema"]), projection["ProjectionType"], attributes


def _keys(schema: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in schema}


def _show_keys(description: Json) -> str:
    return " and ".join(key["AttributeName"] for key in description["KeySchema"])


def _types(description: Json) -> dict[str, str]:
    definitions = description["AttributeDefinitions"]
    return {each["AttributeName"]: each["AttributeType"] for each in definitions}
