"""Event sources on table streams: retries, partial batches, failure queue."""

import json
from typing import Any

from pynamodb.models import Model

from infra.stack.intrinsics import Json, arn, attribute
from infra.stack.tables import table_id

FAILURES = "StreamFailures"
"""The failure queue: a message names records, and the stream holds the records for a day."""

_UNLIMITED = -1
_DAY_SECONDS = 86_400
_RETENTION_DAYS = 14


def stream_settings(model: type[Model], *patterns: Json) -> Json:
    """Return additions to Chalice's event source: a table's stream, read from its beginning.

    ``patterns`` are patterns of Lambda's event filtering: a record must match one of them.
    """
    settings: Json = {
        "Stream": attribute(table_id(model), "StreamArn"),
        # Not LATEST: writes during the stack's creation must not be missed.
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        # For as long as the stream has the record. The handlers themselves move records that no
        # retry can help to the failure queue, so the others do not wait for them.
        "MaximumRetryAttempts": _UNLIMITED,
        "MaximumRecordAgeInSeconds": _DAY_SECONDS,
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": arn(FAILURES)}},
    }
    if patterns:
        filters: list[Any] = [{"Pattern": json.dumps(pattern)} for pattern in patterns]
        settings["FilterCriteria"] = {"Filters": filters}
    return settings


def stream_failures() -> dict[str, Json]:
    """Return the failure queue."""
    return {
        FAILURES: {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "MessageRetentionPeriod": _RETENTION_DAYS * _DAY_SECONDS,
                "SqsManagedSseEnabled": True,
            },
        }
    }
