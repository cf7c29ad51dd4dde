"""As in Powertools' documentation: resolver with validation, models, structured logger."""

import hashlib
import os
import time
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import (
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
)
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.types import TypeDeserializer
from pydantic import BaseModel

_PREFIX = os.environ["STINT_TABLE_PREFIX"]
_TOKENS, _DIRECTORY, _TIMERS = (f"{_PREFIX}-{it}" for it in ("tokens", "directory", "timers"))

logger = Logger(service="timers")
app = APIGatewayRestResolver(enable_validation=True)
# The client, not the resource: its start is shorter, and nothing here needs more.
client: Any = boto3.client("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"])
_deserializer = TypeDeserializer()


class Token(BaseModel):
    """The caller."""

    organization_id: int
    person_id: int
    role: str
    expires_at: int | None = None


class Organization(BaseModel):
    """The caller's organization."""

    time_zone: str


class Timer(BaseModel):
    """A timer's item."""

    id: int
    organization_id: int
    person_id: int
    started_at: int
    stopped_at: int | None = None


class TimerAttributes(BaseModel):
    """A timer's attributes."""

    person_id: int
    started_at: str
    stopped_at: str | None
    total_time: int


class TimerResource(BaseModel):
    """A timer as a resource object."""

    id: str
    type: str = "timers"
    attributes: TimerAttributes
    relationships: dict[str, dict[str, Any]]


class TimerDocument(BaseModel):
    """The document with one timer."""

    data: TimerResource
    meta: dict[str, Any] = {}


@app.get("/api/v2/timers/<timer_id>")
def show_timer(timer_id: int) -> Response[str]:
    """Return one timer."""
    token, organization = _authenticate()
    raw = client.get_item(
        TableName=_TIMERS,
        Key={"key": {"S": f"{token.organization_id}#{timer_id}"}},
        ConsistentRead=True,
    ).get("Item")
    timer = None if raw is None else Timer(**_item(raw))
    if timer is None or (timer.person_id != token.person_id and token.role != "admin"):
        raise NotFoundError("record_not_found")
    return Response(
        status_code=HTTPStatus.OK,
        content_type="application/vnd.api+json; charset=utf-8",
        body=_document(timer, ZoneInfo(organization.time_zone)).model_dump_json(),
    )


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point for Lambda."""
    return app.resolve(event, context)


def _authenticate() -> tuple[Token, Organization]:
    headers = app.current_event.headers
    organization_id = headers.get("X-Organization-Id", "")
    digest = hashlib.sha256(headers.get("X-Auth-Token", "").encode()).hexdigest()
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
    if not found[_TOKENS]:
        raise UnauthorizedError("invalid_auth_token")
    token = Token(**_item(found[_TOKENS][0]))
    if token.expires_at is not None and token.expires_at <= time.time():
        raise UnauthorizedError("invalid_auth_token")
    if str(token.organization_id) != organization_id:
        raise ForbiddenError("access_denied")
    return token, Organization(**_item(found[_DIRECTORY][0]))


def _item(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: _deserializer.deserialize(value) for name, value in raw.items()}


def _document(timer: Timer, zone: ZoneInfo) -> TimerDocument:
    stopped_at = timer.stopped_at
    return TimerDocument(
        data=TimerResource(
            id=str(timer.id),
            attributes=TimerAttributes(
                person_id=timer.person_id,
                started_at=_timestamp(timer.started_at, zone),
                stopped_at=None if stopped_at is None else _timestamp(stopped_at, zone),
                total_time=0 if stopped_at is None else (stopped_at - timer.started_at + 30) // 60,
            ),
            relationships={
                "organization": {
                    "data": {"type": "organizations", "id": str(timer.organization_id)}
                },
                "time_entry": {"meta": {"included": False}},
            },
        )
    )


def _timestamp(timestamp: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(timestamp, zone).isoformat(timespec="milliseconds")
