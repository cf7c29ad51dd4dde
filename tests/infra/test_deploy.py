"""``make deploy`` and ``make destroy`` on moto: effects, and repeated runs change nothing."""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from moto import mock_aws

from chalicelib.registry import TABLES
from infra import destroy
from infra.aws.account import GATEWAY_ROLE, allow_gateway_logs, bucket_name
from infra.aws.errors import SettingError, StackError
from infra.aws.session import Aws, stack_name
from infra.aws.stacks import Stack
from infra.aws.tables import index_conflicts, table_properties
from infra.aws.template import for_stage
from infra.deploy import deploy, main
from infra.destroy import explain
from infra.package import ARCHIVE, TEMPLATE
from tests.support.moto_stack import SESSION, client, moto_cloudformation, physical_id
from tests.support.stack import REGION, Json

NAME = "stint-deployed"
PARAMETERS = {"AllowedOrigin": "*"}


def _fail_on_sleep(seconds: float) -> None:
    raise AssertionError(f"unexpected sleep of {seconds} s: moto finishes immediately")


@pytest.fixture
def aws() -> Iterator[Aws]:
    with moto_cloudformation():
        yield Aws(SESSION, REGION, "123456789012", "aws")


@pytest.fixture
def new_account() -> Iterator[Aws]:
    """An account without earlier deployments. It has its own account id because moto stores state
    per account."""
    number = "210987654321"
    with (
        patch.dict(os.environ, MOTO_ACCOUNT_ID=number),
        mock_aws(config={"iam": {"load_aws_managed_policies": True}}),
    ):
        yield Aws(SESSION, "eu-west-1", number, "aws")


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def stack(aws: Aws, messages: list[str]) -> Iterator[Stack]:
    # As in an account with an earlier deployment: API Gateway already has a logging role.
    role = {
        "op": "replace",
        "path": "/cloudwatchRoleArn",
        "value": f"arn:aws:iam::{aws.account}:role/logs",
    }
    client("apigateway").update_account(patchOperations=[role])
    stack = Stack(aws.client("cloudformation"), NAME, messages.append, _fail_on_sleep)
    yield stack
    _clean_up(stack)


def _clean_up(stack: Stack) -> None:
    """Delete the stack and the resources that it retains: the next test uses the same moto."""
    if stack.describe() is not None:
        stack.delete()
    _release_tables()
    secrets = client("secretsmanager")
    filters = [{"Key": "name", "Values": [f"{NAME}-"]}]
    for secret in secrets.list_secrets(Filters=filters)["SecretList"]:
        secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


@pytest.fixture
def folder(template: Json, tmp_path: Path) -> Path:
    (tmp_path / TEMPLATE).write_text(json.dumps(template))
    (tmp_path / ARCHIVE).write_bytes(b"a package")
    return tmp_path


def test_deploy_creates_the_stack(aws: Aws, stack: Stack, folder: Path) -> None:
    assert deploy(aws, stack, folder, {})
    described = stack.describe()
    assert described is not None
    assert described["StackStatus"] == "CREATE_COMPLETE"
    assert stack.parameters()["AllowedOrigin"] == "*"


def test_second_deploy_changes_nothing(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {})
    before = client("s3").list_objects_v2(Bucket=bucket_name(aws))["KeyCount"]
    assert not deploy(aws, stack, folder, {})
    assert client("s3").list_objects_v2(Bucket=bucket_name(aws))["KeyCount"] == before


def test_deploy_keeps_earlier_parameter_values(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {"LogLevel": "DEBUG"})
    assert deploy(aws, stack, folder, {"LogRetentionDays": "90"})
    parameters = stack.parameters()
    assert (parameters["LogLevel"], parameters["LogRetentionDays"]) == ("DEBUG", "90")


def test_unknown_parameter_is_rejected_before_deploying(
    aws: Aws, stack: Stack, folder: Path
) -> None:
    with pytest.raises(SettingError, match="unknown settings: Colour"):
        deploy(aws, stack, folder, {"Colour": "red"})
    assert stack.describe() is None


