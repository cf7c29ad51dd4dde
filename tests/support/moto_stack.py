"""Create the transformed template on moto's CloudFormation."""

import io
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import botocore.session
from moto import mock_aws
from moto.apigateway.models import RestAPI, apigateway_backends
from moto.cloudformation import models as cloudformation_models
from moto.cloudformation import responses as cloudformation_responses
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.core.responses import ActionResult
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.secretsmanager.models import secretsmanager_backends

from tests.support.stack import REGION, Json, references, transformed

SESSION = botocore.session.Session()
"""Shared, so that the large AWS service models are loaded once."""

UNKNOWN_TO_MOTO = frozenset(
    {
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGateway::Stage",
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::CloudWatch::Alarm",
        # moto lists it without an id where its condition is false.
        "AWS::CloudWatch::Dashboard",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Logs::MetricFilter",
        "AWS::SNS::Subscription",
        # As a dashboard.
        "AWS::WAFv2::WebACL",
        "AWS::WAFv2::WebACLAssociation",
    }
)
"""Types that moto's CloudFormation cannot create. They and all that refer to them are left out."""

WEBSOCKET_API = {"WebsocketAPI": "a1b2c3d4e5", "WebsocketAPIStage": "live"}
"""Parameters instead of these resources: the functions, which moto creates, refer to them."""


class Secret(CloudFormationModel):
    """A secret that CloudFormation creates. moto's CloudFormation does not support this type."""

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SecretsManager::Secret"

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]
        cls, _name: str, cloudformation_json: Json, account_id: str, region_name: str, **_: Any
    ) -> "Secret":
        properties = cloudformation_json["Properties"]
        length = properties["GenerateSecretString"]["PasswordLength"]
        # Without a client: a nested call would deadlock.
        created_secret = secretsmanager_backends[account_id][region_name].create_secret(
            name=properties["Name"],
            secret_string=secrets.token_hex(length)[:length],
            secret_binary=None,
            description=properties["Description"],
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(json.loads(created_secret)["ARN"])

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: "Secret", *_: Any, **__: Any
    ) -> "Secret":
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, *_: Any, **__: Any) -> None:
        """Do nothing: the secret is retained."""

    def is_created(self) -> bool:
        return True


class _JsonTemplates:
    """Instead of the module yaml, which needs seconds for a template."""

    Loader = None

    @staticmethod
    def add_multi_constructor(*_: object) -> None:
        """Do nothing: JSON has no tags."""

    @staticmethod
    def load(template: str, **_: object) -> Any:
        """Return the template."""
        return json.loads(template)


_create_api = RestAPI.create_from_cloudformation_json
_create_table = Table.create_from_cloudformation_json
_original_create_change_set = CloudFormationBackend.create_change_set


def client(service: str) -> Any:
    """Return a client of a service in the region of the tests."""
    return SESSION.create_client(service, region_name=REGION)


def physical_id(stack: str, logical_id: str) -> str:
    """Return the physical id of a resource of a stack."""
    description = client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId=logical_id
    )
    name: str = description["StackResourceDetail"]["PhysicalResourceId"]
    return name


