"""Check 3: a stage is deleted and deployed again, over its retained tables."""

import time
from typing import Any

import pytest

from chalicelib.registry import TABLES
from tests.emulator.ministack import Emulator
from tests.emulator.operator_commands import (
    LAST,
    describe,
    parameters,
    refusal,
    running,
    wait_for,
)
from tests.emulator.stage import GatewayClient, Stage, create_organization, deployed
from tests.emulator.webhooks import SECONDS, create_webhook
from tests.support.receiver import Receiver

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def stage(emulator: Emulator) -> Stage:
    """A stage that the tests delete and deploy again. Each test leaves it deployed."""
    return deployed(Stage(emulator, "again"))


def destroy(stage: Stage) -> str:
    """Delete a stage, check that this succeeds, and return the output."""
    process = stage.make("destroy", f"CONFIRM={stage.stack}")
    assert process.returncode == 0, process.stderr
    return process.stdout


def table(stage: Stage, name: str) -> Any:
    database = stage.emulator.client("dynamodb")
    return database.describe_table(TableName=f"{stage.stack}-{name}")["Table"]


def index_names(stage: Stage, name: str) -> set[str]:
    return {index["IndexName"] for index in table(stage, name)["GlobalSecondaryIndexes"]}


def delete_index(stage: Stage, name: str, index: str) -> None:
    stage.emulator.client("dynamodb").update_table(
        TableName=f"{stage.stack}-{name}",
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": index}}],
    )
    wait_for(lambda: index not in index_names(stage, name))


