"""The transformed template, created on moto's CloudFormation."""

import io
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import botocore.session
from moto import mock_aws
from moto.apigateway.models import RestAPI, apigateway_backends
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import secretsmanager_backends

from tests.support.stack import REGION, Json, references, transformed

SESSION = botocore.session.Session()
"""Shared: it reads the large descriptions of AWS's services once."""

UNKNOWN_TO_MOTO = frozenset(
    {
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGateway::Stage",
        "AWS::CloudWatch::Alarm",
        "AWS::Logs::MetricFilter",
        "AWS::SNS::Subscription",
    }
)
"""The types that moto's CloudFormation cannot create: left out, with what refers to them."""


class Secret(CloudFormationModel):
    """A secret that CloudFormation makes: moto's Secrets Manager knows them, its stacks do not."""

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
        # Not by a client: a call within a call would wait for itself.
        made = secretsmanager_backends[account_id][region_name].create_secret(
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
        return cls(json.loads(made)["ARN"])

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: "Secret", *_: Any, **__: Any
    ) -> "Secret":
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, *_: Any, **__: Any) -> None:
        """Nothing: it is retained."""

    def is_created(self) -> bool:
        return True


_create_api = RestAPI.create_from_cloudformation_json
_original_create_change_set = CloudFormationBackend.create_change_set


def client(service: str) -> Any:
    """A client of a service, in the region of the tests."""
    return SESSION.create_client(service, region_name=REGION)


def physical_id(stack: str, logical_id: str) -> str:
    """What a resource of a stack is really called."""
    found = client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId=logical_id
    )
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return name


def outputs(stack: str) -> dict[str, str]:
    """What a stack tells."""
    (described,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {it["OutputKey"]: it["OutputValue"] for it in described["Outputs"]}


@contextmanager
def moto_cloudformation() -> Iterator[None]:
    """moto, with what it lacks: definitions of APIs, and SAM's transform in change sets."""
    with (
        mock_aws(),
        patch.object(RestAPI, "create_from_cloudformation_json", _create_api_and_body),
        patch.object(CloudFormationBackend, "create_change_set", _create_change_set),
    ):
        yield


@contextmanager
def created(processed: Json, stack: str, parameters: dict[str, str]) -> Iterator[None]:
    """The stack, there as long as one is in this."""
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
    """The part of a template that moto can create."""
    resources = processed["Resources"]
    left_out = {name for name, it in resources.items() if it["Type"] in UNKNOWN_TO_MOTO}
    left_out |= {name for name, it in resources.items() if left_out & references(it)}
    return {
        **processed,
        "Resources": {name: it for name, it in resources.items() if name not in left_out},
        "Outputs": {
            name: it for name, it in processed["Outputs"].items() if not left_out & references(it)
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
    """As API Gateway does: the name from the definition's title, and the definition's paths.

    moto wants a Name and overlooks the definition; without methods there is nothing to deploy.
    """
    properties = cloudformation_json["Properties"]
    properties["Name"] = properties["Body"]["info"]["title"]
    api = _create_api(resource_name, cloudformation_json, account_id, region_name, **other)
    # moto reads definitions of version 3 only, where what it looks at is the same as in version 2;
    # and it cannot answer preflights by itself.
    paths = {
        path: {name: it for name, it in methods.items() if name != "options"}
        for path, methods in properties["Body"]["paths"].items()
    }
    definition = {"openapi": "3.0.1", "paths": paths}
    backend = apigateway_backends[account_id][region_name]
    backend.put_rest_api(api.id, definition, fail_on_warnings=False)
    return api


def _create_change_set(
    self: CloudFormationBackend,
    stack_name: str,
    change_set_name: str,
    template: str,
    *rest: Any,
    **named: Any,
) -> tuple[str, str]:
    """Where a template asks for a transform, CloudFormation applies it."""
    processed = json.dumps(within_moto(transformed(json.loads(template))), sort_keys=True)
    return _original_create_change_set(self, stack_name, change_set_name, processed, *rest, **named)
