"""CloudWatch alarms that every stage has. docs/operations.md describes the response to each alarm.

AWS bills alarms by their metrics, also by those inside an expression. So these use metrics that
include several parts: the log lines of all functions, the throttles of the account. The alarms of
single functions and tables are in ``full_alarms.py``. docs/costs.md, "An unused stage"
"""

from infra.stack.alarm_resources import (
    TOPIC,
    alarm,
    function_metric,
    logged_metric,
    metric_filter,
    queue_alarm,
)
from infra.stack.api import ACCESS_LOGS
from infra.stack.functions import AUTO_STOP, EVENT_FANOUT, FUNCTIONS, WEBHOOK_DELIVERY
from infra.stack.intrinsics import STACK, Json, ref
from infra.stack.live import LIVE_LOGS
from infra.stack.queues import DEAD_LETTERS, DELIVERIES
from infra.stack.streams import FAILURES

REFUSALS = "Refusals"
"""Metric: 401 and 403 responses, and ten for each 429. API Gateway's own counts all 4xx together.

One metric, because a second alarm would cost as much as this one. The weights are whole numbers,
because CloudFormation accepts no others.
"""
FUNCTION_FAILURES = "FunctionFailures"
"""Metric: log lines of a failure, of all functions."""

FAILURE_PATTERN = " || ".join(
    [
        # The functions' own lines, and those of Lambda's runtime about an uncaught error.
        '{ $.level = "ERROR"',
        '$.level = "CRITICAL"',
        # Lambda's reports of an invocation or an initialization.
        '$.record.status = "error"',
        '$.record.status = "failure"',
        '$.record.status = "timeout" }',
    ]
)

_MINUTES = 60
_SLOW_API_MILLISECONDS = 2_000
_RATE_LIMITED_WEIGHT = 10
_REFUSALS_A_PERIOD = 100
"""Ten 429, or a hundred 401 and 403: single ones are usual, of an old token or a mistyped code."""
_FAULTS_A_PERIOD = 3
_OLD_EVENT_MILLISECONDS = 5 * _MINUTES * 1000
_OLD_DELIVERY_SECONDS = 30 * _MINUTES


def alarms(stage: str) -> dict[str, Json]:
    """Return the alarms, their topic, and the metrics that AWS does not provide."""
    return {
        **_topic(),
        **_api_alarms(stage),
        **_function_alarms(),
        **_event_alarms(),
        **_refusals("", ACCESS_LOGS),
        **_refusals("Live", LIVE_LOGS),
        **{
            f"{function.logical_id}FailuresMetric": metric_filter(
                function.logs_id, FAILURE_PATTERN, FUNCTION_FAILURES
            )
            for function in FUNCTIONS
        },
    }


def _refusals(prefix: str, log_group_id: str) -> dict[str, Json]:
    """Return the filters that add the refusals of an access log to the metric."""
    return {
        f"{prefix}{REFUSALS}Metric": metric_filter(
            log_group_id, '{ $.status = "429" }', REFUSALS, str(_RATE_LIMITED_WEIGHT)
        ),
        f"{prefix}DenialsMetric": metric_filter(
            log_group_id, '{ $.status = "401" || $.status = "403" }', REFUSALS
        ),
    }


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


def _api_alarms(stage: str) -> dict[str, Json]:
    api = [{"Name": "ApiName", "Value": STACK}, {"Name": "Stage", "Value": stage}]
    return {
        "ApiFaults": alarm(
            "The API responded with 5xx: an internal error, or the database is unavailable",
            {"Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Dimensions": api},
            _FAULTS_A_PERIOD,
            statistic="Sum",
        ),
        "ApiLatency": alarm(
            "Latency is high at the 99th percentile, for three periods in a row",
            {"Namespace": "AWS/ApiGateway", "MetricName": "Latency", "Dimensions": api},
            _SLOW_API_MILLISECONDS,
            percentile="p99",
            periods=3,
        ),
        "ApiRefusals": alarm(
            "The API refused many requests: 429 (limits), 401 or 403 (tokens, pairing codes)",
            logged_metric(REFUSALS),
            _REFUSALS_A_PERIOD,
            statistic="Sum",
        ),
    }


def _function_alarms() -> dict[str, Json]:
    return {
        "FunctionFailures": alarm(
            "A function failed or logged an error, or the auto-stop or the counter roll-up is late",
            logged_metric(FUNCTION_FAILURES),
            1,
            statistic="Sum",
        ),
        "FunctionThrottles": alarm(
            "Lambda throttled a function of this account and region: no concurrency is left",
            # Without a dimension it counts all functions of the account, which share the quota.
            {"Namespace": "AWS/Lambda", "MetricName": "Throttles"},
            1,
            statistic="Sum",
        ),
        "AutoStopMissing": _auto_stop_missing(),
        "DroppedInvocations": alarm(
            "Lambda took the delivery worker for an endless loop and dropped deliveries",
            function_metric(WEBHOOK_DELIVERY, "RecursiveInvocationsDropped"),
            1,
            statistic="Sum",
        ),
    }


def _auto_stop_missing() -> Json:
    resource = alarm(
        "The auto-stop did not run for 15 minutes",
        function_metric(AUTO_STOP, "Invocations"),
        1,
        statistic="Sum",
        periods=3,
    )
    resource["Properties"] |= {
        "ComparisonOperator": "LessThanThreshold",
        # It runs every five minutes: without data, there was no run.
        "TreatMissingData": "breaching",
    }
    return resource


def _event_alarms() -> dict[str, Json]:
    return {
        "EventFanoutLag": alarm(
            "Events from minutes ago are not in the queue: the event fan-out fails or is delayed",
            function_metric(EVENT_FANOUT, "IteratorAge"),
            _OLD_EVENT_MILLISECONDS,
            statistic="Maximum",
        ),
        f"{FAILURES}Waiting": queue_alarm(
            "Stream records could not be processed and are in the failure queue",
            FAILURES,
            "ApproximateNumberOfMessagesVisible",
            1,
        ),
        "DeliveriesLag": queue_alarm(
            "Deliveries wait longer than any retry delay: the delivery worker fails or is delayed",
            DELIVERIES,
            "ApproximateAgeOfOldestMessage",
            _OLD_DELIVERY_SECONDS,
        ),
        "DeadLettersWaiting": queue_alarm(
            "Events were not delivered after all attempts: there are dead letters",
            DEAD_LETTERS,
            "ApproximateNumberOfMessagesVisible",
            1,
        ),
    }
