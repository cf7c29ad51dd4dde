"""The API of the template: every API Gateway response is a JSON:API error document."""

import copy
import json
import re
from typing import Any

import botocore.session
import pytest

from chalicelib.jsonapi.errors import ERROR_STATUS
from chalicelib.jsonapi.requests import CONTENT_TYPE
from infra.stack.api import REDEEM_PATH
from infra.stack.parameters import PARAMETERS
from infra.stack.template import api_stage
from tests.support.openapi_checks import ALL_ROUTES
from tests.support.stack import Json, of_type, transformed

HEADER = "gatewayresponse.header."
_MONITORING = {
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Logs::MetricFilter",
}


@pytest.fixture
def definition(template: Json) -> Json:
    body: Json = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    return body


@pytest.fixture
def responses(definition: Json) -> dict[str, Json]:
    gateway_responses: dict[str, Json] = definition["x-amazon-apigateway-gateway-responses"]
    return gateway_responses


def _error(response: Json) -> dict[str, Any]:
    ((_, text),) = response["responseTemplates"].items()
    (error,) = json.loads(text)["errors"]
    return dict(error)


def _headers(response: Json) -> dict[str, str]:
    return {
        name.removeprefix(HEADER): value.strip("'")
        for name, value in response["responseParameters"].items()
    }


def test_every_gateway_response_type_is_defined(responses: dict[str, Json]) -> None:
    client = botocore.session.Session().create_client("apigateway", region_name="us-east-1")
    known = client.meta.service_model.shape_for("GatewayResponseType").enum  # type: ignore[attr-defined]
    assert set(responses) == set(known)


def test_gateway_responses_are_error_documents_with_common_headers(
    responses: dict[str, Json],
) -> None:
    for response in responses.values():
        error, headers = _error(response), _headers(response)
        assert error["status"] == response["statusCode"]
        assert (int(error["status"]), error["title"]) == ERROR_STATUS[error["code"]]
        assert error["detail"]
        assert headers["Content-Type"] == CONTENT_TYPE
        assert headers["Access-Control-Allow-Origin"] == "*"
        exposed = headers["Access-Control-Expose-Headers"].split(",")
        assert {"Retry-After", "Date"} <= set(exposed)
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", "404", "route_not_found"),
        ("REQUEST_TOO_LARGE", "413", "payload_too_large"),
        ("THROTTLED", "429", "rate_limited"),
        ("INTEGRATION_TIMEOUT", "503", "unavailable"),
        ("INTEGRATION_FAILURE", "503", "unavailable"),
        ("DEFAULT_5XX", "500", "server_error"),
        ("DEFAULT_4XX", "400", "malformed_document"),
    ],
)
def test_gateway_response_has_the_status_and_code_of_the_contract(
    responses: dict[str, Json], name: str, status: str, code: str
) -> None:
    error = _error(responses[name])
    assert (error["status"], error["code"]) == (status, code)


def test_blocked_by_waf_is_rate_limited_and_can_be_sent_again(responses: dict[str, Json]) -> None:
    error = _error(responses["WAF_FILTERED"])
    assert (error["status"], error["code"]) == ("429", "rate_limited")
    assert _headers(responses["WAF_FILTERED"])["Retry-After"] == "60"


def test_throttled_response_has_retry_after(responses: dict[str, Json]) -> None:
    headers = _headers(responses["THROTTLED"])
    assert headers["Retry-After"] == headers["X-RateLimit-Reset"] == "1"
    assert int(_headers(responses["INTEGRATION_TIMEOUT"])["Retry-After"]) > 0


def test_server_error_has_the_request_id(responses: dict[str, Json]) -> None:
    server_errors = {
        name for name, response in responses.items() if _error(response)["code"] == "server_error"
    }
    assert {
        name for name, response in responses.items() if "id" in _error(response)
    } == server_errors
    assert {_error(responses[name])["id"] for name in server_errors} == {"$context.requestId"}


def test_unsupported_methods_reach_the_application(definition: Json) -> None:
    for methods in definition["paths"].values():
        declared = [
            methods[name]["x-amazon-apigateway-integration"]["uri"]
            for name in methods
            if name != "x-amazon-apigateway-any-method"
        ]
        any_method = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        assert declared
        assert all(uri == any_method["uri"] for uri in declared)
        assert any_method["type"] == "aws_proxy"


def test_preflight_requests_and_head_reach_the_application(definition: Json) -> None:
    """The application knows which of several origins asks, and answers HEAD as GET."""
    for methods in definition["paths"].values():
        assert "options" in methods
        assert ("head" in methods) is ("get" in methods)


