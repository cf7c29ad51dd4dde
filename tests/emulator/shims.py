"""Every correction of MiniStack that the checks need. Runs in the emulator's process.

A shim states the sentence of AWS's documentation that MiniStack does not follow, and its address.
``test_shims.py`` has a probe for each shim. It fails when MiniStack follows that sentence itself:
then remove the shim and its probe.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_actions
from ministack.services import apigateway, apigateway_v1, dynamodb, secretsmanager
from ministack.services.cloudformation import changesets, helpers, provisioners

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""The methods that API Gateway supports: ANY stands for these."""


@dataclass(frozen=True)
class Shim:
    """A correction: AWS's sentence, its address, and the function that changes MiniStack."""

    name: str
    sentence: str
    url: str
    apply: Callable[[], None]


SHIMS: list[Shim] = []


def shim(sentence: str, url: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that changes MiniStack as the sentence says."""

    def register(apply: Callable[[], None]) -> Callable[[], None]:
        SHIMS.append(Shim(apply.__name__, sentence, url, apply))
        return apply

    return register


def apply_all() -> None:
    """Apply all shims."""
    for each in SHIMS:
        each.apply()


@shim(
    "Amazon S3 virtual-hosted-style URLs use the following format: "
    "https://bucket-name.s3.region-code.amazonaws.com/key-name",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html",
)
def template_url_with_the_bucket_as_host() -> None:
    """CloudFormation reads a template from a virtual-hosted-style URL."""
    original = helpers._resolve_document

    def resolve(params: Any, body_key: str, url_key: str, label: str) -> Any:
        url = helpers._p(params, url_key)
        match = re.fullmatch(
            r"https://([a-z0-9-]+)\.s3\.[a-z0-9-]+\.amazonaws\.com/(.+)", url or ""
        )
        if match:
            bucket, key = match.groups()
            params = {**params, url_key: [f"https://s3.amazonaws.com/{bucket}/{key}"]}
        return original(params, body_key, url_key, label)

    helpers._resolve_document = resolve


@shim(
    "CloudFormation also re-evaluates these conditions at each stack update before updating any "
    "resources. Resources that are still associated with a true condition are updated. Resources "
    "that are now associated with a false condition are deleted.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
    "conditions-section-structure.html",
)
def change_set_follows_the_conditions() -> None:
    """A change set has the resources of a condition that becomes true, and not those of others."""
    original = changesets._resolve_props_for_diff

    def resolve(template: Any, params: Any, *rest: Any) -> Any:
        conditions = changesets._evaluate_conditions(template, params) if template else {}
        resolved = original(template, params, *rest)
        resources = {
            name: resource
            for name, resource in resolved.get("Resources", {}).items()
            if conditions.get(resource.get("Condition"), True)
        }
        return {**resolved, "Resources": resources}

    changesets._resolve_props_for_diff = resolve


@shim(
    "Metrics: An array that contains MetricDataQuery structures, which enables you to create an "
    "alarm based on the result of a metric math expression.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-cloudwatch-alarm.html",
)
def alarm_on_a_metric_expression() -> None:
    """CloudFormation creates an alarm on an expression. MiniStack then does not evaluate it."""
    original = provisioners._cw_metric_alarm_record

    def record(name: str, props: Any) -> Any:
        queries = props.get("Metrics")
        if not queries:
            return original(name, props)
        plain = {key: value for key, value in props.items() if key != "Metrics"}
        plain |= {"Namespace": "expression", "MetricName": name}
        return {**original(name, plain), "Metrics": queries}

    provisioners._cw_metric_alarm_record = record


@shim(
    "When you pass the logical ID of an AWS::SecretsManager::Secret resource to the intrinsic Ref "
    "function, the function returns the ARN of the secret configured such as: "
    "arn:aws:secretsmanager:us-west-2:123456789012:secret:my-path/my-secret-name-1a2b3c",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-secretsmanager-secret.html",
)
def reference_to_a_secret_is_its_arn() -> None:
    """``Ref`` of a secret is its ARN."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = (handlers[name] for name in ("create", "update", "delete"))

    def create_with_arn(logical_id: str, props: Any, stack_name: str) -> Any:
        _, attributes = create(logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update_with_arn(physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        _, attributes = update(_secret_name(physical_id), old, new, *rest)
        return attributes["Arn"], attributes

    def delete_with_arn(physical_id: str, props: Any) -> None:
        delete(_secret_name(physical_id), props)

    handlers |= {"create": create_with_arn, "update": update_with_arn, "delete": delete_with_arn}


def _secret_name(arn: str) -> str:
    # Secrets Manager adds a dash and six characters to the name.
    return arn.partition(":secret:")[2][:-7]


@shim(
    "ResourceExistsException: A resource with the ID you requested already exists. "
    "InvalidRequestException: The secret is scheduled for deletion.",
    "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
)
def secret_with_an_existing_name_is_refused() -> None:
    """CloudFormation cannot create a secret whose name exists, also one to be deleted."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create = handlers["create"]

    def create_new(logical_id: str, props: Any, stack_name: str) -> Any:
        name = props.get("Name")
        existing = secretsmanager._secrets.get(name) if name else None
        if existing is not None:
            raise ValueError(
                "You can't create this secret because a secret with this name is already "
                "scheduled for deletion."
                if existing.get("DeletedDate")
                else f"The operation failed because the secret {name} already exists."
            )
        return create(logical_id, props, stack_name)

    handlers["create"] = create_new


@shim(
    "SSESpecification: Specifies the settings to enable server-side encryption. "
    "TimeToLiveSpecification: Specifies the Time to Live (TTL) settings for the table. "
    "PointInTimeRecoverySpecification: The settings used to enable point in time recovery. "
    "(and DescribeTable) IndexStatus: The current state of the global secondary index",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-dynamodb-table.html",
)
def table_has_all_its_settings() -> None:
    """CloudFormation creates a table with encryption, time to live, backups and index states."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create = handlers["create"]

    def create_completely(logical_id: str, props: Any, stack_name: str) -> Any:
        indexes = [
            {**index, "IndexStatus": "ACTIVE"} for index in props.get("GlobalSecondaryIndexes", [])
        ]
        name, attributes = create(
            logical_id, {**props, "GlobalSecondaryIndexes": indexes}, stack_name
        )
        encryption = props.get("SSESpecification", {})
        specification = {**encryption, "Enabled": encryption.get("SSEEnabled", False)}
        dynamodb._tables[name]["SSEDescription"] = dynamodb._sse_description_from_spec(
            specification
        )
        calls = {
            "TimeToLiveSpecification": dynamodb._update_ttl,
            "PointInTimeRecoverySpecification": dynamodb._update_continuous_backups,
        }
        for setting, call in calls.items():
            if setting in props:
                call({"TableName": name, setting: props[setting]})
        return name, attributes

    handlers["create"] = create_completely


@shim(
    "Specifying SendMessage, DeleteMessage, or ChangeMessageVisibility for ActionName.n also "
    "grants permissions for the corresponding batch versions of those actions: SendMessageBatch, "
    "DeleteMessageBatch, and ChangeMessageVisibilityBatch.",
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html",
)
def queue_batches_need_the_single_permission() -> None:
    """A batch of messages needs the permission of a single message."""
    original = iam_actions.extract_iam_action

    def extract(service: str, *rest: Any) -> Any:
        action = original(service, *rest)
        return action.removesuffix("Batch") if service == "sqs" and action else action

    iam_actions.extract_iam_action = extract


@shim(
    "Specifies the OpenAPI Operation Object for the API Gateway catch-all ANY method in an OpenAPI "
    "Path Item Object. This object can exist alongside other Operation objects and will catch any "
    "HTTP method that wasn't explicitly declared.",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
    "api-gateway-swagger-extensions-any-method.html",
)
def any_method_is_imported() -> None:
    """The definition of an API can have a method for all other methods that exist."""
    original = apigateway_v1._import_path_item

    def import_item(api_id: str, path: str, item: Any, *rest: Any) -> None:
        original(api_id, path, item, *rest)
        operation = item.get("x-amazon-apigateway-any-method")
        if operation:
            for method in _METHODS:
                if method.lower() not in item:
                    apigateway_v1._import_operation(
                        api_id, _resource_id(api_id, path), method, operation
                    )

    apigateway_v1._import_path_item = import_item


def _resource_id(api_id: str, path: str) -> str:
    """Return the id of an API's resource by its full path."""
    resources = apigateway_v1._resources.get(api_id, {})
    ids: dict[str, str] = {each["path"]: each_id for each_id, each in resources.items()}
    return ids[path]


@shim(
    "x-amazon-apigateway-gateway-responses: Defines the gateway responses for an API as a "
    "string-to-GatewayResponse map of key-value pairs.",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
    "api-gateway-swagger-extensions-gateway-responses.html",
)
def gateway_responses_are_imported() -> None:
    """The definition of an API can have gateway responses."""
    original = apigateway_v1._import_rest_api

    def import_api(spec: Any, base_data: Any = None) -> str:
        api_id: str = original(spec, base_data)
        responses = spec.get("x-amazon-apigateway-gateway-responses") or {}
        for response_type, response in responses.items():
            status, _, body = apigateway_v1._put_gateway_response(api_id, response_type, response)
            if status >= 400:
                raise ValueError(f"gateway response {response_type}: {body!r}")
        return api_id

    apigateway_v1._import_rest_api = import_api


@shim(
    "responses: Defines the method's responses and specifies desired parameter mappings or payload "
    "mappings from integration responses to method responses. requestTemplates: Mapping templates "
    "for a request payload of specified MIME types. passthroughBehavior: Specifies how a request "
    "payload of unmapped content type is passed through the integration request.",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
    "api-gateway-swagger-extensions-integration.html",
)
def integration_mappings_are_imported() -> None:
    """The definition of an integration can have templates and header mappings."""
    original = apigateway_v1._import_operation

    def import_operation(
        api_id: str, resource_id: str, method: str, operation: Any, *rest: Any
    ) -> None:
        original(api_id, resource_id, method, operation, *rest)
        spec = (operation or {}).get("x-amazon-apigateway-integration") or {}
        resource = apigateway_v1._resources[api_id][resource_id]
        integration = resource["resourceMethods"][method].get("methodIntegration")
        if not integration or integration["type"] != "MOCK":
            return
        integration["requestTemplates"] = dict(spec.get("requestTemplates") or {})
        integration["passthroughBehavior"] = spec.get(
            "passthroughBehavior", "when_no_match"
        ).upper()
        for pattern, response in (spec.get("responses") or {}).items():
            apigateway_v1._put_integration_response(
                api_id,
                resource_id,
                method,
                str(response["statusCode"]),
                {**response, "selectionPattern": "" if pattern == "default" else pattern},
            )

    apigateway_v1._import_operation = import_operation


@shim(
    "WHEN_NO_MATCH: Choose this option if you want the method request body to pass through the "
    "integration request to the backend without transformation when the method request content "
    "type does not match any content types associated with the mapping templates.",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
    "integration-passthrough-behaviors.html",
)
def mock_reads_its_status_from_a_body_without_template() -> None:
    """A MOCK integration without a matching template reads its status from the body, and fails."""
    original = apigateway_v1._check_passthrough_behavior

    def check(integration: Any, headers: Any) -> Any:
        templates = integration.get("requestTemplates") or {}
        behavior = integration.get("passthroughBehavior")
        content_type = apigateway_v1._header_ci(headers, "content-type") or "application/json"
        if (integration["type"], behavior) == ("MOCK", "WHEN_NO_MATCH") and (
            content_type.partition(";")[0] not in templates
        ):
            return apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")
        return original(integration, headers)

    apigateway_v1._check_passthrough_behavior = check


@shim(
    "Body: An OpenAPI specification that defines a set of RESTful APIs in JSON format. "
    "Update requires: No interruption.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-apigateway-restapi.html",
)
def new_definition_keeps_the_api() -> None:
    """CloudFormation changes the definition of an API without replacing the API."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
    original = handlers["update"]

    def update(physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        if new.get("Body") == old.get("Body"):
            return original(physical_id, old, new, *rest)
        imported = apigateway_v1._import_rest_api(new["Body"], {"name": "imported"})
        for store in (apigateway_v1._resources, apigateway_v1._gateway_responses):
            store[physical_id] = store.pop(imported, {})
        apigateway_v1._delete_rest_api(imported)
        return original(physical_id, {**old, "Body": new["Body"]}, new, *rest)

    handlers["update"] = update


@shim(
    "The AWS::ApiGatewayV2::Deployment resource creates a deployment for an API. When you pass the "
    "logical ID of this resource to the intrinsic Ref function, Ref returns the deployment ID, "
    "such as 123abc. Update requires (of ApiId): Replacement.",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-apigatewayv2-deployment.html",
)
def deployment_of_a_websocket_api_is_a_resource() -> None:
    """CloudFormation creates deployments of WebSocket APIs. MiniStack does not copy the routes."""

    def create(_logical_id: str, props: Any, _stack_name: str) -> Any:
        status, _, body = apigateway._create_deployment(props["ApiId"], {})
        if status >= 400:
            raise ValueError(f"deployment of {props['ApiId']}: {body!r}")
        deployment = json.loads(body)["deploymentId"]
        return deployment, {"DeploymentId": deployment}

    def delete(physical_id: str, props: Any) -> None:
        apigateway._delete_deployment(props["ApiId"], physical_id)

    provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Deployment"] = {
        "create": create,
        "delete": delete,
    }


@shim(
    "Number: An integer or float. CloudFormation validates the parameter value as a number; "
    "however, when you use the parameter elsewhere in your template (for example, by using the Ref "
    "intrinsic function), the parameter value becomes a literal string. (In ScalingConfig) "
    "MaximumConcurrency: Type: Integer",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
    "parameters-section-structure.html",
)
def concurrency_of_a_queue_can_be_a_parameter() -> None:
    """CloudFormation passes the value of a parameter to Lambda as the number that Lambda needs."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, update = handlers["create"], handlers["update"]

    def with_number(props: Any) -> Any:
        scaling = props.get("ScalingConfig") or {}
        if "MaximumConcurrency" not in scaling:
            return props
        number = int(scaling["MaximumConcurrency"])
        return {**props, "ScalingConfig": {**scaling, "MaximumConcurrency": number}}

    def create_with_number(logical_id: str, props: Any, stack_name: str) -> Any:
        return create(logical_id, with_number(props), stack_name)

    def update_with_number(physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        return update(physical_id, with_number(old), with_number(new), *rest)

    handlers |= {"create": create_with_number, "update": update_with_number}


@shim(
    "API Gateway treats all Lambda invocation and function errors as internal errors. If the "
    "Lambda API rejects the invocation request, API Gateway returns a 500 error code. If the "
    "function runs but returns an error, API Gateway returns a 502.",
    "https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html",
)
def failed_function_is_a_gateway_response() -> None:
    """A function that fails or is throttled is a gateway response without the function's text."""
    respond = apigateway_v1._lambda_proxy_response
    invoke = apigateway_v1._invoke_lambda_proxy_v1
    throttled, failed = "INTEGRATION_FAILURE", "DEFAULT_5XX"

    def respond_or_fail(result: Any) -> Any:
        if result.get("throttle"):
            return None, throttled
        if result.get("error"):
            return None, failed
        return respond(result)

    async def invoke_or_fail(*arguments: Any, **options: Any) -> Any:
        answer = await invoke(*arguments, **options)
        for response_type in (throttled, failed):
            if isinstance(answer, tuple) and answer[2] == _message(response_type):
                return apigateway_v1._gw_error(response_type, "Internal server error")
        return answer

    apigateway_v1._lambda_proxy_response = respond_or_fail
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_or_fail


def _message(text: str) -> bytes:
    return json.dumps({"message": text}).encode()
