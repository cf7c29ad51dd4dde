"""The stack, created on moto, has the resources that the application expects."""

from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.core.settings import read_settings
from chalicelib.dynamodb.pynamodb_adapter import share_connection
from chalicelib.registry import TABLES
from infra.stack.functions import FUNCTIONS
from infra.stack.template import api_stage
from tests.support.moto_stack import client, created, outputs, physical_id, within_moto
from tests.support.stack import Json
from tools.admin.pairing_link import served_app

STACK = "stint-moto"
OTHER_STACK = "stint-domain"
PARAMETERS = {
    "AllowedOrigin": "https://app.example.com,capacitor://localhost",
}
COMPARED = (
    "KeySchema",
    "AttributeDefinitions",
    "GlobalSecondaryIndexes",
    "StreamSpecification",
)


@pytest.fixture(scope="module")
def _created_stack(processed: Json) -> Iterator[None]:
    with created(processed, STACK, PARAMETERS):
        yield


def _described(table_name: str) -> dict[str, Any]:
    table = client("dynamodb").describe_table(TableName=table_name)["Table"]
    return {
        **{name: _ordered(table.get(name)) for name in COMPARED},
        "BillingMode": table["BillingModeSummary"]["BillingMode"],
    }


def _ordered(value: Any) -> Any:
    """Sort a table description, and drop the fields that only one of the two has."""
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=repr)
    if isinstance(value, dict):
        compared = {"IndexName", "KeySchema", "Projection", "AttributeName", "AttributeType"}
        compared |= {"KeyType", "ProjectionType", "StreamViewType"}
        return {name: _ordered(member) for name, member in value.items() if name in compared}
    return value


@pytest.mark.usefixtures("_created_stack")
def test_stack_creates_every_resource(processed: Json) -> None:
    stacks = client("cloudformation")
    (stack,) = stacks.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    created_resources = stacks.describe_stack_resources(StackName=STACK)["StackResources"]
    assert {resource["LogicalResourceId"] for resource in created_resources} == {
        name
        for name, resource in within_moto(processed)["Resources"].items()
        if resource.get("Condition") in (None, "MakesWebhookKey")
    }


@pytest.mark.usefixtures("_created_stack")
@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.Meta.bare_name)
def test_stack_table_matches_its_pynamodb_model(model: Any) -> None:
    assert _described(f"{STACK}-{model.Meta.bare_name}") == _described(_create_table_of(model))


def _create_table_of(model: Any) -> str:
    """Create a table from a model with PynamoDB, and return its name."""
    name = f"pynamodb-{model.Meta.bare_name}"

    class Copy(model, Model):  # type: ignore[misc]
        class Meta(model.Meta):  # type: ignore[misc]
            table_name = name
            region = "eu-central-1"
            host = None

    share_connection(Copy, Connection(region="eu-central-1"))
    Copy.create_table(wait=True)
    return name


@pytest.mark.usefixtures("_created_stack")
@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.Meta.bare_name)
def test_tables_have_deletion_protection(model: Any) -> None:
    description = client("dynamodb").describe_table(TableName=f"{STACK}-{model.Meta.bare_name}")
    assert description["Table"]["DeletionProtectionEnabled"]


@pytest.mark.usefixtures("_created_stack")
def test_function_environment_has_the_settings_of_the_stage() -> None:
    function = _function(STACK)
    settings = read_settings(function["Environment"]["Variables"])
    assert settings.table_prefix == STACK
    assert settings.allowed_origins == ("https://app.example.com", "capacitor://localhost")
    assert settings.log_level == "INFO"
    assert settings.serves_pages
    assert settings.live_url == outputs(STACK)["LiveUrl"]
    assert settings.live_url == "wss://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live"
    assert settings.public_base_url == (
        f"https://{{api_id}}.execute-api.eu-central-1.amazonaws.com/{api_stage()}"
    )


@pytest.mark.usefixtures("_created_stack")
def test_base_url_output_is_the_url_of_the_api() -> None:
    api_id = physical_id(STACK, "RestAPI")
    assert outputs(STACK)["BaseUrl"] == (
        f"https://{api_id}.execute-api.eu-central-1.amazonaws.com/{api_stage()}"
    )


@pytest.mark.usefixtures("_created_stack")
def test_pairing_links_have_the_address_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert served_app(STACK) == f"{outputs(STACK)['BaseUrl']}/app/"
    assert served_app("stint-nothing") is None


@pytest.mark.usefixtures("_created_stack")
def test_log_groups_have_a_retention_of_30_days() -> None:
    groups = client("logs").describe_log_groups(logGroupNamePrefix=f"/stint/{STACK}/")["logGroups"]
    names = {"access", "live-access", *(function.name for function in FUNCTIONS)}
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        f"/stint/{STACK}/{name}": 30 for name in names
    }


def test_custom_domain_is_the_base_url_of_links(processed: Json) -> None:
    parameters = {
        "DomainName": "api.example.com",
        "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/a",
        "ServePages": "no",
        "LiveUpdates": "no",
    }
    with created(processed, OTHER_STACK, parameters):
        settings = read_settings(_function(OTHER_STACK)["Environment"]["Variables"])
        base_url = outputs(OTHER_STACK)["BaseUrl"]
        assert not {"AppUrl", "LiveUrl"} & outputs(OTHER_STACK).keys()
    assert not settings.serves_pages
    assert settings.live_url == ""
    assert settings.public_base_url == base_url == "https://api.example.com"


def _function(stack: str) -> dict[str, Any]:
    name = physical_id(stack, "APIHandler")
    configuration: dict[str, Any] = client("lambda").get_function_configuration(FunctionName=name)
    return configuration
