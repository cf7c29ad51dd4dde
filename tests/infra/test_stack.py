"""The stack, created on moto: what comes into being is what the application expects."""

from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.models import Model

from chalicelib.settings import read_settings
from chalicelib.store.models import TABLES
from infra.stack.functions import FUNCTIONS
from infra.stack.template import api_stage
from tests.support.moto_stack import client, created, outputs, physical_id, within_moto
from tests.support.stack import Json

STACK = "stint-moto"
OTHER_STACK = "stint-domain"
PARAMETERS = {
    "AllowedOrigin": "https://app.example.com",
}
COMPARED = (
    "KeySchema",
    "AttributeDefinitions",
    "GlobalSecondaryIndexes",
    "StreamSpecification",
)


@pytest.fixture(scope="module")
def _stack(processed: Json) -> Iterator[None]:
    with created(processed, STACK, PARAMETERS):
        yield


def _described(table_name: str) -> dict[str, Any]:
    table = client("dynamodb").describe_table(TableName=table_name)["Table"]
    return {
        **{name: _ordered(table.get(name)) for name in COMPARED},
        "BillingMode": table["BillingModeSummary"]["BillingMode"],
    }


def _ordered(value: Any) -> Any:
    """Without what only one maker of a table says, and in one order."""
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=repr)
    if isinstance(value, dict):
        kept = {"IndexName", "KeySchema", "Projection", "AttributeName", "AttributeType"}
        kept |= {"KeyType", "ProjectionType", "StreamViewType"}
        return {name: _ordered(it) for name, it in value.items() if name in kept}
    return value


@pytest.mark.usefixtures("_stack")
def test_everything_is_created(processed: Json) -> None:
    stacks = client("cloudformation")
    (stack,) = stacks.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    made = stacks.describe_stack_resources(StackName=STACK)["StackResources"]
    assert {it["LogicalResourceId"] for it in made} == {
        name
        for name, it in within_moto(processed)["Resources"].items()
        if it.get("Condition") in (None, "MakesWebhookKey")
    }


@pytest.mark.usefixtures("_stack")
@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.Meta.bare_name)
def test_a_table_of_the_stack_is_the_models_table(model: Any) -> None:
    assert _described(f"{STACK}-{model.Meta.bare_name}") == _described(_made_by(model))


def _made_by(model: Any) -> str:
    """The name of a table that PynamoDB itself makes from a model."""
    name = f"pynamodb-{model.Meta.bare_name}"

    class Copy(model, Model):  # type: ignore[misc]
        class Meta(model.Meta):  # type: ignore[misc]
            table_name = name
            region = "eu-central-1"
            host = None

    Copy._connection = None
    Copy.create_table(wait=True)
    return name


@pytest.mark.usefixtures("_stack")
@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.Meta.bare_name)
def test_a_table_cannot_be_deleted_by_mistake(model: Any) -> None:
    described = client("dynamodb").describe_table(TableName=f"{STACK}-{model.Meta.bare_name}")
    assert described["Table"]["DeletionProtectionEnabled"]


@pytest.mark.usefixtures("_stack")
def test_the_function_is_set_up_for_its_stage() -> None:
    function = _function(STACK)
    settings = read_settings(function["Environment"]["Variables"])
    assert settings.table_prefix == STACK
    assert settings.allowed_origin == "https://app.example.com"
    assert settings.log_level == "INFO"
    assert settings.public_base_url == (
        f"https://{{api_id}}.execute-api.eu-central-1.amazonaws.com/{api_stage()}"
    )


@pytest.mark.usefixtures("_stack")
def test_the_base_url_is_where_the_api_is() -> None:
    api_id = physical_id(STACK, "RestAPI")
    assert outputs(STACK)["BaseUrl"] == (
        f"https://{api_id}.execute-api.eu-central-1.amazonaws.com/{api_stage()}"
    )


@pytest.mark.usefixtures("_stack")
def test_logs_are_not_kept_for_ever() -> None:
    groups = client("logs").describe_log_groups(logGroupNamePrefix=f"/stint/{STACK}/")["logGroups"]
    names = {"access", *(function.name for function in FUNCTIONS)}
    assert {it["logGroupName"]: it["retentionInDays"] for it in groups} == {
        f"/stint/{STACK}/{name}": 30 for name in names
    }


def test_a_domain_of_ones_own_is_what_links_begin_with(processed: Json) -> None:
    parameters = {
        "DomainName": "api.example.com",
        "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/a",
    }
    with created(processed, OTHER_STACK, parameters):
        settings = read_settings(_function(OTHER_STACK)["Environment"]["Variables"])
        base_url = outputs(OTHER_STACK)["BaseUrl"]
    assert settings.public_base_url == base_url == "https://api.example.com"


def _function(stack: str) -> dict[str, Any]:
    name = physical_id(stack, "APIHandler")
    found: dict[str, Any] = client("lambda").get_function_configuration(FunctionName=name)
    return found
