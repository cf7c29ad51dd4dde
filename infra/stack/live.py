"""The WebSocket API of live updates: additions to Chalice's definition.

Chalice creates the API, the route ``$connect`` with its function, and the stage. There is no route
``$disconnect``: a push finds out that a connection is gone. docs/decisions/0037-live.md
"""

import hashlib
import json

from chalice import __version__ as chalice_version

from infra.stack.intrinsics import STACK, Json, arn, either, ref, sub
from infra.stack.logs import log_group
from infra.stack.parameters import LIVE_UPDATES

LIVE_LOGS = "LiveAccessLogs"
MESSAGE_ROUTE = "LiveMessageRoute"

_CONNECT_ROUTE = "WebsocketConnectRoute"
"""Chalice's name of its route."""
_INTEGRATION = "LiveMessageIntegration"

# The tickets are in the query string: neither it nor headers are logged.
_ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "sourceIp": "$context.identity.sourceIp",
    "event": "$context.eventType",
    "route": "$context.routeKey",
    "status": "$context.status",
    "connection": "$context.connectionId",
    "integrationMilliseconds": "$context.integrationLatency",
    "gatewayError": "$context.error.responseType",
}


def live() -> dict[str, Json]:
    """Return the additions to Chalice's WebSocket API, and its related resources."""
    messages = _messages()
    deployment = f"LiveDeployment{_digest(messages)}"
    return {
        "WebsocketAPI": {"Properties": {"Name": STACK}},
        **messages,
        # Chalice's own deployment keeps its name when a route changes, so the stage would not
        # change. This one has another name then. Chalice's stays in the stack, unused.
        deployment: {
            "Type": "AWS::ApiGatewayV2::Deployment",
            "DependsOn": [_CONNECT_ROUTE, MESSAGE_ROUTE],
            "Properties": {"ApiId": ref("WebsocketAPI")},
        },
        "WebsocketAPIStage": {"Properties": _stage(deployment)},
        LIVE_LOGS: log_group("live-access"),
    }


def live_environment() -> Json:
    """Return the environment of the functions that create tickets and that push."""
    return {"STINT_LIVE_URL": either(LIVE_UPDATES, live_url(), "")}


def live_url() -> Json:
    """Return the address for clients. It is API Gateway's own, also where the API has a domain."""
    return sub(
        "wss://${WebsocketAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${WebsocketAPIStage}"
    )


def live_outputs() -> dict[str, Json]:
    """Return the stack's output with that address."""
    return {
        "LiveUrl": {
            "Condition": LIVE_UPDATES,
            "Description": "Address of live updates; a client needs a ticket",
            "Value": live_url(),
        }
    }


def _messages() -> dict[str, Json]:
    """Accept what clients send, and do nothing.

    API Gateway closes connections on which nothing is sent for ten minutes, so clients send a text.
    Without this route it would answer each one with an error message.
    """
    return {
        _INTEGRATION: {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": ref("WebsocketAPI"),
                # API Gateway itself, no function. A status is all that it needs.
                "IntegrationType": "MOCK",
                "RequestTemplates": {"$default": '{"statusCode": 200}'},
                # An expression; the backslash makes it the literal key of that template.
                "TemplateSelectionExpression": r"\$default",
            },
        },
        # Without a route response, API Gateway sends nothing back.
        MESSAGE_ROUTE: {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": ref("WebsocketAPI"),
                "RouteKey": "$default",
                "AuthorizationType": "NONE",
                "Target": {"Fn::Join": ["/", ["integrations", ref(_INTEGRATION)]]},
            },
        },
    }


def _stage(deployment: str) -> Json:
    return {
        "DeploymentId": ref(deployment),
        "DefaultRouteSettings": {
            # Each of the two routes has these limits for itself.
            "ThrottlingRateLimit": ref("RequestsPerSecond"),
            "ThrottlingBurstLimit": ref("RequestBurst"),
            "DetailedMetricsEnabled": False,
            # Execution logs would contain the tickets.
            "DataTraceEnabled": False,
            "LoggingLevel": "OFF",
        },
        "AccessLogSettings": {
            "DestinationArn": arn(LIVE_LOGS),
            "Format": json.dumps(_ACCESS_LOG_FIELDS),
        },
    }


def _digest(routes: Json) -> str:
    """Return a text that changes with the routes, Chalice's own included."""
    content = json.dumps([routes, chalice_version], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:10]