def test_what_retained_tables_lack_is_added_before_they_are_imported(stage: Stage) -> None:
    database = stage.emulator.client("dynamodb")
    indexes = index_names(stage, "timers")
    assert parameters(stage)["EventsAfter"] == "0"
    before = int(time.time())
    destroy(stage)
    for index in sorted(indexes)[:2]:
        delete_index(stage, "timers", index)
    database.update_table(
        TableName=f"{stage.stack}-counters", StreamSpecification={"StreamEnabled": False}
    )
    database.update_table(TableName=f"{stage.stack}-tokens", DeletionProtectionEnabled=False)
    database.update_time_to_live(
        TableName=f"{stage.stack}-deliveries",
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
    )
    database.update_continuous_backups(
        TableName=f"{stage.stack}-directory",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )

    process = stage.make("deploy")

    assert process.returncode == 0, process.stderr
    for index in sorted(indexes)[:2]:
        assert f"  {stage.stack}-timers: create its index {index}" in process.stdout
    assert f"  {stage.stack}-counters: turn its stream on" in process.stdout
    assert "  import   TimersTable" in process.stdout
    assert int(parameters(stage)["EventsAfter"]) >= before
    assert index_names(stage, "timers") == indexes
    assert table(stage, "counters")["StreamSpecification"]["StreamEnabled"]
    assert table(stage, "tokens")["DeletionProtectionEnabled"]
    expiry = database.describe_time_to_live(TableName=f"{stage.stack}-deliveries")
    assert expiry["TimeToLiveDescription"]["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}
    assert "was up to date" in stage.make("deploy").stdout


def test_index_with_other_keys_is_refused_before_anything_changes(stage: Stage) -> None:
    destroy(stage)
    first = min(index_names(stage, "timers"))
    delete_index(stage, "timers", first)
    stage.emulator.client("dynamodb").update_table(
        TableName=f"{stage.stack}-timers",
        AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": first,
                    "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    wait_for(
        lambda: all(
            each["IndexStatus"] == "ACTIVE"
            for each in table(stage, "timers")["GlobalSecondaryIndexes"]
        )
    )
    process = stage.make("deploy")
    assert process.returncode != 0
    assert f"{stage.stack}-timers: its index {first} has other keys or attributes" in process.stderr
    assert "There is no stack" in refusal(stage.make("destroy"))
    delete_index(stage, "timers", first)
    deployed(stage)


def test_index_that_the_table_of_a_stack_lacks_is_added(stage: Stage) -> None:
    indexes = index_names(stage, "time_entries")
    delete_index(stage, "time_entries", min(indexes))
    process = stage.make("deploy")
    assert f"{stage.stack}-time_entries: create its index {min(indexes)}" in process.stdout
    assert "is deployed." in process.stdout
    assert index_names(stage, "time_entries") == indexes


def test_deployment_that_was_cut_off_after_a_deletion_is_repeated(
    emulator: Emulator, stage: Stage
) -> None:
    destroy(stage)
    # Cut off before the changes are executed: an empty stack remains.
    emulator.client("cloudformation").create_change_set(
        StackName=stage.stack,
        ChangeSetName="cut-off",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    )
    wait_for(lambda: stage.status() == "REVIEW_IN_PROGRESS")
    # Cut off while CloudFormation creates the stack, which then fails.
    with (
        emulator.failing(LAST, "cut off"),
        emulator.held(LAST) as is_reached,
        running(stage, "infra.deploy") as process,
    ):
        wait_for(is_reached)
        process.kill()
        (emulator.folder / "faults" / f"{LAST}.hold").unlink()
        wait_for(lambda: stage.status() == "ROLLBACK_COMPLETE")
        (emulator.folder / "faults" / f"{LAST}.hold").touch()
    deployed(stage)
    assert describe(stage)["StackStatus"] == "CREATE_COMPLETE"
    assert "was up to date" in stage.make("deploy").stdout


def test_secret_that_is_scheduled_for_deletion_is_restored(stage: Stage) -> None:
    secrets = stage.emulator.client("secretsmanager")
    name = f"{stage.stack}-webhook-key"
    key = secrets.describe_secret(SecretId=name)["ARN"]
    for destroys in (True, False):
        if destroys:
            destroy(stage)
        secrets.delete_secret(SecretId=name)
        process = stage.make("deploy")
        assert process.returncode == 0, process.stderr
        assert f"{name} was scheduled for deletion: restoring it" in process.stdout
        assert "DeletedDate" not in secrets.describe_secret(SecretId=name)
        assert parameters(stage)["WebhookKey"] == key


def test_restored_tables_become_a_stage(emulator: Emulator, stage: Stage) -> None:
    # As docs/operations.md says. The emulator restores the present state, at any time.
    database = emulator.client("dynamodb")
    restored = Stage(emulator, "restored")
    for model in TABLES:
        name = model.Meta.bare_name  # type: ignore[attr-defined]
        database.restore_table_to_point_in_time(
            SourceTableName=f"{stage.stack}-{name}",
            TargetTableName=f"{restored.stack}-{name}",
            UseLatestRestorableTime=True,
        )
    secrets = emulator.client("secretsmanager")
    key = secrets.describe_secret(SecretId=f"{stage.stack}-webhook-key")["ARN"]
    process = restored.make("deploy", f"SET=WebhookKey={key}")
    assert process.returncode == 0, process.stderr
    for step in ("protect it against deletion", "turn its point-in-time recovery on"):
        assert process.stdout.count(step) == len(TABLES)
    assert f"{restored.stack}-timers: turn its stream on" in process.stdout
    assert f"{restored.stack}-deliveries: turn its time to live on" in process.stdout
    assert parameters(restored)["EventsAfter"] == "0"
    # It keeps the key that it was deployed with, also in the next stack.
    destroy(restored)
    deployed(restored)
    assert parameters(restored)["WebhookKey"] == key


def test_destroy_says_what_is_lost_and_retained(stage: Stage) -> None:
    deployed(stage, "LogRetentionDays=7")
    stage.emulator.client("sqs").send_message(
        QueueUrl=stage.resource("DeadLettersQueue"), MessageBody="an event"
    )
    output = stage.make("destroy").stdout
    assert "0 queued, 1 dead letters." in output
    assert f"\n  {stage.stack}-timers\n" in output
    assert f'make deploy STAGE={stage.name} SET="LogRetentionDays=7"' in output
    assert describe(stage)["EnableTerminationProtection"]


def test_deletion_that_failed_is_explained_and_repeated(emulator: Emulator) -> None:
    stage = deployed(Stage(emulator, "deletion"))
    with emulator.failing("DeadLettersQueue", "it is used"):
        process = stage.make("destroy", f"CONFIRM={stage.stack}")
        assert process.returncode != 0
        assert f"{stage.stack}: DELETE_FAILED\n  DeadLettersQueue: it is used\n" in process.stderr
    line = refusal(stage.make("deploy"))
    assert "is in state DELETE_FAILED" in line
    assert "`make destroy`" in line
    destroy(stage)
    deployed(stage)


def test_events_are_not_sent_a_second_time(emulator: Emulator, receiver: Receiver) -> None:
    stage = deployed(Stage(emulator, "once"))
    stage.allow_local_receivers()
    setup = create_organization(stage)
    admin = setup.admin()
    name = {"data": {"type": "services", "attributes": {"name": "Design"}}}
    service = admin.post("/services", name).data["id"]
    create_webhook(admin, receiver)
    work(admin, service)
    wait_for(lambda: len(receiver.received) == 1, SECONDS)

    destroy(stage)
    deployed(stage)
    stage.allow_local_receivers()
    # When the event of this start arrives, the fan-out has read all earlier changes.
    work(setup.admin(), service)

    wait_for(lambda: len(set(receiver.ids)) == 2, SECONDS)
    wait_for(lambda: queued(stage) == 0, SECONDS)
    assert len(receiver.ids) == 2


def work(client: GatewayClient, service: str) -> None:
    """Start and stop a timer: one event for a webhook of starts."""
    started = client.start(service_id=service)
    assert started.status == 201, started.body
    assert client.stop(started.data["id"]).status == 200


def queued(stage: Stage) -> int:
    """Return how many deliveries wait or are in progress."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stage.emulator.client("sqs").get_queue_attributes(
        QueueUrl=stage.resource("DeliveriesQueue"), AttributeNames=names
    )["Attributes"]
    return sum(int(attributes[name]) for name in names)
