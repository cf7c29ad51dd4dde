"""AWS WAF in front of the API: rate rules by token and by address. Only with ``CreateWaf=yes``.

Its rules only limit rates. So API Gateway answers what they block with 429, which clients send
again later: see ``gateway_responses.py``.
"""

from infra.stack.intrinsics import STACK, Json, arn, ref
from infra.stack.parameters import HAS_WAF

WINDOW_SECONDS = 60
TOKEN_HEADER = "x-auth-token"  # noqa: S105 - not a secret


def waf() -> dict[str, Json]:
    """Return the web ACL and its association with the API's stage."""
    by_token = {
        "AggregateKeyType": "CUSTOM_KEYS",
        # A request without the header does not count here.
        "CustomKeys": [
            {
                "Header": {
                    "Name": TOKEN_HEADER,
                    "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
                }
            }
        ],
    }
    return {
        "WebAcl": {
            "Type": "AWS::WAFv2::WebACL",
            "Condition": HAS_WAF,
            "Properties": {
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "Rules": [
                    _rule(0, "address", {"AggregateKeyType": "IP"}, "WafRequestsPerAddress"),
                    _rule(1, "token", by_token, "WafRequestsPerToken"),
                ],
                "VisibilityConfig": _visibility(STACK),
            },
        },
        "WebAclAssociation": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Condition": HAS_WAF,
            "Properties": {"ResourceArn": _stage_arn(), "WebACLArn": arn("WebAcl")},
        },
    }


def _rule(priority: int, name: str, keys: Json, limit: str) -> Json:
    statement = {**keys, "Limit": ref(limit), "EvaluationWindowSec": WINDOW_SECONDS}
    return {
        "Name": name,
        "Priority": priority,
        "Action": {"Block": {}},
        "Statement": {"RateBasedStatement": statement},
        "VisibilityConfig": _visibility(name),
    }


def _visibility(metric: str | Json) -> Json:
    return {
        # WAF's own metrics cost nothing.
        "CloudWatchMetricsEnabled": True,
        "MetricName": metric,
        # Samples contain headers, and so tokens.
        "SampledRequestsEnabled": False,
    }


def _stage_arn() -> Json:
    # With references, so that the stage exists first. RestAPI.Stage is SAM's name for it.
    parts = ["arn:", ref("AWS::Partition"), ":apigateway:", ref("AWS::Region"), "::/restapis/"]
    return {"Fn::Join": ["", [*parts, ref("RestAPI"), "/stages/", ref("RestAPI.Stage")]]}
