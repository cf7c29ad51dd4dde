"""CloudWatch dashboard with the metrics behind the alarms, if ``CreateDashboard=yes``."""

import json
from collections.abc import Iterable
from typing import Any

from pynamodb.models import Model

from infra.stack.alarms import REFUSALS
from infra.stack.full_alarms import LAG
from infra.stack.functions import FUNCTIONS
from infra.stack.intrinsics import STACK, Json, sub
from infra.stack.parameters import HAS_DASHBOARD
from infra.stack.tables import table_id

_COLUMNS = 2
_WIDTH = 12
_HEIGHT = 6
_PERIOD_SECONDS = 300

_Series = list[Any]


def dashboard(stage: str, models: Iterable[type[Model]]) -> dict[str, Json]:
    """Return the dashboard; it has the stack's name."""
    widgets = [_graph(*graph) for graph in _graphs(stage, list(models))]
    widgets.append(_errors())
    for number, widget in enumerate(widgets):
        row, column = divmod(number, _COLUMNS)
        widget |= {"x": column * _WIDTH, "y": row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
    body = json.dumps({"widgets": widgets})
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Condition": HAS_DASHBOARD,
            "Properties": {"DashboardName": STACK, "DashboardBody": sub(body)},
        }
    }


def _graphs(stage: str, models: list[type[Model]]) -> list[tuple[str, list[_Series]]]:
    api = ["ApiName", "${AWS::StackName}", "Stage", stage]
    functions = [(function.name, f"${{{function.logical_id}}}") for function in FUNCTIONS]
    return [
        (
            "Requests and errors",
            [
                ["AWS/ApiGateway", "Count", *api, {"stat": "Sum"}],
                ["AWS/ApiGateway", "4XXError", *api, {"stat": "Sum"}],
                ["AWS/ApiGateway", "5XXError", *api, {"stat": "Sum"}],
                ["stint/${AWS::StackName}", REFUSALS, {"stat": "Sum"}],
            ],
        ),
        (
            "Latency of the API (ms)",
            [["AWS/ApiGateway", "Latency", *api, {"stat": stat}] for stat in ("p50", "p90", "p99")],
        ),
        (
            "Functions: duration p99 (ms)",
            [
                ["AWS/Lambda", "Duration", "FunctionName", logical, {"stat": "p99", "label": name}]
                for name, logical in functions
            ],
        ),
        (
            "Functions: errors and throttles",
            [
                [
                    "AWS/Lambda",
                    metric,
                    "FunctionName",
                    logical,
                    {"stat": "Sum", "label": f"{name} {metric.lower()}"},
                ]
                for name, logical in functions
                for metric in ("Errors", "Throttles")
            ],
        ),
        (
            "Overdue timers: time past their limit (s)",
            [["stint/${AWS::StackName}", LAG, {"stat": "Maximum"}]],
        ),
        *((f"{action} units", _units(models, action)) for action in ("Read", "Write")),
    ]


def _units(models: list[type[Model]], action: str) -> list[_Series]:
    return [
        [
            "AWS/DynamoDB",
            f"Consumed{action}CapacityUnits",
            "TableName",
            f"${{{table_id(model)}}}",
            {"stat": "Sum"},
        ]
        for model in models
    ]


def _graph(title: str, metrics: list[_Series]) -> Json:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "period": _PERIOD_SECONDS,
            "metrics": metrics,
        },
    }


def _errors() -> Json:
    groups = " | ".join(f"SOURCE '${{{function.logs_id}}}'" for function in FUNCTIONS)
    return {
        "type": "log",
        "properties": {
            "title": "Errors, newest first",
            "region": "${AWS::Region}",
            "query": (
                f"{groups} | fields @timestamp, message, error_id, errorType, errorMessage"
                " | filter level in ['ERROR', 'CRITICAL'] | sort @timestamp desc | limit 50"
            ),
            "view": "table",
        },
    }
