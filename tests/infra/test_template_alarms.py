"""CloudWatch alarms, metric filters and the dashboard refer to existing resources."""

import json
import re

import pytest

from chalicelib.registry import TABLES
from chalicelib.timers.auto_stop import AutoStopReport
from infra.stack.alarms import FAILURE_PATTERN
from infra.stack.functions import FUNCTIONS
from infra.stack.parameters import FULL_ALARMS
from infra.stack.tables import table_id
from tests.support.stack import Json, of_type, references


def _alarms(template: Json, *, full: bool = True) -> dict[str, Json]:
    """The properties of the alarms; without ``full`` of those that every stage has."""
    return {
        name: alarm["Properties"]
        for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items()
        if full or "Condition" not in alarm
    }


def test_every_alarm_notifies_the_topic_and_has_a_description(template: Json) -> None:
    for name, alarm in _alarms(template).items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["AlarmDescription"]
        # The auto-stop always runs, so missing data means that it does not.
        assert alarm["TreatMissingData"] == (
            "breaching" if name == "AutoStopMissing" else "notBreaching"
        )


def test_every_stage_has_the_basic_alarms(template: Json) -> None:
    alarms = _alarms(template, full=False)
    assert {name: alarm["MetricName"] for name, alarm in alarms.items()} == {
        "ApiFaults": "5XXError",
        "ApiLatency": "Latency",
        "ApiRefusals": "Refusals",
        "FunctionFailures": "FunctionFailures",
        "FunctionThrottles": "Throttles",
        "AutoStopMissing": "Invocations",
        "DroppedInvocations": "RecursiveInvocationsDropped",
        "EventFanoutLag": "IteratorAge",
        "StreamFailuresWaiting": "ApproximateNumberOfMessagesVisible",
        "DeliveriesLag": "ApproximateAgeOfOldestMessage",
        "DeadLettersWaiting": "ApproximateNumberOfMessagesVisible",
    }


def test_full_set_has_alarms_for_each_function_and_each_table(template: Json) -> None:
    full = _alarms(template).keys() - _alarms(template, full=False).keys()
    functions = [function.logical_id for function in FUNCTIONS]
    assert full == {
        "AutoStopLag",
        "CounterRollupLag",
        *(f"{name}{kind}" for name in functions for kind in ("Errors", "Throttles", "Latency")),
        *(f"{table_id(model)}Throttles" for model in TABLES),
    }
    for name in full:
        assert template["Resources"][name]["Condition"] == FULL_ALARMS
    assert template["Parameters"]["AlarmSet"]["Default"] == "basic"


def test_every_table_has_a_throttle_alarm(template: Json) -> None:
    alarms = _alarms(template)
    for model in TABLES:
        alarm = alarms[f"{table_id(model)}Throttles"]
        assert references(alarm["Metrics"]) == {table_id(model)}
        returned = [metric for metric in alarm["Metrics"] if metric.get("ReturnData", True)]
        assert [metric["Id"] for metric in returned] == ["throttles"]


@pytest.mark.parametrize(
    ("name", "alarm_name"),
    [
        ("RefusalsMetric", "ApiRefusals"),
        ("DenialsMetric", "ApiRefusals"),
        ("LiveRefusalsMetric", "ApiRefusals"),
        ("LiveDenialsMetric", "ApiRefusals"),
        ("AutoStopLagSecondsMetric", "AutoStopLag"),
        *((f"{function.logical_id}FailuresMetric", "FunctionFailures") for function in FUNCTIONS),
    ],
)
def test_alarm_uses_the_metric_of_its_metric_filter(
    template: Json, name: str, alarm_name: str
) -> None:
    metric_filter = of_type(template, "AWS::Logs::MetricFilter")[name]
    (metric,) = metric_filter["Properties"]["MetricTransformations"]
    alarm = _alarms(template)[alarm_name]
    assert alarm["MetricName"] == metric["MetricName"]
    assert alarm["Namespace"] == metric["MetricNamespace"]
    # With a default value, AWS would bill the metric for each hour with any log line.
    assert "DefaultValue" not in metric


