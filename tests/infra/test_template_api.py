"""The API of the template: nobody is answered in API Gateway's own words."""

import copy
import json
from typing import Any

import botocore.session
import pytest

from chalicelib.jsonapi.errors import CATALOGUE
from chalicelib.jsonapi.media_types import CONTENT_TYPE
from infra.stack.template import api_stage
from tests.support.stack import Json, of_type, transformed

HEADER = "gatewayresponse.header."


@pytest.fixture
def definition(template: Json) -> Json:
    body: Json = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    return body


@pytest.fixture
def responses(definition: Json) -> dict[str, Json]:
    found: dict[str, Json] = definition["x-amazon-apigateway-gateway-responses"]
    return found


def _error(response: Json) -> dict[str, Any]:
    ((_, text),) = response["responseTemplates"].items()
    (error,) = json.loads(text)["errors"]
    return dict(error)


def _headers(response: Json) -> dict[str, str]:
    """As sent where the stack allows any origin."""
    return {
        name.removeprefix(HEADER): value["Fn::Sub"].replace("${AllowedOrigin}", "*").strip("'")
        for name, value in response["responseParameters"].items()
    }


def test_every_answer_of_api_gateways_own_is_ours(responses: dict[str, Json]) -> None:
    client = botocore.session.Session().create_client("apigateway", region_name="us-east-1")
    known = client.meta.service_model.shape_for("GatewayResponseType").enum  # type: ignore[attr-defined]
    assert set(responses) == set(known)


def test_each_is_an_error_document_with_our_headers(responses: dict[str, Json]) -> None:
    for response in responses.values():
        error, headers = _error(response), _headers(response)
        assert error["status"] == response["statusCode"]
        assert (int(error["status"]), error["title"]) == CATALOGUE[error["code"]]
        assert error["detail"]
        assert headers["Content-Type"] == CONTENT_TYPE
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in headers["Access-Control-Expose-Headers"]
        assert headers["Cache-Control"] == "private, no-cache"


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
def test_each_means_what_the_contract_says(
    responses: dict[str, Json], name: str, status: str, code: str
) -> None:
    error = _error(responses[name])
    assert (error["status"], error["code"]) == (status, code)


def test_who_is_throttled_learns_when_to_come_back(responses: dict[str, Json]) -> None:
    headers = _headers(responses["THROTTLED"])
    assert headers["Retry-After"] == headers["X-RateLimit-Reset"] == "1"
    assert int(_headers(responses["INTEGRATION_TIMEOUT"])["Retry-After"]) > 0


def test_a_fault_has_an_id_to_quote(responses: dict[str, Json]) -> None:
    faults = {name for name, it in responses.items() if _error(it)["code"] == "server_error"}
    assert {name for name, it in responses.items() if "id" in _error(it)} == faults
    assert {_error(responses[name])["id"] for name in faults} == {"$context.requestId"}


def test_a_method_that_a_path_does_not_take_reaches_the_application(definition: Json) -> None:
    for methods in definition["paths"].values():
        declared = [
            methods[name]["x-amazon-apigateway-integration"]["uri"]
            for name in methods
            if name not in ("options", "x-amazon-apigateway-any-method")
        ]
        any_method = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        assert declared
        assert all(uri == any_method["uri"] for uri in declared)
        assert any_method["type"] == "aws_proxy"


def test_a_preflight_is_answered_with_the_stacks_origin(definition: Json) -> None:
    for methods in definition["paths"].values():
        integration = methods["options"]["x-amazon-apigateway-integration"]
        parameters = integration["responses"]["default"]["responseParameters"]
        origin = parameters["method.response.header.Access-Control-Allow-Origin"]
        assert origin == {"Fn::Sub": "'${AllowedOrigin}'"}
        allowed = parameters["method.response.header.Access-Control-Allow-Headers"]
        assert {"X-Auth-Token", "Idempotency-Key", "If-None-Match"} <= set(
            allowed.strip("'").split(",")
        )


def test_there_is_one_stage_throttled_logged_and_compressed(processed: Json) -> None:
    ((_, stage),) = of_type(processed, "AWS::ApiGateway::Stage").items()
    ((_, deployment),) = of_type(processed, "AWS::ApiGateway::Deployment").items()
    ((_, api),) = of_type(processed, "AWS::ApiGateway::RestApi").items()
    # SAM may make a second one, named Stage, which nothing throttles or logs.
    assert "StageName" not in deployment["Properties"]
    assert stage["Properties"]["StageName"] == api_stage()
    (throttling,) = stage["Properties"]["MethodSettings"]
    assert throttling["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert (throttling["ResourcePath"], throttling["HttpMethod"]) == ("/*", "*")
    assert api["Properties"]["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["Properties"]["MinimumCompressionSize"] == 1024


def test_an_access_log_line_holds_no_token_and_no_query(processed: Json) -> None:
    ((_, stage),) = of_type(processed, "AWS::ApiGateway::Stage").items()
    setting = stage["Properties"]["AccessLogSetting"]
    line = json.loads(setting["Format"])
    assert setting["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}
    assert line["status"] == "$context.status"
    assert not [it for it in line.values() if not it.startswith("$context.")]
    # This one is the path as it was called, identifiers and all.
    assert "$context.path" not in line.values()


def test_a_changed_answer_is_deployed(template: Json, processed: Json) -> None:
    changed = copy.deepcopy(template)
    body = changed["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    body["x-amazon-apigateway-gateway-responses"]["THROTTLED"]["statusCode"] = "420"
    before = set(of_type(processed, "AWS::ApiGateway::Deployment"))
    assert set(of_type(transformed(changed), "AWS::ApiGateway::Deployment")).isdisjoint(before)


def test_an_answer_may_take_no_longer_than_api_gateway_waits(template: Json) -> None:
    assert template["Resources"]["APIHandler"]["Properties"]["Timeout"] <= 29


def test_a_domain_of_ones_own_needs_its_certificate(template: Json) -> None:
    rule = template["Rules"]["DomainNeedsCertificate"]
    assert rule["RuleCondition"] == template["Conditions"]["HasDomain"]
    assert "CertificateArn" in json.dumps(rule["Assertions"])
    conditional = {
        name: it["Condition"] for name, it in template["Resources"].items() if "Condition" in it
    }
    assert conditional == {
        "AlarmSubscription": "HasAlarmEmail",
        "Domain": "HasDomain",
        "DomainMapping": "HasDomain",
        "DomainRecord": "HasZone",
        "WebhookKeySecret": "MakesWebhookKey",
    }
