"""Make, change, try and replay webhooks: admins only, each in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.clients.receiver_urls import BadUrl, read_url
from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.idempotency import RequestKey
from chalicelib.core.record_operations import visible
from chalicelib.core.unit_of_work import Answer, Decision, replay, settle
from chalicelib.deliveries.rules import TEST_EVENT, Attempt, Delivery
from chalicelib.domain.directory import Caller
from chalicelib.domain.records import CreateRecord, changed
from chalicelib.events.rules import EventType
from chalicelib.jsonapi.in_memory_list import Position, SmallList
from chalicelib.jsonapi.parameters import ListQuery
from chalicelib.webhooks.api import WEBHOOK_DELIVERIES, WEBHOOKS
from chalicelib.webhooks.model import MOST_WEBHOOKS, Webhook, WebhookState, secret_of

MOST_LISTED = 200
"""Deliveries to each webhook that are listed, the newest."""

MOST_REPLAYED = 1_000
"""Events that are sent again at a time: what a request has time for."""


class Webhooks:
    """The verbs on webhooks."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def create(
        self, caller: Caller, values: Mapping[str, Any], key: RequestKey | None
    ) -> Answer[Webhook]:
        """Make one. The answer tells its secret, once. Two calls, or three with a key; and
        one for the key of secrets.

        Raises ``InvalidAttribute``, also where the organization has as many as it may.
        """
        self._check_url(values)
        organization_id = caller.organization.id

        def decide() -> Decision[Webhook] | Answer[Webhook]:
            now = self._tools.now()
            replayed = replay(self._tools.store.look(organization_id, key=key).kept, key, now)
            if replayed is not None:
                return replayed
            if len(self._tools.store.directory(Webhook, organization_id)) >= MOST_WEBHOOKS:
                detail = f"This organization has the maximum of {MOST_WEBHOOKS} webhooks."
                raise InvalidAttribute("url", f"{detail} Delete one first.")
            made = Webhook(
                id=self._tools.ids.draw(),
                organization_id=organization_id,
                name=values["name"],
                url=values["url"],
                events=values.get("events", tuple(EventType)),
                created_at=now,
                updated_at=now,
            )
            return Decision(made, records=(CreateRecord(made),), once=self._secret(made))

        return settle(self._tools, key, decide)

    def change(self, caller: Caller, webhook_id: int, values: Mapping[str, Any]) -> Answer[Webhook]:
        """Change, pause or resume one. Two calls; one where nothing changes.

        Raises ``RecordNotFound``, ``InvalidAttribute``.
        """
        self._check_url(values)

        def decide() -> Decision[Webhook]:
            webhook = self.show(caller, webhook_id)
            after = webhook.changed(values, self._tools.now())
            return Decision(after, records=changed(webhook, after, "version"))

        return settle(self._tools, None, decide)

    def rotate(self, caller: Caller, webhook_id: int, values: Mapping[str, Any]) -> Answer[Webhook]:
        """Give it another secret, which the answer tells, once. Two calls, and one for
        the key of secrets.

        Raises ``RecordNotFound``, ``InvalidAttribute``.
        """
        at_once = bool(values.get("at_once"))

        def decide() -> Decision[Webhook]:
            webhook = self.show(caller, webhook_id)
            try:
                after = webhook.rotated(self._tools.now(), at_once=at_once)
            except ValueError as error:
                detail = f"{error} Set `at_once` to true."
                raise InvalidAttribute("at_once", detail) from error
            records = changed(webhook, after, "version")
            return Decision(after, records=records, once=self._secret(after))

        return settle(self._tools, None, decide)

    def try_it(self, caller: Caller, webhook_id: int) -> Answer[Webhook]:
        """Send it an event in which nothing happened; the answer tells its id. Two calls.

        Raises ``RecordNotFound``, ``Unavailable``.
        """
        from chalicelib.events.documents import trial_body  # noqa: PLC0415

        webhook = self.show(caller, webhook_id)
        event_id = f"evt_test_{self._tools.ids.draw()}"
        body = trial_body(event_id, webhook, caller, self._tools.now())
        self._send([_delivery(webhook, event_id, TEST_EVENT, body)])
        return Answer(webhook, once={"event_id": event_id})

    def replay(self, caller: Caller, webhook_id: int, values: Mapping[str, Any]) -> Answer[Webhook]:
        """Send again what was given up, or what started or stopped in a stretch of time.

        The answer tells how many events it was. Raises ``RecordNotFound``, ``InvalidAttribute``
        where they are too many or the webhook is paused; ``Unavailable``, with some of them sent.
        """
        webhook = self.show(caller, webhook_id)
        if webhook.state is not WebhookState.ACTIVE:
            raise InvalidAttribute("state", "This webhook is paused. Make it active first.")
        deliveries = self._again(caller, webhook, values)
        self._send(deliveries)
        return Answer(webhook, once={"events": len(deliveries)})

    def show(self, caller: Caller, webhook_id: int) -> Webhook:
        """One of the caller's organization. One call. Raises ``RecordNotFound``."""
        found = self._tools.store.look(caller.organization.id, [(Webhook, webhook_id)])
        webhook: Webhook = visible(caller, WEBHOOKS, found.record(Webhook, webhook_id))
        return webhook

    def _again(self, caller: Caller, webhook: Webhook, values: Mapping[str, Any]) -> list[Delivery]:
        # Imported here: nobody else renders events or walks an organization's timers.
        from chalicelib.deliveries import replay as replaying  # noqa: PLC0415

        if values.get("dead_letters"):
            return replaying.dead_letters(self._tools, webhook, MOST_REPLAYED)
        after, before = values.get("after"), values.get("before")
        if after is None or before is None:
            missing = "after" if after is None else "before"
            detail = "Give `after` and `before`, or set `dead_letters` to true."
            raise InvalidAttribute(missing, detail)
        if after >= before:
            raise InvalidAttribute("before", "The time must be later than `after`.")
        found = replaying.events_between(
            self._tools, webhook, caller.organization, after, before, MOST_REPLAYED
        )
        if found is None:
            detail = f"This period has more than {MOST_REPLAYED} events. Use a shorter one."
            raise InvalidAttribute("before", detail)
        return found

    def _send(self, deliveries: Sequence[Delivery]) -> None:
        from chalicelib.deliveries.replay import send  # noqa: PLC0415
        from chalicelib.services.offices import offices  # noqa: PLC0415

        send(offices(self._tools.settings).deliveries, deliveries)

    def _secret(self, webhook: Webhook) -> dict[str, str]:
        from chalicelib.services.offices import offices  # noqa: PLC0415

        master_key = offices(self._tools.settings).master_key()
        return {"secret": secret_of(master_key, webhook, webhook.secret_number)}

    def _check_url(self, values: Mapping[str, Any]) -> None:
        if "url" not in values:
            return
        try:
            read_url(values["url"], local=self._tools.settings.local_receivers)
        except BadUrl as error:
            raise InvalidAttribute("url", str(error)) from error


