"""``make deploy`` and ``make destroy`` on moto: effects, and repeated runs change nothing."""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from moto import mock_aws

from chalicelib.registry import TABLES
from infra import destroy
from infra.aws.account import GATEWAY_ROLE, allow_gateway_logs, bucket_name
from infra.aws.session import Aws, stack_name
from infra.aws.stacks import Stack, StackError
from infra.aws.tables import index_conflicts
from infra.aws.template import effective_parameters, for_stage
from infra.deploy import deploy, main, read_settings
from infra.destroy import explain
from infra.package import ARCHIVE, TEMPLATE
from tests.support.moto_stack import SESSION, client, moto_cloudformation, physical_id
from tests.support.stack import REGION, Json, of_type, transformed

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
    with pytest.raises(ValueError, match="unknown parameters: Colour"):
        deploy(aws, stack, folder, {"Colour": "red"})
    assert stack.describe() is None


def test_parameter_must_be_name_and_value() -> None:
    assert read_settings(["AllowedOrigin=https://a.example", "AlarmEmail="]) == {
        "AllowedOrigin": "https://a.example",
        "AlarmEmail": "",
    }
    with pytest.raises(ValueError, match="'AlarmEmail' does not have the form Name=value"):
        read_settings(["AlarmEmail"])


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


def test_stage_template_has_names_and_origin_filled_in(template: Json) -> None:
    ready = for_stage(template, NAME, {"AllowedOrigin": "https://a.example"}, "bucket", "key.zip")
    for function in of_type(ready, "AWS::Serverless::Function").values():
        assert function["Properties"]["CodeUri"] == {"Bucket": "bucket", "Key": "key.zip"}
    names = {
        table["Properties"]["TableName"]
        for table in of_type(ready, "AWS::DynamoDB::Table").values()
    }
    assert f"{NAME}-time_entries" in names
    body = json.dumps(ready["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    assert "AllowedOrigin}" not in body
    assert "'https://a.example'" in body


def test_changed_origin_creates_a_new_api_deployment(template: Json) -> None:
    def deployment(origin: str) -> set[str]:
        ready = for_stage(template, NAME, {"AllowedOrigin": origin}, "bucket", "key.zip")
        return set(of_type(transformed(ready), "AWS::ApiGateway::Deployment"))

    assert deployment("*") == deployment("*")
    assert deployment("*") != deployment("https://a.example")


def test_missing_parameter_keeps_its_value_or_default(template: Json) -> None:
    values = effective_parameters(template, {"LogLevel": "WARN"}, {"RequestBurst": "5"})
    assert (values["LogLevel"], values["RequestBurst"]) == ("WARN", "5")
    assert values["RequestsPerSecond"] == "100"
    assert set(values) == set(template["Parameters"])


def test_two_index_changes_are_rejected_before_deploying(
    aws: Aws, stack: Stack, folder: Path, template: Json
) -> None:
    deploy(aws, stack, folder, {})
    changed = copy.deepcopy(template)
    indexes = changed["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"]
    indexes[0]["IndexName"] = "by_other"
    ready = for_stage(changed, NAME, PARAMETERS, "bucket", "key.zip")
    removed = template["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"][0]
    assert index_conflicts(client("dynamodb"), ready) == [
        f"{NAME}-timers: +by_other, -{removed['IndexName']}"
    ]
    (folder / TEMPLATE).write_text(json.dumps(changed))
    with pytest.raises(StackError, match="one index of a table at a time"):
        deploy(aws, stack, folder, {})


def test_one_index_change_is_allowed(aws: Aws, stack: Stack, folder: Path, template: Json) -> None:
    deploy(aws, stack, folder, {})
    changed = copy.deepcopy(template)
    changed["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"].pop()
    ready = for_stage(changed, NAME, PARAMETERS, "bucket", "key.zip")
    assert index_conflicts(client("dynamodb"), ready) == []


class _ReplacingCloudFormation:
    """A CloudFormation client whose change set replaces a table."""

    def describe_stacks(self, **_: object) -> Json:
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}

    def create_change_set(self, **parameters: object) -> Json:
        assert parameters["ChangeSetType"] == "UPDATE"
        assert parameters["ImportExistingResources"]
        return {"Id": "change-set"}

    def describe_change_set(self, **_: object) -> Json:
        return {"Status": "CREATE_COMPLETE"}

    def get_paginator(self, _: str) -> Any:
        change = {
            "Action": "Modify",
            "LogicalResourceId": "TimersTable",
            "ResourceType": "AWS::DynamoDB::Table",
            "Replacement": "True",
        }

        class Pages:
            def paginate(self, **_: object) -> list[Json]:
                return [{"Changes": [{"ResourceChange": change}]}]

        return Pages()


def test_deploy_never_replaces_a_table() -> None:
    # The change set must not be executed: this client has no method for it.
    stack = Stack(_ReplacingCloudFormation(), NAME, print, _fail_on_sleep)
    with pytest.raises(StackError, match="would replace TimersTable with empty tables"):
        stack.deploy("https://bucket/template.json", {})


def test_stack_outputs_include_the_base_url() -> None:
    class CloudFormation:
        def describe_stacks(self, **_: object) -> Json:
            output = {"OutputKey": "BaseUrl", "OutputValue": "https://api.example.com"}
            return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": [output]}]}

    assert Stack(CloudFormation(), NAME).outputs() == {"BaseUrl": "https://api.example.com"}


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"])
def test_deploy_is_rejected_while_the_stack_is_busy_or_broken(status: str) -> None:
    class Busy:
        def describe_stacks(self, **_: object) -> Json:
            return {"Stacks": [{"StackStatus": status}]}

    with pytest.raises(StackError, match=status):
        Stack(Busy(), NAME, print, _fail_on_sleep).deploy("https://bucket/template.json", {})


def test_destroy_lists_retained_resources_and_retains_them(
    aws: Aws, stack: Stack, folder: Path
) -> None:
    deploy(aws, stack, folder, {})
    explanation = explain(aws, stack, "deployed")
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
        assert f"make destroy STAGE=deployed CONFIRM={NAME}" in capsys.readouterr().out
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
    with pytest.raises(SystemExit, match="'LogLevel' does not have the form Name=value"):
        main(["deployed", "LogLevel"])


@pytest.mark.parametrize("stage", ["", "Prod", "9lives", "a_b", "a" * 31])
def test_invalid_stage_name_is_rejected(stage: str) -> None:
    with pytest.raises(SystemExit, match="Name a stage"):
        stack_name(stage)
    assert stack_name("prod") == "stint-prod"
