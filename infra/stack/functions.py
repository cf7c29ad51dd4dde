"""The functions: environment, logs and what counts as slow.

To add one: write its handler; name its policy file in ``.chalice/config.json``; add it to
:data:`FUNCTIONS`; and give what feeds it its settings with ``events`` (retries, partial batches,
where failures go). tests/infra says what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.store.models import TallyModel, TimeEntryModel, TimerModel
from infra.archive import TASK_ROOT
from infra.slimming import AWS_ROOTS
from infra.stack.intrinsics import Json, either, ref, sub
from infra.stack.queues import (
    api_environment,
    delivery_environment,
    fan_out_environment,
    queue_source,
)
from infra.stack.streams import stream_settings


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function of the stack.

    :param logical_id: its name in the template: ``APIHandler``, or the handler's name in camel
        case, as Chalice makes it.
    :param name: the handler's name in the code, by which Chalice's configuration knows it.
    :param slow_milliseconds: how long its 99th percentile may last before somebody is told.
    :param events: what is added to its event sources, by Chalice's name for each.
    :param more_events: event sources that Chalice knows nothing of: it takes one a handler.
    :param environment: settings that only this one has.
    """

    logical_id: str
    name: str
    slow_milliseconds: int
    events: Mapping[str, Json] = field(default_factory=dict)
    more_events: Mapping[str, Json] = field(default_factory=dict)
    environment: Mapping[str, Json] = field(default_factory=dict)

    @property
    def logs_id(self) -> str:
        """The logical id of its log group."""
        return f"{self.logical_id}Logs"


API = Function("APIHandler", "api_handler", slow_milliseconds=3_000, environment=api_environment())

SWEEP = Function(
    "Sweep",
    "sweep",
    # It stops by itself while some of its four minutes are left.
    slow_milliseconds=200_000,
    # The next run, five minutes later, does what one left: it needs no second try of its own.
    events={
        "SweepEvent": {"RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 240}}
    },
)

ROLLUP = Function(
    "Rollup",
    "rollup",
    slow_milliseconds=10_000,
    # A person's days alone: what is rolled up lies in the same table, and must not come back.
    events={
        "RollupDynamodbEventSource": stream_settings(
            TallyModel, {"dynamodb": {"Keys": {"bucket": {"S": [{"prefix": "2"}]}}}}
        )
    },
)


def _patient(settings: Json) -> Json:
    """Settings of a stream whose records come again for hours.

    What nobody can read is put aside by the handler itself: what comes again is what the queue or
    the database would not take at that moment.
    """
    return {**settings, "MaximumRetryAttempts": 100, "MaximumRecordAgeInSeconds": 6 * 3600}


FAN_OUT = Function(
    "FanOut",
    "fan_out",
    slow_milliseconds=20_000,
    events={"FanOutDynamodbEventSource": _patient(stream_settings(TimerModel))},
    more_events={
        "FanOutTimeEntries": {
            "Type": "DynamoDB",
            "Properties": _patient(stream_settings(TimeEntryModel)),
        }
    },
    environment=fan_out_environment(),
)

DELIVERY = Function(
    "Delivery",
    "delivery",
    # Who does not answer is given ten seconds, after a few for the way.
    slow_milliseconds=40_000,
    events={"DeliverySqsEventSource": queue_source()},
    environment=delivery_environment(),
)

FUNCTIONS: tuple[Function, ...] = (API, SWEEP, ROLLUP, FAN_OUT, DELIVERY)


def functions(stage: str) -> dict[str, Json]:
    """What is merged into Chalice's functions, and their log groups."""
    resources: dict[str, Json] = {}
    for function in FUNCTIONS:
        resources[function.logical_id] = {"Properties": _properties(function, stage)}
        resources[function.logs_id] = log_group(function.name)
    return resources


def log_group(name: str) -> Json:
    """A log group that keeps its lines as long as the stack's parameter says."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": sub(f"/stint/${{AWS::StackName}}/{name}"),
            "RetentionInDays": ref("LogRetentionDays"),
        },
    }


def _properties(function: Function, stage: str) -> Json:
    properties: Json = {
        "Environment": {"Variables": {**_environment(stage), **function.environment}},
        "LoggingConfig": {
            "LogFormat": "JSON",
            "ApplicationLogLevel": ref("LogLevel"),
            "LogGroup": ref(function.logs_id),
        },
    }
    if function.events:
        properties["Events"] = {
            **{name: {"Properties": settings} for name, settings in function.events.items()},
            **function.more_events,
        }
    return properties


def _environment(stage: str) -> Json:
    endpoint = f"https://{{api_id}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}"
    return {
        "STINT_TABLE_PREFIX": ref("AWS::StackName"),
        # botocore's own variable: each connection that is opened reads AWS's authorities alone,
        # and not all the world's. docs/decisions/0018-cold-start.md
        "AWS_CA_BUNDLE": f"{TASK_ROOT}/{AWS_ROOTS}",
        "STINT_ALLOWED_ORIGIN": ref("AllowedOrigin"),
        "STINT_LOG_LEVEL": ref("LogLevel"),
        # The function cannot refer to the API, which refers to the function: the application puts
        # in the API's id itself. docs/decisions/0004-public-base-url.md
        "STINT_PUBLIC_BASE_URL": either("HasDomain", sub("https://${DomainName}"), sub(endpoint)),
    }
