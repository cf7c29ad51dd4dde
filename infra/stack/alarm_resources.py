"""Builders for CloudWatch alarms, and for metrics that are extracted from log lines."""

from typing import Any

from infra.stack.functions import Function
from infra.stack.intrinsics import Json, attribute, ref, sub

TOPIC = "AlarmTopic"
PERIOD_SECONDS = 5 * 60


def alarm(
    description: str,
    metric: Json,
    threshold: float,
    *,
    statistic: str | None = None,
    percentile: str | None = None,
    periods: int = 1,
) -> Json:
    """Return an alarm on one metric that reaches a threshold.

    ``statistic`` or ``percentile`` says how the values of five minutes become one; ``periods`` is
    how many times in a row that value must reach the threshold.
    """
    aggregation = (
        {"Statistic": statistic} if percentile is None else {"ExtendedStatistic": percentile}
    )
    return alarm_resource(
        description, threshold, periods=periods, **metric, **aggregation, Period=PERIOD_SECONDS
    )


def alarm_resource(description: str, threshold: float, *, periods: int, **properties: Any) -> Json:
    """Return an alarm; ``properties`` are its metric, or replace the defaults."""
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


def queue_alarm(description: str, queue: str, metric: str, threshold: int) -> Json:
    """Return an alarm on the maximum of a metric of a queue, by the queue's logical id."""
    dimensions = [{"Name": "QueueName", "Value": attribute(queue, "QueueName")}]
    return alarm(
        description,
        {"Namespace": "AWS/SQS", "MetricName": metric, "Dimensions": dimensions},
        threshold,
        statistic="Maximum",
    )


def function_metric(function: Function, name: str) -> Json:
    """Return a metric of one function, as AWS Lambda sends it."""
    dimensions = [{"Name": "FunctionName", "Value": ref(function.logical_id)}]
    return {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}


def logged_metric(name: str) -> Json:
    """Return a metric that :func:`metric_filter` extracts."""
    return {"Namespace": sub("stint/${AWS::StackName}"), "MetricName": name}


def metric_filter(log_group_id: str, pattern: str, name: str, value: str = "1") -> Json:
    """Return a filter that adds a value to a metric for each log line that matches a pattern.

    There is no default value: AWS bills a metric only for the hours in which it has data.
    """
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": ref(log_group_id),
            "FilterPattern": pattern,
            "MetricTransformations": [
                {
                    "MetricNamespace": sub("stint/${AWS::StackName}"),
                    "MetricName": name,
                    "MetricValue": value,
                }
            ],
        },
    }
