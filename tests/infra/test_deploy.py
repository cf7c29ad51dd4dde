"""Deploying and destroying, on moto: what is done, and that doing it again does nothing."""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from moto import mock_aws

from chalicelib.store.models import TABLES
from infra import destroy
from infra.aws.account import GATEWAY_ROLE, bucket_name, let_gateway_log
from infra.aws.session import Aws, stack_name
from infra.aws.stacks import Stack, StackError
from infra.aws.tables import index_troubles
from infra.aws.template import effective_parameters, for_stage
from infra.deploy import deploy, main, read_settings
from infra.destroy import explain
from infra.package import ARCHIVE, TEMPLATE
from tests.support.moto_stack import SESSION, client, moto_cloudformation, physical_id
from tests.support.stack import REGION, Json, of_type, transformed

NAME = "stint-deployed"
PARAMETERS = {"AllowedOrigin": "*"}


def _never(seconds: float) -> None:
    raise AssertionError(f"nothing to wait {seconds} s for: moto is done at once")


@pytest.fixture
def aws() -> Iterator[Aws]:
    with moto_cloudformation():
        yield Aws(SESSION, REGION, "123456789012", "aws")


@pytest.fixture
def new_account() -> Iterator[Aws]:
    """Where nobody has deployed anything; of another number, since moto keeps what it was told."""
    number = "210987654321"
    with (
        patch.dict(os.environ, MOTO_ACCOUNT_ID=number),
        mock_aws(config={"iam": {"load_aws_managed_policies": True}}),
    ):
        yield Aws(SESSION, "eu-west-1", number, "aws")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def stack(aws: Aws, said: list[str]) -> Iterator[Stack]:
    # As in an account where somebody has deployed before.
    role = {
        "op": "replace",
        "path": "/cloudwatchRoleArn",
        "value": f"arn:aws:iam::{aws.account}:role/logs",
    }
    client("apigateway").update_account(patchOperations=[role])
    stack = Stack(aws.client("cloudformation"), NAME, said.append, _never)
    yield stack
    _clean_up(stack)


def _clean_up(stack: Stack) -> None:
    """Another test may follow in the same moto: remove what a stack leaves, there or by design."""
    if stack.describe() is not None:
        stack.delete()
    _release_tables()
    keeper = client("secretsmanager")
    mine = [{"Key": "name", "Values": [f"{NAME}-"]}]
    for secret in keeper.list_secrets(Filters=mine)["SecretList"]:
        keeper.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


@pytest.fixture
def folder(template: Json, tmp_path: Path) -> Path:
    (tmp_path / TEMPLATE).write_text(json.dumps(template))
    (tmp_path / ARCHIVE).write_bytes(b"a package")
    return tmp_path


def test_a_stage_is_deployed(aws: Aws, stack: Stack, folder: Path) -> None:
    assert deploy(aws, stack, folder, {})
    described = stack.describe()
    assert described is not None
    assert described["StackStatus"] == "CREATE_COMPLETE"
    assert stack.parameters()["AllowedOrigin"] == "*"


def test_deploying_again_changes_nothing(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {})
    before = client("s3").list_objects_v2(Bucket=bucket_name(aws))["KeyCount"]
    assert not deploy(aws, stack, folder, {})
    assert client("s3").list_objects_v2(Bucket=bucket_name(aws))["KeyCount"] == before


def test_a_setting_stays_until_it_is_set_again(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {"LogLevel": "DEBUG"})
    assert deploy(aws, stack, folder, {"LogRetentionDays": "90"})
    parameters = stack.parameters()
    assert (parameters["LogLevel"], parameters["LogRetentionDays"]) == ("DEBUG", "90")


def test_an_unknown_setting_is_refused_before_anything_is_done(
    aws: Aws, stack: Stack, folder: Path
) -> None:
    with pytest.raises(ValueError, match="no such parameter: Colour"):
        deploy(aws, stack, folder, {"Colour": "red"})
    assert stack.describe() is None


def test_a_setting_needs_a_name_and_a_value() -> None:
    assert read_settings(["AllowedOrigin=https://a.example", "AlarmEmail="]) == {
        "AllowedOrigin": "https://a.example",
        "AlarmEmail": "",
    }
    with pytest.raises(ValueError, match="'AlarmEmail' is not of the form Name=value"):
        read_settings(["AlarmEmail"])


