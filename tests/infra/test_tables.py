"""What tables that exist lack is added; what cannot be added is refused with the way out."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.aws.errors import Interrupted, StackError
from infra.aws.table_comparison import COMPARISONS
from infra.aws.tables import Tables, table_properties
from infra.aws.template import for_stage
from tests.support.moto_stack import client, fresh_account
from tests.support.stack import Json, of_type

NAME = "stint-tables"


@pytest.fixture
def planned(template: Json) -> dict[str, Json]:
    stage = for_stage(template, NAME, "bucket", "key.zip")
    return {each["TableName"]: each for each in table_properties(stage).values()}


@pytest.fixture
def database() -> Iterator[Any]:
    with fresh_account():
        yield client("dynamodb")


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def tables(database: Any, messages: list[str]) -> Tables:
    return Tables(database, messages.append, lambda _: None)


def create(database: Any, properties: Json, *, complete: bool = True) -> None:
    """Create a table as the template says, or with only its key, as an old version would."""
    keys = {key["AttributeName"] for key in properties["KeySchema"]}
    indexes = properties.get("GlobalSecondaryIndexes", []) if complete else []
    keys |= {key["AttributeName"] for index in indexes for key in index["KeySchema"]}
    name = properties["TableName"]
    stream = properties.get("StreamSpecification") if complete else None
    database.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=properties["KeySchema"],
        AttributeDefinitions=[
            each for each in properties["AttributeDefinitions"] if each["AttributeName"] in keys
        ],
        # moto cannot encrypt a table later.
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
        DeletionProtectionEnabled=complete,
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        **({"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}),
    )
    if complete:
        recovery = properties["PointInTimeRecoverySpecification"]
        database.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=recovery
        )
        if "TimeToLiveSpecification" in properties:
            expiry = properties["TimeToLiveSpecification"]
            database.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)


def test_every_property_of_a_table_is_compared(processed: Json) -> None:
    for table in of_type(processed, "AWS::DynamoDB::Table").values():
        assert table["Properties"].keys() - {"TableName"} <= COMPARISONS.keys()


def test_tables_that_lack_everything_become_complete(
    database: Any, tables: Tables, planned: dict[str, Json], messages: list[str]
) -> None:
    for properties in planned.values():
        create(database, properties, complete=False)
    with pytest.raises(StackError, match="its tables are not complete"):
        tables.verify(planned)
    assert tables.complete(planned) == list(planned)
    tables.verify(planned)
    assert tables.changed
    # Each step is shown, and each index is one step.
    indexes = [
        index["IndexName"]
        for properties in planned.values()
        for index in properties.get("GlobalSecondaryIndexes", [])
    ]
    assert sum("create its index" in message for message in messages) == len(indexes)


def test_complete_tables_are_not_changed(
    database: Any, tables: Tables, planned: dict[str, Json], messages: list[str]
) -> None:
    for properties in planned.values():
        create(database, properties)
    tables.complete(planned)
    tables.verify(planned)
    assert messages == []
    assert not tables.changed


def test_table_that_does_not_exist_is_not_imported_and_is_missing_afterwards(
    tables: Tables, planned: dict[str, Json]
) -> None:
    assert tables.complete(planned) == []
    with pytest.raises(StackError, match=f"{NAME}-timers: it does not exist"):
        tables.verify(planned)


def other_key(properties: Json) -> None:
    properties["KeySchema"][0]["AttributeName"] = "other"
    properties["AttributeDefinitions"].append({"AttributeName": "other", "AttributeType": "S"})


def other_type(properties: Json) -> None:
    name = properties["KeySchema"][0]["AttributeName"]
    for each in properties["AttributeDefinitions"]:
        if each["AttributeName"] == name:
            each["AttributeType"] = "B"


def other_index_key(properties: Json) -> None:
    properties["GlobalSecondaryIndexes"][0]["KeySchema"].pop()


def other_projection(properties: Json) -> None:
    properties["GlobalSecondaryIndexes"][0]["Projection"] = {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["other"],
    }


def other_stream(properties: Json) -> None:
    properties["StreamSpecification"] = {"StreamViewType": "KEYS_ONLY"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (other_key, "its key is other"),
        (other_type, "has the type B, and must have"),
        (other_index_key, "has other keys or attributes"),
        (other_projection, "has other keys or attributes"),
        (other_stream, "its stream contains KEYS_ONLY, and must contain NEW_AND_OLD_IMAGES"),
    ],
)
def test_table_that_cannot_become_as_planned_is_refused_before_any_change(
    database: Any,
    tables: Tables,
    planned: dict[str, Json],
    change: Callable[[Json], None],
    reason: str,
) -> None:
    changed = copy.deepcopy(planned[f"{NAME}-timers"])
    change(changed)
    create(database, changed)
    create(database, planned[f"{NAME}-counters"], complete=False)
    with pytest.raises(StackError, match=reason):
        tables.complete(planned)
    assert not tables.changed
    described = database.describe_table(TableName=f"{NAME}-counters")["Table"]
    assert not described["DeletionProtectionEnabled"]


def test_time_to_live_of_another_attribute_is_refused(
    database: Any, tables: Tables, planned: dict[str, Json]
) -> None:
    name = f"{NAME}-deliveries"
    create(database, planned[name], complete=False)
    database.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "other"}
    )
    with pytest.raises(StackError, match="uses the attribute other, and must use expires_at"):
        tables.complete(planned)


def test_index_that_is_not_in_the_template_is_only_mentioned(
    database: Any, tables: Tables, planned: dict[str, Json], messages: list[str]
) -> None:
    name = f"{NAME}-timers"
    create(database, planned[name])
    fewer = copy.deepcopy(planned[name])
    unused = fewer["GlobalSecondaryIndexes"].pop()["IndexName"]
    tables.complete({name: fewer})
    tables.verify({name: fewer})
    assert messages == [
        f"  note: {name}: its index {unused} is not used and costs writes. To delete it: "
        f"aws dynamodb update-table --table-name {name} --global-secondary-index-updates "
        f'\'[{{"Delete":{{"IndexName":"{unused}"}}}}]\''
    ]


def test_stream_of_a_table_in_the_stack_cannot_be_turned_on_again(
    database: Any, tables: Tables, planned: dict[str, Json]
) -> None:
    # The functions read from the stream that was there when the stack was created.
    name = f"{NAME}-counters"
    without = {key: value for key, value in planned[name].items() if key != "StreamSpecification"}
    create(database, without)
    with pytest.raises(StackError, match="A new stream needs a new stack"):
        tables.complete({name: planned[name]}, in_stack=True)
    tables.complete({name: planned[name]})
    tables.verify({name: planned[name]})


class SlowDatabase:
    """DynamoDB, whose table has a state of its own for the first descriptions."""

    def __init__(self, database: Any, *states: Json) -> None:
        self._database = database
        self._states = list(states)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def describe_table(self, **arguments: str) -> Json:
        described: Json = self._database.describe_table(**arguments)
        if self._states:
            described["Table"] |= self._states.pop(0)
        return described


def test_table_is_compared_when_it_and_its_indexes_are_active(
    database: Any, planned: dict[str, Json]
) -> None:
    properties = planned[f"{NAME}-timers"]
    create(database, properties)
    states = (
        {"TableStatus": "UPDATING"},
        {"GlobalSecondaryIndexes": [{"IndexName": "new", "IndexStatus": "CREATING"}]},
    )
    pauses: list[float] = []
    slow = SlowDatabase(database, *states)
    Tables(slow, print, pauses.append).complete({f"{NAME}-timers": properties})
    assert pauses == [5.0, 5.0]


def test_table_that_is_being_deleted_is_refused(database: Any, planned: dict[str, Json]) -> None:
    properties = planned[f"{NAME}-timers"]
    create(database, properties)
    slow = SlowDatabase(database, {"TableStatus": "DELETING"})
    with pytest.raises(StackError, match="is in state DELETING"):
        Tables(slow, print, lambda _: None).complete({f"{NAME}-timers": properties})


def test_interrupted_step_says_what_dynamodb_continues(
    database: Any, planned: dict[str, Json]
) -> None:
    properties = planned[f"{NAME}-timers"]
    create(database, properties, complete=False)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    class Creating(SlowDatabase):
        def update_table(self, **arguments: Any) -> None:
            self._database.update_table(**arguments)
            self._states.append({"TableStatus": "UPDATING"})

    with pytest.raises(Interrupted, match=f"DynamoDB continues with this: {NAME}-timers: create"):
        Tables(Creating(database), print, interrupt).complete({f"{NAME}-timers": properties})
