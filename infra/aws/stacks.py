"""Creates, updates and deletes a CloudFormation stack, and waits for the result."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

_SLEEP_SECONDS = 5.0
# CloudFormation reports an empty change set only in text; the second text comes from macros.
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
# A stack whose first creation failed can only be deleted.
_NEVER_CREATED = "ROLLBACK_COMPLETE"
_NOT_EXECUTED = "REVIEW_IN_PROGRESS"


class StackError(Exception):
    """CloudFormation failed; the message holds its reasons."""


class Stack:
    """A stack by its name. ``say`` prints progress; ``pause`` sleeps for a number of seconds."""

    def __init__(
        self,
        client: Any,
        name: str,
        say: Callable[[str], None] = print,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self.name = name
        self._say = say
        self._pause = pause

    def describe(self) -> dict[str, Any] | None:
        """Return CloudFormation's description of the stack, or None if it does not exist."""
        try:
            (stack,) = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        described: dict[str, Any] = stack
        return None if described["StackStatus"] == "DELETE_COMPLETE" else described

    def parameters(self) -> dict[str, str]:
        """Return the current values of its parameters."""
        parameters = (self.describe() or {}).get("Parameters", [])
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in parameters}

    def outputs(self) -> dict[str, str]:
        """Return its outputs."""
        outputs = (self.describe() or {}).get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def deploy(self, template_url: str, parameters: Mapping[str, str]) -> bool:
        """Create or update it; return False if nothing changes. Raises StackError."""
        exists = self._prepare()
        change_set = self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=f"stint-{datetime.now(UTC):%Y%m%d%H%M%S}",
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateURL=template_url,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            # Import the tables that an earlier stack of this name left behind.
            ImportExistingResources=True,
        )["Id"]
        if not self._is_change(change_set):
            self._client.delete_change_set(ChangeSetName=change_set, StackName=self.name)
            return False
        self._show(change_set)
        began = datetime.now(UTC)
        self._client.execute_change_set(ChangeSetName=change_set, StackName=self.name)
        self._wait(began, {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
        return True

    def delete(self) -> None:
        """Delete it, and wait until it is deleted. Raises StackError."""
        began = datetime.now(UTC)
        self._client.delete_stack(StackName=self.name)
        self._wait(began, {"DELETE_COMPLETE"})

    def resources(self) -> list[dict[str, Any]]:
        """Return its resources, as CloudFormation lists them."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [resource for page in pages for resource in page["StackResourceSummaries"]]

    def _prepare(self) -> bool:
        """Return whether a stack exists that can be updated; delete one that was never created."""
        status = (self.describe() or {}).get("StackStatus")
        if status == _NEVER_CREATED:
            self._say(
                f"  {self.name} was never created completely: deleting it, retaining its tables"
            )
            self.delete()
            return False
        if status is None or status == _NOT_EXECUTED:
            return False
        if status.endswith(("_IN_PROGRESS", "_FAILED")):
            raise StackError(f"{self.name} is in state {status}: see docs/operations.md")
        return True

    def _is_change(self, change_set: str) -> bool:
        while True:
            description = self._client.describe_change_set(
                ChangeSetName=change_set, StackName=self.name
            )
            if description["Status"] == "CREATE_COMPLETE":
                return True
            reason = description.get("StatusReason", "")
            if description["Status"] == "FAILED":
                if any(text in reason for text in _UNCHANGED):
                    return False
                raise StackError(reason)
            self._pause(_SLEEP_SECONDS)

    def _show(self, change_set: str) -> None:
        pages = self._client.get_paginator("describe_change_set").paginate(
            ChangeSetName=change_set, StackName=self.name
        )
        changes = [change["ResourceChange"] for page in pages for change in page.get("Changes", [])]
        replaced = [change["LogicalResourceId"] for change in changes if _replaces_a_table(change)]
        if replaced:
            raise StackError(
                f"this update would replace {', '.join(replaced)} with empty tables, because a key "
                "changed. docs/operations.md describes how to migrate a table."
            )
        for change in changes:
            self._say(f"  {change['Action'].lower():8} {change['LogicalResourceId']}")

    def _wait(self, began: datetime, final: set[str]) -> None:
        while True:
            stack = self.describe()
            status = "DELETE_COMPLETE" if stack is None else stack["StackStatus"]
            if status in final:
                return
            if not status.endswith("_IN_PROGRESS"):
                raise StackError("\n".join([f"{self.name}: {status}", *self._failures(began)]))
            self._pause(_SLEEP_SECONDS)

    def _failures(self, began: datetime) -> list[str]:
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"] >= began
        ]


def _replaces_a_table(change: Mapping[str, Any]) -> bool:
    # A new index is reported as "Conditional": it adds attributes and replaces nothing.
    return change["ResourceType"] == "AWS::DynamoDB::Table" and change.get("Replacement") == "True"
