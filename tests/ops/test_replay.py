"""The replay command: dead letters, and the events of a time range."""

import os
from dataclasses import replace

import pytest
from pynamodb.connection import Connection

from chalicelib.clients.sqs import Message, Queue, encode
from chalicelib.deliveries.rules import Delivery
from tests.support.api import Api
from tests.support.clock import DAY, FakeClock
from tests.support.event_services import Outside
from tests.support.fixtures import ADMINS_ENTRY, KOLKATA, ZAGREB
from tests.support.receiver import Receiver
from tools.ops import replay

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
def _environment(outside: Outside, monkeypatch: pytest.MonkeyPatch, connection: Connection) -> None:
    settings = outside.settings
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ |= {
        "STINT_TABLE_PREFIX": settings.table_prefix,
        "AWS_REGION": settings.region,
        "STINT_DELIVERIES_URL": settings.deliveries_url,
        "STINT_DEAD_LETTERS_URL": settings.dead_letters_url,
    }
    monkeypatch.setattr(replay, "connect", lambda _: connection)
    # The clock of the test stands still, so a wait would never end.
    monkeypatch.setattr(replay, "_WAIT_SECONDS", 0)


@pytest.fixture
def dead(outside: Outside) -> None:
    queue = Queue(outside.settings.dead_letters_url, outside.settings.region)
    texts = [*map(encode, LETTERS), "nonsense"]
    assert queue.send([Message(text, "dead") for text in texts]) == set()


@pytest.mark.usefixtures("dead")
def test_all_readable_dead_letters_are_replayed_as_first_attempts(
    outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    replay.main(["dead-letters"])
    assert sorted(outside.queued(), key=lambda delivery: delivery.event_id) == [
        replace(delivery, attempt=1, due=0, failure=None) for delivery in LETTERS
    ]
    assert outside.texts(outside.settings.dead_letters_url) == ["nonsense"]
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
    outside: Outside, options: list[str], event_ids: list[str]
) -> None:
    replay.main(["dead-letters", *options])
    assert sorted(delivery.event_id for delivery in outside.queued()) == event_ids
    assert len(outside.texts(outside.settings.dead_letters_url)) == 4 - len(event_ids)


@pytest.mark.usefixtures("dead")
def test_dry_run_only_counts(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    replay.main(["dead-letters", "--dry-run"])
    assert "nothing was sent" in capsys.readouterr().out
    assert outside.queued() == []
    assert len(outside.texts(outside.settings.dead_letters_url)) == 4


def test_events_of_a_time_range_are_replayed_to_one_webhook(
    outside: Outside,
    admin: Api,
    clock: FakeClock,
    receiver: Receiver,
    capsys: pytest.CaptureFixture[str],
) -> None:
    webhook = outside.create_webhook(receiver.url)
    for _ in range(3):
        admin.start(time_entry_id=ADMINS_ENTRY)
        clock.advance(DAY)
    webhook_options = ["--organization", str(ZAGREB.id), "--webhook", str(webhook.id)]
    time_options = ["--after", "2026-03-02T00:00:00+01:00", "--before", "2026-03-04T00:00:00+01:00"]
    replay.main(["range", *webhook_options, *time_options])
    # Two starts, the auto-stop of the first timer, and the events of the entry on both days.
    types = [delivery.event_type for delivery in outside.queued()]
    assert types.count("timer.started") == 2
    assert {delivery.webhook_id for delivery in outside.queued()} == {webhook.id}
    assert capsys.readouterr().out == f"{len(types)} events sent again\n"
    outside.deliver()
    assert len(receiver.received) == len(types)


@pytest.mark.parametrize("organization", [ZAGREB.id, 9])
@pytest.mark.usefixtures("world")
def test_unknown_webhook_prints_an_error(organization: int) -> None:
    time_options = ["--after", "2026-03-02T00:00:00Z", "--before", "2026-03-04T00:00:00Z"]
    with pytest.raises(SystemExit, match="has no webhook 9"):
        replay.main(["range", "--organization", str(organization), "--webhook", "9", *time_options])


def test_queues_of_the_stack_are_the_default() -> None:
    os.environ.pop("STINT_DELIVERIES_URL")
    with pytest.raises(SystemExit, match="Cannot find the queues of stint-test"):
        replay.main(["dead-letters"])
