"""Create, update, test and replay webhooks, for admins. Docs: docs/webhooks.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.admin_revisions.model import AdminAction
from chalicelib.admin_revisions.rules import record_sending
from chalicelib.clients.receiver_urls import InvalidReceiverUrl, read_url
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility
from chalicelib.core.record_operations import RecordOperations, new_author, recorded
from chalicelib.core.unit_of_work import Attempt, Decision, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import CreateRecord, changed
from chalicelib.deliveries.model import TEST_EVENT, Delivery
from chalicelib.events.model import EventType
from chalicelib.webhooks.model import MAX_WEBHOOKS, SentEvents, Webhook, WebhookState, secret_of

VIEW_WEBHOOK: ViewPolicy[Webhook] = ViewPolicy(Visibility.ADMINS, lambda _: None)

MAX_REPLAYED = 1_000
"""Events that one request replays: a request has no time for more."""


class Webhooks:
    """Operations on webhooks."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        self._records = RecordOperations(dependencies, Webhook, VIEW_WEBHOOK)
        self.show, self.read = self._records.show, self._records.read
        self.delete = self._records.delete

    def create(
        self, caller: Caller, values: Mapping[str, Any], options: WriteOptions = NO_OPTIONS
    ) -> Result[Webhook]:
        """Create a webhook; only this response has its secret.

        Two calls, or three with a key, and one for the master key. Raises ``InvalidAttribute``,
        also if the organization has ``MAX_WEBHOOKS``.
        """
        self._check_url(values)
        organization_id = caller.organization.id

        def decide(attempt: Attempt) -> Decision[Webhook]:
            if len(self._database.directory(Webhook, organization_id)) >= MAX_WEBHOOKS:
                detail = f"This organization has the maximum of {MAX_WEBHOOKS} webhooks."
                raise InvalidAttribute("url", f"{detail} Delete one first.")
            webhook = Webhook(
                id=self._dependencies.ids.generate(),
                organization_id=organization_id,
                name=values["name"],
                url=values["url"],
                events=values.get("events", tuple(EventType)),
                created_at=attempt.now,
                updated_at=attempt.now,
            )
            secret = self._secret(webhook)
            writes = (CreateRecord(webhook),)
            decision = Decision(webhook, records=writes, one_time_meta=secret)
            return recorded(new_author(self._dependencies, caller, attempt.now), None, decision)

        return commit_with_retry(self._dependencies, options, decide)

    def update(
        self,
        caller: Caller,
        webhook_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Webhook]:
        """Change, pause or resume a webhook. Two calls; one if nothing changes.

        Raises ``RecordNotFound``, ``InvalidAttribute``.
        """

        def decide(webhook: Webhook, now: int) -> Decision[Webhook]:
            # Clients may send unchanged values back, also a URL that is no longer accepted.
            if values.get("url") != webhook.url:
                self._check_url(values)
            after = webhook.with_values(values, now)
            return Decision(after, records=changed(webhook, after, "version"))

        return self._records.commit(caller, webhook_id, decide, options)

    def rotate_secret(
        self,
        caller: Caller,
        webhook_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Webhook]:
        """Create a new secret for a webhook; only this response has it.

        Two calls, and one for the master key. Raises ``RecordNotFound``, ``InvalidAttribute``.
        """
        at_once = bool(values.get("at_once"))

        def decide(webhook: Webhook, now: int) -> Decision[Webhook]:
            try:
                after = webhook.with_new_secret(now, at_once=at_once)
            except ValueError as error:
                detail = f"{error} Set `at_once` to true."
                raise InvalidAttribute("at_once", detail) from error
            records = changed(webhook, after, "version")
            return Decision(after, records=records, one_time_meta=self._secret(after))

        return self._records.commit(caller, webhook_id, decide, options)

    def send_test(
        self, caller: Caller, webhook_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[SentEvents]:
        """Send a test event; the response has its id. Two calls.

        The records of the act and of the key are written after the event is sent: if that fails, a
        repeat sends another event. Raises ``RecordNotFound``, ``Unavailable``.
        """

        def decide(webhook: Webhook, now: int) -> Decision[SentEvents]:
            # Not an id: nothing is stored that would refuse one that another server generated too.
            event_id = f"evt_test_{self._dependencies.request_token()}"
            body = _delivery_queue().test_body(event_id, webhook, caller, now)
            delivery = Delivery(event_id, TEST_EVENT, webhook.organization_id, webhook.id, body)
            self._send([delivery])
            author = new_author(self._dependencies, caller, now)
            records = record_sending(author, webhook, AdminAction.TESTED, 1)
            outcome = SentEvents(webhook, test_event_id=event_id)
            return Decision(outcome, records=records, is_done=True)

        return self._records.commit(caller, webhook_id, decide, options)

    def replay(
        self,
        caller: Caller,
        webhook_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[SentEvents]:
        """Send the dead letters, or the events of a period, to a webhook again.

        The response has their number. The records of the act and of the key are written after they
        are sent: if that fails, a repeat sends them again, with the same event ids. Raises
        ``RecordNotFound``; ``InvalidAttribute`` if there are more than ``MAX_REPLAYED`` or the
        webhook is paused; ``Unavailable``: some may be sent.
        """

        def decide(webhook: Webhook, now: int) -> Decision[SentEvents]:
            if webhook.state is not WebhookState.ACTIVE:
                raise InvalidAttribute("state", "This webhook is paused. Make it active first.")
            deliveries = self._deliveries(caller, webhook, values)
            self._send(deliveries)
            author, count = new_author(self._dependencies, caller, now), len(deliveries)
            records = record_sending(author, webhook, AdminAction.REPLAYED, count)
            outcome = SentEvents(webhook, replayed_events=count)
            return Decision(outcome, records=records, is_done=True)

        return self._records.commit(caller, webhook_id, decide, options)

    def _deliveries(
        self, caller: Caller, webhook: Webhook, values: Mapping[str, Any]
    ) -> list[Delivery]:
        if values.get("dead_letters"):
            dead_letters: list[Delivery] = _delivery_queue().dead_letters(
                self._dependencies, webhook, MAX_REPLAYED
            )
            return dead_letters
        after, before = values.get("after"), values.get("before")
        if after is None or before is None:
            missing = "after" if after is None else "before"
            detail = "Give `after` and `before`, or set `dead_letters` to true."
            raise InvalidAttribute(missing, detail)
        if after >= before:
            raise InvalidAttribute("before", "The time must be later than `after`.")
        deliveries: list[Delivery] | None = _delivery_queue().events_between(
            self._dependencies, webhook, caller.organization, after, before, MAX_REPLAYED
        )
        if deliveries is None:
            detail = f"This period has more than {MAX_REPLAYED} events. Use a shorter one."
            raise InvalidAttribute("before", detail)
        return deliveries

    def _send(self, deliveries: Sequence[Delivery]) -> None:
        _delivery_queue().send(self._dependencies.settings, deliveries)

    def _secret(self, webhook: Webhook) -> dict[str, str]:
        master_key = _delivery_queue().master_key(self._dependencies.settings)
        return {"secret": secret_of(master_key, webhook, webhook.secret_number)}

    def _check_url(self, values: Mapping[str, Any]) -> None:
        if "url" not in values:
            return
        try:
            read_url(values["url"], local=self._dependencies.settings.local_receivers)
        except InvalidReceiverUrl as error:
            raise InvalidAttribute("url", str(error)) from error


def _delivery_queue() -> Any:
    # Lazy: only requests about webhooks need SQS, Secrets Manager and the rendering of events.
    # Decision 0018.
    from chalicelib.webhooks import delivery_queue  # noqa: PLC0415

    return delivery_queue
