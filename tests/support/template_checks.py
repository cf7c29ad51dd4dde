"""Rules for every function and every event source in the template."""

from collections.abc import Iterator

from infra.stack.alarms import FUNCTION_FAILURES
from infra.stack.functions import FUNCTIONS
from tests.support.stack import Json, of_type

_ENVIRONMENT = {
    "STINT_TABLE_PREFIX",
    "STINT_ALLOWED_ORIGIN",
    "STINT_LOG_LEVEL",
    "STINT_PUBLIC_BASE_URL",
    "PYTHONTZPATH",
}
_ALARMED_METRICS = {"Errors", "Throttles", "Duration"}
# One invalid record must not block the others, and must not be lost.
_EVENT_SETTINGS = {
    "DynamoDB": {
        "FunctionResponseTypes",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "MaximumRecordAgeInSeconds",
        "DestinationConfig",
    },
    "SQS": {"FunctionResponseTypes", "ScalingConfig"},
    "Schedule": {"RetryPolicy"},
}
_ASYNCHRONOUS = {"Schedule"}


def missing(template: Json) -> list[str]:
    """Return a message for each rule that the template violates."""
    return [
        f"{name}: {problem}"
        for name, function in of_type(template, "AWS::Serverless::Function").items()
        for problem in _function_problems(name, function["Properties"], template)
    ]


def _function_problems(name: str, properties: Json, template: Json) -> Iterator[str]:
    if name not in {function.logical_id for function in FUNCTIONS}:
        yield "not among infra.stack.functions.FUNCTIONS"
    logging = properties.get("LoggingConfig", {})
    if logging.get("LogFormat") != "JSON" or logging.get("LogGroup") != {"Ref": f"{name}Logs"}:
        yield "no JSON log in a log group of its own"
    if not set(properties.get("Environment", {}).get("Variables", {})) >= _ENVIRONMENT:
        yield "settings missing in its environment"
    if not _has_own_role(name, template):
        yield "no role of its own"
    if not _has_failures_metric(name, template):
        yield "no metric filter for FunctionFailures"
    for metric in sorted(_ALARMED_METRICS - _alarmed_metrics(name, template)):
        yield f"no alarm on {metric} in AlarmSet=full"
    events = properties.get("Events", {}).values()
    for event in events:
        yield from _event_problems(event)
    # Lambda invokes it asynchronously, and by default tries twice more, for up to six hours.
    is_asynchronous = any(event["Type"] in _ASYNCHRONOUS for event in events)
    if is_asynchronous and "EventInvokeConfig" not in properties:
        yield "asynchronous without EventInvokeConfig"


def _has_own_role(name: str, template: Json) -> bool:
    functions = of_type(template, "AWS::Serverless::Function").values()
    roles = [function["Properties"]["Role"] for function in functions]
    return roles.count(template["Resources"][name]["Properties"]["Role"]) == 1


def _alarmed_metrics(name: str, template: Json) -> set[str]:
    return {
        alarm["Properties"]["MetricName"]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if {"Name": "FunctionName", "Value": {"Ref": name}}
        in alarm["Properties"].get("Dimensions", [])
    }


def _has_failures_metric(name: str, template: Json) -> bool:
    return any(
        filter_["Properties"]["LogGroupName"] == {"Ref": f"{name}Logs"}
        and filter_["Properties"]["MetricTransformations"][0]["MetricName"] == FUNCTION_FAILURES
        for filter_ in of_type(template, "AWS::Logs::MetricFilter").values()
    )


def _event_problems(event: Json) -> Iterator[str]:
    kind, properties = event["Type"], event["Properties"]
    if kind not in _EVENT_SETTINGS:
        yield f"an event of type {kind}: say in tests/support/template_checks.py what it needs"
        return
    for setting in sorted(_EVENT_SETTINGS[kind] - set(properties)):
        yield f"{kind} without {setting}"
    if kind == "DynamoDB" and isinstance(properties["Stream"], str):
        yield "DynamoDB with a placeholder for its stream"
    if properties.get("FunctionResponseTypes", ["ReportBatchItemFailures"]) != [
        "ReportBatchItemFailures"
    ]:
        yield f"{kind} without partial batches"