def test_package_bucket_blocks_public_access(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {})
    storage = client("s3")
    blocked = storage.get_public_access_block(Bucket=bucket_name(aws))
    assert set(blocked["PublicAccessBlockConfiguration"].values()) == {True}


def test_api_gateway_logging_role_is_set_once(new_account: Aws) -> None:
    assert allow_gateway_logs(new_account, _fail_on_sleep)
    account = new_account.client("apigateway").get_account()
    assert account["cloudwatchRoleArn"].endswith(GATEWAY_ROLE)
    assert not allow_gateway_logs(new_account, _fail_on_sleep)


def test_setting_the_logging_role_is_retried_until_iam_knows_it(
    new_account: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = new_account.client("apigateway")
    refusal = gateway.exceptions.BadRequestException({"Error": {}}, "UpdateAccount")
    refusals = [refusal, refusal]
    sleeps: list[float] = []

    class Gateway:
        exceptions = gateway.exceptions

        def get_account(self) -> Json:
            return {}

        def update_account(self, **_: object) -> None:
            if refusals:
                raise refusals.pop()

    real = Aws.client
    monkeypatch.setattr(
        Aws, "client", lambda self, name: Gateway() if name == "apigateway" else real(self, name)
    )
    assert allow_gateway_logs(new_account, sleeps.append)
    assert len(sleeps) == 2


def test_two_index_changes_are_rejected_before_deploying(
    aws: Aws, stack: Stack, folder: Path, template: Json
) -> None:
    deploy(aws, stack, folder, {})
    changed = copy.deepcopy(template)
    indexes = changed["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"]
    indexes[0]["IndexName"] = "by_other"
    ready = for_stage(changed, NAME, "bucket", "key.zip")
    removed = template["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"][0]
    before = for_stage(template, NAME, "bucket", "key.zip")
    assert index_conflicts(table_properties(before), table_properties(ready)) == [
        f"{NAME}-timers: +by_other, -{removed['IndexName']}"
    ]
    (folder / TEMPLATE).write_text(json.dumps(changed))
    with pytest.raises(StackError, match="one index of a table at a time"):
        deploy(aws, stack, folder, {})


def test_destroy_lists_retained_resources_and_retains_them(
    aws: Aws, stack: Stack, folder: Path
) -> None:
    deploy(aws, stack, folder, {})
    explanation = explain(aws, stack, "deployed")
    assert explanation.startswith(f"{NAME} in account {aws.account}, {aws.region}.\n")
    for model in TABLES:
        assert f"\n  {NAME}-{model.Meta.bare_name}\n" in explanation  # type: ignore[attr-defined]
    assert "AWS::Lambda::Function" in explanation
    assert bucket_name(aws) in explanation
    name = physical_id(NAME, "APIHandler")
    client("lambda").get_function(FunctionName=name)
    stack.delete()
    assert stack.describe() is None
    assert f"{NAME}-timers" in client("dynamodb").list_tables()["TableNames"]


def test_webhook_key_is_retained_and_reused_by_a_new_stack(
    aws: Aws, stack: Stack, folder: Path
) -> None:
    deploy(aws, stack, folder, {})
    key = physical_id(NAME, "WebhookKeySecret")
    assert f"{NAME}-webhook-key" in explain(aws, stack, "deployed")
    # While the stack exists it owns the key, so a deploy changes nothing.
    assert not deploy(aws, stack, folder, {})
    stack.delete()
    _release_tables()
    deploy(aws, stack, folder, {})
    assert stack.parameters()["WebhookKey"] == key
    assert f"it: {key}.\n" in explain(aws, stack, "deployed")
    worker = client("lambda").get_function_configuration(
        FunctionName=physical_id(NAME, "WebhookDelivery")
    )
    assert worker["Environment"]["Variables"]["STINT_WEBHOOK_KEY"] == key


def _release_tables() -> None:
    """Delete retained tables and log groups: moto's CloudFormation cannot import existing ones."""
    logs, database = client("logs"), client("dynamodb")
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/stint/{NAME}/")["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])
    for name in database.list_tables()["TableNames"]:
        if name.startswith(f"{NAME}-"):
            database.update_table(TableName=name, DeletionProtectionEnabled=False)
            database.delete_table(TableName=name)


