"""Alarms and dashboard: they look at what is there, and the operations page explains each."""

import json

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
        assert alarm["TreatMissingData"] == "notBreaching"


def test_errors_throttles_and_latency_are_watched(template: Json) -> None:
    watched = {
        (alarm["Namespace"], alarm["MetricName"])
        for alarm in _alarms(template).values()
        if isinstance(alarm.get("Namespace"), str)
    }
    assert watched == {
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Lambda", "Duration"),
    }


def test_every_table_is_watched(template: Json) -> None:
    alarms = _alarms(template)
    for model in TABLES:
        alarm = alarms[f"{table_id(model)}Throttles"]
        assert references(alarm["Metrics"]) == {table_id(model)}
        returned = [it for it in alarm["Metrics"] if it.get("ReturnData", True)]
        assert [it["Id"] for it in returned] == ["throttles"]


def test_the_metric_of_refusals_is_the_one_that_is_watched(template: Json) -> None:
    ((_, metric_filter),) = of_type(template, "AWS::Logs::MetricFilter").items()
    (metric,) = metric_filter["Properties"]["MetricTransformations"]
    alarm = _alarms(template)["ApiRefusals"]
    assert alarm["MetricName"] == metric["MetricName"]
    assert alarm["Namespace"] == metric["MetricNamespace"]
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
