"""Replay events: ``python -m tools.ops.replay dead-letters``, or ``python -m tools.ops.replay range``.

``dead-letters`` moves all or selected dead letters back to the delivery queue. ``range`` sends
the timers that started or stopped in a time range, in their current state, to one webhook.
Works on the tables that the environment selects (STINT_TABLE_PREFIX, AWS_REGION) and the queues
of their stack, or on those of STINT_DELIVERIES_URL and STINT_DEAD_LETTERS_URL.
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

from chalicelib.clients.aws import client
from chalicelib.clients.sqs import Queue, decode
from chalicelib.core.dependencies import Toolbox, real_toolbox
from chalicelib.core.errors import StintError
from chalicelib.core.settings import Settings, read_settings
from chalicelib.core.timestamps import SECONDS_PER_DAY, parse_instant
from chalicelib.deliveries.replay import events_between, send
from chalicelib.deliveries.rules import Delivery
from chalicelib.domain.directory import Organization
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Store
from chalicelib.webhooks.model import Webhook
from infra.stack.queues import DEAD_LETTERS, DELIVERIES
from tools.environment import allow_any_credentials

_MESSAGES_A_CALL = 10
_HIDDEN_SECONDS = 120
# With a wait, SQS queries all of its servers; without one it may miss messages.
_WAIT_SECONDS = 1
_MAX_EVENTS = 100_000

Chosen = Callable[[Delivery], bool]


def replay_dead_letters(
    settings: Settings, chosen: Chosen, *, dry_run: bool = False
) -> Counter[str]:
    """Send selected dead letters again; return their number by result.

    ``chosen`` selects deliveries. Other dead letters, and unreadable ones, stay in the queue.
    """
    sqs = client("sqs", settings.region)
    deliveries = Queue(settings.deliveries_url, settings.region)
    results: Counter[str] = Counter()
    seen: set[str] = set()
    while True:
        response = sqs.receive_message(
            QueueUrl=settings.dead_letters_url,
            MaxNumberOfMessages=_MESSAGES_A_CALL,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
        )
        fresh = [
            message for message in response.get("Messages", []) if message["MessageId"] not in seen
        ]
        if not fresh:
            return results
        for message in fresh:
            seen.add(message["MessageId"])
            result = _prepare(message["Body"], chosen)
            if isinstance(result, Delivery):
                if not dry_run:
                    send(deliveries, [result])
                    sqs.delete_message(
                        QueueUrl=settings.dead_letters_url,
                        ReceiptHandle=message["ReceiptHandle"],
                    )
                results["replayed"] += 1
            else:
                results[result] += 1


def replay_range(tools: Toolbox, webhook: Webhook, after: int, before: int) -> int:
    """Send what started or stopped from ``after`` up to ``before`` again; return the event count.

    Works day by day, to limit the memory for a long range. ``after`` and ``before`` are timestamps
    in seconds. Raises :class:`LookupError` if the organization does not exist.
    """
    organization = tools.store.look(
        webhook.organization_id, [(Organization, webhook.organization_id)]
    ).record(Organization, webhook.organization_id)
    if organization is None:
        raise LookupError(f"there is no organization {webhook.organization_id}")
    queue = Queue(tools.settings.deliveries_url, tools.settings.region)
    sent = 0
    for begin in range(after, before, SECONDS_PER_DAY):
        end = min(begin + SECONDS_PER_DAY, before)
        events = events_between(tools, webhook, organization, begin, end, _MAX_EVENTS) or []
        send(queue, events)
        sent += len(events)
    return sent


def main(arguments: list[str]) -> None:
    """Run the command and print its result."""
    options = _parser().parse_args(arguments)
    settings = _with_queues(read_settings(os.environ))
    allow_any_credentials(settings)
    tools = real_toolbox(Store(connect(settings)), settings)
    try:
        options.run(tools, options)
    except (StintError, PynamoDBException, BotoCoreError, ClientError, LookupError) as error:
        sys.exit(f"Cannot replay for {settings.table_prefix}: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Send events again.")
    commands = parser.add_subparsers(required=True)
    dead_letters = commands.add_parser(
        "dead-letters", help="send events again whose delivery failed"
    )
    dead_letters.add_argument("--organization", type=int, help="only of this organization")
    dead_letters.add_argument("--webhook", type=int, help="only for this webhook")
    dead_letters.add_argument("--dry-run", action="store_true", help="only count, send nothing")
    dead_letters.set_defaults(run=_run_dead_letters)
    time_range = commands.add_parser(
        "range", help="send the starts and stops of a time range again"
    )
    time_range.add_argument("--organization", type=int, required=True)
    time_range.add_argument(
        "--webhook", type=int, required=True, help="the webhook that receives the events"
    )
    for name in ("after", "before"):
        example = "such as 2026-03-02T09:00:00+01:00"
        time_range.add_argument(f"--{name}", type=parse_instant, required=True, help=example)
    time_range.set_defaults(run=_run_range)
    return parser


def _run_dead_letters(tools: Toolbox, options: argparse.Namespace) -> None:
    def chosen(delivery: Delivery) -> bool:
        return options.organization in (None, delivery.organization_id) and options.webhook in (
            None,
            delivery.webhook_id,
        )

    results = replay_dead_letters(tools.settings, chosen, dry_run=options.dry_run)
    print("dead letters" + (" (dry run: nothing was sent)" if options.dry_run else ""))
    for name in ("replayed", "left", "unreadable"):
        print(f"  {name:12} {results[name]}")


def _run_range(tools: Toolbox, options: argparse.Namespace) -> None:
    name = (options.organization, options.webhook)
    webhook = tools.store.everywhere(Webhook, [name]).get(name)
    if webhook is None:
        raise LookupError(f"organization {options.organization} has no webhook {options.webhook}")
    print(f"{replay_range(tools, webhook, options.after, options.before)} events sent again")


def _prepare(text: str, chosen: Chosen) -> Delivery | str:
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
            stacks.describe_stack_resource(
                StackName=settings.table_prefix, LogicalResourceId=queue
            )["StackResourceDetail"]["PhysicalResourceId"]
            for queue in (DELIVERIES, DEAD_LETTERS)
        ]
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"Cannot find the queues of {settings.table_prefix}: {error}")
    return replace(settings, deliveries_url=urls[0], dead_letters_url=urls[1])


if __name__ == "__main__":
    main(sys.argv[1:])
