"""What calls to AWS need by its rules, and what a policy file grants, in the same words.

A permission is an action and a resource: ``("dynamodb:Query", "timers/index/by_person")``, or, of
what is no table, the resource's logical id: ``("sqs:SendMessage", "DeliveriesQueue")``.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any
from unittest.mock import patch

from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.outbound.clients import client
from chalicelib.settings import Settings
from chalicelib.store.models import TABLES
from infra.stack.tables import table_id
from infra.stack.template import ROOT

Permission = tuple[str, str]

# Within a transaction each item needs the permission of the write that it is.
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
# By AWS's documentation of event sources.
_OF_STREAMS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
_OF_QUEUES = ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
_ARN = re.compile(r"^\$\{(\w+)\.Arn\}(/index/\w+)?$")
_TABLES: dict[str, str] = {table_id(model): model.Meta.bare_name for model in TABLES}  # type: ignore[attr-defined]


@contextmanager
def needed(connection: Connection, prefix: str) -> Iterator[set[Permission]]:
    """What the calls that are made while in it need."""
    permissions: set[Permission] = set()

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        permissions.update(_permissions(model.name, params, prefix))

    events = connection.client.meta.events
    events.register("before-parameter-build.dynamodb", note)
    try:
        yield permissions
    finally:
        events.unregister("before-parameter-build.dynamodb", note)


@contextmanager
def held_to_policy(connection: Connection, prefix: str) -> Iterator[None]:
    """Fails where a request of any test makes the API call what its policy does not grant.

    The test of the policy walks the ways that somebody thought of; the suite walks more.
    """
    called: set[Permission] = set()
    answering: ContextVar[bool] = ContextVar("answering", default=False)
    answer = Chalice.__call__

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if answering.get():
            called.update(_permissions(model.name, params, prefix))

    def noted(app: Chalice, event: Any, context: Any) -> Any:
        token = answering.set(True)
        try:
            return answer(app, event, context)
        finally:
            answering.reset(token)

    events = connection.client.meta.events
    events.register("before-parameter-build.dynamodb", note)
    try:
        with patch.object(Chalice, "__call__", noted):
            yield
    finally:
        events.unregister("before-parameter-build.dynamodb", note)
    assert called <= set(granted("api_handler")), "see .chalice/policy-api_handler.json"


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
    """The statements of a function's policy file."""
    path = ROOT / ".chalice" / f"policy-{function_name}.json"
    found: list[dict[str, Any]] = json.loads(path.read_text())["Statement"]
    return found


@contextmanager
def needed_outside(settings: Settings) -> Iterator[set[Permission]]:
    """What the calls of other services than DynamoDB's that are made while in it need."""
    permissions: set[Permission] = set()
    places = {
        settings.deliveries_url: "DeliveriesQueue",
        settings.dead_letters_url: "DeadLettersQueue",
        settings.failed_records_url: "StreamFailures",
        settings.webhook_key: "WebhookKey",
        settings.intercom_token: "IntercomToken",
    }

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        operation = model.name.removesuffix("Batch")
        service = model.service_model.service_name
        permissions.add((f"{service}:{operation}", places[params.get("QueueUrl", _secret(params))]))

    sources = [client(name, settings.region).meta.events for name in ("sqs", "secretsmanager")]
    for events in sources:
        events.register("before-parameter-build", note)
    try:
        yield permissions
    finally:
        for events in sources:
            events.unregister("before-parameter-build", note)


def _secret(parameters: dict[str, Any]) -> str:
    name: str = parameters.get("SecretId", "")
    return name


def needed_by_sources(function: dict[str, Any]) -> set[Permission]:
    """What Lambda itself needs to feed a function, given its resource in the template."""
    permissions: set[Permission] = set()
    for event in function["Properties"].get("Events", {}).values():
        properties = event["Properties"]
        if event["Type"] == "DynamoDB":
            (stream,) = places(properties["Stream"])
            permissions |= {(f"dynamodb:{action}", stream) for action in _OF_STREAMS}
            (aside,) = places(properties["DestinationConfig"]["OnFailure"]["Destination"])
            permissions.add(("sqs:SendMessage", aside))
        elif event["Type"] == "SQS":
            (queue,) = places(properties["Queue"])
            permissions |= {(f"sqs:{action}", queue) for action in _OF_QUEUES}
    return permissions


def granted_beside_tables(function_name: str) -> set[Permission]:
    """What a function's policy file grants on anything but tables and logs."""
    return {
        (action, place)
        for statement in statements(function_name)
        for resource in statement["Resource"]
        if _of_table(resource) is None
        for action in statement["Action"]
        if not action.startswith("logs:")
        for place in places(resource)
    }


def places(resource: dict[str, Any]) -> list[str]:
    """The logical ids or parameters that a reference may be to."""
    match resource:
        case {"Fn::GetAtt": [str(name), "Arn"]} | {"Ref": str(name)}:
            return [] if name == "AWS::NoValue" else [name]
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return [f"{name}.{attribute}"]
        case {"Fn::If": [_, yes, no]}:
            return [*places(yes), *places(no)]
    raise AssertionError(f"what is this? {resource}")


@cache
def granted(function_name: str) -> tuple[Permission, ...]:
    """What a function's policy file grants on tables; one that is granted twice is there twice."""
    return tuple(
        (action, table)
        for statement in statements(function_name)
        for action in statement["Action"]
        for resource in statement["Resource"]
        if (table := _of_table(resource)) is not None
    )


def _of_table(resource: dict[str, Any]) -> str | None:
    """The table, or the index of one, that a policy names; None for anything else."""
    if "Fn::Sub" in resource:
        found = _ARN.match(resource["Fn::Sub"])
        assert found is not None, f"neither a table nor an index of one: {resource}"
        return _TABLES[found[1]] + (found[2] or "")
    match resource:
        case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
            return _TABLES.get(logical_id)
    return None