def outputs(stack: str) -> dict[str, str]:
    """Return the outputs of a stack."""
    (described,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


@contextmanager
def fresh_account() -> Iterator[str]:
    """Run moto with an account of its own, and yield its number. Other tests' moto may be active,
    and moto stores its state per account."""
    number = str(secrets.randbelow(9 * 10**11) + 10**11)
    with patch.dict(os.environ, MOTO_ACCOUNT_ID=number), mock_aws():
        yield number


@contextmanager
def moto_cloudformation() -> Iterator[None]:
    """Run moto with additions: API definitions, settings of tables, the SAM transform in change
    sets, termination protection. Templates are JSON."""
    with (
        mock_aws(),
        patch.object(cloudformation_models, "yaml", _JsonTemplates),
        patch.object(cloudformation_responses, "yaml", _JsonTemplates),
        patch.object(RestAPI, "create_from_cloudformation_json", _create_api_and_body),
        patch.object(Table, "create_from_cloudformation_json", _create_complete_table),
        patch.object(CloudFormationBackend, "create_change_set", _create_change_set),
        patch.object(
            CloudFormationResponse,
            "update_termination_protection",
            _update_termination_protection,
            create=True,
        ),
    ):
        yield


@contextmanager
def created(processed: Json, stack: str, parameters: dict[str, str]) -> Iterator[None]:
    """Create the stack for the duration of this context."""
    with moto_cloudformation():
        _upload()
        client("cloudformation").create_stack(
            StackName=stack,
            TemplateBody=json.dumps(within_moto(processed)),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        yield


def within_moto(processed: Json) -> Json:
    """Return the part of a template that moto can create."""
    resources = processed["Resources"]
    left_out = {name for name, resource in resources.items() if resource["Type"] in UNKNOWN_TO_MOTO}
    absent = left_out - WEBSOCKET_API.keys()
    left_out |= {name for name, resource in resources.items() if absent & references(resource)}
    parameters = {
        name: {"Type": "String", "Default": value} for name, value in WEBSOCKET_API.items()
    }
    return {
        **processed,
        "Parameters": {**processed["Parameters"], **parameters},
        "Resources": {
            name: resource for name, resource in resources.items() if name not in left_out
        },
        "Outputs": {
            name: output
            for name, output in processed["Outputs"].items()
            if not (left_out - WEBSOCKET_API.keys()) & references(output)
        },
    }


def _upload() -> None:
    storage = client("s3")
    with suppress(storage.exceptions.BucketAlreadyOwnedByYou):
        storage.create_bucket(
            Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    storage.put_object(Bucket="artifacts", Key="deployment.zip", Body=io.BytesIO(b""))


def _create_api_and_body(
    resource_name: str, cloudformation_json: Json, account_id: str, region_name: str, **other: Any
) -> RestAPI:
    """Create the API as API Gateway does: with the title and the paths of the definition.

    moto requires a Name and ignores the definition. An API without methods cannot be deployed.
    """
    properties = cloudformation_json["Properties"]
    properties["Name"] = properties["Body"]["info"]["title"]
    api = _create_api(resource_name, cloudformation_json, account_id, region_name, **other)
    # moto reads only OpenAPI 3. The parts that it reads are the same as in version 2.
    # It does not support preflight (OPTIONS) methods.
    paths = {
        path: {name: method for name, method in methods.items() if name != "options"}
        for path, methods in properties["Body"]["paths"].items()
    }
    definition = {"openapi": "3.0.1", "paths": paths}
    backend = apigateway_backends[account_id][region_name]
    backend.put_rest_api(api.id, definition, fail_on_warnings=False)
    return api


def _create_complete_table(
    resource_name: str, cloudformation_json: Json, account_id: str, region_name: str, **other: Any
) -> Table:
    """Create a table with encryption, time to live and backups. moto ignores these properties."""
    properties = cloudformation_json["Properties"]
    encryption = {"Enabled": properties["SSESpecification"]["SSEEnabled"]}
    settings = {**cloudformation_json, "Properties": {**properties, "SSESpecification": encryption}}
    table = _create_table(resource_name, settings, account_id, region_name, **other)
    backend = dynamodb_backends[account_id][region_name]
    if "TimeToLiveSpecification" in properties:
        backend.update_time_to_live(table.name, properties["TimeToLiveSpecification"])
    backend.update_continuous_backups(table.name, properties["PointInTimeRecoverySpecification"])
    return table


def _create_change_set(
    self: CloudFormationBackend,
    stack_name: str,
    change_set_name: str,
    template: str,
    *rest: Any,
    **named: Any,
) -> tuple[str, str]:
    """Apply the transform of the template, as CloudFormation does."""
    processed = json.dumps(within_moto(transformed(json.loads(template))), sort_keys=True)
    return _original_create_change_set(self, stack_name, change_set_name, processed, *rest, **named)


def _update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    """Store the protection. moto's CloudFormation does not support this call."""
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})