def test_destroy_requires_confirmation(
    aws: Aws,
    stack: Stack,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("infra.destroy.connect", lambda: aws)
    deploy(aws, stack, folder, {})
    for unconfirmed in (["deployed"], ["deployed", "yes"]):
        destroy.main(unconfirmed)
        assert f"the same command with CONFIRM={NAME}\n" in capsys.readouterr().out
        assert stack.describe() is not None
    destroy.main(["deployed", NAME])
    assert stack.describe() is None
    with pytest.raises(SystemExit, match=f"There is no stack {NAME}"):
        destroy.main(["deployed"])


def test_deploy_prints_the_url_and_the_next_steps(
    aws: Aws,
    stack: Stack,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "https://api.example.com"
    monkeypatch.setattr("infra.deploy.connect", lambda: aws)
    monkeypatch.setattr("infra.deploy.DEFAULT_FOLDER", folder)
    # moto does not store the outputs of stacks that change sets create.
    monkeypatch.setattr(Stack, "outputs", lambda _: {"BaseUrl": url})
    main(["deployed", "LogLevel=WARN"])
    assert f"{NAME} is deployed." in capsys.readouterr().out
    assert stack.parameters()["LogLevel"] == "WARN"
    main(["deployed"])
    output = capsys.readouterr().out
    assert f"{NAME} was up to date." in output
    assert f"curl -i {url}/api/v2/timers" in output
    with pytest.raises(SettingError, match="'LogLevel' does not have the form Name=value"):
        main(["deployed", "LogLevel"])


def test_package_is_built_after_everything_that_can_be_checked_without_it(
    aws: Aws, stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stack.describe() is None
    built: list[str] = []
    monkeypatch.setattr("infra.deploy.connect", lambda: aws)
    monkeypatch.setattr("infra.deploy.DEFAULT_FOLDER", folder)
    monkeypatch.setattr("infra.package.main", lambda _: built.append("package"))
    monkeypatch.setattr(Stack, "outputs", lambda _: {"BaseUrl": ""})
    with pytest.raises(SystemExit, match="Name a stage"):
        main(["--package", ""])
    with pytest.raises(SettingError, match="LogLevel=LOUD is not accepted"):
        main(["--package", "deployed", "LogLevel=LOUD"])
    with monkeypatch.context() as busy:
        busy.setattr(Stack, "describe", lambda *_: {"StackStatus": "UPDATE_IN_PROGRESS"})
        with pytest.raises(StackError, match="Wait until it ends"):
            main(["--package", "deployed"])
    assert built == []
    main(["--package", "deployed"])
    assert built == ["package"]


def test_deploy_turns_termination_protection_on_and_destroy_off(
    aws: Aws, stack: Stack, folder: Path
) -> None:
    deploy(aws, stack, folder, {})
    assert (stack.describe() or {})["EnableTerminationProtection"]
    stack.delete()
    assert stack.describe() is None


def test_missing_index_is_never_up_to_date(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {})
    database = client("dynamodb")
    table = f"{NAME}-timers"

    def indexes() -> list[str]:
        described = database.describe_table(TableName=table)["Table"]
        return sorted(index["IndexName"] for index in described["GlobalSecondaryIndexes"])

    complete = indexes()
    database.update_table(
        TableName=table,
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": complete[0]}}],
    )
    assert deploy(aws, stack, folder, {})
    assert indexes() == complete
    assert not deploy(aws, stack, folder, {})


@pytest.mark.parametrize("stage", ["", "Prod", "9lives", "a_b", "a" * 31])
def test_invalid_stage_name_is_rejected(stage: str) -> None:
    with pytest.raises(SystemExit, match="Name a stage"):
        stack_name(stage)
    assert stack_name("prod") == "stint-prod"
