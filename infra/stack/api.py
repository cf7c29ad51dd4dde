"""The API: additions to Chalice's definition, throttling, access logs, custom domain."""

import json
from collections.abc import Iterable

from infra.stack.functions import API
from infra.stack.gateway_responses import gateway_responses
from infra.stack.intrinsics import STACK, Json, arn, attribute, either, ref, sub
from infra.stack.logs import log_group
from infra.stack.parameters import SERVES_PAGES

ACCESS_LOGS = "AccessLogs"

REDEEM_PATH = "/api/v2/pairings/redeem"
"""The only route that needs no token."""
REDEMPTIONS_PER_SECOND = 5

APP_URL = "AppUrl"
"""The stack's output with the address of the pocket client. Absent: it is not served."""

# Neither the query string nor headers: they hold personal data and tokens.
_ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "sourceIp": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "integrationMilliseconds": "$context.integrationLatency",
    "responseBytes": "$context.responseLength",
    "gatewayError": "$context.error.responseType",
}


def api(paths: Iterable[str]) -> dict[str, Json]:
    """Return the additions to Chalice's API, and its related resources."""
    return {
        "RestAPI": {"Properties": _properties(paths)},
        ACCESS_LOGS: log_group("access"),
        **_domain(),
    }


def _properties(paths: Iterable[str]) -> Json:
    return {
        # The version of the definition; without it SAM adds a second, public stage named Stage.
        "OpenApiVersion": "2.0",
        "TracingEnabled": False,
        "AccessLogSetting": {
            "DestinationArn": arn(ACCESS_LOGS),
            "Format": json.dumps(_ACCESS_LOG_FIELDS),
        },
        "MethodSettings": [
            {
                "HttpMethod": "*",
                "ResourcePath": "/*",
                # Metrics of each method, which AWS bills one by one. Those of the stage are free,
                # and the access log has each method.
                "MetricsEnabled": False,
                # Every method has these limits for itself: API Gateway has none for a whole stage.
                "ThrottlingRateLimit": ref("RequestsPerSecond"),
                "ThrottlingBurstLimit": ref("RequestBurst"),
            },
            {
                # Guesses of pairing codes, of everybody together.
                "HttpMethod": "POST",
                "ResourcePath": f"/{REDEEM_PATH.replace('/', '~1')}",
                "MetricsEnabled": False,
                "ThrottlingRateLimit": REDEMPTIONS_PER_SECOND,
                "ThrottlingBurstLimit": 2 * REDEMPTIONS_PER_SECOND,
            },
        ],
        "DefinitionBody": {
            "info": {"title": STACK},
            "paths": {path: _path() for path in paths},
            "x-amazon-apigateway-gateway-responses": gateway_responses(),
        },
    }


def _path() -> Json:
    method = {
        "produces": ["application/json"],
        "responses": {"200": {"description": "200 response"}},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "passthroughBehavior": "when_no_match",
            "contentHandling": "CONVERT_TO_TEXT",
            "uri": sub(
                "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31"
                f"/functions/${{{API.logical_id}.Arn}}/invocations"
            ),
        },
    }
    return {
        # The application knows which of the allowed origins asks.
        "options": method,
        # For API Gateway, a method without a definition is an unknown path: 403. With this it calls
        # the application, which responds with 405 and the allowed methods.
        "x-amazon-apigateway-any-method": method,
    }


def _domain() -> dict[str, Json]:
    return {
        "Domain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": ref("DomainName"),
                "RegionalCertificateArn": ref("CertificateArn"),
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "DomainMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": ref("Domain"),
                "RestApiId": ref("RestAPI"),
                # SAM's name for the stage that it creates.
                "Stage": ref("RestAPI.Stage"),
            },
        },
        "DomainRecord": {
            "Type": "AWS::Route53::RecordSet",
            "Condition": "HasZone",
            "Properties": {
                "HostedZoneId": ref("HostedZoneId"),
                "Name": ref("DomainName"),
                "Type": "A",
                "AliasTarget": {
                    "DNSName": attribute("Domain", "RegionalDomainName"),
                    "HostedZoneId": attribute("Domain", "RegionalHostedZoneId"),
                },
            },
        },
    }


def outputs(stage: str) -> dict[str, Json]:
    """Return the stack's outputs: the URLs of the API."""
    endpoint = f"https://${{RestAPI}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}"
    return {
        "BaseUrl": {
            "Description": "Base URL of the API, without /api/v2",
            "Value": either("HasDomain", sub("https://${DomainName}"), sub(endpoint)),
        },
        APP_URL: {
            "Condition": SERVES_PAGES,
            "Description": "Address of the pocket client",
            "Value": either(
                "HasDomain", sub("https://${DomainName}/app/"), sub(f"{endpoint}/app/")
            ),
        },
        "DomainTarget": {
            "Condition": "HasDomain",
            "Description": "Target of the domain's DNS record",
            "Value": attribute("Domain", "RegionalDomainName"),
        },
    }
