"""The replay command: dead letters, and the events of a time range."""

import os

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.clients.sqs import Message, Queue, encode_delivery
from chalicelib.deliveries.model import Delivery
from tests.support.api import Api
from tests.support.clock import DAY, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import ADMINS_ENTRY, KOLKATA, ZAGREB
from tests.support.receiver import Receiver
from tools.ops import replay
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
    monkeypatch.setattr(replay, "_WAIT_SECONDS", 0)


@pytest.fixture
def dead(event_services: EventServices) -> None:
    queue = Queue(event_services.settings.dead_letters_url, event_services.settings.region)
    texts = [*map(encode_delivery, LETTERS), "nonsense"]
    assert queue.send([Message(text, "dead") for text in texts]) == set()


@pytest.mark.usefixtures("dead")
def test_all_readable_dead_letters_are_replayed_as_first_attempts(
    event_services: EventServices, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["replay", "dead-letters"])
    assert sorted(event_services.queued(), key=lambda delivery: delivery.event_id) == [
        replace(delivery, attempt=1, due=0, failure=None) for delivery in LETTERS
    ]
    assert event_services.texts(event_services.settings.dead_letters_url) == ["nonsense"]
    assert capsys.readouterr().out.split() == [
        "dead",
        "letters",
        "replayed",
        "3",
        "left",
        "0",
        "unreadable",
        "1",
    ]


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
    assert len(event_services.texts(event_services.settings.dead_letters_url)) == 4 - len(event_ids)


@pytest.mark.usefixtures("dead")
def test_dry_run_only_counts(
    event_services: EventServices, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["replay", "dead-letters", "--dry-run"])
    assert "nothing was sent" in capsys.readouterr().out
    assert event_services.queued() == []
    assert len(event_services.texts(event_services.settings.dead_letters_url)) == 4


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
