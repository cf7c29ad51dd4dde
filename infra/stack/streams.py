"""What every function that a table's stream feeds has: retries, partial batches, a place for what
cannot be handled."""

import json
from typing import Any

from pynamodb.models import Model

from infra.stack.intrinsics import Json, arn, attribute
from infra.stack.tables import table_id

FAILURES = "StreamFailures"
"""The queue of what was put aside: it says which records, the stream holds them for a day."""

_RETRIES = 10
_OLDEST_SECONDS = 3_600
_DAY_SECONDS = 86_400
_RETENTION_DAYS = 14


def stream_settings(model: type[Model], *patterns: Json) -> Json:
    """What is added to Chalice's event source: the stream of a table, read from its beginning.

    ``patterns`` are those of Lambda's event filtering: a record must match one of them.
    """
    settings: Json = {
        "Stream": attribute(table_id(model), "StreamArn"),
        # Not from the latest: what is written while a new stack comes up is not to be missed.
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": _RETRIES,
        "MaximumRecordAgeInSeconds": _OLDEST_SECONDS,
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": arn(FAILURES)}},
    }
    if patterns:
        filters: list[Any] = [{"Pattern": json.dumps(pattern)} for pattern in patterns]
        settings["FilterCriteria"] = {"Filters": filters}
    return settings


def stream_failures() -> dict[str, Json]:
    """The queue."""
    return {
        FAILURES: {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "MessageRetentionPeriod": _RETENTION_DAYS * _DAY_SECONDS,
                "SqsManagedSseEnabled": True,
            },
        }
    }
