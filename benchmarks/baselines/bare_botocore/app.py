"""Lower bound: botocore's client, created during initialisation, and minimal code."""

import hashlib
import json
import os
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import botocore.session

_PREFIX = os.environ["STINT_TABLE_PREFIX"]
_TOKENS, _DIRECTORY, _TIMERS = (f"{_PREFIX}-{it}" for it in ("tokens", "directory", "timers"))

client: Any = botocore.session.get_session().create_client(
    "dynamodb",
    region_name=os.environ["AWS_REGION"],
    endpoint_url=os.environ["DYNAMODB_ENDPOINT"],
)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Handle ``GET /api/v2/timers/{id}``."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    organization_id = headers.get("x-organization-id", "")
    digest = hashlib.sha256(headers.get("x-auth-token", "").encode()).hexdigest()
    found = client.batch_get_item(
        RequestItems={
            _TOKENS: {"Keys": [{"digest": {"S": digest}}], "ConsistentRead": True},
            _DIRECTORY: {
                "Keys": [
                    {
                        "organization_key": {"S": organization_id},
                        "record_key": {"S": f"organization#{organization_id:0>16}"},
                    }
                ],
                "ConsistentRead": True,
            },
        }
    )["Responses"]
    token = next(iter(found[_TOKENS]), None)
    if token is None or float(token.get("expires_at", {}).get("N", "inf")) <= time.time():
        return _error(401, "invalid_auth_token")
    if token["organization_id"]["N"] != organization_id:
        return _error(403, "access_denied")
    timer = client.get_item(
        TableName=_TIMERS,
        Key={"key": {"S": f"{organization_id}#{event['pathParameters']['id']}"}},
        ConsistentRead=True,
    ).get("Item")
    own = timer is not None and timer["person_id"] == token["person_id"]
    if timer is None or not (own or token["role"]["S"] == "admin"):
        return _error(404, "record_not_found")
    zone = ZoneInfo(found[_DIRECTORY][0]["time_zone"]["S"])
    return _answer(200, {"data": _timer(timer, zone), "meta": {}})


def _timer(timer: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    started_at = int(timer["started_at"]["N"])
    stopped_at = int(timer["stopped_at"]["N"]) if "stopped_at" in timer else None
    return {
        "id": timer["id"]["N"],
        "type": "timers",
        "attributes": {
            "person_id": int(timer["person_id"]["N"]),
            "started_at": _timestamp(started_at, zone),
            "stopped_at": None if stopped_at is None else _timestamp(stopped_at, zone),
            "total_time": 0 if stopped_at is None else (stopped_at - started_at + 30) // 60,
        },
        "relationships": {
            "organization": {
                "data": {"type": "organizations", "id": timer["organization_id"]["N"]}
            },
            "time_entry": {"meta": {"included": False}},
        },
    }


def _timestamp(timestamp: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(timestamp, zone).isoformat(timespec="milliseconds")


def _error(status: int, code: str) -> dict[str, Any]:
    return _answer(status, {"errors": [{"status": str(status), "code": code}]})


def _answer(status: int, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/vnd.api+json; charset=utf-8"},
        "body": json.dumps(document),
    }
