"""A CloudFormation stack: created, updated, deleted, and waited for."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

_PAUSE_SECONDS = 5.0
# A change set says so in words only; the second is what a macro makes of it.
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
# A stack whose first creation failed can only be deleted.
_STILLBORN = "ROLLBACK_COMPLETE"
_REVIEWED = "REVIEW_IN_PROGRESS"


class StackError(Exception):
    """CloudFormation could not do it; the message says why, in its words."""


class Stack:
    """A stack by its name. ``say`` tells whoever waits; ``pause`` waits for that many seconds."""

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
        """What CloudFormation knows of it; None where there is none."""
        try:
            (found,) = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        described: dict[str, Any] = found
        return None if described["StackStatus"] == "DELETE_COMPLETE" else described

    def parameters(self) -> dict[str, str]:
        """The values that its parameters have now."""
        found = (self.describe() or {}).get("Parameters", [])
        return {it["ParameterKey"]: it["ParameterValue"] for it in found}

    def outputs(self) -> dict[str, str]:
        """What it tells."""
        found = (self.describe() or {}).get("Outputs", [])
        return {it["OutputKey"]: it["OutputValue"] for it in found}

    def deploy(self, template_url: str, parameters: Mapping[str, str]) -> bool:
        """Create or update it; False where it is as the template says. Raises StackError."""
        exists = self._make_ready()
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
            # Tables that outlived an earlier stack of this name belong to this one again.
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
        """Delete it, and wait until it is gone. Raises StackError."""
        began = datetime.now(UTC)
        self._client.delete_stack(StackName=self.name)
        self._wait(began, {"DELETE_COMPLETE"})

    def resources(self) -> list[dict[str, Any]]:
        """Its resources, as CloudFormation lists them."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [resource for page in pages for resource in page["StackResourceSummaries"]]

    def _make_ready(self) -> bool:
        """Whether there is a stack to update."""
        status = (self.describe() or {}).get("StackStatus")
        if status == _STILLBORN:
            self._say(f"  {self.name} was never finished; it is removed first, its tables are kept")
            self.delete()
            return False
        if status is None or status == _REVIEWED:
            return False
        if status.endswith(("_IN_PROGRESS", "_FAILED")):
            raise StackError(f"{self.name} is in state {status}: see docs/operations.md")
        return True

    def _is_change(self, change_set: str) -> bool:
        while True:
            found = self._client.describe_change_set(ChangeSetName=change_set, StackName=self.name)
            if found["Status"] == "CREATE_COMPLETE":
                return True
            reason = found.get("StatusReason", "")
            if found["Status"] == "FAILED":
                if any(words in reason for words in _UNCHANGED):
                    return False
                raise StackError(reason)
            self._pause(_PAUSE_SECONDS)

    def _show(self, change_set: str) -> None:
        pages = self._client.get_paginator("describe_change_set").paginate(
            ChangeSetName=change_set, StackName=self.name
        )
        changes = [it["ResourceChange"] for page in pages for it in page.get("Changes", [])]
        replaced = [it["LogicalResourceId"] for it in changes if _replaces_a_table(it)]
        if replaced:
            raise StackError(
                f"this would put empty tables in the place of {', '.join(replaced)}: a key was "
                "changed. docs/operations.md says how a table is moved."
            )
        for it in changes:
            self._say(f"  {it['Action'].lower():8} {it['LogicalResourceId']}")

    def _wait(self, began: datetime, wanted: set[str]) -> None:
        while True:
            found = self.describe()
            status = "DELETE_COMPLETE" if found is None else found["StackStatus"]
            if status in wanted:
                return
            if not status.endswith("_IN_PROGRESS"):
                raise StackError("\n".join([f"{self.name}: {status}", *self._failures(began)]))
            self._pause(_PAUSE_SECONDS)

    def _failures(self, began: datetime) -> list[str]:
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"  {it['LogicalResourceId']}: {it.get('ResourceStatusReason', 'no reason given')}"
            for it in reversed(events)
            if it["ResourceStatus"].endswith("_FAILED") and it["Timestamp"] >= began
        ]


def _replaces_a_table(change: Mapping[str, Any]) -> bool:
    # "Conditional" is what a new index looks like: it brings attributes, and replaces nothing.
    return change["ResourceType"] == "AWS::DynamoDB::Table" and change.get("Replacement") == "True"
