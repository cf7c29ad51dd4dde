"""The WebSocket API of live updates: its routes, limits and logs, and who knows its address."""

import copy
import json
from graphlib import TopologicalSorter
from unittest.mock import patch

import pytest

from infra.aws.template import effective_parameters
from infra.stack import live as live_stack
from infra.stack.template import api_stage, merge_template
from tests.support.permissions import statements
from tests.support.stack import Json, of_type, references

ADDRESS = "wss://${WebsocketAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${WebsocketAPIStage}"


@pytest.fixture
def stage(processed: Json) -> Json:
    """The properties of the only stage."""
    ((_, resource),) = of_type(processed, "AWS::ApiGatewayV2::Stage").items()
    properties: Json = resource["Properties"]
    return properties


def test_connections_reach_the_function_and_messages_reach_none(processed: Json) -> None:
    routes = {
        route["Properties"]["RouteKey"]: route["Properties"]["Target"]["Fn::Join"][1][1]["Ref"]
        for route in of_type(processed, "AWS::ApiGatewayV2::Route").values()
    }
    # No $disconnect: API Gateway does not promise to call it, and each call would cost.
    assert routes.keys() == {"$connect", "$default"}
    integrations = of_type(processed, "AWS::ApiGatewayV2::Integration")
    assert integrations[routes["$connect"]]["Properties"]["IntegrationType"] == "AWS_PROXY"
    messages = integrations[routes["$default"]]["Properties"]
    assert messages["IntegrationType"] == "MOCK"
    # The expression, without its backslash, must be the key of the template.
    (key,) = messages["RequestTemplates"]
    assert messages["TemplateSelectionExpression"] == f"\\{key}"
    assert json.loads(messages["RequestTemplates"][key]) == {"statusCode": 200}


def test_nothing_is_sent_back_for_a_message(processed: Json) -> None:
    assert not of_type(processed, "AWS::ApiGatewayV2::RouteResponse")
    for route in of_type(processed, "AWS::ApiGatewayV2::Route").values():
        assert "RouteResponseSelectionExpression" not in route["Properties"]


def test_routes_have_the_limits_of_the_api(stage: Json) -> None:
    assert stage["StageName"] == api_stage()
    limits = stage["DefaultRouteSettings"]
    assert limits["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert limits["ThrottlingBurstLimit"] == {"Ref": "RequestBurst"}
    # Metrics of each route cost by the month.
    assert limits["DetailedMetricsEnabled"] is False
    assert "RouteSettings" not in stage


def test_no_log_has_tickets(stage: Json) -> None:
    line = json.loads(stage["AccessLogSettings"]["Format"])
    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["LiveAccessLogs", "Arn"]}
    # API Gateway refuses a format without it.
    assert line["requestId"] == "$context.requestId"
    fields = {"eventType", "routeKey", "status", "connectionId", "requestTime", "requestId"}
    fields |= {"identity.sourceIp", "integrationLatency", "error.responseType"}
    # The query string is not among them; the message of an error can contain it.
    assert set(line.values()) == {f"$context.{name}" for name in fields}
    # Execution logs have the whole request.
    assert stage["DefaultRouteSettings"]["DataTraceEnabled"] is False
    assert stage["DefaultRouteSettings"]["LoggingLevel"] == "OFF"


def test_changed_route_creates_a_new_deployment(template: Json) -> None:
    stage = template["Resources"]["WebsocketAPIStage"]["Properties"]
    messages = copy.deepcopy(live_stack._messages())
    messages["LiveMessageIntegration"]["Properties"]["RequestTemplates"]["$default"] = "{}"
    with patch.object(live_stack, "_messages", lambda: messages):
        changed = merge_template()["Resources"]
    deployment = stage["DeploymentId"]["Ref"]
    assert deployment in merge_template()["Resources"]
    assert deployment not in changed
    assert changed["WebsocketAPIStage"]["Properties"]["DeploymentId"]["Ref"] in changed


def test_deployment_comes_after_all_routes(processed: Json, stage: Json) -> None:
    deployment = processed["Resources"][stage["DeploymentId"]["Ref"]]
    # It is a copy of the routes that exist when it is created.
    assert set(deployment["DependsOn"]) == set(of_type(processed, "AWS::ApiGatewayV2::Route"))


def test_functions_that_create_tickets_and_push_know_the_address(template: Json) -> None:
    address = {"Fn::If": ["HasLiveUpdates", {"Fn::Sub": ADDRESS}, ""]}
    known = {
        name: function["Properties"]["Environment"]["Variables"]["STINT_LIVE_URL"]
        for name, function in of_type(template, "AWS::Serverless::Function").items()
        if "STINT_LIVE_URL" in function["Properties"]["Environment"]["Variables"]
    }
    assert known == {"APIHandler": address, "EventFanout": address}


def test_address_is_an_output_where_live_updates_are_on(template: Json) -> None:
    output = template["Outputs"]["LiveUrl"]
    assert output["Value"] == {"Fn::Sub": ADDRESS}
    assert template["Conditions"][output["Condition"]] == {
        "Fn::Equals": [{"Ref": "LiveUpdates"}, "yes"]
    }
    assert effective_parameters(template["Parameters"], {}, {})["LiveUpdates"] == "yes"


def test_a_custom_domain_does_not_change_the_address(template: Json) -> None:
    # The domain has the API's certificate and DNS record; a socket's address is never shown.
    assert "HasDomain" not in json.dumps(template["Outputs"]["LiveUrl"])
    assert not of_type(template, "AWS::ApiGatewayV2::ApiMapping")


def test_no_resource_depends_on_itself(processed: Json) -> None:
    """The functions refer to the WebSocket API, and its route refers to a function."""
    resources = processed["Resources"]
    graph = {name: references(resource) & resources.keys() for name, resource in resources.items()}
    for name, resource in resources.items():
        needed = resource.get("DependsOn", [])
        graph[name] = graph[name] | {needed} if isinstance(needed, str) else graph[name] | {*needed}
    # Raises CycleError.
    assert set(TopologicalSorter(graph).static_order()) == set(resources)


def test_only_the_event_fan_out_may_push_and_only_to_this_api() -> None:
    push = [
        statement
        for statement in statements("event_fanout")
        if any(action.startswith("execute-api:") for action in statement["Action"])
    ]
    target = "${WebsocketAPI}/${WebsocketAPIStage}/POST/@connections/*"
    place = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
    assert push == [
        {
            "Sid": "PushToConnections",
            "Effect": "Allow",
            "Action": ["execute-api:ManageConnections"],
            "Resource": [{"Fn::Sub": place + target}],
        }
    ]


def test_only_the_websocket_api_may_call_the_function(processed: Json) -> None:
    ((_, permission),) = (
        (name, resource["Properties"])
        for name, resource in of_type(processed, "AWS::Lambda::Permission").items()
        if resource["Properties"]["FunctionName"] == {"Ref": "WebsocketConnect"}
    )
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert references(permission["SourceArn"]["Fn::Sub"][1]) == {"WebsocketAPI"}
