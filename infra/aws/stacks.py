"""Creates, updates and deletes a CloudFormation stack, and waits for the result."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.errors import Interrupted, StackError, error_code, error_message
from infra.aws.stack_history import failures
from infra.aws.stack_states import EMPTY, NEVER_CREATED, busy, is_busy, why_not_deployable

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
# CloudFormation reports an empty change set only in text; the second text comes from macros.
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
# Somebody else executed another change set: CloudFormation then deletes all others.
_OVERTAKEN = frozenset(
    {"AlreadyExistsException", "ChangeSetNotFound", "ChangeSetNotFoundException"}
    | {"InvalidChangeSetStatus", "InvalidChangeSetStatusException", "OperationInProgressException"}
)


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
        self.say = say
        self.pause = pause

    def describe(self, stack_id: str | None = None) -> dict[str, Any] | None:
        """Return CloudFormation's description of the stack, or None if it does not exist."""
        try:
            (stack,) = self._client.describe_stacks(StackName=stack_id or self.name)["Stacks"]
        except ClientError as error:
            if error_code(error) == "ValidationError" and "exist" in error_message(error):
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

    def resources(self) -> list[dict[str, Any]]:
        """Return its resources, as CloudFormation lists them."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [resource for page in pages for resource in page["StackResourceSummaries"]]

    def template(self) -> dict[str, Any]:
        """Return the template that it was created or last updated with."""
        template: dict[str, Any] = self._client.get_template(StackName=self.name)["TemplateBody"]
        return template

    def check(self) -> None:
        """Raise StackError if it is in a state that cannot be updated."""
        status = (self.describe() or {}).get("StackStatus")
        reason = why_not_deployable(self.name, status) if status else None
        if reason:
            raise StackError(reason)

    def prepare(self) -> bool:
        """Return whether a stack exists that can be updated; delete one that was never created.

        Raises StackError for a stack in another state.
        """
        self.check()
        status = (self.describe() or {}).get("StackStatus")
        if status in NEVER_CREATED:
            self.say(f"  {self.name} was never created completely: deleting it, not its tables")
            self.delete()
            return False
        return status is not None and status != EMPTY

    def deploy(
        self, template_url: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> bool:
        """Create or update it; return False if nothing changes. Raises StackError."""
        exists = self.prepare()
        with self._alone():
            change_set = self._propose(exists, template_url, parameters, tags)
            try:
                changes = self._is_change(change_set)
                if changes:
                    self._show(change_set)
            except BaseException:
                self._discard(change_set)
                raise
            if not changes:
                self._discard(change_set)
                return False
            self._execute(change_set)
        return True

    def protect(self, *, on: bool = True) -> None:
        """Turn its termination protection on or off."""
        if (self.describe() or {}).get("EnableTerminationProtection", False) != on:
            self._client.update_termination_protection(
                StackName=self.name, EnableTerminationProtection=on
            )

    def delete(self) -> None:
        """Delete it, and wait until it is deleted. Raises StackError."""
        described = self.describe()
        if described is None:
            return
        if is_busy(described["StackStatus"]):
            raise StackError(busy(self.name, described["StackStatus"]))
        stack_id, token = described["StackId"], _token()
        self.protect(on=False)
        with self._continues("delete"):
            try:
                self._client.delete_stack(StackName=stack_id, ClientRequestToken=token)
            except ClientError:
                self.protect()
                raise
            self._wait(stack_id, token, {"DELETE_COMPLETE"})

    def _propose(
        self,
        exists: bool,
        template_url: str,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> str:
        change_set: str = self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=_token(),
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateURL=template_url,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            # Import the tables that an earlier stack of this name left behind.
            ImportExistingResources=True,
        )["Id"]
        return change_set

    def _execute(self, change_set: str) -> None:
        token = _token()
        stack_id = (self.describe() or {}).get("StackId", self.name)
        with self._continues("deploy"):
            self._client.execute_change_set(
                ChangeSetName=change_set, StackName=self.name, ClientRequestToken=token
            )
            done = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
            self._wait(stack_id, token, done)

    def _discard(self, change_set: str) -> None:
        # If it stays, it does no harm: executing another one deletes it.
        with suppress(ClientError, BotoCoreError):
            self._client.delete_change_set(ChangeSetName=change_set, StackName=self.name)

    def _is_change(self, change_set: str) -> bool:
        for seconds in _pauses():
            description = self._client.describe_change_set(
                ChangeSetName=change_set, StackName=self.name
            )
            reason = description.get("StatusReason", "")
            match description["Status"]:
                case "CREATE_COMPLETE":
                    return True
                case "CREATE_PENDING" | "CREATE_IN_PROGRESS":
                    self.pause(seconds)
                case "FAILED" if any(text in reason for text in _UNCHANGED):
                    return False
                case "FAILED":
                    raise StackError(f"CloudFormation refused the changes of {self.name}: {reason}")
                case _:
                    break
        raise StackError(_overtaken(self.name))

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
            self.say(f"  {change['Action'].lower():8} {change['LogicalResourceId']}")

    def _wait(self, stack_id: str, token: str, final: set[str]) -> None:
        for seconds in _pauses():
            stack = self.describe(stack_id)
            status = "DELETE_COMPLETE" if stack is None else stack["StackStatus"]
            if status in final:
                return
            if not status.endswith("_IN_PROGRESS"):
                reasons = failures(self._client, stack_id, token)
                advice = "Correct this, then run the same command again."
                raise StackError("\n".join([f"{self.name}: {status}", *reasons, advice]))
            self.pause(seconds)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Raise StackError if somebody else changes the stack at the same time."""
        try:
            yield
        except ClientError as error:
            code, message = error_code(error), error_message(error)
            if code in _OVERTAKEN or (code == "ValidationError" and "_IN_PROGRESS" in message):
                raise StackError(_overtaken(self.name)) from error
            raise

    @contextmanager
    def _continues(self, verb: str) -> Iterator[None]:
        """Say, if the operator interrupts this, that CloudFormation continues."""
        try:
            yield
        except KeyboardInterrupt as interrupt:
            raise Interrupted(
                f"Interrupted. CloudFormation continues to {verb} {self.name}; "
                "until it has ended, no other change is possible."
            ) from interrupt


def _pauses() -> Iterator[float]:
    """The seconds between questions: the first answers often come soon."""
    seconds = _FIRST_PAUSE
    while True:
        yield seconds
        seconds = min(2 * seconds, _LONGEST_PAUSE)


def _token() -> str:
    return f"stint-{uuid.uuid4()}"


def _overtaken(name: str) -> str:
    return (
        f"Somebody else is changing {name} at the same time. Nothing of this deployment was "
        "applied. Wait until theirs has ended, then run the same command again."
    )


def _replaces_a_table(change: Mapping[str, Any]) -> bool:
    # A new index is reported as "Conditional": it adds attributes and replaces nothing.
    return change["ResourceType"] == "AWS::DynamoDB::Table" and change.get("Replacement") == "True"
