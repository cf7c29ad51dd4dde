"""Webhooks: URLs that receive the events of an organization, and the secrets that sign them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.events.model import EventType

ROTATION_OVERLAP_SECONDS = SECONDS_PER_DAY
"""For so long after a rotation, the replaced secret signs too."""

MAX_FAILING_SECONDS = SECONDS_PER_DAY // 2
"""A webhook is paused if it fails for so long without a success."""

MIN_FAILURES = 4
"""A webhook is paused after so many failures, which are at least an hour apart."""

FAILURE_INTERVAL_SECONDS = 3600
"""Failures that follow a counted one within this time are not counted, so they cost no write."""

MAX_FAILURE_GAP_SECONDS = 10 * 3600
"""After so long without a failure, the next one counts as the first.

It is longer than the longest wait between two attempts to deliver an event.
"""

MAX_WEBHOOKS = 20
"""Webhooks of an organization."""

MAX_SIGNATURES = 4
"""Secrets that sign at the same time."""

_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret


class WebhookState(StrEnum):
    """Whether events are sent."""

    ACTIVE = "active"
    PAUSED = "paused"


class PausedReason(StrEnum):
    """Why a webhook is paused."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    """It failed for hours, without a success."""
    GONE = "gone"
    """The receiver responded with status 410."""


class Webhook(Struct, frozen=True):
    """A URL to which some types of an organization's events are posted.

    :param events: the types of the events.
    :param secret_number: the number of the newest secret. Each rotation increments it. The secret
        itself is not stored, see :func:`secret_of`.
    :param oldest_secret_number: the number of the oldest secret that signs until the overlap of the
        last rotation ends.
    :param rotated_at: the timestamp of the last rotation.
    :param failing_since: the timestamp of the first failure since the last success.
    :param last_failure_at: the timestamp of the latest failure that was counted.
    :param failures: the failures that were counted.
    """

    recorded_as: ClassVar[str] = "webhooks"
    unrecorded: ClassVar[tuple[str, ...]] = (
        "paused_reason",
        "paused_at",
        "oldest_secret_number",
        "rotated_at",
        "failing_since",
        "last_failure_at",
        "failures",
    )

    id: int
    organization_id: int
    name: str
    url: str
    events: tuple[EventType, ...]
    created_at: int
    updated_at: int
    state: WebhookState = WebhookState.ACTIVE
    paused_reason: PausedReason | None = None
    paused_at: int | None = None
    secret_number: int = 1
    oldest_secret_number: int = 1
    rotated_at: int | None = None
    failing_since: int | None = None
    version: int = 1
    last_failure_at: int | None = None
    failures: int | None = None

    def receives(self, type_: EventType) -> bool:
        """Whether events of this type are sent: the webhook is active and has the type."""
        return self.state is WebhookState.ACTIVE and type_ in self.events

    def existed_at(self, changed_at: int) -> bool:
        """Whether the webhook existed at the time of a change, to the second.

        It receives no event of an earlier change. A change in the second of its creation counts:
        the times of streams have no fractions.
        """
        return changed_at >= self.created_at

    def signing_secret_numbers(self, now: int) -> tuple[int, ...]:
        """The numbers of the secrets that sign at the timestamp ``now``, the newest first."""
        newest = self.secret_number
        oldest = self.oldest_secret_number if self._overlaps(now) else newest
        return tuple(range(newest, oldest - 1, -1))

    def with_new_secret(self, now: int, *, at_once: bool = False) -> "Webhook":
        """Rotate the secret. The previous secrets sign for one more day; with ``at_once`` they end.

        After two rotations within a day, three secrets sign: a client that lost the response to the
        first rotation still has the secret before it. Raises :class:`ValueError` if more than
        ``MAX_SIGNATURES`` secrets would sign.
        """
        number = self.secret_number + 1
        oldest = number if at_once else self.signing_secret_numbers(now)[-1]
        if number - oldest >= MAX_SIGNATURES:
            raise ValueError("The secret was rotated too often within a day.")
        return replace(
            self,
            secret_number=number,
            oldest_secret_number=oldest,
            rotated_at=now,
            updated_at=now,
            version=self.version + 1,
        )

    def with_values(self, values: Mapping[str, Any], now: int) -> "Webhook":
        """Set values, by field name. A new state or URL clears ``failing_since``."""
        after = replace(self, **values)
        if after == self:
            return self
        if after.state is not self.state:
            paused = after.state is WebhookState.PAUSED
            after = replace(
                after,
                paused_reason=PausedReason.BY_HAND if paused else None,
                paused_at=now if paused else None,
            )
        if after.state is not self.state or after.url != self.url:
            after = after.after_success()
        return replace(after, updated_at=now, version=self.version + 1)

    def _overlaps(self, now: int) -> bool:
        return self.rotated_at is not None and now < self.rotated_at + ROTATION_OVERLAP_SECONDS

    def after_success(self) -> "Webhook":
        """The webhook without failures."""
        return replace(self, failing_since=None, last_failure_at=None, failures=None)

    def after_failure(self, now: int) -> "Webhook":
        """The webhook after a failure at the timestamp ``now``. It may change nothing."""
        # Version 0.2.0 stored only the first failure.
        last, count = self.last_failure_at or self.failing_since, self.failures or 1
        if last is None or now > last + MAX_FAILURE_GAP_SECONDS:
            return replace(self, failing_since=now, last_failure_at=now, failures=1)
        if now < last + FAILURE_INTERVAL_SECONDS:
            return self
        return replace(self, last_failure_at=now, failures=count + 1)

    def has_failed_too_long(self, now: int) -> bool:
        """Whether the webhook must be paused after a failure at the timestamp ``now``."""
        since, count = self.failing_since, self.failures or 1
        return since is not None and now >= since + MAX_FAILING_SECONDS and count >= MIN_FAILURES


class SentEvents(Struct, frozen=True):
    """The result of sending events to a webhook: the webhook, and values of ``meta`` fields."""

    webhook: Webhook
    test_event_id: str | None = None
    replayed_events: int | None = None


def secret_of(master_key: bytes, webhook: Webhook, number: int) -> str:
    """The secret of a webhook with this number: ``whsec_`` and base64.

    It is derived from the master key, so that the tables contain no secrets. The label is different
    for each webhook and number.
    """
    label = f"webhook/{webhook.organization_id}/{webhook.id}/{number}"
    derived = hmac.new(master_key, label.encode(), hashlib.sha256).digest()
    return _SECRET_PREFIX + base64.b64encode(derived).decode()
