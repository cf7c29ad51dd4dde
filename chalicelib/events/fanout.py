"""The fan-out: from records of the tables' streams to one message for each destination.

Destinations are read once for each batch and organization, and never remembered: what happens after
a webhook was created is sent to it. Records may come twice, late and in any order: an event's id is
derived from what changed, and its version says what is newer. docs/decisions/0013-events.md.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from chalicelib.clients.sqs import MAX_BODY_BYTES, Message, Queue, encode
from chalicelib.core.errors import Unavailable
from chalicelib.dataclass import dataclass
from chalicelib.deliveries.rules import Delivery
from chalicelib.domain.directory import Organization, Person
from chalicelib.dynamodb.database import Store
from chalicelib.events.documents import INTERCOM_NAMES, intercom_body, looks, webhook_delivery_body
from chalicelib.events.rules import DomainEvent, entry_events, timer_events
from chalicelib.events.stream_records import StreamRecord, TimerChange, read_change, sequence_number
from chalicelib.webhooks.model import Webhook

log = logging.getLogger("stint")


@dataclass(frozen=True, slots=True)
class FanOutTools:
    """What the fan-out needs. ``intercom_person``: what Intercom knows people by; None: off."""

    store: Store
    deliveries: Queue
    failed_records: Queue
    intercom_person: str | None = None


@dataclass(frozen=True, slots=True)
class FanOutReport:
    """What became of a batch.

    :param records: how many there were.
    :param events: how many things had happened.
    :param messages: how many deliveries were put on the queue.
    :param unreadable: records that nobody could make sense of: put aside, whole.
    :param failed: the sequence numbers of those that are to come again.
    """

    records: int
    events: int
    messages: int
    unreadable: int
    failed: tuple[str, ...]


def fan_out(tools: FanOutTools, records: Sequence[StreamRecord]) -> FanOutReport:
    """Put a batch's events on the queue. Raises only where the stack itself is wrong."""
    batch = _Batch(tools, records)
    batch.read()
    batch.address()
    messages = batch.send()
    batch.put_aside()
    return FanOutReport(
        records=len(records),
        events=sum(map(len, batch.events.values())),
        messages=messages,
        unreadable=len(batch.unreadable),
        # In the order of the stream, which is the order in which Lambda counts.
        failed=tuple(number for number in map(sequence_number, records) if number in batch.failed),
    )


def events_in(record: StreamRecord) -> tuple[DomainEvent, ...]:
    """What a record says. Raises whatever comes of a record that says nothing."""
    change = read_change(record)
    if isinstance(change, TimerChange):
        return timer_events(change.old, change.new)
    return entry_events(change.old, change.new, looks, change.at)


class _Batch:
    """A batch on its way: what was read, what is to be sent, what did not work, by record."""

    def __init__(self, tools: FanOutTools, records: Sequence[StreamRecord]) -> None:
        self._tools = tools
        self._records = {sequence_number(record): record for record in records}
        self._messages: list[tuple[str, Message]] = []
        self.events: dict[str, tuple[DomainEvent, ...]] = {}
        self.unreadable: set[str] = set()
        self.failed: set[str] = set()

    def read(self) -> None:
        """Find out what happened."""
        for number, record in self._records.items():
            try:
                events = events_in(record)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
                self._cannot_read(number, error)
            else:
                if events:
                    self.events[number] = events

    def address(self) -> None:
        """Find out who wants to hear of it, and write the messages."""
        by_organization: dict[int, list[str]] = defaultdict(list)
        for number, events in self.events.items():
            by_organization[events[0].record.organization_id].append(number)
        if not by_organization:
            return
        try:
            organizations = self._tools.store.everywhere(
                Organization, [(id_, id_) for id_ in by_organization]
            )
            people = self._people()
        except Unavailable:
            self._come_again(self.events)
            return
        for id_, numbers in by_organization.items():
            try:
                webhooks = self._tools.store.directory(Webhook, id_)
            except Unavailable:
                self._come_again(numbers)
                continue
            self._write(numbers, organizations.get((id_, id_)), webhooks, people)

    def send(self) -> int:
        """Put the messages on the queue; how many."""
        messages = [message for _, message in self._messages]
        try:
            refused = self._tools.deliveries.send(messages)
        except Unavailable:
            self._come_again({number for number, _ in self._messages})
            return 0
        self.failed.update(self._messages[position][0] for position in refused)
        return len(messages) - len(refused)

    def put_aside(self) -> None:
        """Keep what nobody can read, all of it, where somebody will look at it."""
        numbers = sorted(self.unreadable)
        messages = [Message(_kept(self._records[number]), "records") for number in numbers]
        try:
            refused = self._tools.failed_records.send(messages)
        except Unavailable:
            self._come_again(numbers)
        else:
            self.failed.update(numbers[position] for position in refused)

    def _write(
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
                written = [
                    (number, Message(encode(it), it.destination))
                    for event in self.events[number]
                    for it in self._deliveries(event, organization, webhooks, people)
                ]
            except Exception as error:  # noqa: BLE001 - as above
                self._cannot_read(number, error)
            else:
                self._messages += written

    def _deliveries(
        self,
        event: DomainEvent,
        organization: Organization,
        webhooks: Sequence[Webhook],
        people: Mapping[tuple[int, int], Person],
    ) -> Iterator[Delivery]:
        wanted = [webhook for webhook in webhooks if webhook.wants(event.type)]
        if wanted:
            body = webhook_delivery_body(event, organization)
            for webhook in wanted:
                yield Delivery(event.id, event.type.value, organization.id, webhook.id, body)
        known_by = self._tools.intercom_person
        if known_by is not None:
            person = people.get((organization.id, event.record.person_id))
            told = intercom_body(event, person, known_by)
            if told is not None:
                yield Delivery(event.id, event.type.value, organization.id, None, told)

    def _people(self) -> Mapping[tuple[int, int], Person]:
        """The people whose e-mail address Intercom wants."""
        if self._tools.intercom_person != "email":
            return {}
        happened = chain.from_iterable(self.events.values())
        names = {
            (event.record.organization_id, event.record.person_id)
            for event in happened
            if event.type in INTERCOM_NAMES
        }
        return self._tools.store.everywhere(Person, names)

    def _cannot_read(self, number: str, error: Exception) -> None:
        # The record itself is put aside: a log is no place for what people work on.
        log.error(
            "stream record moved to the failure queue",
            exc_info=error,
            extra={"sequence_number": number},
        )
        self.unreadable.add(number)

    def _come_again(self, numbers: "set[str] | Mapping[str, object] | Sequence[str]") -> None:
        log.warning(
            "stream records returned for retry", exc_info=True, extra={"records": len(numbers)}
        )
        self.failed.update(numbers)


def _kept(record: StreamRecord) -> str:
    """A record as it is put aside; one that is too large for the queue only by its keys."""
    whole = msgspec.json.encode(record)
    if len(whole) <= MAX_BODY_BYTES:
        return whole.decode()
    changed = {name: record["dynamodb"][name] for name in ("Keys", "SequenceNumber")}
    named = {name: record.get(name) for name in ("eventID", "eventName", "eventSourceARN")}
    return msgspec.json.encode({**named, "dynamodb": changed}).decode()
