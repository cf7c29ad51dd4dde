"""Lambda functions: environment, logs, and thresholds for slow functions.

To add a function: write its handler, name its policy file in ``.chalice/config.json``, add it to
:data:`FUNCTIONS`, and add the settings of its event sources in ``events`` (retries, partial
batches, failure destination). tests/infra reports missing parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.counters.repository import CounterModel
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.repository import TimerModel
from infra.archive import TASK_ROOT
from infra.stack.intrinsics import Json, either, ref, sub
from infra.stack.live import live_environment
from infra.stack.logs import log_group
from infra.stack.parameters import RESERVES_API
from infra.stack.queues import (
    api_environment,
    counter_rollup_environment,
    event_fanout_environment,
    queue_source,
    webhook_delivery_environment,
)
from infra.stack.streams import stream_settings
from infra.trim_botocore import AWS_ROOTS


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function of the stack.

    :param logical_id: its logical id: ``APIHandler``, or the handler's name in camel case, as
        Chalice generates it.
    :param name: the handler's name in the code and in Chalice's configuration.
    :param slow_milliseconds: alarm threshold for the 99th percentile of its duration.
    :param events: settings to add to its event sources, by Chalice's name of the event source.
    :param more_events: event sources that Chalice does not create: it supports one per handler.
    :param environment: environment variables that only this function has.
    :param more_properties: other properties of the function.
    """

    logical_id: str
    name: str
    slow_milliseconds: int
    events: Mapping[str, Json] = field(default_factory=dict)
    more_events: Mapping[str, Json] = field(default_factory=dict)
    environment: Mapping[str, Json] = field(default_factory=dict)
    more_properties: Mapping[str, object] = field(default_factory=dict)

    @property
    def logs_id(self) -> str:
        """The logical id of its log group."""
        return f"{self.logical_id}Logs"


API = Function(
    "APIHandler",
    "api_handler",
    slow_milliseconds=3_000,
    environment={**api_environment(), **live_environment()},
    more_properties={
        "ReservedConcurrentExecutions": either(
            RESERVES_API, ref("ApiConcurrency"), ref("AWS::NoValue")
        )
    },
)

AUTO_STOP = Function(
    "AutoStop",
    "auto_stop",
    # It stops before its timeout of four minutes.
    slow_milliseconds=200_000,
    # EventBridge's retries: of handing the event to Lambda, before the function runs.
    events={
        "AutoStopEvent": {
            "RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 240}
        }
    },
    # Lambda's retries: of a run that failed or was throttled. The next run, five minutes later,
    # does the same work.
    more_properties={
        "EventInvokeConfig": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 300}
    },
)

COUNTER_ROLLUP = Function(
    "CounterRollup",
    "counter_rollup",
    slow_milliseconds=10_000,
    # Only people's days: roll-ups are in the same table and must not trigger this function.
    events={
        "CounterRollupDynamodbEventSource": stream_settings(
            CounterModel, {"dynamodb": {"Keys": {"bucket": {"S": [{"prefix": "2"}]}}}}
        )
    },
    environment=counter_rollup_environment(),
)


EVENT_FANOUT = Function(
    "EventFanout",
    "event_fanout",
    slow_milliseconds=20_000,
    events={"EventFanoutDynamodbEventSource": stream_settings(TimerModel)},
    more_events={
        "EventFanoutTimeEntries": {
            "Type": "DynamoDB",
            "Properties": stream_settings(TimeEntryModel),
        }
    },
    environment={**event_fanout_environment(), **live_environment()},
)

WEBHOOK_DELIVERY = Function(
    "WebhookDelivery",
    "webhook_delivery",
    # A receiver has ten seconds to respond, after a few seconds to connect.
    slow_milliseconds=40_000,
    events={"WebhookDeliverySqsEventSource": queue_source()},
    environment=webhook_delivery_environment(),
    # A delivery that waits passes through the queue and this function up to 81 times. Lambda would
    # stop that after 16. Attempts and time are limited. docs/decisions/0026-waiting.md
    more_properties={"RecursiveLoop": "Allow"},
)

# Chalice has one name for the function of `$connect`.
LIVE_CONNECT = Function("WebsocketConnect", "websocket_connect", slow_milliseconds=3_000)

FUNCTIONS: tuple[Function, ...] = (
    API,
    AUTO_STOP,
    COUNTER_ROLLUP,
    EVENT_FANOUT,
    WEBHOOK_DELIVERY,
    LIVE_CONNECT,
)


def functions(stage: str) -> dict[str, Json]:
    """Return the additions to Chalice's functions, and their log groups."""
    resources: dict[str, Json] = {}
    for function in FUNCTIONS:
        resources[function.logical_id] = {"Properties": _properties(function, stage)}
        resources[function.logs_id] = log_group(function.name)
    return resources


def _properties(function: Function, stage: str) -> Json:
    properties: Json = {
        "Environment": {"Variables": {**_environment(stage), **function.environment}},
        "LoggingConfig": {
            "LogFormat": "JSON",
            # Not LogLevel: this is the level of the root logger, and at DEBUG botocore logs
            # requests with their data.
            "ApplicationLogLevel": "INFO",
            "LogGroup": ref(function.logs_id),
        },
        **function.more_properties,
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
        # botocore's own variable: a new connection reads only the certificates of AWS's
        # authorities, not of all. docs/decisions/0018-cold-start.md
        "AWS_CA_BUNDLE": f"{TASK_ROOT}/{AWS_ROOTS}",
        # zoneinfo reads no time zone data of the host: only the package's own (tzdata).
        "PYTHONTZPATH": "",
        "STINT_ALLOWED_ORIGIN": ref("AllowedOrigin"),
        "STINT_LOG_LEVEL": ref("LogLevel"),
        # The function cannot refer to the API, because the API refers to the function: the
        # application inserts the API's id. docs/decisions/0004-public-base-url.md
        "STINT_PUBLIC_BASE_URL": either("HasDomain", sub("https://${DomainName}"), sub(endpoint)),
    }
