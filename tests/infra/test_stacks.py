"""A stack's operations: states, two operators at a time, interruptions, failures.

The fake CloudFormation answers as AWS does where moto finishes at once or does not know the call.
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.errors import Interrupted, StackError
from infra.aws.stacks import Stack
from tests.support.stack import Json

NAME = "stint-one"
STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/stint-one/1"
ADDED = {"Action": "Add", "LogicalResourceId": "Queue", "ResourceType": "AWS::SQS::Queue"}


def refused(operation: str, code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class CloudFormation:
    """A stack whose states are given: each question about it is answered with the next one."""

    def __init__(self, *statuses: str, protected: bool = False, change: Json = ADDED) -> None:
        self.statuses = list(statuses)
        self.protected = protected
        self.change = change
        self.change_set: Json = {"Status": "CREATE_COMPLETE"}
        self.calls: list[str] = []
        self.arguments: dict[str, Any] = {}
        self.refusals: dict[str, Exception] = {}

    def __getattr__(self, operation: str) -> Callable[..., Json]:
        def call(**arguments: Any) -> Json:
            self.calls.append(operation)
            self.arguments[operation] = arguments
            if operation in self.refusals:
                raise self.refusals[operation]
            answers: dict[str, Json] = {
                "create_change_set": {"Id": "change-set"},
                "describe_change_set": self.change_set,
            }
            return answers.get(operation, {})

        return call

    def describe_stacks(self, **_: object) -> Json:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "":
            message = f"Stack with id {NAME} does not exist"
            raise refused("DescribeStacks", "ValidationError", message)
        output = {"OutputKey": "BaseUrl", "OutputValue": "https://api.example.com"}
        stack = {"StackId": STACK_ID, "StackStatus": status, "Outputs": [output]}
        return {"Stacks": [{**stack, "EnableTerminationProtection": self.protected}]}

    def get_paginator(self, operation: str) -> Any:
        token = self.arguments.get("execute_change_set", self.arguments.get("delete_stack", {}))
        failed = {
            "LogicalResourceId": "Queue",
            "ResourceStatus": "CREATE_FAILED",
            "ResourceStatusReason": "no",
            "ClientRequestToken": token.get("ClientRequestToken"),
        }
        pages = {
            "describe_change_set": [{"Changes": [{"ResourceChange": self.change}]}],
            "describe_stack_events": [{"StackEvents": [failed]}],
        }

        class Pages:
            @staticmethod
            def paginate(**_: object) -> list[Json]:
                return pages[operation]

        return Pages


def stack_of(cloudformation: CloudFormation, pause: Callable[[float], None] | None = None) -> Stack:
    return Stack(cloudformation, NAME, lambda _: None, pause or (lambda _: None))


def deploy(stack: Stack) -> bool:
    return stack.deploy("https://bucket/template.json", {}, {"application": "stint"})


def test_stack_is_created_from_a_change_set_that_imports() -> None:
    cloudformation = CloudFormation("", "", "", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    assert deploy(stack_of(cloudformation))
    request = cloudformation.arguments["create_change_set"]
    assert request["ChangeSetType"] == "CREATE"
    assert request["ImportExistingResources"]
    assert request["Tags"] == [{"Key": "application", "Value": "stint"}]
    assert "delete_change_set" not in cloudformation.calls


def test_outputs_are_read() -> None:
    stack = stack_of(CloudFormation("UPDATE_COMPLETE"))
    assert stack.outputs() == {"BaseUrl": "https://api.example.com"}


def test_table_is_never_replaced() -> None:
    change = {
        "Action": "Modify",
        "LogicalResourceId": "TimersTable",
        "ResourceType": "AWS::DynamoDB::Table",
        "Replacement": "True",
    }
    cloudformation = CloudFormation("UPDATE_COMPLETE", change=change)
    with pytest.raises(StackError, match="would replace TimersTable with empty tables"):
        deploy(stack_of(cloudformation))
    assert "execute_change_set" not in cloudformation.calls
    assert cloudformation.calls[-1] == "delete_change_set"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("UPDATE_IN_PROGRESS", "Wait until it ends"),
        ("UPDATE_ROLLBACK_FAILED", f"continue-update-rollback --stack-name {NAME}"),
        ("UPDATE_FAILED", f"rollback-stack --stack-name {NAME}"),
        ("DELETE_FAILED", "Delete the rest with `make destroy`"),
        ("IMPORT_ROLLBACK_FAILED", "docs/operations.md"),
    ],
)
def test_stack_in_another_state_is_refused_with_the_way_out(status: str, advice: str) -> None:
    cloudformation = CloudFormation(status)
    with pytest.raises(StackError, match=status) as refusal:
        deploy(stack_of(cloudformation))
    assert advice in str(refusal.value)
    assert cloudformation.calls == []


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_stack_that_was_never_created_is_deleted_first(status: str) -> None:
    states = [status] * 4 + ["DELETE_IN_PROGRESS", ""]
    cloudformation = CloudFormation(*states)
    assert not stack_of(cloudformation).prepare()
    assert cloudformation.calls == ["delete_stack"]


def test_empty_stack_of_an_interrupted_deployment_is_created() -> None:
    states = ["REVIEW_IN_PROGRESS"] * 4 + ["CREATE_COMPLETE"]
    cloudformation = CloudFormation(*states)
    assert deploy(stack_of(cloudformation))
    assert cloudformation.arguments["create_change_set"]["ChangeSetType"] == "CREATE"


@pytest.mark.parametrize(
    ("operation", "code", "message"),
    [
        ("create_change_set", "ValidationError", "is in UPDATE_IN_PROGRESS state"),
        ("create_change_set", "AlreadyExistsException", ""),
        ("describe_change_set", "ChangeSetNotFound", ""),
        ("execute_change_set", "InvalidChangeSetStatus", "cannot be executed: OBSOLETE"),
        ("execute_change_set", "ChangeSetNotFound", ""),
    ],
)
def test_second_operator_is_asked_to_wait(operation: str, code: str, message: str) -> None:
    cloudformation = CloudFormation("UPDATE_COMPLETE")
    cloudformation.refusals[operation] = refused(operation, code, message)
    with pytest.raises(StackError, match="Somebody else is changing stint-one at the same time"):
        deploy(stack_of(cloudformation))


@pytest.mark.parametrize("status", ["DELETE_PENDING", "DELETE_COMPLETE", "DELETE_FAILED"])
def test_change_set_that_a_second_operator_made_obsolete(status: str) -> None:
    cloudformation = CloudFormation("UPDATE_COMPLETE")
    cloudformation.change_set = {"Status": status}
    with pytest.raises(StackError, match="Somebody else"):
        deploy(stack_of(cloudformation))


def test_refused_change_set_says_why() -> None:
    cloudformation = CloudFormation("UPDATE_COMPLETE")
    reason = "Rule DomainNeedsCertificate: DomainName needs CertificateArn"
    cloudformation.change_set = {"Status": "FAILED", "StatusReason": reason}
    with pytest.raises(StackError, match=reason):
        deploy(stack_of(cloudformation))


def test_empty_change_set_is_no_change() -> None:
    cloudformation = CloudFormation("UPDATE_COMPLETE")
    reason = "The submitted information didn't contain changes."
    cloudformation.change_set = {"Status": "FAILED", "StatusReason": reason}
    assert not deploy(stack_of(cloudformation))
    assert cloudformation.calls[-1] == "delete_change_set"


def test_failed_update_says_why() -> None:
    states = ["UPDATE_COMPLETE"] * 3 + ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
    with pytest.raises(StackError, match="UPDATE_ROLLBACK_COMPLETE\n  Queue: no\n"):
        deploy(stack_of(CloudFormation(*states)))


def test_interrupted_deployment_says_that_cloudformation_continues() -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    states = ["UPDATE_COMPLETE"] * 3 + ["UPDATE_IN_PROGRESS"]
    cloudformation = CloudFormation(*states)
    with pytest.raises(Interrupted, match=f"CloudFormation continues to deploy {NAME}"):
        deploy(stack_of(cloudformation, interrupt))
    # Before the changes are executed, nothing continues, and the change set is deleted.
    cloudformation = CloudFormation("UPDATE_COMPLETE")
    cloudformation.change_set = {"Status": "CREATE_PENDING"}
    with pytest.raises(KeyboardInterrupt) as interrupted:
        deploy(stack_of(cloudformation, interrupt))
    assert not isinstance(interrupted.value, Interrupted)
    assert cloudformation.calls[-1] == "delete_change_set"


def test_questions_become_rarer() -> None:
    pauses: list[float] = []
    states = ["UPDATE_COMPLETE"] * 3 + ["UPDATE_IN_PROGRESS"] * 7 + ["UPDATE_COMPLETE"]
    deploy(stack_of(CloudFormation(*states), pauses.append))
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


def test_protection_is_turned_on_once() -> None:
    cloudformation = CloudFormation("CREATE_COMPLETE")
    stack_of(cloudformation).protect()
    assert cloudformation.arguments["update_termination_protection"] == {
        "StackName": NAME,
        "EnableTerminationProtection": True,
    }
    cloudformation = CloudFormation("CREATE_COMPLETE", protected=True)
    stack_of(cloudformation).protect()
    assert cloudformation.calls == []


def test_deletion_turns_protection_off_first() -> None:
    states = ["UPDATE_COMPLETE"] * 2 + ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    cloudformation = CloudFormation(*states, protected=True)
    stack_of(cloudformation).delete()
    assert cloudformation.calls == ["update_termination_protection", "delete_stack"]


def test_refused_deletion_leaves_the_protection_on() -> None:
    cloudformation = CloudFormation("UPDATE_COMPLETE", protected=True)
    protections: list[bool] = []

    def update(**arguments: Any) -> None:
        cloudformation.protected = arguments["EnableTerminationProtection"]
        protections.append(cloudformation.protected)

    cloudformation.update_termination_protection = update  # type: ignore[attr-defined]
    cloudformation.refusals["delete_stack"] = refused("DeleteStack", "AccessDenied")
    with pytest.raises(ClientError):
        stack_of(cloudformation).delete()
    assert protections == [False, True]


def test_busy_stack_is_not_deleted() -> None:
    cloudformation = CloudFormation("UPDATE_IN_PROGRESS", protected=True)
    with pytest.raises(StackError, match="Wait until it ends"):
        stack_of(cloudformation).delete()
    assert cloudformation.calls == []


def test_failed_deletion_says_why() -> None:
    states = ["UPDATE_COMPLETE"] * 2 + ["DELETE_IN_PROGRESS", "DELETE_FAILED"]
    with pytest.raises(StackError, match="DELETE_FAILED\n  Queue: no\n"):
        stack_of(CloudFormation(*states)).delete()
