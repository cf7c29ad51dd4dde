"""A client may send back a record as it was shown: it is accepted, and changes nothing.

Time entries and timers have tests of their own.
"""

from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.api_tokens.model import ApiToken, PersonTokens, TokenOwner
from chalicelib.events.model import EventType
from chalicelib.http.routing import RouteKind
from chalicelib.organizations.model import MAX_AUTO_STOP_AFTER, MIN_AUTO_STOP_AFTER
from chalicelib.people.model import Person, Role
from chalicelib.people.rules import erasure_values
from chalicelib.services.model import Service
from chalicelib.webhooks.model import PausedReason, Webhook, WebhookState
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.fixtures import OTHER_MEMBER, ZAGREB, put_all, token_id
from tests.support.openapi_checks import TABLE
from tests.support.table_snapshots import snapshot

NEW = 5_000
CREATED = MONDAY_NINE - DAY

_PERSON = Person(NEW, ZAGREB.id, "Ana", "Anic", "ana@x.example", Role.MEMBER, CREATED)
_SERVICE = Service(NEW, ZAGREB.id, "Print")
_WEBHOOK = Webhook(
    NEW, ZAGREB.id, "x", "https://a.example.com/", (EventType.TIMER_STARTED,), CREATED, CREATED
)
_TOKEN = ApiToken(NEW, ZAGREB.id, OTHER_MEMBER, "phone", "digest", CREATED)

RECORDS: dict[str, tuple[Any, ...]] = {
    "people": (
        _PERSON,
        replace(_PERSON, title="CEO", nickname="an", avatar_url="http://x", role=Role.ADMIN),
        replace(_PERSON, deactivated_at=CREATED),
        replace(
            _PERSON, first_name="x" * 255, title="x" * 255, avatar_url="http://x/" + "y" * 2039
        ),
        replace(_PERSON, **erasure_values(_PERSON), deactivated_at=CREATED, erased_at=CREATED),
    ),
    "services": (
        _SERVICE,
        replace(_SERVICE, billable=False, time_tracking_enabled=False, position=1_000_000),
        replace(_SERVICE, archived_at=CREATED, deleted_at=CREATED, name="x" * 255),
    ),
    "organizations": (
        ZAGREB,
        replace(ZAGREB, auto_stop_after=MIN_AUTO_STOP_AFTER, time_zone="Asia/Calcutta"),
        replace(ZAGREB, auto_stop_after=MAX_AUTO_STOP_AFTER, time_zone="UTC", name="x" * 255),
    ),
    "webhooks": (
        _WEBHOOK,
        replace(_WEBHOOK, events=tuple(EventType), name="x" * 255, version=3),
        replace(
            _WEBHOOK,
            state=WebhookState.PAUSED,
            paused_reason=PausedReason.FAILING,
            paused_at=CREATED,
            failing_since=CREATED,
        ),
        # Webhooks take only https. This one was created where a local receiver was allowed.
        replace(_WEBHOOK, url="http://127.0.0.1:9000/"),
        replace(_WEBHOOK, url="https://10.0.0.1/", state=WebhookState.PAUSED, paused_at=CREATED),
    ),
    "api_tokens": (
        PersonTokens(OTHER_MEMBER, ZAGREB.id, 1, (_TOKEN,)),
        PersonTokens(OTHER_MEMBER, ZAGREB.id, 1, (replace(_TOKEN, expires_at=CREATED + 1),)),
    ),
}
"""Records of each resource that can be updated. Some have values that an update refuses."""

_TESTED_ELSEWHERE = {"time_entries", "timers"}


def test_every_resource_that_can_be_updated_is_tested() -> None:
    updated = {route.resource.type for route in TABLE if route.kind is RouteKind.UPDATE}
    assert updated - _TESTED_ELSEWHERE == RECORDS.keys()


@pytest.mark.parametrize(
    ("type_", "record"),
    [(type_, record) for type_, records in RECORDS.items() for record in records],
)
def test_record_that_is_sent_back_as_shown_changes_nothing(
    admin: Api, connection: Connection, clock: FakeClock, type_: str, record: Any
) -> None:
    put_all(record)
    if isinstance(record, PersonTokens):
        scope = record.organization_id, record.id
        put_all(*(TokenOwner(token.id, *scope) for token in record.tokens))
    path = f"/{type_}/{ZAGREB.id if type_ == 'organizations' else NEW}"
    shown = admin.get(path)
    assert shown.status == 200
    before = snapshot(connection)
    clock.advance(HOUR)
    saved = admin.patch(path, {"data": shown.data})
    assert (saved.status, saved.document) == (200, shown.document)
    assert snapshot(connection) == before


@pytest.mark.parametrize("type_", ["people", "api_tokens"])
def test_member_can_send_back_an_own_record(
    other_member: Api, connection: Connection, type_: str
) -> None:
    record_id = OTHER_MEMBER if type_ == "people" else token_id(OTHER_MEMBER)
    shown = other_member.get(f"/{type_}/{record_id}")
    before = snapshot(connection)
    saved = other_member.patch(f"/{type_}/{record_id}", {"data": shown.data})
    assert (saved.status, saved.document) == (200, shown.document)
    assert snapshot(connection) == before


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/", "https://10.0.0.1/", "ftp://x.example"])
def test_new_url_that_webhooks_do_not_take_is_still_rejected(admin: Api, url: str) -> None:
    put_all(_WEBHOOK)
    response = admin.patch(f"/webhooks/{NEW}", {"data": {"attributes": {"url": url}}})
    assert (response.status, response.error["source"]) == (422, {"pointer": "data/attributes/url"})
