"""The alarms of ``AlarmSet=full``: for each function and each table, and the auto-stop's lag.

They name the part that the alarms of the basic set report without its name.
"""

from collections.abc import Iterable

from pynamodb.models import Model

from infra.stack.alarm_resources import (
    PERIOD_SECONDS,
    alarm,
    alarm_resource,
    function_metric,
    logged_metric,
    metric_filter,
)
from infra.stack.functions import AUTO_STOP, COUNTER_ROLLUP, FUNCTIONS, Function
from infra.stack.intrinsics import Json, ref
from infra.stack.parameters import FULL_ALARMS, MEASURES_LAG
from infra.stack.tables import table_id

LAG = "AutoStopLagSeconds"
"""Metric: how many seconds the oldest overdue timer is past its limit."""

_LAG_SECONDS = 15 * 60
_LATE_ROLLUP_MILLISECONDS = 5 * 60 * 1000


def full_alarms(models: Iterable[type[Model]]) -> dict[str, Json]:
    """Return these alarms, each with its condition, and the metric of the auto-stop's lag."""
    resources = {"AutoStopLag": _auto_stop_lag(), "CounterRollupLag": _counter_rollup_lag()}
    for function in FUNCTIONS:
        resources |= _function_alarms(function)
    for model in models:
        resources[f"{table_id(model)}Throttles"] = _table_alarm(table_id(model))
    lag = metric_filter(AUTO_STOP.logs_id, '{ $.message = "auto-stop run" }', LAG, "$.lag_seconds")
    return {
        **{name: {**resource, "Condition": FULL_ALARMS} for name, resource in resources.items()},
        f"{LAG}Metric": {**lag, "Condition": MEASURES_LAG},
    }


def _auto_stop_lag() -> Json:
    return alarm(
        "Overdue timers are still running",
        logged_metric(LAG),
        _LAG_SECONDS,
        statistic="Maximum",
        periods=3,
    )


def _counter_rollup_lag() -> Json:
    return alarm(
        "Counters from minutes ago are not rolled up: the roll-up fails or is delayed",
        function_metric(COUNTER_ROLLUP, "IteratorAge"),
        _LATE_ROLLUP_MILLISECONDS,
        statistic="Maximum",
    )


def _function_alarms(function: Function) -> dict[str, Json]:
    return {
        f"{function.logical_id}Errors": alarm(
            f"{function.name} failed, timed out, ran out of memory, or could not start",
            function_metric(function, "Errors"),
            1,
            statistic="Sum",
        ),
        f"{function.logical_id}Throttles": alarm(
            f"{function.name} was throttled: the account has no concurrency left",
            function_metric(function, "Throttles"),
            1,
            statistic="Sum",
        ),
        f"{function.logical_id}Latency": alarm(
            f"{function.name} is slow at the 99th percentile, for three periods in a row",
            function_metric(function, "Duration"),
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
            "MetricStat": {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": "Sum"},
            "ReturnData": False,
        }

    names = ["ReadThrottleEvents", "WriteThrottleEvents"]
    total = "FILL(readThrottleEvents, 0) + FILL(writeThrottleEvents, 0)"
    return alarm_resource(
        "DynamoDB throttled this table: a hot partition, or faster growth than on-demand scaling",
        1,
        periods=1,
        Metrics=[{"Id": "throttles", "Expression": total}, *map(query, names)],
    )
