"""Sends events again: what was given up, or what happened in a stretch of time, as it is now.

An event that is sent again has the id that it had, so that a receiver may tell.
"""

from collections.abc import Iterator, Sequence

from chalicelib.clients.sqs import Message, Queue, encode
from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import Unavailable
from chalicelib.core.timestamps import Span
from chalicelib.deliveries.rules import Delivery, given_up
from chalicelib.domain.directory import Organization
from chalicelib.domain.queries import TimeIs, TimerQuery, TimerSort
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.events.documents import webhook_delivery_body
from chalicelib.events.rules import (
    DomainEvent,
    EventType,
    entry_event_now,
    started_event,
    stopped_event,
)
from chalicelib.webhooks.model import Webhook

_PAGE = 200
_RETRY_AFTER_SECONDS = 2


def dead_letters(tools: Toolbox, webhook: Webhook, most: int) -> list[Delivery]:
    """What was given up of a webhook's latest deliveries, to be sent again. One call."""
    attempts = tools.store.attempts(webhook.organization_id, webhook.id, most)
    return [
        Delivery(it.event_id, it.event_type, it.organization_id, it.webhook_id, it.body or "")
        for it in given_up(attempts)
    ]


def events_between(
    tools: Toolbox,
    webhook: Webhook,
    organization: Organization,
    after: int,
    before: int,
    most: int,
) -> list[Delivery] | None:
    """What a webhook wants of what started or stopped from ``after`` up to ``before``.

    Their time entries belong to it, as they are now. None where it is more than ``most``.
    """
    span = Span(after, before)
    wanted = set(webhook.events)
    events: dict[str, DomainEvent] = {}
    entries: set[int] = set()
    for timer in _timers(tools, organization.id, span):
        entries.add(timer.time_entry_id)
        for event in _told_of(timer, span):
            if event.type in wanted:
                events[event.id] = event
        if len(events) > most or len(entries) > most:
            return None
    if wanted & {EventType.TIME_ENTRY_CREATED, EventType.TIME_ENTRY_UPDATED}:
        for event in map(entry_event_now, _entries(tools, organization.id, entries)):
            if event.type in wanted:
                events[event.id] = event
    if len(events) > most:
        return None
    return [
        Delivery(
            event.id,
            event.type.value,
            organization.id,
            webhook.id,
            webhook_delivery_body(event, organization),
        )
        for event in sorted(events.values(), key=lambda it: (it.at, it.record.id, it.version))
    ]


def send(queue: Queue, deliveries: Sequence[Delivery]) -> None:
    """Put deliveries on a queue. Raises ``Unavailable`` where it does not take all of them."""
    messages = [Message(encode(it), it.destination) for it in deliveries]
    if queue.send(messages):
        detail = "The queue is busy. Try again in a few seconds."
        raise Unavailable(detail, retry_after=_RETRY_AFTER_SECONDS)


def _told_of(timer: Timer, span: Span) -> Iterator[DomainEvent]:
    if timer.started_at in span:
        yield started_event(timer)
    if timer.stopped_at is not None and timer.stopped_at in span:
        yield stopped_event(timer, timer.stopped_at)


def _timers(tools: Toolbox, organization_id: int, span: Span) -> Iterator[Timer]:
    """What started then, and what stopped then: a timer may come twice."""
    time = TimeIs(span)
    for query in (
        TimerQuery(organization_id, started_at=time, sort=TimerSort.STARTED_AT),
        TimerQuery(organization_id, stopped_at=time, sort=TimerSort.STOPPED_AT),
    ):
        position = None
        while True:
            found = tools.store.stretch(query, position, _PAGE)
            yield from found.rows
            position = found.following
            if position is None:
                break


def _entries(tools: Toolbox, organization_id: int, ids: set[int]) -> list[TimeEntry]:
    names = [(organization_id, entry_id) for entry_id in sorted(ids)]
    return list(tools.store.everywhere(TimeEntry, names).values())