class DeliveryLog:
    """The deliveries to some webhooks, or to all of an organization's, as a list.

    One call for each webhook, and one to find them where none is named.
    """

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def page(self, caller: Caller, asked: ListQuery) -> Any:
        """See :class:`~chalicelib.jsonapi.in_memory_list.Lister`."""
        return self._list(asked).page(caller, asked)

    def walk(self, caller: Caller, asked: ListQuery, position: Position) -> Any:
        """See :class:`~chalicelib.jsonapi.in_memory_list.Lister`."""
        return self._list(asked).walk(caller, asked, position)

    def _list(self, asked: ListQuery) -> SmallList[Attempt]:
        wanted = asked.conditions.ids("webhook_id")

        def read(caller: Caller, _: frozenset[int] | None) -> Sequence[Attempt]:
            store, organization_id = self._tools.store, caller.organization.id
            ids = wanted
            if ids is None:
                ids = frozenset(it.id for it in store.directory(Webhook, organization_id))
            return [
                attempt
                for webhook_id in sorted(ids)
                for attempt in store.attempts(organization_id, webhook_id, MOST_LISTED)
            ]

        return SmallList(WEBHOOK_DELIVERIES, read)


def _delivery(webhook: Webhook, event_id: str, event_type: str, body: str) -> Delivery:
    return Delivery(event_id, event_type, webhook.organization_id, webhook.id, body)
