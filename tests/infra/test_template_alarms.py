"""Alarms and dashboard: they look at what is there, and the operations page explains each."""

import json

import pytest

from chalicelib.services.sweeping import SweepReport
from chalicelib.store.models import TABLES
from infra.stack.tables import table_id
from tests.support.stack import Json, of_type, references


def _alarms(template: Json) -> dict[str, Json]:
    return {
        name: alarm["Properties"]
        for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items()
    }


def test_every_alarm_is_sent_and_says_what_it_means(template: Json) -> None:
    for alarm in _alarms(template).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["AlarmDescription"]
        # But for the sweep, which measures its lag at each run.
        no_data_is_bad = alarm.get("MetricName") == "SweepLagSeconds"
        assert alarm["TreatMissingData"] == ("breaching" if no_data_is_bad else "notBreaching")


def test_errors_throttles_and_latency_are_watched(template: Json) -> None:
    watched = {
        (alarm["Namespace"], alarm["MetricName"])
        for alarm in _alarms(template).values()
        if isinstance(alarm.get("Namespace"), str)
    }
    assert watched == {
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


def test_every_table_is_watched(template: Json) -> None:
    alarms = _alarms(template)
    for model in TABLES:
        alarm = alarms[f"{table_id(model)}Throttles"]
        assert references(alarm["Metrics"]) == {table_id(model)}
        returned = [it for it in alarm["Metrics"] if it.get("ReturnData", True)]
        assert [it["Id"] for it in returned] == ["throttles"]


@pytest.mark.parametrize(
    ("name", "alarm_name"),
    [("RefusalsMetric", "ApiRefusals"), ("SweepLagSecondsMetric", "SweepLag")],
)
def test_a_metric_off_the_log_is_the_one_that_is_watched(
    template: Json, name: str, alarm_name: str
) -> None:
    metric_filter = of_type(template, "AWS::Logs::MetricFilter")[name]
    (metric,) = metric_filter["Properties"]["MetricTransformations"]
    alarm = _alarms(template)[alarm_name]
    assert alarm["MetricName"] == metric["MetricName"]
    assert alarm["Namespace"] == metric["MetricNamespace"]


def test_refusals_are_counted_off_the_access_log(template: Json) -> None:
    metric_filter = of_type(template, "AWS::Logs::MetricFilter")["RefusalsMetric"]
    logged = json.loads(
        template["Resources"]["RestAPI"]["Properties"]["AccessLogSetting"]["Format"]
    )
    assert "status" in logged
    assert metric_filter["Properties"]["FilterPattern"] == '{ $.status = "429" }'


def test_the_apis_metrics_are_kept_under_the_name_that_is_watched(template: Json) -> None:
    # API Gateway names an API by its definition's title, and its metrics by that name.
    title = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"]
    assert {"Name": "ApiName", "Value": title} in _alarms(template)["ApiFaults"]["Dimensions"]


def test_the_dashboard_shows_functions_and_tables(template: Json) -> None:
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    widgets = json.loads(body["Fn::Sub"])["widgets"]
    places = {(widget["x"], widget["y"]) for widget in widgets}
    assert len(places) == len(widgets)
    functions = set(of_type(template, "AWS::Serverless::Function"))
    assert references(body) == {
        *functions,
        *(f"{name}Logs" for name in functions),
        *map(table_id, TABLES),
        "AWS::StackName",
        "AWS::Region",
    }


def test_the_sweeps_lag_is_read_off_the_line_that_it_logs(template: Json) -> None:
    metric_filter = of_type(template, "AWS::Logs::MetricFilter")["SweepLagSecondsMetric"]
    (metric,) = metric_filter["Properties"]["MetricTransformations"]
    assert metric_filter["Properties"]["LogGroupName"] == {"Ref": "SweepLogs"}
    assert metric_filter["Properties"]["FilterPattern"] == '{ $.message = "sweep" }'
    assert metric["MetricValue"].removeprefix("$.") in SweepReport.__slots__
