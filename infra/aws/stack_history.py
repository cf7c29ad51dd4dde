"""What CloudFormation's events say: why an operation failed, when a stack was deleted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.errors import error_code

# The resources that CloudFormation stops creating because another one failed: not a reason.
_CONSEQUENCE = ("Resource creation cancelled", "Resource update cancelled")
_STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class DeletedStack:
    """A deleted stack. ``deletion_began`` is when its deletion was requested."""

    deletion_began: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)


def failures(client: Any, stack_id: str, token: str) -> list[str]:
    """Return the reasons why an operation failed, oldest first.

    :param token: the operation's ``ClientRequestToken``; each of its events has it.
    """
    failed = [
        (event["LogicalResourceId"], event.get("ResourceStatusReason", "no reason given"))
        for event in events(client, stack_id)
        if event.get("ClientRequestToken") == token and event["ResourceStatus"].endswith("_FAILED")
    ]
    failed.reverse()
    causes = [one for one in failed if not one[1].startswith(_CONSEQUENCE)]
    return [f"  {name}: {reason}" for name, reason in causes or failed]


def events(client: Any, stack_id: str) -> Iterator[dict[str, Any]]:
    """Return all events of a stack, newest first."""
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    return (event for page in pages for event in page["StackEvents"])


def last_deleted(client: Any, name: str) -> DeletedStack | None:
    """Return the last deleted stack of a name that was once created completely, or None.

    A stack whose creation failed never sent events. CloudFormation stores deleted stacks for 90
    days.
    """
    pages = client.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    stacks = [
        stack for page in pages for stack in page["StackSummaries"] if stack["StackName"] == name
    ]
    for stack in sorted(stacks, key=lambda stack: stack["CreationTime"], reverse=True):
        deleted = _read(client, stack)
        if deleted is not None:
            return deleted
    return None


def _read(client: Any, stack: Mapping[str, Any]) -> DeletedStack | None:
    stack_id = stack["StackId"]
    try:
        own = [event for event in events(client, stack_id) if event["ResourceType"] == _STACK]
        (described,) = client.describe_stacks(StackName=stack_id)["Stacks"]
    except ClientError as error:
        # CloudFormation has just forgotten it.
        if error_code(error) == "ValidationError":
            return None
        raise
    statuses = {event["ResourceStatus"] for event in own}
    if not statuses & {"CREATE_COMPLETE", "IMPORT_COMPLETE"}:
        return None
    # A deletion that failed was requested again: the first one may have ended the functions.
    requests = [
        event["Timestamp"] for event in own if event["ResourceStatus"] == "DELETE_IN_PROGRESS"
    ]
    began = min(requests) if requests else stack["DeletionTime"]
    parameters = {
        parameter["ParameterKey"]: parameter["ParameterValue"]
        for parameter in described.get("Parameters", [])
    }
    return DeletedStack(began, parameters)
