"""The reasons of a failure, and the last deletion, from CloudFormation's events."""

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.stack_history import failures, last_deleted
from tests.support.stack import Json

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
STACK = "AWS::CloudFormation::Stack"
PAGE = 100


def event(
    status: str,
    *,
    name: str = "stint-one",
    minute: int = 0,
    operation: str = "ours",
    reason: str = "",
) -> Json:
    return {
        "LogicalResourceId": name,
        "ResourceType": STACK if name == "stint-one" else "AWS::SQS::Queue",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "ClientRequestToken": operation,
        "Timestamp": START + timedelta(minutes=minute),
    }


class CloudFormation:
    """CloudFormation's answers about deleted stacks: pages of 100 events, newest first."""

    def __init__(self, events: dict[str, list[Json]], parameters: Json | None = None) -> None:
        self.events = events
        self.parameters = parameters or {}

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(**arguments: Any) -> list[Json]:
                return getattr(self, f"_{operation}")(**arguments)  # type: ignore[no-any-return]

        return Pages

    def describe_stacks(self, StackName: str) -> Json:  # noqa: N803 - AWS's name
        parameters = self.parameters.get(StackName, {})
        return {
            "Stacks": [
                {
                    "Parameters": [
                        {"ParameterKey": key, "ParameterValue": value}
                        for key, value in parameters.items()
                    ]
                }
            ]
        }

    def _describe_stack_events(self, StackName: str) -> list[Json]:  # noqa: N803
        if StackName not in self.events:
            message = f"Stack [{StackName}] does not exist"
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStackEvents"
            )
        newest_first = self.events[StackName][::-1]
        return [
            {"StackEvents": newest_first[first : first + PAGE]}
            for first in range(0, len(newest_first), PAGE)
        ]

    def _list_stacks(self, StackStatusFilter: list[str]) -> list[Json]:  # noqa: N803
        assert StackStatusFilter == ["DELETE_COMPLETE"]
        return [
            {
                "StackSummaries": [
                    {
                        "StackId": stack_id,
                        "StackName": stack_id.partition("/")[0],
                        "CreationTime": START + timedelta(minutes=number),
                        "DeletionTime": START + timedelta(days=number),
                    }
                ]
            }
            for number, stack_id in enumerate(self.events)
        ]


def test_reason_is_found_on_a_later_page_of_events() -> None:
    cause = event("CREATE_FAILED", name="Queue", reason="too many queues")
    rollback = [event("DELETE_COMPLETE", name=f"Resource{n}") for n in range(3 * PAGE)]
    client = CloudFormation({"id": [event("CREATE_IN_PROGRESS"), cause, *rollback]})
    assert failures(client, "id", "ours") == ["  Queue: too many queues"]


def test_reasons_of_earlier_operations_are_not_printed() -> None:
    # The operator's clock does not matter: the operation's token does.
    earlier = event("UPDATE_FAILED", name="Topic", operation="earlier", minute=5, reason="old")
    ours = event("UPDATE_FAILED", name="Queue", minute=0, reason="new")
    client = CloudFormation({"id": [earlier, ours]})
    assert failures(client, "id", "ours") == ["  Queue: new"]


def test_cancelled_resources_are_not_a_reason() -> None:
    cancelled = event("CREATE_FAILED", name="Topic", reason="Resource creation cancelled")
    cause = event("CREATE_FAILED", name="Queue", reason="no")
    client = CloudFormation({"id": [cause, cancelled]})
    assert failures(client, "id", "ours") == ["  Queue: no"]
    assert failures(CloudFormation({"id": [cancelled]}), "id", "ours") == [
        "  Topic: Resource creation cancelled"
    ]


COMPLETE = [event("CREATE_COMPLETE", minute=1), event("DELETE_IN_PROGRESS", minute=7)]


def test_last_deleted_stack_is_the_newest_of_its_name() -> None:
    earlier = [event("CREATE_COMPLETE"), event("DELETE_IN_PROGRESS", minute=2)]
    client = CloudFormation(
        {"stint-one/1": earlier, "stint-one/2": COMPLETE, "stint-two/3": earlier},
        {"stint-one/2": {"WebhookKey": "arn"}},
    )
    deleted = last_deleted(client, "stint-one")
    assert deleted is not None
    assert deleted.deletion_began == START + timedelta(minutes=7)
    assert deleted.parameters == {"WebhookKey": "arn"}


def test_stack_that_was_never_created_completely_is_skipped() -> None:
    failed = [event("ROLLBACK_COMPLETE", minute=8), event("DELETE_IN_PROGRESS", minute=9)]
    client = CloudFormation({"stint-one/1": COMPLETE, "stint-one/2": failed})
    deleted = last_deleted(client, "stint-one")
    assert deleted is not None
    assert deleted.deletion_began == START + timedelta(minutes=7)


def test_repeated_deletion_began_with_the_first_request() -> None:
    again = [*COMPLETE, event("DELETE_FAILED", minute=8), event("DELETE_IN_PROGRESS", minute=60)]
    deleted = last_deleted(CloudFormation({"stint-one/1": again}), "stint-one")
    assert deleted is not None
    assert deleted.deletion_began == START + timedelta(minutes=7)


def test_without_a_deleted_stack_there_is_none() -> None:
    assert last_deleted(CloudFormation({}), "stint-one") is None
    assert last_deleted(CloudFormation({"stint-two/1": COMPLETE}), "stint-one") is None
