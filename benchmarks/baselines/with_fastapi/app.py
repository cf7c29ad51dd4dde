"""As in FastAPI's documentation: dependencies, response models; Mangum adapts it to Lambda."""

import hashlib
import os
import time
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import boto3
from boto3.dynamodb.types import TypeDeserializer
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel

_PREFIX = os.environ["STINT_TABLE_PREFIX"]
_TOKENS, _DIRECTORY, _TIMERS = (f"{_PREFIX}-{it}" for it in ("tokens", "directory", "timers"))

# The client, not the resource: its start is shorter, and nothing here needs more.
client: Any = boto3.client("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"])
_deserializer = TypeDeserializer()


class JSONAPIResponse(JSONResponse):
    """JSON:API's media type."""

    media_type = "application/vnd.api+json; charset=utf-8"


app = FastAPI(default_response_class=JSONAPIResponse)


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


def authenticated(
    x_auth_token: Annotated[str, Header()] = "",
    x_organization_id: Annotated[str, Header()] = "",
) -> tuple[Token, Organization]:
    """Return the caller and the organization."""
    digest = hashlib.sha256(x_auth_token.encode()).hexdigest()
    found = client.batch_get_item(
        RequestItems={
            _TOKENS: {"Keys": [{"digest": {"S": digest}}], "ConsistentRead": True},
            _DIRECTORY: {
                "Keys": [
                    {
                        "organization_key": {"S": x_organization_id},
                        "record_key": {"S": f"organization#{x_organization_id:0>16}"},
                    }
                ],
                "ConsistentRead": True,
            },
        }
    )["Responses"]
    if not found[_TOKENS]:
        raise HTTPException(401, "invalid_auth_token")
    token = Token(**_item(found[_TOKENS][0]))
    if token.expires_at is not None and token.expires_at <= time.time():
        raise HTTPException(401, "invalid_auth_token")
    if str(token.organization_id) != x_organization_id:
        raise HTTPException(403, "access_denied")
    return token, Organization(**_item(found[_DIRECTORY][0]))


@app.get("/api/v2/timers/{timer_id}")
def show_timer(
    timer_id: int, caller: Annotated[tuple[Token, Organization], Depends(authenticated)]
) -> TimerDocument:
    """Return one timer."""
    token, organization = caller
    raw = client.get_item(
        TableName=_TIMERS,
        Key={"key": {"S": f"{token.organization_id}#{timer_id}"}},
        ConsistentRead=True,
    ).get("Item")
    timer = None if raw is None else Timer(**_item(raw))
    if timer is None or (timer.person_id != token.person_id and token.role != "admin"):
        raise HTTPException(404, "record_not_found")
    return _document(timer, ZoneInfo(organization.time_zone))


handler = Mangum(app, lifespan="off")


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
