"""The API: its definition beyond Chalice's, throttling, access logs, and a domain of one's own."""

import json
from collections.abc import Iterable

from infra.stack.functions import API, log_group
from infra.stack.gateway_responses import gateway_responses
from infra.stack.intrinsics import STACK, Json, arn, attribute, either, ref, sub

ACCESS_LOGS = "AccessLogs"

# Neither the query nor any header: they hold what people work on, and their tokens.
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
    """What is merged into Chalice's API, and what belongs to it."""
    return {
        "RestAPI": {"Properties": _properties(paths)},
        ACCESS_LOGS: log_group("access"),
        **_domain(),
    }


def _properties(paths: Iterable[str]) -> Json:
    return {
        # As written in the definition; else SAM adds a second stage, named Stage, open to all.
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
                "MetricsEnabled": True,
                "ThrottlingRateLimit": ref("RequestsPerSecond"),
                "ThrottlingBurstLimit": ref("RequestBurst"),
            }
        ],
        "DefinitionBody": {
            "info": {"title": STACK},
            "paths": {path: _path() for path in paths},
            "x-amazon-apigateway-gateway-responses": gateway_responses(),
        },
    }


def _path() -> Json:
    origin = "method.response.header.Access-Control-Allow-Origin"
    return {
        # Chalice writes the origin that it knows while packaging; the stack's parameter decides.
        "options": {
            "x-amazon-apigateway-integration": {
                "responses": {
                    "default": {"responseParameters": {origin: sub("'${AllowedOrigin}'")}}
                }
            }
        },
        # To API Gateway a method that nobody declared is the same as an unknown path: 403. Here it
        # goes to the application, which knows what is allowed and answers 405.
        "x-amazon-apigateway-any-method": {
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
        },
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
                # SAM's name for the stage that it makes.
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
    """Where the API is."""
    endpoint = f"https://${{RestAPI}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}"
    return {
        "BaseUrl": {
            "Description": "What clients put before /api/v2",
            "Value": either("HasDomain", sub("https://${DomainName}"), sub(endpoint)),
        },
        "DomainTarget": {
            "Condition": "HasDomain",
            "Description": "Where the domain's DNS record must point",
            "Value": attribute("Domain", "RegionalDomainName"),
        },
    }
