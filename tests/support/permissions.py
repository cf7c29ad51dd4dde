"""Compare the IAM permissions that AWS calls need with those that a policy file grants.

A permission is an action and a resource. For tables the resource is a table or an index:
``("dynamodb:Query", "timers/index/by_person")``. For other resources it is the logical id:
``("sqs:SendMessage", "DeliveriesQueue")``. For connections of live updates it is the path without
the stage: ``("execute-api:ManageConnections", "POST/@connections/*")``.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.core.settings import Settings
from chalicelib.registry import TABLES
from infra.stack.tables import table_id
from infra.stack.template import ROOT

Permission = tuple[str, str]

# Each item of a transaction needs the permission of its kind of write.
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
# From the AWS documentation of Lambda event sources.
_STREAM_ACTIONS = ("DescribeStream", "GetRecords", "GetShardIterator")
# It lists the streams of an account and region: IAM knows no narrower resource for it.
LIST_STREAMS = ("dynamodb:ListStreams", "*")
_QUEUE_ACTIONS = ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
_ARN = re.compile(r"^\$\{(\w+)\.Arn\}(/index/\w+)?$")
_CONNECTIONS = (
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
    "${WebsocketAPI}/${WebsocketAPIStage}/"
)
# From the AWS documentation of the @connections commands.
_CONNECTION_PATHS = {"PostToConnection": "POST/@connections/*"}
_TABLES: dict[str, str] = {table_id(model): model.Meta.bare_name for model in TABLES}  # type: ignore[attr-defined]


@contextmanager
def needed(connection: Connection, prefix: str) -> Iterator[set[Permission]]:
    """Yield the set of permissions that the DynamoDB calls in this context need."""
    permissions: set[Permission] = set()

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        permissions.update(_permissions(model.name, params, prefix))

    events = connection.client.meta.events
    events.register("before-parameter-build.dynamodb", record)
    try:
        yield permissions
    finally:
        events.unregister("before-parameter-build.dynamodb", record)


@contextmanager
def held_to_policy(connection: Connection, prefix: str) -> Iterator[None]:
    """Fail if an API request in this context makes a call that the policy does not grant.

    The test of the policy covers only the requests that it lists. The whole suite covers more.
    """
    called: set[Permission] = set()
    in_request: ContextVar[bool] = ContextVar("in_request", default=False)
    call_app = Chalice.__call__

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        if in_request.get():
            called.update(_permissions(model.name, params, prefix))

    def marked(app: Chalice, event: Any, context: Any) -> Any:
        token = in_request.set(True)
        try:
            return call_app(app, event, context)
        finally:
            in_request.reset(token)

    events = connection.client.meta.events
    events.register("before-parameter-build.dynamodb", record)
    try:
        with patch.object(Chalice, "__call__", marked):
            yield
    finally:
        events.unregister("before-parameter-build.dynamodb", record)
    assert called <= set(granted("api_handler")), (
        "add the missing permission to .chalice/policy-api_handler.json"
    )


def _permissions(operation: str, parameters: dict[str, Any], prefix: str) -> Iterator[Permission]:
    for action, table in _needed(operation, parameters):
        yield f"dynamodb:{action}", table.removeprefix(f"{prefix}-")


def _needed(operation: str, parameters: dict[str, Any]) -> Iterator[Permission]:
    match operation:
        case "BatchGetItem" | "BatchWriteItem":
            for table in parameters["RequestItems"]:
                yield operation, table
        case "TransactWriteItems":
            for item in parameters["TransactItems"]:
                ((kind, write),) = item.items()
                yield _TRANSACTED[kind], write["TableName"]
        case "Query" | "Scan" if "IndexName" in parameters:
            yield operation, f"{parameters['TableName']}/index/{parameters['IndexName']}"
        case _:
            yield operation, parameters["TableName"]


def statements(function_name: str) -> list[dict[str, Any]]:
    """Return the statements of the policy file of a function."""
    path = ROOT / ".chalice" / f"policy-{function_name}.json"
    loaded: list[dict[str, Any]] = json.loads(path.read_text())["Statement"]
    return loaded


@contextmanager
def needed_outside(settings: Settings) -> Iterator[set[Permission]]:
    """Yield the set of permissions that the calls of other services in this context need."""
    permissions: set[Permission] = set()
    logical_ids = {
        settings.deliveries_url: "DeliveriesQueue",
        settings.dead_letters_url: "DeadLettersQueue",
        settings.failed_records_url: "StreamFailures",
        settings.webhook_key: "WebhookKey",
        settings.intercom_token: "IntercomToken",
    }
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def record(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        match client.meta.service_model.service_name:
            case "sqs" | "secretsmanager" as service:
                resource = logical_ids[params.get("QueueUrl", _secret(params))]
                permissions.add((f"{service}:{operation.removesuffix('Batch')}", resource))
            case "apigatewaymanagementapi":
                path = _CONNECTION_PATHS[operation]
                permissions.add(("execute-api:ManageConnections", path))
        return call(client, operation, params)

    with patch.object(BaseClient, "_make_api_call", record):
        yield permissions


def _secret(parameters: dict[str, Any]) -> str:
    name: str = parameters.get("SecretId", "")
    return name


def needed_by_sources(function: dict[str, Any]) -> set[Permission]:
    """Return the permissions that Lambda needs to poll the event sources of a template function."""
    permissions: set[Permission] = set()
    for event in function["Properties"].get("Events", {}).values():
        properties = event["Properties"]
        if event["Type"] == "DynamoDB":
            (stream,) = places(properties["Stream"])
            permissions |= {(f"dynamodb:{action}", stream) for action in _STREAM_ACTIONS}
            permissions.add(LIST_STREAMS)
            (failures,) = places(properties["DestinationConfig"]["OnFailure"]["Destination"])
            permissions.add(("sqs:SendMessage", failures))
        elif event["Type"] == "SQS":
            (queue,) = places(properties["Queue"])
            permissions |= {(f"sqs:{action}", queue) for action in _QUEUE_ACTIONS}
    return permissions


def granted_beside_tables(function_name: str) -> set[Permission]:
    """Return the permissions of a policy file, except those for tables and logs."""
    return {
        (action, logical_id)
        for statement in statements(function_name)
        for resource in statement["Resource"]
        if _of_table(resource) is None
        for action in statement["Action"]
        if not action.startswith("logs:")
        for logical_id in places(resource)
    }


def places(resource: dict[str, Any] | str) -> list[str]:
    """Return the logical ids or parameters that a reference can resolve to."""
    match resource:
        case "*":
            return ["*"]
        case {"Fn::GetAtt": [str(name), "Arn"]} | {"Ref": str(name)}:
            return [] if name == "AWS::NoValue" else [name]
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return [f"{name}.{attribute}"]
        case {"Fn::Sub": str(text)} if text.startswith(_CONNECTIONS):
            return [text.removeprefix(_CONNECTIONS)]
        case {"Fn::If": [_, yes, no]}:
            return [*places(yes), *places(no)]
    raise AssertionError(f"unknown kind of reference: {resource}")


@cache
def granted(function_name: str) -> tuple[Permission, ...]:
    """Return the table permissions of a policy file. Duplicates stay in the result."""
    return tuple(
        (action, table)
        for statement in statements(function_name)
        for action in statement["Action"]
        for resource in statement["Resource"]
        if (table := _of_table(resource)) is not None
    )


def _of_table(resource: dict[str, Any] | str) -> str | None:
    """Return the table or index that a policy resource names, or None for other resources."""
    if isinstance(resource, str):
        return None
    if "Fn::Sub" in resource and not resource["Fn::Sub"].startswith(_CONNECTIONS):
        match_ = _ARN.match(resource["Fn::Sub"])
        assert match_ is not None, f"neither a table nor an index: {resource}"
        return _TABLES[match_[1]] + (match_[2] or "")
    match resource:
        case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
            return _TABLES.get(logical_id)
    return None
