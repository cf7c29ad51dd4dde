"""The events that a stack has not delivered: they are lost if it is deleted."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from infra.aws.errors import explain
from infra.aws.session import Aws
from infra.stack.functions import EVENT_FANOUT
from infra.stack.queues import DEAD_LETTERS, DELIVERIES

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)
_PERIOD = timedelta(minutes=10)
_ADVICE = (
    "  To lose none: stop the clients, wait until none is queued, replay the dead letters\n"
    "  (docs/operations.md), and wait again."
)


def undelivered_events(aws: Aws, physical_ids: Mapping[str, str]) -> list[str]:
    """Return lines that say which events go with the stack.

    :param physical_ids: the stack's resources: their physical ids by logical id.
    """
    try:
        queued, dead, lag = (
            _messages(aws, physical_ids.get(DELIVERIES)),
            _messages(aws, physical_ids.get(DEAD_LETTERS)),
            _lag_seconds(aws, physical_ids.get(EVENT_FANOUT.logical_id)),
        )
    except ClientError as error:
        return [f"Events that wait for delivery are deleted too. {explain(error)}"]
    return [
        f"Events that are not delivered are deleted too: {queued} queued, {dead} dead letters.",
        "  Changes that the event fan-out has not read send no events: "
        f"it is {lag} s behind, and reads until its function is deleted.",
        _ADVICE,
    ]


def _messages(aws: Aws, queue: str | None) -> int:
    """Return about how many messages a queue has: SQS does not know it exactly."""
    if queue is None:
        return 0
    sqs = aws.client("sqs")
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(_COUNTS))["Attributes"]
    return sum(int(counts[name]) for name in _COUNTS)


def _lag_seconds(aws: Aws, function: str | None) -> int:
    """Return the highest age of a stream record that the function has just read."""
    if function is None:
        return 0
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - _PERIOD,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    latest = max(points, key=lambda point: point["Timestamp"], default={"Maximum": 0})
    return round(latest["Maximum"] / 1000)
