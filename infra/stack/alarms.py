"""CloudWatch alarms. docs/operations.md describes the response to each alarm."""

from collections.abc import Iterable
from typing import Any

from pynamodb.models import Model

from infra.stack.api import ACCESS_LOGS
from infra.stack.functions import AUTO_STOP, EVENT_FANOUT, FUNCTIONS, Function
from infra.stack.intrinsics import STACK, Json, attribute, ref, sub
from infra.stack.queues import DEAD_LETTERS, DELIVERIES
from infra.stack.streams import FAILURES
from infra.stack.tables import table_id

TOPIC = "AlarmTopic"
REFUSALS = "Refusals"
"""Metric: the number of 429 responses. API Gateway's own metric counts all 4xx together."""
LAG = "AutoStopLagSeconds"
"""Metric: how many seconds the oldest overdue timer is past its limit."""

_MINUTES = 60
_PERIOD_SECONDS = 5 * _MINUTES
_SLOW_API_MILLISECONDS = 2_000
_REFUSALS_A_PERIOD = 10
_FAULTS_A_PERIOD = 3
_LAG_SECONDS = 15 * _MINUTES
_OLD_EVENT_MILLISECONDS = 5 * _MINUTES * 1000
_OLD_DELIVERY_SECONDS = 30 * _MINUTES


def alarms(stage: str, models: Iterable[type[Model]]) -> dict[str, Json]:
    """Return the alarms, their topic, and the metrics that AWS does not provide."""
    resources = {
        **_topic(),
        **_refusals(),
        **_api_alarms(stage),
        **_auto_stop_lag(),
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
        # Not encrypted with the AWS managed key: CloudWatch cannot use that key, and alarms would
        # be lost without an error. Alarms hold only metric names, no customer data.
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
    metric = {"MetricName": REFUSALS, "MetricValue": "1", "DefaultValue": 0}
    return {f"{REFUSALS}Metric": _logged(ACCESS_LOGS, '{ $.status = "429" }', metric)}


def _auto_stop_lag() -> dict[str, Json]:
    metric = {"MetricName": LAG, "MetricValue": "$.lag_seconds"}
    alarm = _alarm(
        "Overdue timers are still running, or the auto-stop does not run",
        {"Namespace": sub("stint/${AWS::StackName}"), "MetricName": LAG},
        _LAG_SECONDS,
        statistic="Maximum",
        periods=3,
    )
    # Each run logs its lag: without data, there was no run.
    alarm["Properties"]["TreatMissingData"] = "breaching"
    return {
        f"{LAG}Metric": _logged(AUTO_STOP.logs_id, '{ $.message = "auto-stop run" }', metric),
        "AutoStopLag": alarm,
    }


def _stream_failures() -> dict[str, Json]:
    return {
        f"{FAILURES}Waiting": _queue_alarm(
            "Stream records could not be processed and are in the failure queue",
            FAILURES,
            "ApproximateNumberOfMessagesVisible",
            1,
        )
    }


def _logged(log_group_id: str, pattern: str, metric: Json) -> Json:
    """Return a custom metric that is extracted from log lines."""
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
            "The API responded with 5xx: an internal error, or the database is unavailable",
            {"Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Dimensions": api},
            _FAULTS_A_PERIOD,
            statistic="Sum",
        ),
        "ApiLatency": _alarm(
            "Latency is high at the 99th percentile, for three periods in a row",
            {"Namespace": "AWS/ApiGateway", "MetricName": "Latency", "Dimensions": api},
            _SLOW_API_MILLISECONDS,
            percentile="p99",
            periods=3,
        ),
        "ApiRefusals": _alarm(
            "The API responded with 429: requests exceed RequestsPerSecond and RequestBurst",
            {"Namespace": sub("stint/${AWS::StackName}"), "MetricName": REFUSALS},
            _REFUSALS_A_PERIOD,
            statistic="Sum",
        ),
    }


def _events() -> dict[str, Json]:
    return {
        "EventFanoutLag": _alarm(
            "Events from minutes ago are not in the queue: the event fan-out fails or is delayed",
            {
                "Namespace": "AWS/Lambda",
                "MetricName": "IteratorAge",
                "Dimensions": [{"Name": "FunctionName", "Value": ref(EVENT_FANOUT.logical_id)}],
            },
            _OLD_EVENT_MILLISECONDS,
            statistic="Maximum",
        ),
        "DeliveriesLag": _queue_alarm(
            "Deliveries wait longer than any retry delay: the delivery worker fails or is delayed",
            DELIVERIES,
            "ApproximateAgeOfOldestMessage",
            _OLD_DELIVERY_SECONDS,
        ),
        "DeadLettersWaiting": _queue_alarm(
            "Events were not delivered after all attempts: there are dead letters",
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
            f"{function.name} failed, timed out, ran out of memory, or could not start",
            metric("Errors"),
            1,
            statistic="Sum",
        ),
        f"{function.logical_id}Throttles": _alarm(
            f"{function.name} was throttled: the account has no concurrency left",
            metric("Throttles"),
            1,
            statistic="Sum",
        ),
        f"{function.logical_id}Latency": _alarm(
            f"{function.name} is slow at the 99th percentile, for three periods in a row",
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

    names = ["ReadThrottleEvents", "WriteThrottleEvents"]
    total = "FILL(readThrottleEvents, 0) + FILL(writeThrottleEvents, 0)"
    return _alarm_resource(
        "DynamoDB throttled this table: a hot partition, or faster growth than on-demand scaling",
        1,
        periods=1,
        Metrics=[{"Id": "throttles", "Expression": total}, *map(query, names)],
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
    aggregation = (
        {"Statistic": statistic} if percentile is None else {"ExtendedStatistic": percentile}
    )
    return _alarm_resource(
        description, threshold, periods=periods, **metric, **aggregation, Period=_PERIOD_SECONDS
    )


def _alarm_resource(description: str, threshold: int, *, periods: int, **properties: Any) -> Json:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": threshold,
            "EvaluationPeriods": periods,
            # Without requests there is no data, and no problem.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [ref(TOPIC)],
            "OKActions": [ref(TOPIC)],
            **properties,
        },
    }
