"""Sends events to a webhook again: its dead letters, or the events of a period.

An event that is sent again has the same id as before, so that the receiver recognizes it.
"""

from collections.abc import Iterator, Sequence

from chalicelib.clients.sqs import Message, Queue, encode_delivery
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Unavailable
from chalicelib.core.lists import TimeFilter
from chalicelib.core.timestamps import Span
from chalicelib.deliveries.model import Delivery
from chalicelib.deliveries.repository import latest_attempts
from chalicelib.deliveries.rules import find_dead_letters
from chalicelib.events.documents import webhook_delivery_body
from chalicelib.events.model import DomainEvent, EventType
from chalicelib.events.rules import current_entry_event, current_timer_events
from chalicelib.organizations.model import Organization
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.lists import cursor_page
from chalicelib.timers.model import Timer, TimerQuery, TimerSort
from chalicelib.webhooks.model import Webhook

_PAGE_SIZE = 200
_RETRY_AFTER_SECONDS = 2


def dead_letters(dependencies: Dependencies, webhook: Webhook, limit: int) -> list[Delivery]:
    """The dead letters among the latest ``limit`` attempts, to send again. One call."""
    attempts = latest_attempts(
        dependencies.database.connection, webhook.organization_id, webhook.id, limit
    )
    return [
        Delivery(
            attempt.event_id,
            attempt.event_type,
            attempt.organization_id,
            attempt.webhook_id,
            attempt.body or "",
        )
        for attempt in find_dead_letters(attempts)
    ]


def events_between(
    dependencies: Dependencies,
    webhook: Webhook,
    organization: Organization,
    after: int,
    before: int,
    limit: int,
) -> list[Delivery] | None:
    """The events of a period that a webhook receives, to send again; None if more than ``limit``.

    These are the starts and stops from the timestamp ``after`` to before the timestamp ``before``,
    the present state of these timers if they were changed manually, and of their time entries.
    Deleted records have no events.
    """
    span = Span(after, before)
    event_types = set(webhook.events)
    events: dict[str, DomainEvent] = {}
    entry_ids: set[int] = set()
    for timer in _timers(dependencies, organization.id, span):
        entry_ids.add(timer.time_entry_id)
        for event in current_timer_events(timer):
            if event.at in span and event.type in event_types:
                events[event.id] = event
        if len(events) > limit or len(entry_ids) > limit:
            return None
    if event_types & {EventType.TIME_ENTRY_CREATED, EventType.TIME_ENTRY_UPDATED}:
        for event in map(current_entry_event, _entries(dependencies, organization.id, entry_ids)):
            if event.type in event_types:
                events[event.id] = event
    if len(events) > limit:
        return None
    return [
        Delivery(
            event.id,
            event.type.value,
            organization.id,
            webhook.id,
            webhook_delivery_body(event, organization),
        )
        for event in sorted(
            events.values(), key=lambda event: (event.at, event.record.id, event.version)
        )
    ]


def enqueue(queue: Queue, deliveries: Sequence[Delivery]) -> None:
    """Send deliveries to a queue. Raises ``Unavailable`` if the queue rejects some of them."""
    messages = [Message(encode_delivery(delivery), delivery.destination) for delivery in deliveries]
    if queue.send(messages):
        detail = "The queue is busy. Try again in a few seconds."
        raise Unavailable(detail, retry_after=_RETRY_AFTER_SECONDS)


def _timers(dependencies: Dependencies, organization_id: int, span: Span) -> Iterator[Timer]:
    """The timers that started in a span, then those that stopped in it: some come twice."""
    time = TimeFilter(span)
    for query in (
        TimerQuery(organization_id, started_at=time, sort=TimerSort.STARTED_AT),
        TimerQuery(organization_id, stopped_at=time, sort=TimerSort.STOPPED_AT),
    ):
        position = None
        while True:
            page = cursor_page(dependencies.database.connection, query, position, _PAGE_SIZE)
            yield from page.rows
            position = page.following
            if position is None:
                break


def _entries(dependencies: Dependencies, organization_id: int, ids: set[int]) -> list[TimeEntry]:
    scoped_ids = [(organization_id, entry_id) for entry_id in sorted(ids)]
    database = dependencies.database
    return list(database.get_many_across_organizations(TimeEntry, scoped_ids).values())