def test_failures_of_every_function_are_counted_from_its_log(template: Json) -> None:
    filters = of_type(template, "AWS::Logs::MetricFilter")
    for function in FUNCTIONS:
        properties = filters[f"{function.logical_id}FailuresMetric"]["Properties"]
        assert properties["LogGroupName"] == {"Ref": function.logs_id}
        assert properties["FilterPattern"] == FAILURE_PATTERN
        logging = template["Resources"][function.logical_id]["Properties"]["LoggingConfig"]
        # Lambda's reports of failures are lines of level INFO of its system log: the default.
        assert "SystemLogLevel" not in logging


@pytest.mark.parametrize(("prefix", "log"), [("", "AccessLogs"), ("Live", "LiveAccessLogs")])
def test_refusals_are_counted_from_the_access_logs(template: Json, prefix: str, log: str) -> None:
    """Of requests, and of connections for live updates: guessed or used tickets are 403."""
    resources = template["Resources"]
    formats = {
        "AccessLogs": resources["RestAPI"]["Properties"]["AccessLogSetting"]["Format"],
        "LiveAccessLogs": resources["WebsocketAPIStage"]["Properties"]["AccessLogSettings"][
            "Format"
        ],
    }
    assert json.loads(formats[log])["status"] == "$context.status"
    threshold = _alarms(template)["ApiRefusals"]["Threshold"]
    for name, pattern, responses in (
        ("RefusalsMetric", '{ $.status = "429" }', 10),
        ("DenialsMetric", '{ $.status = "401" || $.status = "403" }', 100),
    ):
        properties = of_type(template, "AWS::Logs::MetricFilter")[prefix + name]["Properties"]
        assert properties["LogGroupName"] == {"Ref": log}
        assert properties["FilterPattern"] == pattern
        (metric,) = properties["MetricTransformations"]
        # CloudFormation accepts whole numbers only.
        assert re.fullmatch("[0-9]+", metric["MetricValue"])
        assert int(metric["MetricValue"]) * responses == threshold


def test_api_alarms_use_the_title_of_the_api_definition(template: Json) -> None:
    # API Gateway takes the API name from the title of the definition, and uses it in metrics.
    title = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"]
    assert {"Name": "ApiName", "Value": title} in _alarms(template)["ApiFaults"]["Dimensions"]


def test_missing_auto_stop_runs_are_an_alarm_at_any_log_level(template: Json) -> None:
    alarm = _alarms(template)["AutoStopMissing"]
    assert alarm["Namespace"] == "AWS/Lambda"
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "AutoStop"}}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)


def test_dashboard_shows_every_function_and_table(template: Json) -> None:
    dashboard = template["Resources"]["Dashboard"]
    assert dashboard["Condition"] == "HasDashboard"
    body = dashboard["Properties"]["DashboardBody"]
    widgets = json.loads(body["Fn::Sub"])["widgets"]
    positions = {(widget["x"], widget["y"]) for widget in widgets}
    assert len(positions) == len(widgets)
    functions = set(of_type(template, "AWS::Serverless::Function"))
    assert references(body) == {
        *functions,
        *(f"{name}Logs" for name in functions),
        *map(table_id, TABLES),
        "AWS::StackName",
        "AWS::Region",
    }


def test_auto_stop_lag_metric_reads_a_field_of_the_log_line(template: Json) -> None:
    metric_filter = of_type(template, "AWS::Logs::MetricFilter")["AutoStopLagSecondsMetric"]
    (metric,) = metric_filter["Properties"]["MetricTransformations"]
    assert metric_filter["Condition"] == "MeasuresLag"
    assert metric_filter["Properties"]["LogGroupName"] == {"Ref": "AutoStopLogs"}
    assert metric_filter["Properties"]["FilterPattern"] == '{ $.message = "auto-stop run" }'
    assert metric["MetricValue"].removeprefix("$.") in AutoStopReport.__struct_fields__
