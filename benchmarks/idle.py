"""What a stage costs per month when nobody uses it, counted from the template's resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import prices
from benchmarks.requests import MEMORY_GB

Json = dict[str, Any]

AUTO_STOPS, AUTO_STOP_SECONDS, AUTO_STOP_READ_UNITS = 12 * 24 * 30, 0.1, 4.5
"""Per month: runs of the auto-stop. Per run: billed seconds and read units."""

LOGGED_BYTES = 1_000
"""Log lines of an invocation, the function's and Lambda's: an assumption."""

_GIGABYTE = 1e9
_QUEUE_POLLS = 5 * 3 * 60 * 24 * 30
"""Lambda polls an empty queue with five pollers; each poll waits for twenty seconds."""

_KEY_REFRESHES = 12 * 24 * 30
"""DynamoDB asks for a table's key every five minutes, for each role that uses the table."""

_KEY_USERS = 2 + 3
"""Tables that the auto-stop reads, and streams that Lambda reads. Used stages: a few more."""

_OPTIONS = (("AlarmSet", "full"), ("CreateDashboard", "yes"), ("CreateWaf", "yes"))

BILLED = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::Logs::MetricFilter",
        "AWS::WAFv2::WebACL",
        "AWS::SecretsManager::Secret",
        "AWS::SQS::Queue",
        "AWS::DynamoDB::Table",
        "AWS::Lambda::Function",
    }
)
"""Types of resources that cost something while nobody uses them."""

FREE_WHILE_UNUSED = frozenset(
    {
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Events::Rule",
        "AWS::IAM::Role",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::Route53::RecordSet",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::WAFv2::WebACLAssociation",
    }
)
"""Types that cost nothing, or only by their use."""


@dataclass(frozen=True, slots=True)
class Line:
    """Dollars per month by list prices, and what remains after the monthly free amounts."""

    dollars: float
    after_free: float


def idle_bill(template: Json, settings: Mapping[str, str] | None = None) -> dict[str, Line]:
    """Return the lines of the bill of an unused stage.

    :param template: the template, before or after the SAM transform.
    :param settings: values of the stack's parameters that differ from their defaults.
    """
    resources = _created(template, settings or {})
    alarms = sum(_alarm_metrics(alarm) for alarm in _of(resources, "AWS::CloudWatch::Alarm"))
    metrics = len(_always_reported(resources))
    dashboards = len(_of(resources, "AWS::CloudWatch::Dashboard"))
    secrets = len(_of(resources, "AWS::SecretsManager::Secret"))
    firewalls = _of(resources, "AWS::WAFv2::WebACL")
    rules = sum(len(firewall["Rules"]) for firewall in firewalls)
    keys = _KEY_USERS * _KEY_REFRESHES
    run = (
        prices.LAMBDA_REQUEST
        + AUTO_STOP_SECONDS * MEMORY_GB * prices.LAMBDA_GB_SECOND
        + AUTO_STOP_READ_UNITS * prices.READ_UNITS
        + LOGGED_BYTES / _GIGABYTE * prices.LOGGED_GB
    )
    return {
        f"CloudWatch: alarms on {alarms} metrics": _line(
            alarms, prices.FREE_ALARM_METRICS, prices.ALARM_METRIC_MONTH
        ),
        f"CloudWatch: {metrics} custom metrics with data": _line(
            metrics, prices.FREE_CUSTOM_METRICS, prices.CUSTOM_METRIC_MONTH
        ),
        f"CloudWatch: {dashboards} dashboards": _line(
            dashboards, prices.FREE_DASHBOARDS, prices.DASHBOARD_MONTH
        ),
        f"WAF: {len(firewalls)} web ACLs, {rules} rules": Line(
            *[len(firewalls) * prices.WEB_ACL_MONTH + rules * prices.WAF_RULE_MONTH] * 2
        ),
        f"Secrets Manager: {secrets} secrets": _line(secrets, 0, prices.SECRET_MONTH),
        "SQS: Lambda polls the queue of deliveries": _line(
            _QUEUE_POLLS, prices.FREE_QUEUE_REQUESTS, prices.QUEUE_REQUEST
        ),
        "KMS: keys of tables and streams": _line(
            keys, prices.FREE_KEY_REQUESTS, prices.KEY_REQUEST
        ),
        "Lambda, DynamoDB, logs: the auto-stop's runs": Line(AUTO_STOPS * run, 0),
    }


def fixed_costs(template: Json) -> float:
    """Return the dollars per month of an unused stage without the auto-stop's runs."""
    lines = idle_bill(template)
    return sum(line.dollars for name, line in lines.items() if "auto-stop" not in name)


def print_idle_bill(template: Json) -> None:
    """Print the bill of an unused stage, and what the options add."""
    lines = idle_bill(template)
    print("| dollars per month, unused | list price | after free amounts |")
    print("| --- | ---: | ---: |")
    for name, line in lines.items():
        print(f"| {name} | {line.dollars:.2f} | {line.after_free:.2f} |")
    total = _total(lines)
    after_free = sum(line.after_free for line in lines.values())
    print(f"| **total** | **{total:.2f}** | **{after_free:.2f}** |")
    for setting, value in _OPTIONS:
        more = _total(idle_bill(template, {setting: value})) - total
        print(f"| {setting}={value} adds | {more:.2f} | |")


def _total(lines: Mapping[str, Line]) -> float:
    return sum(line.dollars for line in lines.values())


def _line(count: int, free: int, price: float) -> Line:
    return Line(count * price, max(0, count - free) * price)


def _of(resources: list[Json], type_: str) -> list[Json]:
    return [resource["Properties"] for resource in resources if resource.get("Type") == type_]


def _alarm_metrics(alarm: Json) -> int:
    return sum("MetricStat" in query for query in alarm["Metrics"]) if "Metrics" in alarm else 1


def _always_reported(resources: list[Json]) -> set[str]:
    """Return the metrics that have data without use: from each run of the auto-stop."""
    return {
        transformation["MetricName"]
        for properties in _of(resources, "AWS::Logs::MetricFilter")
        for transformation in properties["MetricTransformations"]
        if "DefaultValue" in transformation or transformation["MetricValue"].startswith("$")
    }


def _created(template: Json, settings: Mapping[str, str]) -> list[Json]:
    """Return the resources whose condition is true with these settings."""
    values = {
        name: str(settings.get(name, parameter.get("Default", "")))
        for name, parameter in template["Parameters"].items()
    }
    conditions = template["Conditions"]
    return [
        resource
        for resource in template["Resources"].values()
        if "Condition" not in resource
        or _is_true({"Condition": resource["Condition"]}, conditions, values)
    ]


def _is_true(condition: Json, conditions: Json, values: Mapping[str, str]) -> bool:
    ((kind, argument),) = condition.items()
    match kind:
        case "Condition":
            return _is_true(conditions[argument], conditions, values)
        case "Fn::Equals":
            left, right = (
                values[side["Ref"]] if isinstance(side, dict) else side for side in argument
            )
            return bool(left == right)
        case "Fn::Not":
            return not _is_true(argument[0], conditions, values)
        case "Fn::And":
            return all(_is_true(part, conditions, values) for part in argument)
        case "Fn::Or":
            return any(_is_true(part, conditions, values) for part in argument)
    raise ValueError(f"unknown condition: {kind}")
