"""AWS WAF and the reserved concurrency: both are optional."""

from typing import Any

import botocore.session

from tests.support.stack import Json, of_type, transformed


def test_waf_limits_each_token_and_each_address(template: Json) -> None:
    acl = template["Resources"]["WebAcl"]
    assert acl["Condition"] == "HasWaf"
    assert template["Parameters"]["CreateWaf"]["Default"] == "no"
    by_address, by_token = (
        rule["Statement"]["RateBasedStatement"] for rule in acl["Properties"]["Rules"]
    )
    assert by_address == {
        "AggregateKeyType": "IP",
        "Limit": {"Ref": "WafRequestsPerAddress"},
        "EvaluationWindowSec": 60,
    }
    assert by_token["Limit"] == {"Ref": "WafRequestsPerToken"}
    (key,) = by_token["CustomKeys"]
    assert key["Header"]["Name"] == "x-auth-token"


def test_waf_stores_no_samples_of_requests(template: Json) -> None:
    """They contain headers, and so tokens."""
    properties = template["Resources"]["WebAcl"]["Properties"]
    parts = [properties, *properties["Rules"]]
    assert len(parts) == 3
    assert not any(part["VisibilityConfig"]["SampledRequestsEnabled"] for part in parts)


def test_waf_is_associated_with_the_stage_that_sam_creates(processed: Json) -> None:
    ((stage_id, _),) = of_type(processed, "AWS::ApiGateway::Stage").items()
    ((_, association),) = of_type(processed, "AWS::WAFv2::WebACLAssociation").items()
    *_, api, separator, stage = association["Properties"]["ResourceArn"]["Fn::Join"][1]
    assert (api, separator, stage) == ({"Ref": "RestAPI"}, "/stages/", {"Ref": stage_id})


def test_rules_of_waf_match_the_model_of_its_api(template: Json) -> None:
    model: Any = botocore.session.Session().get_service_model("wafv2")
    shape = model.shape_for("RateBasedStatement")
    limit = shape.members["Limit"].metadata
    for name in ("WafRequestsPerToken", "WafRequestsPerAddress"):
        parameter = template["Parameters"][name]
        assert parameter["MinValue"] == limit["min"] <= parameter["Default"]
        assert parameter["MaxValue"] == limit["max"]
    for rule in template["Resources"]["WebAcl"]["Properties"]["Rules"]:
        assert rule["Statement"]["RateBasedStatement"].keys() <= shape.members.keys()


def test_api_function_reserves_concurrency_only_on_request(template: Json) -> None:
    function = template["Resources"]["APIHandler"]["Properties"]
    assert function["ReservedConcurrentExecutions"] == {
        "Fn::If": ["ReservesApi", {"Ref": "ApiConcurrency"}, {"Ref": "AWS::NoValue"}]
    }
    assert template["Parameters"]["ApiConcurrency"]["Default"] == 0
    processed = of_type(transformed(template), "AWS::Lambda::Function")["APIHandler"]
    assert "ReservedConcurrentExecutions" in processed["Properties"]
    others = of_type(template, "AWS::Serverless::Function").keys() - {"APIHandler"}
    assert not any(
        "ReservedConcurrentExecutions" in template["Resources"][name]["Properties"]
        for name in others
    )
