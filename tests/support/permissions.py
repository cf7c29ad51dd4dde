"""What calls to DynamoDB need by AWS's rules, and what a policy file grants, in the same words.

A permission is an action and a resource: ``("dynamodb:Query", "timers/index/by_person")``.
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


@cache
def granted(function_name: str) -> tuple[Permission, ...]:
    """What a function's policy file grants on tables; one that is granted twice is there twice."""
    return tuple(
        (action, _resource(resource))
        for statement in statements(function_name)
        # What Lambda itself does on a function's behalf is no call of ours.
        if statement["Sid"] != "FollowStream"
        for action in statement["Action"]
        if action.startswith("dynamodb:")
        for resource in statement["Resource"]
    )


def _resource(resource: dict[str, Any]) -> str:
    if "Fn::GetAtt" in resource:
        logical_id, name = resource["Fn::GetAtt"]
        assert name == "Arn"
        return _TABLES[logical_id]
    found = _ARN.match(resource["Fn::Sub"])
    assert found is not None, f"neither a table nor an index of one: {resource}"
    return _TABLES[found[1]] + (found[2] or "")
