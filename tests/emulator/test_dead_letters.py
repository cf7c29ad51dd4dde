"""Check 6: dead letters, with the command of an operator."""

import re

import pytest

from tests.emulator.stage import GatewayClient, Stage
from tests.emulator.webhooks import SECONDS, create_webhook
from tests.support.fixtures import ADMINS_ENTRY
from tests.support.receiver import Receiver, eventually, status

pytestmark = pytest.mark.emulator


@pytest.fixture
def paused(events: Stage, events_admin: GatewayClient, receiver: Receiver) -> str:
    """A webhook that is paused, with one dead letter: its receiver wants no more events (410)."""
    empty(events)
    receiver.responses = [status(410)]
    webhook, _ = create_webhook(events_admin, receiver)
    events_admin.start(time_entry_id=ADMINS_ENTRY)
    assert eventually(lambda: dead_letters(events) == 1, SECONDS)
    assert eventually(
        lambda: events_admin.get(f"/webhooks/{webhook}").attributes["state"] == "paused", SECONDS
    )
    assert events_admin.get(f"/webhooks/{webhook}").attributes["paused_reason"] == "gone"
    receiver.received.clear()
    return webhook


def empty(stage: Stage) -> None:
    """Delete all dead letters."""
    stage.emulator.client("sqs").purge_queue(QueueUrl=stage.resource("DeadLettersQueue"))


def dead_letters(stage: Stage) -> int:
    """Return the number of dead letters that are visible: that any command would receive."""
    name = "ApproximateNumberOfMessages"
    attributes = stage.emulator.client("sqs").get_queue_attributes(
        QueueUrl=stage.resource("DeadLettersQueue"), AttributeNames=[name]
    )["Attributes"]
    return int(attributes[name])


def replay(stage: Stage, *options: str) -> dict[str, int]:
    """Run ``tools.ops replay dead-letters``; return its counts."""
    process = stage.run("tools.ops", "replay", "dead-letters", *options)
    assert process.returncode == 0, process.stderr
    counts = re.findall(r"^  (\w+) +(\d+)", process.stdout, re.MULTILINE)
    return {name: int(count) for name, count in counts}


def test_replay_after_a_dry_run_delivers_the_event_again(
    events: Stage, events_admin: GatewayClient, receiver: Receiver, paused: str
) -> None:
    resume = {"data": {"attributes": {"state": "active"}}}
    assert events_admin.patch(f"/webhooks/{paused}", resume).status == 200
    assert replay(events, "--dry-run")["replayed"] == 1
    assert (dead_letters(events), receiver.received) == (1, [])
    assert replay(events)["replayed"] == 1
    assert eventually(lambda: len(receiver.received) == 1, SECONDS)
    assert dead_letters(events) == 0
    logged = events_admin.get(f"/webhook_deliveries?filter[webhook_id]={paused}").data
    assert {attempt["attributes"]["event_id"] for attempt in logged} == set(receiver.ids)


def test_replay_leaves_the_dead_letters_of_a_paused_webhook(
    events: Stage, receiver: Receiver, paused: str
) -> None:
    counts = replay(events, "--webhook", paused)
    assert (counts["replayed"], counts["paused"]) == (0, 1)
    assert (dead_letters(events), receiver.received) == (1, [])


def test_replay_leaves_what_is_not_selected(events: Stage, receiver: Receiver, paused: str) -> None:
    counts = replay(events, "--webhook", str(int(paused) + 1))
    assert (counts["replayed"], counts["left"]) == (0, 1)
    assert (dead_letters(events), receiver.received) == (1, [])
