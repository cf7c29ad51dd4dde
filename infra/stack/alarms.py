"""What wakes somebody up. docs/operations.md says, alarm by alarm, what to do."""

from collections.abc import Iterable
from typing import Any

from pynamodb.models import Model

from infra.stack.api import ACCESS_LOGS
from infra.stack.functions import FAN_OUT, FUNCTIONS, SWEEP, Function
from infra.stack.intrinsics import STACK, Json, attribute, ref, sub
from infra.stack.queues import DEAD_LETTERS, DELIVERIES
from infra.stack.streams import FAILURES
from infra.stack.tables import table_id

TOPIC = "AlarmTopic"
REFUSALS = "Refusals"
"""The metric that counts answers 429: API Gateway counts them among all 4xx only."""
LAG = "SweepLagSeconds"
"""The metric that says how long the oldest timer that still runs is past its limit."""

_MINUTES = 60
_PERIOD_SECONDS = 5 * _MINUTES
_SLOW_API_MILLISECONDS = 2_000
_REFUSALS_A_PERIOD = 10
_FAULTS_A_PERIOD = 3
_LAG_SECONDS = 15 * _MINUTES
_OLD_EVENT_MILLISECONDS = 5 * _MINUTES * 1000
_OLD_DELIVERY_SECONDS = 30 * _MINUTES


def alarms(stage: str, models: Iterable[type[Model]]) -> dict[str, Json]:
    """The alarms, where they are sent, and the metric that AWS does not keep by itself."""
    resources = {
        **_topic(),
        **_refusals(),
        **_api_alarms(stage),
        **_sweep_lag(),
        **_stream_failures(),
        **_events(),
    }
    for function in FUNCTIONS:
        resources |= _function_alarms(function)
    for model in models:
        resources[f"{table_id(model)}Throttles"] = _table_alarm(table_id(model))
    return resources


def _topic() -> dict[str, Json]:
    return {
        # Not encrypted with AWS's own key: CloudWatch may not use that one, and alarms would vanish
        # without a word. They hold names of metrics, and nothing of anybody's work.
        TOPIC: {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": STACK}},
        "AlarmSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmEmail",
            "Properties": {
                "TopicArn": ref(TOPIC),
                "Protocol": "email",
                "Endpoint": ref("AlarmEmail"),
            },
        },
    }


def _refusals() -> dict[str, Json]:
    counted = {"MetricName": REFUSALS, "MetricValue": "1", "DefaultValue": 0}
    return {f"{REFUSALS}Metric": _logged(ACCESS_LOGS, '{ $.status = "429" }', counted)}


def _sweep_lag() -> dict[str, Json]:
    measured = {"MetricName": LAG, "MetricValue": "$.lag_seconds"}
    alarm = _alarm(
        "Timers run on past their limit, or the sweep that stops them does not run",
        {"Namespace": sub("stint/${AWS::StackName}"), "MetricName": LAG},
        _LAG_SECONDS,
        statistic="Maximum",
        periods=3,
    )
    # Every run logs its lag: where there is none, there was no run.
    alarm["Properties"]["TreatMissingData"] = "breaching"
    return {
        f"{LAG}Metric": _logged(SWEEP.logs_id, '{ $.message = "sweep" }', measured),
        "SweepLag": alarm,
    }


def _stream_failures() -> dict[str, Json]:
    return {
        f"{FAILURES}Waiting": _queue_alarm(
            "Records of a stream could not be handled, and were put aside",
            FAILURES,
            "ApproximateNumberOfMessagesVisible",
            1,
        )
    }


def _logged(log_group_id: str, pattern: str, metric: Json) -> Json:
    """A metric of ours, read off log lines."""
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": ref(log_group_id),
            "FilterPattern": pattern,
            "MetricTransformations": [
                {"MetricNamespace": sub("stint/${AWS::StackName}"), **metric}
            ],
        },
    }