def test_packages_are_private(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {})
    storage = client("s3")
    blocked = storage.get_public_access_block(Bucket=bucket_name(aws))
    assert set(blocked["PublicAccessBlockConfiguration"].values()) == {True}


def test_api_gateway_may_log_and_is_told_once(new_account: Aws) -> None:
    assert let_gateway_log(new_account, _never)
    account = new_account.client("apigateway").get_account()
    assert account["cloudwatchRoleArn"].endswith(GATEWAY_ROLE)
    assert not let_gateway_log(new_account, _never)


def test_a_role_that_is_not_known_yet_is_waited_for(
    new_account: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = new_account.client("apigateway")
    refusal = gateway.exceptions.BadRequestException({"Error": {}}, "UpdateAccount")
    refusals = [refusal, refusal]
    pauses: list[float] = []

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
    assert let_gateway_log(new_account, pauses.append)
    assert len(pauses) == 2


def test_a_template_for_a_stage_leaves_nothing_to_look_up(template: Json) -> None:
    ready = for_stage(template, NAME, {"AllowedOrigin": "https://a.example"}, "bucket", "key.zip")
    for function in of_type(ready, "AWS::Serverless::Function").values():
        assert function["Properties"]["CodeUri"] == {"Bucket": "bucket", "Key": "key.zip"}
    names = {
        it["Properties"]["TableName"] for it in of_type(ready, "AWS::DynamoDB::Table").values()
    }
    assert f"{NAME}-time_entries" in names
    body = json.dumps(ready["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    assert "AllowedOrigin}" not in body
    assert "'https://a.example'" in body


def test_another_origin_is_another_deployment_of_the_api(template: Json) -> None:
    def deployment(origin: str) -> set[str]:
        ready = for_stage(template, NAME, {"AllowedOrigin": origin}, "bucket", "key.zip")
        return set(of_type(transformed(ready), "AWS::ApiGateway::Deployment"))

    assert deployment("*") == deployment("*")
    assert deployment("*") != deployment("https://a.example")


def test_what_is_not_given_stays_as_it_is_or_is_the_default(template: Json) -> None:
    values = effective_parameters(template, {"LogLevel": "WARN"}, {"RequestBurst": "5"})
    assert (values["LogLevel"], values["RequestBurst"]) == ("WARN", "5")
    assert values["RequestsPerSecond"] == "100"
    assert set(values) == set(template["Parameters"])


def test_two_indexes_at_once_are_refused_before_anything_is_done(
    aws: Aws, stack: Stack, folder: Path, template: Json
) -> None:
    deploy(aws, stack, folder, {})
    changed = copy.deepcopy(template)
    indexes = changed["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"]
    indexes[0]["IndexName"] = "by_somebody"
    ready = for_stage(changed, NAME, PARAMETERS, "bucket", "key.zip")
    gone = template["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"][0]
    assert index_troubles(client("dynamodb"), ready) == [
        f"{NAME}-timers: +by_somebody, -{gone['IndexName']}"
    ]
    (folder / TEMPLATE).write_text(json.dumps(changed))
    with pytest.raises(StackError, match="one index of a table at a time"):
        deploy(aws, stack, folder, {})


def test_one_index_at_a_time_is_fine(aws: Aws, stack: Stack, folder: Path, template: Json) -> None:
    deploy(aws, stack, folder, {})
    changed = copy.deepcopy(template)
    changed["Resources"]["TimersTable"]["Properties"]["GlobalSecondaryIndexes"].pop()
    ready = for_stage(changed, NAME, PARAMETERS, "bucket", "key.zip")
    assert index_troubles(client("dynamodb"), ready) == []


class _Refusing:
    """CloudFormation, about to replace a table."""

    def describe_stacks(self, **_: object) -> Json:
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}

    def create_change_set(self, **asked: object) -> Json:
        assert asked["ChangeSetType"] == "UPDATE"
        assert asked["ImportExistingResources"]
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


def test_a_table_is_never_replaced() -> None:
    # Nothing is executed: this client could not.
    stack = Stack(_Refusing(), NAME, print, _never)
    with pytest.raises(StackError, match="empty tables in the place of TimersTable"):
        stack.deploy("https://bucket/template.json", {})


def test_a_stack_tells_where_the_api_is() -> None:
    class Told:
        def describe_stacks(self, **_: object) -> Json:
            output = {"OutputKey": "BaseUrl", "OutputValue": "https://api.example.com"}
            return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": [output]}]}

    assert Stack(Told(), NAME).outputs() == {"BaseUrl": "https://api.example.com"}


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"])
def test_a_stack_that_is_busy_or_broken_is_left_alone(status: str) -> None:
    class Busy:
        def describe_stacks(self, **_: object) -> Json:
            return {"Stacks": [{"StackStatus": status}]}

    with pytest.raises(StackError, match=status):
        Stack(Busy(), NAME, print, _never).deploy("https://bucket/template.json", {})


def test_destroying_says_what_it_keeps_and_keeps_it(aws: Aws, stack: Stack, folder: Path) -> None:
    deploy(aws, stack, folder, {})
    explained = explain(aws, stack, "deployed")
    for model in TABLES:
        assert f"\n  {NAME}-{model.Meta.bare_name}\n" in explained  # type: ignore[attr-defined]
    assert "AWS::Lambda::Function" in explained
    assert bucket_name(aws) in explained
    name = physical_id(NAME, "APIHandler")
    client("lambda").get_function(FunctionName=name)
    stack.delete()
    assert stack.describe() is None
    assert f"{NAME}-timers" in client("dynamodb").list_tables()["TableNames"]


def test_the_key_of_webhooks_outlives_a_stack_and_is_taken_back(
    aws: Aws, stack: Stack, folder: Path
) -> None:
    deploy(aws, stack, folder, {})
    key = physical_id(NAME, "WebhookKeySecret")
    assert f"{NAME}-webhook-key" in explain(aws, stack, "deployed")
    # While the stack is there, the key is its own: nothing is to be taken back.
    assert not deploy(aws, stack, folder, {})
    stack.delete()
    _release_tables()
    deploy(aws, stack, folder, {})
    assert stack.parameters()["WebhookKey"] == key
    worker = client("lambda").get_function_configuration(FunctionName=physical_id(NAME, "Delivery"))
    assert worker["Environment"]["Variables"]["STINT_WEBHOOK_KEY"] == key


def _release_tables() -> None:
    """moto's CloudFormation takes nothing back: without this it finds names in use."""
    logs, database = client("logs"), client("dynamodb")
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/stint/{NAME}/")["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])
    for name in database.list_tables()["TableNames"]:
        if name.startswith(f"{NAME}-"):
            database.update_table(TableName=name, DeletionProtectionEnabled=False)
            database.delete_table(TableName=name)


