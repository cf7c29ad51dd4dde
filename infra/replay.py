"""Posts events again: ``python -m infra.replay dead-letters``, or ``python -m infra.replay range``.

Dead letters go back onto the queue of deliveries, all or some of them, and leave the queue of dead
letters. A range sends what started or stopped in a time to one webhook, as it is now. Works on the
tables that the environment names (STINT_TABLE_PREFIX, AWS_REGION), whose stack has the queues, or
on those of STINT_DELIVERIES_URL and STINT_DEAD_LETTERS_URL.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.deliveries import Delivery
from chalicelib.domain.directory import Organization
from chalicelib.domain.errors import StintError
from chalicelib.domain.instants import SECONDS_PER_DAY, parse_instant
from chalicelib.domain.webhooks import Webhook
from chalicelib.outbound.clients import client
from chalicelib.outbound.queues import Queue, decode
from chalicelib.services.replaying import events_between, send
from chalicelib.services.toolbox import Toolbox, real_toolbox
from chalicelib.settings import Settings, read_settings
from chalicelib.store.connection import connect
from chalicelib.store.store import Store
from infra.environment import allow_any_credentials
from infra.stack.queues import DEAD_LETTERS, DELIVERIES

_MESSAGES_A_CALL = 10
_HIDDEN_SECONDS = 120
# So that SQS asks all of its machines: one of them alone may have nothing.
_WAIT_SECONDS = 1
_MOST = 100_000

Chosen = Callable[[Delivery], bool]


def replay_dead_letters(
    settings: Settings, chosen: Chosen, *, dry_run: bool = False
) -> Counter[str]:
    """Send chosen dead letters again; how many there were, by what became of them.

    Those that are not chosen, and what nobody can read, stay where they are.
    """
    sqs = client("sqs", settings.region)
    deliveries = Queue(settings.deliveries_url, settings.region)
    done: Counter[str] = Counter()
    seen: set[str] = set()
    while True:
        answer = sqs.receive_message(
            QueueUrl=settings.dead_letters_url,
            MaxNumberOfMessages=_MESSAGES_A_CALL,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
        )
        fresh = [it for it in answer.get("Messages", []) if it["MessageId"] not in seen]
        if not fresh:
            return done
        for message in fresh:
            seen.add(message["MessageId"])
            fate = _fate(message["Body"], chosen)
            if isinstance(fate, Delivery):
                if not dry_run:
                    send(deliveries, [fate])
                    sqs.delete_message(
                        QueueUrl=settings.dead_letters_url,
                        ReceiptHandle=message["ReceiptHandle"],
                    )
                done["replayed"] += 1
            else:
                done[fate] += 1


def replay_range(tools: Toolbox, webhook: Webhook, after: int, before: int) -> int:
    """Send what started or stopped from ``after`` up to ``before`` again; how many events.

    Day by day, so that a year is no more than a day at a time. Raises :class:`LookupError` where
    the organization is not there.
    """
    found = tools.store.look(
        webhook.organization_id, [(Organization, webhook.organization_id)]
    ).record(Organization, webhook.organization_id)
    if found is None:
        raise LookupError(f"there is no organization {webhook.organization_id}")
    queue = Queue(tools.settings.deliveries_url, tools.settings.region)
    sent = 0
    for begin in range(after, before, SECONDS_PER_DAY):
        end = min(begin + SECONDS_PER_DAY, before)
        again = events_between(tools, webhook, found, begin, end, _MOST) or []
        send(queue, again)
        sent += len(again)
    return sent


def main(arguments: list[str]) -> None:
    """Do it, and say what was done."""
    asked = _parser().parse_args(arguments)
    settings = _with_queues(read_settings(os.environ))
    allow_any_credentials(settings)
    tools = real_toolbox(Store(connect(settings)), settings)
    try:
        asked.run(tools, asked)
    except (StintError, PynamoDBException, BotoCoreError, ClientError, LookupError) as error:
        sys.exit(f"Cannot replay for {settings.table_prefix}: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Post events again.")
    ways = parser.add_subparsers(required=True)
    dead = ways.add_parser("dead-letters", help="what was given up")
    dead.add_argument("--organization", type=int, help="of this organization alone")
    dead.add_argument("--webhook", type=int, help="for this webhook alone")
    dead.add_argument("--dry-run", action="store_true", help="send nothing, only count")
    dead.set_defaults(run=_run_dead_letters)
    stretch = ways.add_parser("range", help="what started or stopped in a time")
    stretch.add_argument("--organization", type=int, required=True)
    stretch.add_argument("--webhook", type=int, required=True, help="where to post it")
    for name in ("after", "before"):
        example = "such as 2026-03-02T09:00:00+01:00"
        stretch.add_argument(f"--{name}", type=parse_instant, required=True, help=example)
    stretch.set_defaults(run=_run_range)
    return parser


def _run_dead_letters(tools: Toolbox, asked: argparse.Namespace) -> None:
    def chosen(delivery: Delivery) -> bool:
        return asked.organization in (None, delivery.organization_id) and asked.webhook in (
            None,
            delivery.webhook_id,
        )

    done = replay_dead_letters(tools.settings, chosen, dry_run=asked.dry_run)
    print("dead letters" + (" (dry run: nothing was sent)" if asked.dry_run else ""))
    for name in ("replayed", "left", "unreadable"):
        print(f"  {name:12} {done[name]}")


def _run_range(tools: Toolbox, asked: argparse.Namespace) -> None:
    name = (asked.organization, asked.webhook)
    webhook = tools.store.everywhere(Webhook, [name]).get(name)
    if webhook is None:
        raise LookupError(f"organization {asked.organization} has no webhook {asked.webhook}")
    print(f"{replay_range(tools, webhook, asked.after, asked.before)} events sent again")


def _fate(text: str, chosen: Chosen) -> Delivery | str:
    try:
        delivery = decode(text)
    except ValueError:
        return "unreadable"
    if not chosen(delivery):
        return "left"
    return replace(delivery, attempt=1, due=0, failure=None)


def _with_queues(settings: Settings) -> Settings:
    if settings.deliveries_url and settings.dead_letters_url:
        return settings
    stacks: Any = client("cloudformation", settings.region)
    try:
        urls = [
            stacks.describe_stack_resource(StackName=settings.table_prefix, LogicalResourceId=it)[
                "StackResourceDetail"
            ]["PhysicalResourceId"]
            for it in (DELIVERIES, DEAD_LETTERS)
        ]
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"Cannot find the queues of {settings.table_prefix}: {error}")
    return replace(settings, deliveries_url=urls[0], dead_letters_url=urls[1])


if __name__ == "__main__":
    main(sys.argv[1:])
