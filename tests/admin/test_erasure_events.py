"""What webhooks and the log of deliveries get of a person who is erased: ids only."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.deliveries.rules import MAX_RETRY_SECONDS
from chalicelib.events.model import EventType
from chalicelib.people.model import Role
from chalicelib.people.operations import People
from chalicelib.timers.model import Timer
from chalicelib.webhooks.model import PausedReason, WebhookState
from infra.stack.template import ROOT
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    WEBHOOK,
    ZAGREB,
    Fixtures,
)
from tests.support.operator import Operator
from tests.support.receiver import Receiver, receiving, status
from tests.support.stream_records import stream_record
from tests.support.table_snapshots import items, snapshot
from tools.admin.data_protection import DELIVERY_TIMEOUT_SECONDS
from tools.devserver.event_feeds import event_feeds
from tools.devserver.stream_feed import Feed, Stream
from tools.ops import dead_letters
from tools.ops.dead_letters import DeadLetterReplay

MARK = "with the doctor"
CALLER = Caller(ZAGREB, ADMIN, Role.ADMIN)
ERASE = ("people", "erase", MEMBER, "-o", ZAGREB.id, "--deactivate", "--yes")


@dataclass
class Stage:
    """The streams, queues and workers of a stage."""

    services: EventServices
    feeds: list[Feed]
    clock: FakeClock

    def read_streams(self) -> None:
        """Pass what happened to the event fan-out. DynamoDB Local shows it a moment later."""
        for _ in range(3):
            for feed in self.feeds:
                feed.run()
            time.sleep(0.05)

    def deliver_for(self, seconds: int) -> None:
        """Run the delivery worker now and then, for so long."""
        end = self.clock() + seconds
        while self.clock() < end:
            self.services.deliver()
            self.clock.advance(15 * MINUTE)
        self.services.deliver()


@pytest.fixture
def stage(
    event_services: EventServices,
    admin: Api,
    open_stream: Callable[[str], Stream],
    clock: FakeClock,
) -> Stage:
    assert admin.send("DELETE", f"/webhooks/{WEBHOOK}").status == 204
    return Stage(event_services, event_feeds(event_services.dependencies, open_stream), clock)


@pytest.fixture
def _noted_entry(member: Api, stage: Stage) -> None:
    """A running timer on a time entry with a note. No function has read its stream yet."""
    assert member.start(time_entry_id=MEMBERS_ENTRY).status == 201
    assert member.edit_entry(MEMBERS_ENTRY, note=MARK).status == 200
    stage.clock.advance(HOUR)


def texts_of(receiver: Receiver) -> str:
    return "\n".join(request.body.decode() for request in receiver.received)


@pytest.mark.usefixtures("_noted_entry")
@pytest.mark.parametrize("option", ["--with-times", "--with-notes"])
def test_late_stream_records_bring_no_note(
    stage: Stage, operator: Operator, receiver: Receiver, connection: Connection, option: str
) -> None:
    stage.services.create_webhook(receiver.url)
    # All changes are read after the erasure: of the note, of its removal, of the deletion.
    operator.done(*ERASE, option)
    stage.read_streams()
    stage.deliver_for(HOUR)
    types = {json.loads(request.body)["type"] for request in receiver.received}
    assert {"timer.started", "timer.stopped", "time_entry.updated"} <= types
    assert ("time_entry.deleted" in types) is (option == "--with-times")
    for request in receiver.received:
        body = json.loads(request.body)
        assert set(body["data"]) == {"id", "type", "meta"}, body
        assert (body["person_id"], body["data"]["meta"]) == (MEMBER, {"truncated": True})
    assert MARK not in texts_of(receiver)
    assert MARK not in json.dumps(snapshot(connection))


@pytest.mark.usefixtures("_noted_entry")
def test_queued_deliveries_retries_and_dead_letters_bring_no_note(
    stage: Stage,
    operator: Operator,
    receiver: Receiver,
    connection: Connection,
    admin: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The clock of the test stands still, so a wait for messages would never end.
    monkeypatch.setattr(dead_letters, "_WAIT_SECONDS", 0)
    with receiving() as other:
        failing = stage.services.create_webhook(receiver.url)
        gone = stage.services.create_webhook(other.url)
        stage.services.create_webhook(
            other.url,
            state=WebhookState.PAUSED,
            paused_reason=PausedReason.BY_HAND,
            paused_at=1,
        )
        receiver.otherwise, other.otherwise = status(500), status(410)
        stage.read_streams()
        stage.services.deliver()
        assert MARK in texts_of(receiver)
        assert any(MARK in delivery.body for delivery in stage.services.queued())
        assert any(MARK in delivery.body for delivery in stage.services.dead())
        assert any(MARK in str(item.get("body")) for item in items(connection, "deliveries"))
        receiver.received.clear()
        other.received.clear()

        operator.done(*ERASE, "--with-times")
        assert MARK not in json.dumps(snapshot(connection))
        stage.read_streams()
        stage.deliver_for(MAX_RETRY_SECONDS + HOUR)
        assert receiver.received
        # Now everything is given up, and stored for a replay.
        assert stage.services.queued() == []
        given_up = [item for item in items(connection, "deliveries") if item.get("body")]
        assert given_up
        assert MARK not in json.dumps(snapshot(connection))

        receiver.otherwise = other.otherwise = status(204)
        for webhook in (failing, gone):
            document = {"data": {"attributes": {"state": "active"}}}
            assert admin.patch(f"/webhooks/{webhook.id}", document).status == 200
            again = {"data": {"attributes": {"dead_letters": True}}}
            replayed = admin.patch(f"/webhooks/{webhook.id}/replay", again)
            assert replayed.meta["events"] > 0
        stage.services.deliver()
        stage.clock.advance(DAY)
        replay = DeadLetterReplay(stage.services.dependencies, lambda _: True)
        replay.run()
        assert replay.results["replayed"] > 0
        stage.services.deliver()
        assert receiver.received
        assert other.received
        assert MARK not in texts_of(receiver) + texts_of(other)
        assert MARK not in json.dumps(snapshot(connection))


@pytest.mark.usefixtures("_noted_entry")
def test_deletion_is_never_posted_as_it_last_was(
    stage: Stage, operator: Operator, receiver: Receiver
) -> None:
    """Notes go first: not even the stream record of the deletion has them."""
    stage.services.create_webhook(receiver.url, EventType.TIME_ENTRY_DELETED)
    operator.done(*ERASE, "--with-times")
    stage.read_streams()
    (queued,) = stage.services.queued()
    body = json.loads(queued.body)
    assert (body["data"]["id"], body["data"]["attributes"]["note"]) == (str(MEMBERS_ENTRY), None)
    stage.services.deliver()
    assert "attributes" not in json.loads(receiver.received[0].body)["data"]


def test_events_of_colleagues_and_of_deactivated_people_stay_whole(
    stage: Stage, operator: Operator, receiver: Receiver, other_member: Api, admin: Api
) -> None:
    stage.services.create_webhook(receiver.url, EventType.TIMER_STARTED)
    operator.done(*ERASE, "--with-notes")
    assert other_member.start(service_id=DESIGN).status == 201
    assert admin.start(service_id=DESIGN).status == 201
    assert admin.patch(f"/people/{OTHER_MEMBER}/deactivate").status == 200
    stage.read_streams()
    stage.services.deliver()
    bodies = [json.loads(request.body) for request in receiver.received]
    assert len(bodies) == 2
    assert all("attributes" in body["data"] for body in bodies)


def test_intercom_gets_nothing_of_an_erased_person(
    stage: Stage, dependencies: Dependencies, receiver: Receiver, member: Api
) -> None:
    services = stage.services
    services.intercom_url = receiver.url
    timer_id = int(member.start(service_id=DESIGN).data["id"])
    timer = dependencies.database.get(Timer, ZAGREB.id, timer_id)
    record = stream_record(None, timer)
    for identified_by in ("user_id", "email"):
        services.intercom_person = identified_by
        services.fan_out(record)
    assert len(services.queued()) == 2
    People(dependencies).deactivate(CALLER, MEMBER)
    People(dependencies).begin_erasure(CALLER, MEMBER)
    services.intercom_person = "email"
    assert services.fan_out(record).messages == 0
    services.intercom_person = "user_id"
    assert services.fan_out(record).messages == 1
    services.deliver()
    # Only the message with the address, from before the erasure: it does not have the person's id.
    assert len(receiver.received) == 1


def test_erasure_waits_for_the_delivery_workers_that_read_the_person_before(
    operator: Operator, clock: FakeClock, fixtures: Fixtures
) -> None:
    assert fixtures.tokens
    (stage,) = json.loads((ROOT / ".chalice/config.json").read_text())["stages"].values()
    timeout = stage["lambda_functions"]["webhook_delivery"]["lambda_timeout"]
    assert timeout <= DELIVERY_TIMEOUT_SECONDS
    operator.done("people", "deactivate", MEMBER, "-o", ZAGREB.id)
    clock.advance(DAY)
    began = clock()
    operator.done(*ERASE)
    assert clock() - began == DELIVERY_TIMEOUT_SECONDS
