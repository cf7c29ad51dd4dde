"""Small templates with which ``test_shims.py`` compares MiniStack with AWS's documentation."""

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

Json = dict[str, Any]

ALARM: Json = {
    "Resources": {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": 1,
                "EvaluationPeriods": 1,
                "Metrics": [
                    {"Id": "total", "Expression": "errors + 0"},
                    {
                        "Id": "errors",
                        "ReturnData": False,
                        "MetricStat": {
                            "Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"},
                            "Period": 300,
                            "Stat": "Sum",
                        },
                    },
                ],
            },
        }
    }
}

CONDITION: Json = {
    "Parameters": {"More": {"Type": "String", "Default": "no"}},
    "Conditions": {"HasMore": {"Fn::Equals": [{"Ref": "More"}, "yes"]}},
    "Resources": {
        "Always": {"Type": "AWS::SQS::Queue"},
        "Sometimes": {"Type": "AWS::SQS::Queue", "Condition": "HasMore"},
    },
}


_KEY = [{"AttributeName": "key", "KeyType": "HASH"}]
TABLE: Json = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "probe",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
                "KeySchema": _KEY,
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": "index",
                        "KeySchema": _KEY,
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            },
        }
    }
}


def secret(name: str) -> Json:
    """Return a template with a secret; the output is the reference to it."""
    return {
        "Resources": {
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"Name": name, "GenerateSecretString": {"PasswordLength": 20}},
            }
        },
        "Outputs": {"Secret": {"Value": {"Ref": "Secret"}}},
    }


_MAPPED = "method.response.header.X-Mapped"
_MOCK: Json = {
    "responses": {"200": {"description": "", "headers": {"X-Mapped": {"type": "string"}}}},
    "x-amazon-apigateway-integration": {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "passthroughBehavior": "when_no_match",
        "responses": {"default": {"statusCode": "200", "responseParameters": {_MAPPED: "'yes'"}}},
    },
}
_PROXY: Json = {
    "responses": {},
    "x-amazon-apigateway-integration": {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": {
            "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
            "${Function.Arn}/invocations"
        },
    },
}


_FUNCTION = """
def handler(event, context):
    if event.get("path") == "/failing":
        raise ValueError
    return {"statusCode": 200, "body": "done"}
"""


_FUNCTION_RESOURCES: Json = {
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                    }
                ],
            }
        },
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": _FUNCTION},
        },
    },
}


def queue_with_concurrency() -> Json:
    """Return a queue with a function, whose concurrency is a parameter."""
    source = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "ScalingConfig": {"MaximumConcurrency": {"Ref": "Concurrency"}},
        },
    }
    return {
        "Parameters": {"Concurrency": {"Type": "Number", "Default": "5"}},
        "Resources": {
            **_FUNCTION_RESOURCES,
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Source": source,
        },
        "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}},
    }


def websocket_api(deployment: str) -> Json:
    """Return a WebSocket API with a stage that uses the deployment of this name."""
    api = {"ApiId": {"Ref": "Api"}}
    route = {**api, "RouteKey": "$default"}
    stage = {**api, "StageName": "live", "DeploymentId": {"Ref": f"Deployment{deployment}"}}
    return {
        "Resources": {
            "Api": {
                "Type": "AWS::ApiGatewayV2::Api",
                "Properties": {
                    "Name": "probe",
                    "ProtocolType": "WEBSOCKET",
                    "RouteSelectionExpression": "$request.body.action",
                },
            },
            "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
            f"Deployment{deployment}": {
                "Type": "AWS::ApiGatewayV2::Deployment",
                "DependsOn": "Route",
                "Properties": api,
            },
            "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
        },
        "Outputs": {"Api": {"Value": {"Ref": "Api"}}},
    }


def api(title: str = "probe") -> Json:
    """Return an API with a method for all methods, gateway responses, and a function."""
    body = {
        "swagger": "2.0",
        "info": {"title": title, "version": "1"},
        "paths": {
            "/path": {"get": _MOCK, "x-amazon-apigateway-any-method": _MOCK},
            "/failing": {"get": _PROXY},
            "/working": {"get": _PROXY},
        },
        "x-amazon-apigateway-gateway-responses": {
            "MISSING_AUTHENTICATION_TOKEN": _response("418", "teapot"),
            "DEFAULT_5XX": _response("503", "failed"),
        },
    }
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}},
        f"Deployment{title}": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "StageName": "live",
                "DeploymentId": {"Ref": f"Deployment{title}"},
            },
        },
        **_FUNCTION_RESOURCES,
    }
    return {"Resources": resources, "Outputs": {"Api": {"Value": {"Ref": "Api"}}}}


def _response(status: str, text: str) -> Json:
    return {"statusCode": status, "responseTemplates": {"application/json": text}}
