"""The replay command: dead letters, and the events of a time range."""

import os
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.clients.aws import client
from chalicelib.clients.sqs import Message, Queue, decode_delivery, encode_delivery
from chalicelib.core.errors import Unavailable
from chalicelib.deliveries.model import Delivery
from chalicelib.deliveries.replay import enqueue
from chalicelib.webhooks.model import WebhookState
from tests.support.api import Api
from tests.support.clock import DAY, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import ADMINS_ENTRY, KOLKATA, ZAGREB
from tests.support.receiver import Receiver
from tools.ops import dead_letters, replay
from tools.ops.__main__ import run

LETTERS = [
    Delivery(
        "evt_1",
        "timer.started",
        ZAGREB.id,
        1,
        "{}",
        attempt=9,
        due=5,
        failure="The receiver responded with status 500.",
    ),
    Delivery("evt_2", "timer.started", ZAGREB.id, 2, "{}", attempt=9),
    Delivery("evt_3", "timer.started", KOLKATA.id, 1, "{}", attempt=9),
]


@pytest.fixture(autouse=True)
def _environment(
    event_services: EventServices, monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    settings = event_services.settings
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ |= {
        "STINT_TABLE_PREFIX": settings.table_prefix,
        "AWS_REGION": settings.region,
        "STINT_DELIVERIES_URL": settings.deliveries_url,
        "STINT_DEAD_LETTERS_URL": settings.dead_letters_url,
    }
    monkeypatch.setattr(replay, "connect", lambda *_: connection)
    # The clock of the test stands still, so a wait would never end.
    monkeypatch.setattr(dead_letters, "_WAIT_SECONDS", 0)


@pytest.fixture
def webhooks(event_services: EventServices) -> None:
    """The webhooks of the dead letters."""
    for letter in LETTERS:
        event_services.create_webhook(
            "https://example.com", id=letter.webhook_id, organization_id=letter.organization_id
        )


@pytest.fixture
def dead(event_services: EventServices, webhooks: None) -> None:  # noqa: ARG001
    put(event_services, *map(encode_delivery, LETTERS), "nonsense")


def put(event_services: EventServices, *texts: str) -> None:
    queue = Queue(event_services.settings.dead_letters_url, event_services.settings.region)
    assert queue.send([Message(text, "dead") for text in texts]) == set()


def pass_a_second(event_services: EventServices) -> None:
    """Messages are hidden for 120 seconds. In moto, one that is released is hidden at that time."""
    clock = event_services.dependencies.clock
    assert isinstance(clock, FakeClock)
    clock.advance(1)


def receivable(event_services: EventServices) -> list[str]:
    """The dead letters that another command receives now: those that are not hidden."""
    pass_a_second(event_services)
    sqs, found = client("sqs", event_services.settings.region), []
    while messages := sqs.receive_message(
        QueueUrl=event_services.settings.dead_letters_url, MaxNumberOfMessages=10
    ).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def results(text: str) -> dict[str, int]:
    """The numbers in the report of the command, without zeros."""
    lines = [line.split() for line in text.splitlines() if line.startswith("  ")]
    return {words[0]: int(words[1]) for words in lines if words[1] != "0"}


@pytest.mark.usefixtures("dead")
def test_all_readable_dead_letters_are_replayed_as_first_attempts(
    event_services: EventServices, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["replay", "dead-letters"])
    assert sorted(event_services.queued(), key=lambda delivery: delivery.event_id) == [
        replace(delivery, attempt=1, due=0, failure=None) for delivery in LETTERS
    ]
    assert event_services.texts(event_services.settings.dead_letters_url) == ["nonsense"]
    assert results(capsys.readouterr().out) == {"replayed": 3, "unreadable": 1}


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize(
    ("options", "event_ids"),
    [
        (["--organization", str(KOLKATA.id)], ["evt_3"]),
        (["--webhook", "1"], ["evt_1", "evt_3"]),
        (["--organization", str(ZAGREB.id), "--webhook", "2"], ["evt_2"]),
        (["--webhook", "9"], []),
    ],
)
def test_only_matching_dead_letters_are_replayed(
    event_services: EventServices, options: list[str], event_ids: list[str]
) -> None:
    run(["replay", "dead-letters", *options])
    assert sorted(delivery.event_id for delivery in event_services.queued()) == event_ids
    assert len(receivable(event_services)) == 4 - len(event_ids)


@pytest.mark.usefixtures("dead")
def test_dry_run_only_counts(
    event_services: EventServices, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["replay", "dead-letters", "--dry-run"])
    output = capsys.readouterr().out
    assert "nothing was sent" in output
    assert results(output) == {"replayed": 3, "unreadable": 1}
    assert event_services.queued() == []
    assert len(receivable(event_services)) == 4


@pytest.mark.usefixtures("dead")
def test_replay_works_right_after_its_dry_run(
    event_services: EventServices, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["replay", "dead-letters", "--dry-run"])
    pass_a_second(event_services)
    run(["replay", "dead-letters", "--organization", str(KOLKATA.id)])
    pass_a_second(event_services)
    capsys.readouterr()
    run(["replay", "dead-letters"])
    assert results(capsys.readouterr().out) == {"replayed": 2, "unreadable": 1}
    assert len(event_services.queued()) == 3


@pytest.mark.usefixtures("dead")
@pytest.mark.parametrize("error", [KeyboardInterrupt, Unavailable])
def test_interrupted_run_releases_the_rest_and_reports(
    event_services: EventServices,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: type[BaseException],
) -> None:
    """It fails at the second event, which stays a dead letter."""
    calls = []

    def interrupted(queue: Queue, deliveries: list[Delivery]) -> None:
        calls.append(deliveries)
        if len(calls) == 2:
            raise error
        enqueue(queue, deliveries)

    monkeypatch.setattr(dead_letters, "enqueue", interrupted)
    # An error ends the process with its text, and Ctrl-C with the status of an interrupted command.
    with suppress(SystemExit):
        assert run(["replay", "dead-letters"]) == 130
    assert results(capsys.readouterr().out)["replayed"] == 1
    assert len(event_services.queued()) == 1
    assert len(receivable(event_services)) == 3


@pytest.mark.usefixtures("webhooks")
def test_events_of_paused_and_deleted_webhooks_stay(
    event_services: EventServices, capsys: pytest.CaptureFixture[str]
) -> None:
    paused = event_services.create_webhook("https://example.com", state=WebhookState.PAUSED)
    letters = [
        LETTERS[0],
        replace(LETTERS[0], webhook_id=paused.id),
        replace(LETTERS[0], webhook_id=99),
        replace(LETTERS[0], webhook_id=None),
    ]
    put(event_services, *map(encode_delivery, letters))
    run(["replay", "dead-letters"])
    assert {delivery.webhook_id for delivery in event_services.queued()} == {1, None}
    output = capsys.readouterr().out
    assert results(output) == {"replayed": 2, "paused": 1, "deleted": 1}
    assert "resume it" in output
    assert {decode_delivery(text).webhook_id for text in receivable(event_services)} == {
        paused.id,
        99,
    }


@pytest.mark.usefixtures("dead")
def test_run_ends_when_events_come_back_at_once(
    event_services: EventServices,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A webhook is paused during the run: the worker gives up what the run sends to it."""

    def give_up(queue: Queue, deliveries: list[Delivery]) -> None:
        enqueue(queue, deliveries)
        put(event_services, *map(encode_delivery, deliveries))

    monkeypatch.setattr(dead_letters, "enqueue", give_up)
    run(["replay", "dead-letters"])
    assert results(capsys.readouterr().out) == {"replayed": 3, "repeated": 3, "unreadable": 1}
    assert len(receivable(event_services)) == 4


def test_run_ends_although_its_messages_become_visible_again(
    event_services: EventServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call takes longer than messages are hidden."""
    started_at = clock.timestamp
    put(event_services, *["nonsense"] * 3)
    sqs = client("sqs", event_services.settings.region)
    receive = sqs.receive_message

    def slowly(**options: Any) -> Any:
        clock.advance(1000)
        return receive(**options)

    monkeypatch.setattr(sqs, "receive_message", slowly)
    run(["replay", "dead-letters"])
    assert clock.timestamp < 10_000 + started_at


def test_events_of_a_time_range_are_replayed_to_one_webhook(
    event_services: EventServices,
    admin: Api,
    clock: FakeClock,
    receiver: Receiver,
    capsys: pytest.CaptureFixture[str],
) -> None:
    webhook = event_services.create_webhook(receiver.url)
    for _ in range(3):
        admin.start(time_entry_id=ADMINS_ENTRY)
        clock.advance(DAY)
    webhook_options = ["--organization", str(ZAGREB.id), "--webhook", str(webhook.id)]
    time_options = ["--after", "2026-03-02T00:00:00+01:00", "--before", "2026-03-04T00:00:00+01:00"]
    run(["replay", "range", *webhook_options, *time_options])
    # Two starts, the auto-stop of the first timer, and the events of the entry on both days.
    types = [delivery.event_type for delivery in event_services.queued()]
    assert types.count("timer.started") == 2
    assert {delivery.webhook_id for delivery in event_services.queued()} == {webhook.id}
    assert capsys.readouterr().out == f"{len(types)} events sent again\n"
    event_services.deliver()
    assert len(receiver.received) == len(types)


def test_range_for_a_paused_webhook_is_refused(event_services: EventServices) -> None:
    webhook = event_services.create_webhook("https://example.com", state=WebhookState.PAUSED)
    webhook_options = ["--organization", str(ZAGREB.id), "--webhook", str(webhook.id)]
    time_options = ["--after", "2026-03-02T00:00:00Z", "--before", "2026-03-04T00:00:00Z"]
    with pytest.raises(SystemExit, match="is paused: resume it first"):
        run(["replay", "range", *webhook_options, *time_options])
    assert event_services.queued() == []


@pytest.mark.parametrize("organization", [ZAGREB.id, 9])
@pytest.mark.usefixtures("fixtures")
def test_unknown_webhook_prints_an_error(organization: int) -> None:
    time_options = ["--after", "2026-03-02T00:00:00Z", "--before", "2026-03-04T00:00:00Z"]
    with pytest.raises(SystemExit, match="has no webhook 9"):
        run(
            [
                "replay",
                "range",
                "--organization",
                str(organization),
                "--webhook",
                "9",
                *time_options,
            ]
        )


def test_queues_of_the_stack_are_the_default() -> None:
    os.environ.pop("STINT_DELIVERIES_URL")
    with pytest.raises(SystemExit, match="Cannot find the queues of stint-test"):
        run(["replay", "dead-letters"])