def test_without_a_confirmation_nothing_is_destroyed(
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


def test_who_deploys_is_told_where_it_is_and_what_comes_next(
    aws: Aws,
    stack: Stack,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "https://api.example.com"
    monkeypatch.setattr("infra.deploy.connect", lambda: aws)
    monkeypatch.setattr("infra.deploy.DEFAULT_FOLDER", folder)
    # moto forgets the outputs of stacks that are made by change sets.
    monkeypatch.setattr(Stack, "outputs", lambda _: {"BaseUrl": url})
    main(["deployed", "LogLevel=WARN"])
    assert f"{NAME} is deployed." in capsys.readouterr().out
    assert stack.parameters()["LogLevel"] == "WARN"
    main(["deployed"])
    told = capsys.readouterr().out
    assert f"{NAME} was up to date." in told
    assert f"curl -i {url}/api/v2/timers" in told
    with pytest.raises(SystemExit, match="'LogLevel' is not of the form Name=value"):
        main(["deployed", "LogLevel"])


@pytest.mark.parametrize("stage", ["", "Prod", "9lives", "a_b", "a" * 31])
def test_a_stage_has_a_name_that_aws_takes(stage: str) -> None:
    with pytest.raises(SystemExit, match="Name a stage"):
        stack_name(stage)
    assert stack_name("prod") == "stint-prod"
