"""The event fan-out: sends one message per event and destination, from records of the streams.

The webhooks of an organization are read for each batch and never cached, so that a new webhook
receives the events of all later changes. It receives none of earlier ones. Records may come twice,
late and in any order: an event's id is derived from the change, and its version shows which event
is newer. docs/decisions/0013-events.md.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from msgspec import Struct

from chalicelib.clients.failed_records import send_failed_records
from chalicelib.clients.sqs import Message, Queue, encode_delivery
from chalicelib.clients.websocket_connections import connection_sender
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Unavailable
from chalicelib.deliveries.model import Delivery
from chalicelib.dynamodb.database import Database
from chalicelib.events.changed_people import changed_people
from chalicelib.events.documents import (
    INTERCOM_NAMES,
    intercom_body,
    public_content,
    webhook_delivery_body,
)
from chalicelib.events.model import DomainEvent
from chalicelib.events.rules import entry_events, timer_events
from chalicelib.events.stream_records import (
    StreamRecord,
    TimerChange,
    changed_at,
    read_change,
    sequence_number,
)
from chalicelib.live.pushes import LivePushes, PushReport, Send
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person
from chalicelib.webhooks.model import Webhook

log = logging.getLogger("stint")


class EventFanoutReport(Struct, frozen=True):
    """The result of a batch.

    :param records: the number of stream records.
    :param events: the number of events.
    :param messages: the number of deliveries that were sent to the queue.
    :param skipped_records: the number of records from before ``events_after``.
    :param skipped_messages: the number of deliveries that were not sent, because their webhook was
        created after the change.
    :param unreadable: the number of invalid records, which were moved to the failure queue.
    :param failed: the sequence numbers of the records that Lambda must retry.
    :param pushes: the number of live updates that were sent to connections.
    :param pushes_failed: the number of those that were not.
    """

    records: int
    events: int
    messages: int
    skipped_records: int
    skipped_messages: int
    unreadable: int
    failed: tuple[str, ...]
    pushes: int = 0
    pushes_failed: int = 0


class EventFanout:
    """Sends the events of stream records to the queue of deliveries.

    ``intercom_person`` is how Intercom identifies people (``email`` or ``user_id``); None: no
    events are sent to Intercom. Changes before the timestamp ``events_after`` send no events.
    ``live_pushes`` None: there are no live updates.
    """

    def __init__(
        self,
        database: Database,
        deliveries: Queue,
        failed_records: Queue,
        intercom_person: str | None = None,
        events_after: int = 0,
        live_pushes: LivePushes | None = None,
    ) -> None:
        self.database = database
        self.deliveries = deliveries
        self.failed_records = failed_records
        self.intercom_person = intercom_person
        self.events_after = events_after
        self.live_pushes = live_pushes

    def run(self, records: Sequence[StreamRecord]) -> EventFanoutReport:
        """Send the events of a batch of records. Raises only if the stack is set up incorrectly."""
        batch = _Batch(self, records)
        batch.read_events()
        batch.write_messages()
        messages = batch.send_messages()
        batch.move_unreadable()
        pushed = self._push(records)
        numbers = map(sequence_number, records)
        return EventFanoutReport(
            records=len(records),
            events=sum(map(len, batch.events.values())),
            messages=messages,
            skipped_records=batch.skipped_records,
            skipped_messages=batch.skipped_messages,
            unreadable=len(batch.unreadable),
            # In the order of the stream: Lambda retries from the first of them.
            failed=tuple(number for number in numbers if number in batch.failed),
            pushes=pushed.sent,
            pushes_failed=pushed.failed,
        )

    def _push(self, records: Sequence[StreamRecord]) -> PushReport:
        """Push live updates, after everything else: they must not delay or fail events."""
        if self.live_pushes is None:
            return PushReport()
        return self.live_pushes.push(changed_people(records))


def build_event_fanout(
    dependencies: Dependencies, open_sender: Callable[[], Send] | None = None
) -> EventFanout:
    """The event fan-out of a stage.

    ``open_sender`` returns the function that sends live updates; None: API Gateway sends them.
    """
    settings = dependencies.settings
    open_sender = open_sender or partial(connection_sender, settings.live_url, settings.region)
    return EventFanout(
        dependencies.database,
        deliveries=Queue(settings.deliveries_url, settings.region),
        failed_records=Queue(settings.failed_records_url, settings.region),
        intercom_person=settings.intercom_person if settings.intercom_token else None,
        events_after=settings.events_after,
        live_pushes=LivePushes(dependencies, open_sender) if settings.live_url else None,
    )


def read_events(record: StreamRecord) -> tuple[DomainEvent, ...]:
    """The events of a record. An invalid record raises errors of any type."""
    change = read_change(record)
    if isinstance(change, TimerChange):
        return timer_events(change.old, change.new, change.at)
    return entry_events(change.old, change.new, public_content, change.at)


class _Batch:
    """A batch of records, with its events and messages, by the sequence number of the record."""

    def __init__(self, fanout: EventFanout, records: Sequence[StreamRecord]) -> None:
        self._fanout = fanout
        self._records = {sequence_number(record): record for record in records}
        self._messages: list[tuple[str, Message]] = []
        self.events: dict[str, tuple[DomainEvent, ...]] = {}
        self.skipped_records = 0
        self.skipped_messages = 0
        self.unreadable: set[str] = set()
        self.failed: set[str] = set()

    def read_events(self) -> None:
        """Read the events of the records."""
        for number, record in self._records.items():
            try:
                if changed_at(record) < self._fanout.events_after:
                    self.skipped_records += 1
                    continue
                events = read_events(record)
            except Exception as error:  # noqa: BLE001 - one invalid record must not stop the others
                self._mark_unreadable(number, error)
            else:
                if events:
                    self.events[number] = events

    def write_messages(self) -> None:
        """Read the destinations of the events, and create a message for each."""
        by_organization: dict[int, list[str]] = defaultdict(list)
        for number, events in self.events.items():
            by_organization[events[0].record.organization_id].append(number)
        if not by_organization:
            return
        try:
            organizations = self._fanout.database.get_many_across_organizations(
                Organization, [(id_, id_) for id_ in by_organization]
            )
            people = self._people()
        except Unavailable:
            self._mark_failed(self.events)
            return
        for id_, numbers in by_organization.items():
            try:
                webhooks = self._fanout.database.directory(Webhook, id_)
            except Unavailable:
                self._mark_failed(numbers)
                continue
            self._add_messages(numbers, organizations.get((id_, id_)), webhooks, people)

    def send_messages(self) -> int:
        """Send the messages to the queue; return how many it accepted."""
        messages = [message for _, message in self._messages]
        try:
            rejected = self._fanout.deliveries.send(messages)
        except Unavailable:
            self._mark_failed({number for number, _ in self._messages})
            return 0
        self.failed.update(self._messages[position][0] for position in rejected)
        return len(messages) - len(rejected)

    def move_unreadable(self) -> None:
        """Send the unreadable records to the failure queue, for an engineer."""
        records = [self._records[number] for number in sorted(self.unreadable)]
        rejected = send_failed_records(self._fanout.failed_records, records)
        if rejected:
            self._mark_failed(rejected)

    def _add_messages(
        self,
        numbers: Sequence[str],
        organization: Organization | None,
        webhooks: Sequence[Webhook],
        people: Mapping[tuple[int, int], Person],
    ) -> None:
        for number in numbers:
            try:
                if organization is None:
                    raise LookupError("the organization does not exist")
                at = changed_at(self._records[number])
                messages = [
                    (number, Message(encode_delivery(delivery), delivery.destination))
                    for event in self.events[number]
                    for delivery in self._deliveries(event, at, organization, webhooks, people)
                ]
            except Exception as error:  # noqa: BLE001 - one invalid record must not stop the others
                self._mark_unreadable(number, error)
            else:
                self._messages += messages

    def _deliveries(
        self,
        event: DomainEvent,
        at: int,
        organization: Organization,
        webhooks: Sequence[Webhook],
        people: Mapping[tuple[int, int], Person],
    ) -> Iterator[Delivery]:
        subscribed = [webhook for webhook in webhooks if webhook.receives(event.type)]
        receivers = [webhook for webhook in subscribed if webhook.existed_at(at)]
        self.skipped_messages += len(subscribed) - len(receivers)
        if receivers:
            body = webhook_delivery_body(event, organization)
            for webhook in receivers:
                yield Delivery(event.id, event.type.value, organization.id, webhook.id, body)
        identified_by = self._fanout.intercom_person
        if identified_by is not None:
            person = people.get((organization.id, event.record.person_id))
            intercom_event = intercom_body(event, person, identified_by)
            if intercom_event is not None:
                yield Delivery(event.id, event.type.value, organization.id, None, intercom_event)

    def _people(self) -> Mapping[tuple[int, int], Person]:
        """The people of the events for Intercom, if Intercom identifies people by e-mail."""
        if self._fanout.intercom_person != "email":
            return {}
        person_ids = {
            (event.record.organization_id, event.record.person_id)
            for event in chain.from_iterable(self.events.values())
            if event.type in INTERCOM_NAMES
        }
        return self._fanout.database.get_many_across_organizations(Person, person_ids)

    def _mark_unreadable(self, number: str, error: Exception) -> None:
        # The log does not contain the record, because it has data of people.
        log.error(
            "stream record moved to the failure queue",
            exc_info=error,
            extra={"sequence_number": number},
        )
        self.unreadable.add(number)

    def _mark_failed(self, numbers: "set[str] | Mapping[str, object] | Sequence[str]") -> None:
        log.warning(
            "stream records returned for retry", exc_info=True, extra={"records": len(numbers)}
        )
        self.failed.update(numbers)
