"""Replay events: ``python -m tools.ops replay dead-letters``, or ``... replay range``.

``dead-letters`` moves all or selected dead letters back to the delivery queue, except those whose
webhook is paused or deleted: they would be given up again at once. ``range`` sends
the timers that started or stopped in a time range, in their current state, to one webhook.
Uses the queues of the tables' stack, or those of STINT_DELIVERIES_URL and STINT_DEAD_LETTERS_URL.
"""

import argparse
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from chalicelib.clients.aws import client
from chalicelib.clients.sqs import Queue
from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.settings import Settings
from chalicelib.core.timestamps import SECONDS_PER_DAY, parse_timestamp
from chalicelib.deliveries.model import Delivery
from chalicelib.deliveries.replay import enqueue, events_between
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.organizations.model import Organization
from chalicelib.registry import models
from chalicelib.webhooks.model import Webhook, WebhookState
from infra.stack.queues import DEAD_LETTERS, DELIVERIES
from tools.error_messages import REPORTED_ERRORS, describe_error
from tools.ops.dead_letters import RESULTS, DeadLetterReplay
from tools.ops.stage_options import STAGE_OPTIONS, selected_stage

SUMMARY = "Send events again: dead letters, or the events of a time range."

_MAX_EVENTS = 100_000


def replay_range(dependencies: Dependencies, webhook: Webhook, after: int, before: int) -> int:
    """Send what started or stopped from ``after`` up to ``before`` again; return the event count.

    Works day by day, to limit the memory for a long range. ``after`` and ``before`` are timestamps
    in seconds. Raises :class:`LookupError` if the organization does not exist.
    """
    organization_id = webhook.organization_id
    organization = dependencies.database.get(Organization, organization_id, organization_id)
    if organization is None:
        raise LookupError(f"there is no organization {organization_id}")
    queue = Queue(dependencies.settings.deliveries_url, dependencies.settings.region)
    sent = 0
    for begin in range(after, before, SECONDS_PER_DAY):
        end = min(begin + SECONDS_PER_DAY, before)
        events = events_between(dependencies, webhook, organization, begin, end, _MAX_EVENTS) or []
        enqueue(queue, events)
        sent += len(events)
    return sent


def run(options: argparse.Namespace) -> int:
    """Run the command and print its result."""
    stage = selected_stage(options)
    settings = _with_queues(stage.settings)
    dependencies = build_dependencies(Database(connect(settings, models())), settings)
    try:
        options.replay(dependencies, options)
    except LookupError as error:
        sys.exit(f"Cannot replay for {stage.place}: {error}")
    except REPORTED_ERRORS as error:
        sys.exit(f"Cannot replay for {stage.place}: {describe_error(error)}")
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two subcommands and their options."""
    parser.set_defaults(run=run)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    dead_letters = commands.add_parser(
        "dead-letters",
        help="send events again whose delivery failed",
        parents=[STAGE_OPTIONS],
    )
    dead_letters.add_argument("--organization", type=int, help="only of this organization")
    dead_letters.add_argument("--webhook", type=int, help="only for this webhook")
    dead_letters.add_argument("--dry-run", action="store_true", help="only count, send nothing")
    dead_letters.set_defaults(replay=_replay_dead_letters)
    time_range = commands.add_parser(
        "range",
        help="send the starts and stops of a time range again",
        parents=[STAGE_OPTIONS],
    )
    time_range.add_argument("--organization", type=int, required=True)
    time_range.add_argument(
        "--webhook", type=int, required=True, help="the webhook that receives the events"
    )
    for name in ("after", "before"):
        example = "such as 2026-03-02T09:00:00+01:00"
        time_range.add_argument(f"--{name}", type=parse_timestamp, required=True, help=example)
    time_range.set_defaults(replay=_replay_range)


def _replay_dead_letters(dependencies: Dependencies, options: argparse.Namespace) -> None:
    def is_selected(delivery: Delivery) -> bool:
        return options.organization in (None, delivery.organization_id) and options.webhook in (
            None,
            delivery.webhook_id,
        )

    replay = DeadLetterReplay(dependencies, is_selected, dry_run=options.dry_run)
    try:
        replay.run()
    finally:
        print("dead letters" + (" (dry run: nothing was sent)" if options.dry_run else ""))
        for name, meaning in RESULTS.items():
            print(f"  {name:12} {replay.results[name]:<6} {meaning}".rstrip())


def _replay_range(dependencies: Dependencies, options: argparse.Namespace) -> None:
    name = (options.organization, options.webhook)
    webhook = dependencies.database.get_many_across_organizations(Webhook, [name]).get(name)
    if webhook is None:
        raise LookupError(f"organization {options.organization} has no webhook {options.webhook}")
    if webhook.state is not WebhookState.ACTIVE:
        raise LookupError(f"webhook {webhook.id} is paused: resume it first")
    count = replay_range(dependencies, webhook, options.after, options.before)
    print(f"{count} events sent again")


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
        sys.exit(f"Cannot find the queues of {settings.table_prefix}: {describe_error(error)}")
    return replace(settings, deliveries_url=urls[0], dead_letters_url=urls[1])