def _api_alarms(stage: str) -> dict[str, Json]:
    api = [{"Name": "ApiName", "Value": STACK}, {"Name": "Stage", "Value": stage}]
    return {
        "ApiFaults": _alarm(
            "The API answered 5xx: a fault of ours, or the database is away",
            {"Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Dimensions": api},
            _FAULTS_A_PERIOD,
            statistic="Sum",
        ),
        "ApiLatency": _alarm(
            "One answer in a hundred takes long, three periods in a row",
            {"Namespace": "AWS/ApiGateway", "MetricName": "Latency", "Dimensions": api},
            _SLOW_API_MILLISECONDS,
            percentile="p99",
            periods=3,
        ),
        "ApiRefusals": _alarm(
            "The API answered 429: more requests than RequestsPerSecond and RequestBurst allow",
            {"Namespace": sub("stint/${AWS::StackName}"), "MetricName": REFUSALS},
            _REFUSALS_A_PERIOD,
            statistic="Sum",
        ),
    }


def _events() -> dict[str, Json]:
    return {
        "FanOutLag": _alarm(
            "What happened minutes ago is not on the queue yet: the fan-out fails or is held up",
            {
                "Namespace": "AWS/Lambda",
                "MetricName": "IteratorAge",
                "Dimensions": [{"Name": "FunctionName", "Value": ref(FAN_OUT.logical_id)}],
            },
            _OLD_EVENT_MILLISECONDS,
            statistic="Maximum",
        ),
        "DeliveriesLag": _queue_alarm(
            "Events wait for longer than any delay: the delivery worker fails or is held up",
            DELIVERIES,
            "ApproximateAgeOfOldestMessage",
            _OLD_DELIVERY_SECONDS,
        ),
        "DeadLettersWaiting": _queue_alarm(
            "Events could not be delivered, for hours",
            DEAD_LETTERS,
            "ApproximateNumberOfMessagesVisible",
            1,
        ),
    }


def _queue_alarm(description: str, queue: str, metric: str, threshold: int) -> Json:
    return _alarm(
        description,
        {
            "Namespace": "AWS/SQS",
            "MetricName": metric,
            "Dimensions": [{"Name": "QueueName", "Value": attribute(queue, "QueueName")}],
        },
        threshold,
        statistic="Maximum",
    )


def _function_alarms(function: Function) -> dict[str, Json]:
    def metric(name: str) -> Json:
        return {
            "Namespace": "AWS/Lambda",
            "MetricName": name,
            "Dimensions": [{"Name": "FunctionName", "Value": ref(function.logical_id)}],
        }

    return {
        f"{function.logical_id}Errors": _alarm(
            f"{function.name} crashed, ran out of time or memory, or could not start",
            metric("Errors"),
            1,
            statistic="Sum",
        ),
        f"{function.logical_id}Throttles": _alarm(
            f"{function.name} was refused: the account's concurrent executions are used up",
            metric("Throttles"),
            1,
            statistic="Sum",
        ),
        f"{function.logical_id}Latency": _alarm(
            f"{function.name} is slow, three periods in a row",
            metric("Duration"),
            function.slow_milliseconds,
            percentile="p99",
            periods=3,
        ),
    }


def _table_alarm(logical_id: str) -> Json:
    def query(name: str) -> Json:
        metric = {
            "Namespace": "AWS/DynamoDB",
            "MetricName": name,
            "Dimensions": [{"Name": "TableName", "Value": ref(logical_id)}],
        }
        return {
            "Id": name[0].lower() + name[1:],
            "MetricStat": {"Metric": metric, "Period": _PERIOD_SECONDS, "Stat": "Sum"},
            "ReturnData": False,
        }

    both = ["ReadThrottleEvents", "WriteThrottleEvents"]
    total = "FILL(readThrottleEvents, 0) + FILL(writeThrottleEvents, 0)"
    return _described(
        "DynamoDB throttled this table: a hot key, or more than on-demand tables grow at once",
        1,
        periods=1,
        Metrics=[{"Id": "throttles", "Expression": total}, *map(query, both)],
    )


def _alarm(
    description: str,
    metric: Json,
    threshold: int,
    *,
    statistic: str | None = None,
    percentile: str | None = None,
    periods: int = 1,
) -> Json:
    how = {"Statistic": statistic} if percentile is None else {"ExtendedStatistic": percentile}
    return _described(
        description, threshold, periods=periods, **metric, **how, Period=_PERIOD_SECONDS
    )


def _described(description: str, threshold: int, *, periods: int, **properties: Any) -> Json:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": threshold,
            "EvaluationPeriods": periods,
            # Nobody called: nothing is wrong.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [ref(TOPIC)],
            "OKActions": [ref(TOPIC)],
            **properties,
        },
    }