def test_root_of_the_api_has_a_page(definition: Json) -> None:
    root = definition["paths"]["/"]
    assert root["get"]["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    assert {"get", "head", "options", "x-amazon-apigateway-any-method"} == root.keys()


@pytest.mark.parametrize(
    ("value", "is_accepted"),
    [
        ("*", True),
        ("https://app.example.com", True),
        ("https://app.example.com,http://localhost:8080,capacitor://localhost", True),
        ("ionic://localhost", True),
        ("https://app.example.com/", False),
        ("https://a.example, https://b.example", False),
        ("*,https://a.example", False),
        ("app.example.com", False),
        ("", False),
    ],
)
def test_allowed_origins_are_one_or_several_of_any_scheme(value: str, is_accepted: bool) -> None:
    pattern = PARAMETERS["AllowedOrigin"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, value)) is is_accepted


def test_refused_coding_is_named(responses: dict[str, Json]) -> None:
    refusal = _error(responses["UNSUPPORTED_MEDIA_TYPE"])
    assert refusal["status"] == "415"
    assert "Content-Encoding" in refusal["detail"]


def test_api_has_one_stage_with_throttling_logs_and_compression(processed: Json) -> None:
    ((_, stage),) = of_type(processed, "AWS::ApiGateway::Stage").items()
    ((_, deployment),) = of_type(processed, "AWS::ApiGateway::Deployment").items()
    ((_, api),) = of_type(processed, "AWS::ApiGateway::RestApi").items()
    # SAM can create a second stage, named Stage, without throttling and logs.
    assert "StageName" not in deployment["Properties"]
    assert stage["Properties"]["StageName"] == api_stage()
    throttling, redemption = stage["Properties"]["MethodSettings"]
    assert throttling["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert (throttling["ResourcePath"], throttling["HttpMethod"]) == ("/*", "*")
    # Those of each method cost $0.30 a month per metric; those of the stage are free.
    assert throttling["MetricsEnabled"] is redemption["MetricsEnabled"] is False
    # API Gateway writes the slashes of a path in this way, except the first.
    assert redemption["ResourcePath"] == "/~1api~1v2~1pairings~1redeem"
    assert (redemption["HttpMethod"], redemption["ThrottlingRateLimit"]) == ("POST", 5)
    (path,) = (route.path for route in ALL_ROUTES if route.is_public)
    assert f"/api/v2{path}" == REDEEM_PATH in api["Properties"]["Body"]["paths"]
    assert api["Properties"]["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["Properties"]["MinimumCompressionSize"] == 1024


def test_access_log_has_no_tokens_and_no_query_strings(processed: Json) -> None:
    ((_, stage),) = of_type(processed, "AWS::ApiGateway::Stage").items()
    setting = stage["Properties"]["AccessLogSetting"]
    line = json.loads(setting["Format"])
    assert setting["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}
    assert line["status"] == "$context.status"
    assert not [value for value in line.values() if not value.startswith("$context.")]
    # $context.path is the path of the request, with identifiers.
    assert "$context.path" not in line.values()


def test_changed_gateway_response_creates_a_new_deployment(template: Json, processed: Json) -> None:
    changed = copy.deepcopy(template)
    body = changed["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    body["x-amazon-apigateway-gateway-responses"]["THROTTLED"]["statusCode"] = "420"
    before = set(of_type(processed, "AWS::ApiGateway::Deployment"))
    assert set(of_type(transformed(changed), "AWS::ApiGateway::Deployment")).isdisjoint(before)


def test_api_function_timeout_is_at_most_29_seconds(template: Json) -> None:
    assert template["Resources"]["APIHandler"]["Properties"]["Timeout"] <= 29


def test_custom_domain_requires_a_certificate(template: Json) -> None:
    rule = template["Rules"]["DomainNeedsCertificate"]
    assert rule["RuleCondition"] == template["Conditions"]["HasDomain"]
    assert "CertificateArn" in json.dumps(rule["Assertions"])
    conditional = {
        name: resource["Condition"]
        for name, resource in template["Resources"].items()
        if "Condition" in resource and resource["Type"] not in _MONITORING
    }
    assert conditional == {
        "AlarmSubscription": "HasAlarmEmail",
        "WebAcl": "HasWaf",
        "WebAclAssociation": "HasWaf",
        "Domain": "HasDomain",
        "DomainMapping": "HasDomain",
        "DomainRecord": "HasZone",
        "WebhookKeySecret": "MakesWebhookKey",
    }
