"""CloudWatch alarms, metric filters and the dashboard refer to existing resources."""

import json

import pytest

from chalicelib.registry import TABLES
from chalicelib.timers.auto_stop import AutoStopReport
from infra.stack.tables import table_id
from tests.support.stack import Json, of_type, references


def _alarms(template: Json) -> dict[str, Json]:
    return {
        name: alarm["Properties"]
        for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items()
    }


def test_every_alarm_notifies_the_topic_and_has_a_description(template: Json) -> None:
    for alarm in _alarms(template).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["AlarmDescription"]
        # The auto-stop run reports its lag each time, so missing data means that it does not run.
        is_reported_at_each_run = alarm.get("MetricName") == "AutoStopLagSeconds"
        assert alarm["TreatMissingData"] == (
            "breaching" if is_reported_at_each_run else "notBreaching"
        )


def test_errors_throttles_and_latency_have_alarms(template: Json) -> None:
    metrics = {
        (alarm["Namespace"], alarm["MetricName"])
        for alarm in _alarms(template).values()
        if isinstance(alarm.get("Namespace"), str)
    }
    assert metrics == {
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/Lambda", "IteratorAge"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Lambda", "Duration"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    }


def test_every_table_has_a_throttle_alarm(template: Json) -> None:
    alarms = _alarms(template)
    for model in TABLES:
        alarm = alarms[f"{table_id(model)}Throttles"]
        assert references(alarm["Metrics"]) == {table_id(model)}
        returned = [metric for metric in alarm["Metrics"] if metric.get("ReturnData", True)]
        assert [metric["Id"] for metric in returned] == ["throttles"]


@pytest.mark.parametrize(
    ("name", "alarm_name"),
    [("RefusalsMetric", "ApiRefusals"), ("AutoStopLagSecondsMetric", "AutoStopLag")],
)
def test_alarm_uses_the_metric_of_its_metric_filter(
    template: Json, name: str, alarm_name: str
) -> None:
    metric_filter = of_type(template, "AWS::Logs::MetricFilter")[name]
    (metric,) = metric_filter["Properties"]["MetricTransformations"]
    alarm = _alarms(template)[alarm_name]
    assert alarm["MetricName"] == metric["MetricName"]
    assert alarm["Namespace"] == metric["MetricNamespace"]


def test_throttled_requests_are_counted_from_the_access_log(template: Json) -> None:
    metric_filter = of_type(template, "AWS::Logs::MetricFilter")["RefusalsMetric"]
    logged = json.loads(
        template["Resources"]["RestAPI"]["Properties"]["AccessLogSetting"]["Format"]
    )
    assert "status" in logged
    assert metric_filter["Properties"]["FilterPattern"] == '{ $.status = "429" }'


def test_api_alarms_use_the_title_of_the_api_definition(template: Json) -> None:
    # API Gateway takes the API name from the title of the definition, and uses it in metrics.
    title = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"]
    assert {"Name": "ApiName", "Value": title} in _alarms(template)["ApiFaults"]["Dimensions"]


def test_dashboard_shows_every_function_and_table(template: Json) -> None:
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
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
    assert metric_filter["Properties"]["LogGroupName"] == {"Ref": "AutoStopLogs"}
    assert metric_filter["Properties"]["FilterPattern"] == '{ $.message = "auto-stop run" }'
    assert metric["MetricValue"].removeprefix("$.") in AutoStopReport.__struct_fields__
