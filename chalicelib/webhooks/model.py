"""Webhooks: where an organization wants to hear of its events, and how it knows that it is us."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.dataclass import dataclass
from chalicelib.events.rules import EventType

ROTATION_OVERLAP = SECONDS_PER_DAY
"""Seconds during which a secret that was replaced signs beside the new one."""

PAUSED_AFTER = SECONDS_PER_DAY // 2
"""Seconds of nothing but failures after which a webhook is paused."""

MOST_WEBHOOKS = 20
"""Webhooks that an organization may have."""

MOST_SIGNATURES = 4
"""Secrets that may sign at the same time."""

_SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with


class WebhookState(StrEnum):
    """Whether events are sent."""

    ACTIVE = "active"
    PAUSED = "paused"


class PausedReason(StrEnum):
    """Why a webhook is paused."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    """It failed for hours, and never succeeded in between."""
    GONE = "gone"
    """The receiver answered 410."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of an organization's own to which some kinds of its events are posted.

    :param secret_number: which of its secrets signs: rises with each rotation. The secret itself is
        kept nowhere, see :func:`secret_of`.
    :param oldest_secret_number: from which on secrets sign beside it while a rotation is fresh.
    :param rotated_at: the instant of the last rotation.
    :param failing_since: the instant of the first failure since the last success.
    """

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

    def wants(self, type_: EventType) -> bool:
        """Whether an event of that type is to be sent."""
        return self.state is WebhookState.ACTIVE and type_ in self.events

    def signing_numbers(self, now: int) -> tuple[int, ...]:
        """Which of its secrets sign at that instant, the newest first."""
        newest = self.secret_number
        oldest = self.oldest_secret_number if self._overlaps(now) else newest
        return tuple(range(newest, oldest - 1, -1))

    def rotated(self, now: int, *, at_once: bool = False) -> "Webhook":
        """With a new secret. Those that signed until now do so for a day more, or end at once.

        Rotated again meanwhile, all of them sign: whoever lost the answer to the first rotation
        still has the secret from before it. Raises :class:`ValueError` where they become too many.
        """
        number = self.secret_number + 1
        oldest = number if at_once else self.signing_numbers(now)[-1]
        if number - oldest >= MOST_SIGNATURES:
            raise ValueError("The secret was rotated too often within a day.")
        return replace(
            self,
            secret_number=number,
            oldest_secret_number=oldest,
            rotated_at=now,
            updated_at=now,
            version=self.version + 1,
        )

    def changed(self, values: Mapping[str, Any], now: int) -> "Webhook":
        """With other values, as somebody wants them. Resumed or moved, it begins afresh."""
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
            after = replace(after, failing_since=None)
        return replace(after, updated_at=now, version=self.version + 1)

    def _overlaps(self, now: int) -> bool:
        return self.rotated_at is not None and now < self.rotated_at + ROTATION_OVERLAP

    def gives_up(self, now: int) -> bool:
        """Whether one more failure at that instant is one too many."""
        return self.failing_since is not None and now >= self.failing_since + PAUSED_AFTER


def secret_of(master_key: bytes, webhook: Webhook, number: int) -> str:
    """A webhook's secret, as its receiver knows it: ``whsec_`` and base64.

    Derived, so that none is stored and none can be read out of the tables. The labels have a fixed
    order and their numbers no common parts: no two secrets share a text.
    """
    label = f"webhook/{webhook.organization_id}/{webhook.id}/{number}"
    derived = hmac.new(master_key, label.encode(), hashlib.sha256).digest()
    return _SECRET_PREFIX + base64.b64encode(derived).decode()
